//! Probe whether EC2 throttles whoever the step acts as: calls that only read, each made once and repeated by nobody.
//!
//! Fails the step when fewer than `at-least` of `calls` calls are throttled, looking again until `within` has
//! passed. As the proof of a drill that throttles a role, it acts `as` that role: whether the fault is on is seen in
//! AWS's answers, and not in the experiment's state. In a plan it calls nothing.
//!
//! ```yaml
//! proof:
//!   throttled:
//!     uses: ec2.probe-throttling
//!     as: { role: "${{ steps.responder.arn }}" }
//!     with: { within: 2m }
//! ```
//!
//! Changes nothing, so release has nothing to give back.
//!
//! AWS: <https://docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html#fis-actions-reference-fis>

use crate::{
    actions::kit::*,
    aws::ec2::{Throttled, ThrottledCalls},
    playbook::types::Duration,
};

/// The pause between two looks.
const PACE: std::time::Duration = std::time::Duration::from_secs(2);

/// Inputs of `ec2.probe-throttling`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ProbeThrottling {
    /// Calls of `DescribeInstances` in one look, at most 100.
    #[serde(default = "twenty")]
    #[schemars(range(min = 1, max = 100))]
    pub calls: u32,
    /// Of these, so many must be throttled.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 100))]
    pub at_least: u32,
    /// How long it may take until they are; at once when left out.
    #[serde(default)]
    pub within: Option<Duration>,
}

fn twenty() -> u32 {
    20
}

fn one() -> u32 {
    1
}

/// Outputs of `ec2.probe-throttling`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Probed {
    /// Calls of the last look.
    pub calls: u32,
    /// Of these, those that were throttled.
    pub throttled: u32,
}

impl Action for ProbeThrottling {
    const SPEC: Spec = spec! {
        "ec2.probe-throttling": "Probe whether EC2 throttles whoever calls";
        Verify;
        uses [fact ThrottledCalls];
    };
    type Output = Probed;

    async fn run(&self, step: &Step<Aws>) -> Result<Probed, StepError> {
        if self.calls == 0 || self.calls > 100 || self.at_least == 0 || self.at_least > self.calls {
            let text = "`calls` is 1 to 100, and `at-least` is 1 to `calls`";
            return Err(StepError::Refused(text.into()));
        }
        if step.planning() {
            return Err(StepError::Open("calls when the fault is on".into()));
        }
        let within = self.within.as_ref().map(Duration::as_std).unwrap_or_default();
        let probe = ThrottledCalls { calls: self.calls, enough: self.at_least };
        let mut looks = within.as_millis().div_ceil(PACE.as_millis());
        loop {
            // What one look saw counts: the next may come when the fault is over.
            let Throttled { calls, throttled } = step.look(&probe).await?;
            if throttled >= self.at_least {
                return Ok(Probed { calls, throttled });
            }
            if looks == 0 {
                return Err(StepError::Failed(format!(
                    "{throttled} of {calls} calls were throttled, and at least {} should be",
                    self.at_least
                )));
            }
            looks -= 1;
            step.wait(PACE.min(within), "calls should be throttled").await?;
        }
    }
}
