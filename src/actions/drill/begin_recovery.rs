//! Begin the recovery of a drill: note the time at which the restore is asked for, and when the
//! recovery point was made that it starts from.
//!
//! A drill adds this step by itself before the steps of its `recover` section. The recovery time
//! (RTO) is counted from here until what was restored is verified, the recovery point (RPO) from
//! `recovery-point` until the fault.
//!
//! ```yaml
//! recovering:
//!   uses: drill.begin-recovery
//!   with: { recovery-point: "${{ steps.backup.created }}" }
//! ```

use crate::actions::kit::*;

/// Inputs of `drill.begin-recovery`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BeginRecovery {
    /// When the recovery point was made, RFC 3339.
    #[serde(default)]
    pub recovery_point: Option<String>,
}

/// When the recovery began, and from where.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Begun {
    /// RFC 3339, by AWS's clock.
    pub at: String,
    /// As given.
    pub recovery_point: Option<String>,
}

impl Action for BeginRecovery {
    const SPEC: Spec = spec! {
        "drill.begin-recovery": "Begin the recovery of a drill";
        Verify;
    };
    type Output = Begun;

    async fn run(&self, step: &Step<Aws>) -> Result<Begun, StepError> {
        let at = step.moment(std::time::Duration::ZERO).await?;
        Ok(Begun { at, recovery_point: self.recovery_point.clone() })
    }
}
