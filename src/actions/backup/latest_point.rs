//! Find the newest recovery point that a real backup plan made of a resource.
//!
//! For drills that are to show the recovery point that the service has, and not one that the drill made a moment
//! before: take `recovery-point` of `recover` and the point to restore from here. Give the `plan`, or a point that
//! somebody made by hand counts, too. The step is refused where no backup has completed.
//!
//! ```yaml
//! newest:
//!   uses: backup.latest-point
//!   with:
//!     vault: Default
//!     resource: arn:aws:dynamodb:eu-central-1:111122223333:table/orders
//!     plan: 8f81f553-3a74-4a3f-b93d-b3360dc80c50
//! ```
//!
//! Changes nothing, so release has nothing to give back.
//!
//! AWS: <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_RecoveryPointByBackupVault.html>

use crate::{
    actions::kit::*,
    aws::backup::LatestPoint as Newest,
    engine::AFTER_RUN,
    playbook::types::{Arn, is_placeholder},
};

/// Inputs of `backup.latest-point`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LatestPoint {
    /// Name of the vault.
    #[schemars(length(min = 1))]
    pub vault: String,
    /// ARN of what is backed up.
    pub resource: Arn,
    /// Id of the backup plan.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub plan: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Found {
    /// ARN of the recovery point.
    pub recovery_point: String,
    /// When it was taken, as RFC 3339: data written later is not in it.
    pub created: String,
    /// Id of the plan that made it; null for one that was made on demand.
    pub plan: Option<String>,
    /// `EBS`, `DynamoDB` and so on.
    #[serde(rename = "type")]
    pub resource_type: String,
}

impl Action for LatestPoint {
    const SPEC: Spec = spec! {
        "backup.latest-point": "Find the newest recovery point of a backup plan";
        Verify;
        uses [fact Newest];
    };
    type Output = Found;

    async fn run(&self, step: &Step<Aws>) -> Result<Found, StepError> {
        let open = || AFTER_RUN.to_owned();
        if step.planning() && (is_placeholder(&self.vault) || self.resource.is_placeholder()) {
            // What an earlier step makes has no backup yet.
            return Ok(Found {
                recovery_point: open(),
                created: open(),
                plan: self.plan.clone(),
                resource_type: open(),
            });
        }
        let newest = Newest {
            vault: self.vault.clone(),
            resource: self.resource.to_string(),
            plan: self.plan.clone(),
        };
        let Some(point) = step.read(&newest).await? else {
            let by =
                self.plan.as_ref().map_or_else(String::new, |plan| format!(" by plan `{plan}`"));
            return Err(StepError::Refused(format!(
                "vault `{}` has no completed recovery point of `{}`{by}",
                self.vault, self.resource
            )));
        };
        Ok(Found {
            recovery_point: point.recovery_point,
            created: point.created,
            plan: point.plan,
            resource_type: point.resource_type,
        })
    }
}
