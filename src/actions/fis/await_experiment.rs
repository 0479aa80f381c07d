//! Wait until an AWS FIS experiment is over, and report how it ended.
//!
//! A stopped or failed experiment does not fail the step: how it ended is the output, for whoever
//! judges the drill. With `at-most`, an experiment that is still running after that time fails the step.
//!
//! ```yaml
//! - id: end
//!   uses: fis.await-experiment
//!   with: { experiment: "${{ steps.fault.experiment }}", at-most: 30m }
//! ```
//!
//! Changes nothing, so release has nothing to give back.
//!
//! AWS: <https://docs.aws.amazon.com/fis/latest/APIReference/API_ExperimentState.html>

use std::collections::BTreeMap;

use crate::{
    actions::kit::*,
    aws::fis::{ActionFacts, AwaitExperiment as Await},
    playbook::types::Duration,
};

/// Inputs of `fis.await-experiment`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AwaitExperiment {
    /// Id of the experiment.
    #[schemars(length(min = 1))]
    pub experiment: String,
    /// How long to wait; for ever when left out (FIS ends experiments after 12 hours).
    #[serde(default)]
    pub at_most: Option<Duration>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Over {
    /// `completed`, `stopped`, `failed` or `cancelled`.
    pub status: String,
    /// AWS's reason.
    pub reason: String,
    /// When it ended, as RFC 3339.
    pub ended: String,
    /// Its actions, by name.
    pub actions: BTreeMap<String, ActionOver>,
}

/// How one action of the experiment ended.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ActionOver {
    /// `completed`, `stopped`, `failed`, `cancelled` or `skipped`.
    pub status: String,
    /// AWS's reason.
    pub reason: String,
    /// When it began, as RFC 3339; null when it never did.
    pub started: Option<String>,
    /// When it ended, as RFC 3339.
    pub ended: Option<String>,
}

impl From<ActionFacts> for ActionOver {
    fn from(facts: ActionFacts) -> Self {
        let ActionFacts { status, reason, started, ended, .. } = facts;
        Self { status, reason, started, ended }
    }
}

impl Action for AwaitExperiment {
    const SPEC: Spec = spec! {
        "fis.await-experiment": "Wait until an AWS FIS experiment is over";
        Verify;
        uses [operation Await];
    };
    type Output = Over;

    async fn run(&self, step: &Step<Aws>) -> Result<Over, StepError> {
        let wait = Await {
            experiment: self.experiment.clone(),
            at_most: self.at_most.as_ref().map(|time| time.as_std().as_secs()),
        };
        let ended = step.start(wait).await?;
        let actions = ended.actions.into_iter().map(|(name, one)| (name, one.into())).collect();
        Ok(Over { status: ended.status, reason: ended.reason, ended: ended.ended, actions })
    }
}
