//! Wait until one action of an AWS FIS experiment takes effect, and report when it did.
//!
//! An experiment has several actions, and each begins when FIS starts it: at once, or after another. The moment is
//! FIS's own `startTime` of the action. The step fails when the action fails, is cancelled, skipped or stopped before
//! it was seen to act.
//!
//! A drill adds this step by itself for each fault that is an action.
//!
//! ```yaml
//! - id: second
//!   uses: fis.await-effect
//!   with: { experiment: "${{ steps.fault.experiment }}", action: stop }
//! ```
//!
//! Changes nothing, so release has nothing to give back.
//!
//! AWS: <https://docs.aws.amazon.com/fis/latest/APIReference/API_ExperimentAction.html>

use crate::{actions::kit::*, aws::fis::AwaitEffect as Await};

/// Inputs of `fis.await-effect`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AwaitEffect {
    /// Id of the experiment.
    #[schemars(length(min = 1))]
    pub experiment: String,
    /// Name of the action in its template.
    #[schemars(length(min = 1))]
    pub action: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct InEffect {
    /// When FIS started the action, as RFC 3339.
    pub effective: String,
}

impl Action for AwaitEffect {
    const SPEC: Spec = spec! {
        "fis.await-effect": "Wait until one action of an AWS FIS experiment takes effect";
        Verify;
        uses [operation Await];
    };
    type Output = InEffect;

    async fn run(&self, step: &Step<Aws>) -> Result<InEffect, StepError> {
        let (experiment, action) = (self.experiment.clone(), Some(self.action.clone()));
        let effect = step.start(Await { experiment, action }).await?;
        Ok(InEffect { effective: effect.effective })
    }
}
