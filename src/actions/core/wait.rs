//! Wait.
//!
//! For what settles by itself: sessions that run out, a cache that empties. An interrupted run waits
//! for the rest only. Prefer a step that verifies over one that waits.

use crate::{actions::kit::*, playbook::types::Duration};

/// Inputs of `core.wait`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Wait {
    /// How long, such as `90s` or `1h30m`.
    pub duration: Duration,
    /// What for; shown while it waits.
    #[serde(default)]
    #[schemars(extend("writeOnly" = true))]
    pub why: Option<String>,
}

impl Action for Wait {
    const SPEC: Spec = spec! {
        "core.wait": "Wait for a time";
        Contain;
    };
    type Output = Nothing;

    async fn run(&self, step: &Step<Aws>) -> Result<Nothing, StepError> {
        if self.duration.is_placeholder() {
            return Err(StepError::Open("waits for a time that an earlier step gives".into()));
        }
        let why = self.why.as_deref().unwrap_or("the playbook says so");
        step.wait(self.duration.as_std(), why).await?;
        Ok(Nothing {})
    }
}
