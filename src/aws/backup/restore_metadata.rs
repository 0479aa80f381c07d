//! What a recovery point is of, and the metadata that it was saved with.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_GetRecoveryPointRestoreMetadata.html>,
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DescribeRecoveryPoint.html>

use std::collections::BTreeMap;

use super::permissions::*;
use crate::aws::kit::*;

fact! {
    #[derive(PartialEq, Eq)]
    #[serde(rename_all = "kebab-case")]
    pub struct RestoreMetadata {
        pub vault: String,
        /// ARN.
        pub recovery_point: String,
    }
    "backup.restore-metadata" = PointFacts, target "{recovery_point}";
    // A recovery point has the ARN of its own service: a snapshot's for EBS.
    reads [DESCRIBE_RECOVERY_POINT, GET_RECOVERY_POINT_RESTORE_METADATA];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PointFacts {
    /// `EBS`, `EC2`, `DynamoDB`, `S3`, `RDS` and so on.
    pub resource_type: String,
    /// ARN of what was saved.
    pub resource: String,
    /// `COMPLETED`, `AVAILABLE`, `PARTIAL` and so on.
    pub status: String,
    /// RFC 3339.
    pub created: Option<String>,
    pub metadata: BTreeMap<String, String>,
}

impl Fact<Aws> for RestoreMetadata {
    async fn read(&self, aws: &Aws) -> Result<PointFacts, CallError> {
        let point = aws
            .backup()
            .describe_recovery_point()
            .backup_vault_name(&self.vault)
            .recovery_point_arn(&self.recovery_point)
            .send()
            .await
            .by(DESCRIBE_RECOVERY_POINT)?;
        let saved = aws
            .backup()
            .get_recovery_point_restore_metadata()
            .backup_vault_name(&self.vault)
            .recovery_point_arn(&self.recovery_point)
            .send()
            .await
            .by(GET_RECOVERY_POINT_RESTORE_METADATA)?;
        Ok(PointFacts {
            resource_type: point.resource_type.unwrap_or_default(),
            resource: point.resource_arn.unwrap_or_default(),
            status: point.status.map(|s| s.as_str().to_owned()).unwrap_or_default(),
            created: point.creation_date.map(|time| time.to_string()),
            metadata: saved.restore_metadata.into_iter().flatten().collect(),
        })
    }
}
