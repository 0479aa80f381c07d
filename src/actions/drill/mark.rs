//! Note a moment on AWS's clock, to the second: what a drill's score counts from.
//!
//! The moment is journaled, so that a resumed drill counts from the same one. It comes from the
//! `Date` header of AWS's answers, by which this machine's clock is corrected.
//!
//! ```yaml
//! fault-in-effect:
//!   uses: drill.mark
//!   with:
//!     name: fault-in-effect
//! ```

use crate::actions::kit::*;

/// Inputs of `drill.mark`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mark {
    /// What the moment is called in the report.
    #[schemars(length(min = 1))]
    pub name: String,
}

/// Outputs of `drill.mark`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Marked {
    /// RFC 3339, on AWS's clock.
    pub at: String,
}

impl Action for Mark {
    const SPEC: Spec = spec! {
        "drill.mark": "Note a moment on AWS's clock";
        Verify;
    };
    type Output = Marked;

    async fn run(&self, step: &Step<Aws>) -> Result<Marked, StepError> {
        let at = step.moment(std::time::Duration::ZERO).await?;
        step.note(format!("`{}` is at {at}", self.name)).await?;
        Ok(Marked { at })
    }
}
