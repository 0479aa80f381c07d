//! Back up one resource into a vault, now, and wait for its recovery point.
//!
//! Any resource that AWS Backup supports and that is opted in for it. The role must be one that AWS
//! Backup can assume; one that was made a moment ago is waited for.
//!
//! ```yaml
//! - id: baseline
//!   uses: backup.back-up
//!   with:
//!     resource: ${{ steps.canary.volume-arns[0] }}
//!     vault: ${{ steps.vault.vault }}
//!     role: arn:aws:iam::111122223333:role/service-role/AWSBackupDefaultServiceRole
//! ```
//!
//! The recovery point carries the tags of run and step. Release keeps it; the release of a drill deletes
//! it.
//!
//! AWS: <https://docs.aws.amazon.com/aws-backup/latest/devguide/recov-point-create-on-demand-backup.html>

use crate::{actions::kit::*, aws::backup::BackUp as Job, playbook::types::Arn};

/// Inputs of `backup.back-up`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BackUp {
    /// ARN of what to back up.
    #[schemars(length(min = 1))]
    pub resource: String,
    /// Name of the vault.
    #[schemars(length(min = 1))]
    pub vault: String,
    /// ARN of the role that AWS Backup assumes.
    pub role: Arn,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct BackedUp {
    /// ARN of the recovery point.
    pub recovery_point: String,
    /// When it was taken, as RFC 3339: data written later is not in it.
    pub created: String,
    /// Id of the backup job.
    pub job: String,
    /// `EBS`, `DynamoDB` and so on.
    #[serde(rename = "type")]
    pub resource_type: String,
}

impl Action for BackUp {
    const SPEC: Spec = spec! {
        "backup.back-up": "Back up one resource into a vault";
        Preserve;
        uses [operation Job];
    };
    type Output = BackedUp;

    async fn run(&self, step: &Step<Aws>) -> Result<BackedUp, StepError> {
        let job = Job {
            resource: self.resource.clone(),
            vault: self.vault.clone(),
            role: self.role.to_string(),
        };
        let saved = step.start(job).await?;
        Ok(BackedUp {
            recovery_point: saved.recovery_point,
            created: saved.created,
            job: saved.job,
            resource_type: saved.resource_type,
        })
    }
}
