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

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    actions::{Action, Spec, page},
    aws::Aws,
    engine::{Step, StepError},
    playbook::Phase,
};

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
    const SPEC: Spec = Spec {
        name: "drill.begin-recovery",
        summary: "Begin the recovery of a drill",
        phase: Phase::Verify,
        contains: false,
        irreversible: false,
        access: &[],
        page: page(include_str!("begin_recovery.rs")),
    };
    type Output = Begun;

    async fn run(&self, step: &Step<Aws>) -> Result<Begun, StepError> {
        let at = step.moment(std::time::Duration::ZERO).await?;
        Ok(Begun { at, recovery_point: self.recovery_point.clone() })
    }
}
