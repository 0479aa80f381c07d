//! Switch GuardDuty on in this Region, where it is not.
//!
//! An enabled detector is left alone and reported as `already`. A disabled one is enabled, and disabled
//! again on release; where there is none, one is made, and release deletes only that one, with its
//! findings. A new detector takes days to learn what is normal: findings of anomalies come late, those of
//! rules do not. A new detector is in the trial of 30 days or costs by volume.
//!
//! ```yaml
//! guardduty:
//!   uses: guardduty.enable
//! ```
//!
//! AWS: <https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_settingup.html>

use crate::{
    actions::kit::*,
    aws::{
        guardduty::{Detector, DetectorIs},
        owned::open,
    },
};

/// Inputs of `guardduty.enable`: none.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Enable {}

/// Outputs of `guardduty.enable`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Enabled {
    /// Id of the detector.
    pub detector: String,
    /// It was enabled before.
    pub already: bool,
}

impl Action for Enable {
    const SPEC: Spec = spec! {
        "guardduty.enable": "Switch GuardDuty on where it is not";
        Recover;
        uses [setting Detector];
    };
    type Output = Enabled;

    async fn run(&self, step: &Step<Aws>) -> Result<Enabled, StepError> {
        let detector = Detector { run: step.run().into(), step: step.id().into() };
        let before = step.read(&detector).await?;
        let already = before.is_some_and(|detector| detector.enabled);
        let now = step.set(detector, Some(DetectorIs::ENABLED)).await?;
        let id = now.and_then(|detector| detector.id);
        Ok(Enabled { detector: id.unwrap_or_else(|| open("detector")), already })
    }
}
