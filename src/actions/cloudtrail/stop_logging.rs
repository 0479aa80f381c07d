//! Attack: stop the logging of a trail.
//!
//! For drills. Hits only a trail that this run made, or one that carries `required-tag`. CloudTrail's
//! event history and other trails keep recording, so the call itself is recorded. Release starts the logging again.
//!
//! ```yaml
//! blind:
//!   uses: cloudtrail.stop-logging
//!   with:
//!     trail: ${{ steps.trail.trail }}
//! ```
//!
//! ATT&CK: T1562.008. GuardDuty: `Stealth:IAMUser/CloudTrailLoggingDisabled`.
//! AWS: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StopLogging.html>

use super::at_home;
use crate::{
    actions::{kit::*, victim},
    aws::cloudtrail::{Logging, TrailTags},
    playbook::types::is_placeholder,
};

/// Inputs of `cloudtrail.stop-logging`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StopLogging {
    /// Name or ARN of the trail.
    pub trail: String,
    /// `key=value` that a trail must carry which this run did not make.
    #[serde(default)]
    pub required_tag: Option<String>,
}

impl Action for StopLogging {
    const SPEC: Spec = spec! {
        "cloudtrail.stop-logging": "Attack: stop the logging of a trail";
        Verify;
        uses [fact TrailTags, setting Logging];
    };
    type Output = Nothing;

    async fn run(&self, step: &Step<Aws>) -> Result<Nothing, StepError> {
        let step = &at_home(step, &self.trail);
        if !is_placeholder(&self.trail) {
            let what = format!("trail `{}`", self.trail);
            let tags = TrailTags { trail: self.trail.clone() };
            match step.as_runner().read(&tags).await? {
                None => return Err(StepError::Refused(format!("{what} does not exist"))),
                Some(trail) => {
                    let required = self.required_tag.as_deref();
                    victim::check(&what, &trail.tags, step.run(), required)?;
                }
            }
        }
        step.set(Logging::of(&self.trail), false).await?;
        Ok(Nothing {})
    }
}
