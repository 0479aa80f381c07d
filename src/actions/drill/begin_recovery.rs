//! Begin the recovery of a drill: note the time at which the restore is asked for, and when the
//! recovery points were made that it starts from.
//!
//! A drill adds this step by itself before the steps of its `recover` section. The restore time is
//! counted from here until what was restored is verified; the recovery time (RTO) begins earlier, with
//! the fault. A point that was made after the fault is no recovery point.
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
    /// Several of them.
    #[serde(default)]
    pub recovery_points: Vec<String>,
}

/// When the recovery began, and from where.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Begun {
    /// RFC 3339, by AWS's clock.
    pub at: String,
    /// As given.
    pub recovery_point: Option<String>,
    /// As given.
    pub recovery_points: Vec<String>,
}

impl Action for BeginRecovery {
    const SPEC: Spec = spec! {
        "drill.begin-recovery": "Begin the recovery of a drill";
        Verify;
    };
    type Output = Begun;

    async fn run(&self, step: &Step<Aws>) -> Result<Begun, StepError> {
        let at = step.moment(std::time::Duration::ZERO).await?;
        Ok(Begun {
            at,
            recovery_point: self.recovery_point.clone(),
            recovery_points: self.recovery_points.clone(),
        })
    }
}
