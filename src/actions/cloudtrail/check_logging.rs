//! Check whether a trail logs.
//!
//! Fails the step when it is not so within the given time. In a plan the state is read and held against
//! nothing.
//!
//! ```yaml
//! logs:
//!   uses: cloudtrail.check-logging
//!   with:
//!     trail: ${{ steps.trail.trail }}
//!     is: true
//! ```

use super::at_home;
use crate::{
    actions::{kit::*, until::until},
    aws::cloudtrail::Logging,
    playbook::types::Duration,
};

/// Inputs of `cloudtrail.check-logging`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CheckLogging {
    /// Name or ARN of the trail.
    pub trail: String,
    /// Whether it should log.
    pub is: bool,
    /// How long it may take; at once when left out.
    #[serde(default)]
    pub within: Option<Duration>,
}

/// Outputs of `cloudtrail.check-logging`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Checked {
    /// Whether it logs.
    pub logging: bool,
}

impl Action for CheckLogging {
    const SPEC: Spec = spec! {
        "cloudtrail.check-logging": "Check whether a trail logs";
        Verify;
        uses [fact Logging];
    };
    type Output = Checked;

    async fn run(&self, step: &Step<Aws>) -> Result<Checked, StepError> {
        let step = &at_home(step, &self.trail);
        let within = self.within.as_ref().map(Duration::as_std).unwrap_or_default();
        let trail = Logging::of(&self.trail);
        let why = format!("trail `{}` should {}", self.trail, word(self.is));
        let logging = until(step, &trail, within, &why, |now| *now == self.is).await?;
        if logging == self.is || step.planning() {
            return Ok(Checked { logging });
        }
        Err(StepError::Failed(format!(
            "trail `{}` should {}, but it does {}",
            self.trail,
            word(self.is),
            if logging { "log" } else { "not" }
        )))
    }
}

fn word(logs: bool) -> &'static str {
    if logs { "log" } else { "not log" }
}
