//! Stop unless something is so.
//!
//! For checks between steps: that a snapshot was made of every volume, that an input fits another.
//! A false assertion fails the step, and what depends on it does not start. In a plan it is checked
//! as soon as its value is known.
//!
//! ```yaml
//! all-volumes:
//!   uses: core.assert
//!   with:
//!     that: ${{ steps.snapshot.snapshots | length > 0 }}
//!     message: no volume was snapshotted
//! ```

use crate::actions::kit::*;

/// Inputs of `core.assert`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Assert {
    /// What must be true: one whole `${{ ... }}` expression.
    pub that: bool,
    /// What a failure means, and what to do.
    #[schemars(extend("writeOnly" = true))]
    pub message: String,
}

impl Action for Assert {
    const SPEC: Spec = spec! {
        "core.assert": "Stop unless something is so";
        Verify;
    };
    type Output = Nothing;

    async fn run(&self, _: &Step<Aws>) -> Result<Nothing, StepError> {
        if self.that { Ok(Nothing {}) } else { Err(StepError::Failed(self.message.clone())) }
    }
}
