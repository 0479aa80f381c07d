//! Check that an instance is running or stopped; fails the step with the observed state if it does not get
//! into that state within the time given.
//!
//! The state is EC2's own: `running` means that the host was started, not that anything on it works.
//!
//! ```yaml
//! - id: is-running
//!   uses: ec2.check-instance
//!   with: { instance: "${{ steps.canary.instance }}", state: running, within: 5m }
//! ```
//!
//! Changes nothing, so release has nothing to give back.
//!
//! AWS: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html>

use crate::{
    actions::kit::*,
    aws::ec2::AwaitState,
    playbook::types::{Duration, InstanceId},
};

/// Inputs of `ec2.check-instance`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CheckInstance {
    /// The instance to look at.
    pub instance: InstanceId,
    /// The state that it must be in.
    pub state: Expected,
    /// How long it may take to come into that state.
    #[serde(default = "at_once")]
    pub within: Duration,
}

/// A state that lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    Running,
    Stopped,
}

impl Expected {
    fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
        }
    }
}

fn at_once() -> Duration {
    Duration::new("0s").expect("a well-formed constant")
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Seen {
    /// The state as it was seen.
    pub state: String,
}

impl Action for CheckInstance {
    const SPEC: Spec = spec! {
        "ec2.check-instance": "Check that an instance runs, or is stopped";
        Verify;
        uses [operation AwaitState];
    };
    type Output = Seen;

    async fn run(&self, step: &Step<Aws>) -> Result<Seen, StepError> {
        let wait = AwaitState {
            instance: self.instance.to_string(),
            state: self.state.word().into(),
            within: self.within.as_std().as_secs(),
        };
        Ok(Seen { state: step.start(wait).await? })
    }
}
