//! What a recovery point is of, and the metadata that it was saved with.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_GetRecoveryPointRestoreMetadata.html>,
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DescribeRecoveryPoint.html>

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    aws::{Aws, call_error},
    engine::{CallError, Fact, Permission, on},
};

const DESCRIBE: &str = "backup:DescribeRecoveryPoint";
const METADATA: &str = "backup:GetRecoveryPointRestoreMetadata";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RestoreMetadata {
    pub vault: String,
    /// ARN.
    pub recovery_point: String,
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
    const KIND: &'static str = "backup.restore-metadata";
    /// A recovery point has the ARN of its own service: a snapshot's for EBS.
    const READS: &'static [Permission] = &[on(DESCRIBE, "*"), on(METADATA, "*")];
    type Value = PointFacts;

    fn target(&self) -> String {
        self.recovery_point.clone()
    }

    async fn read(&self, aws: &Aws) -> Result<PointFacts, CallError> {
        let point = aws
            .backup()
            .describe_recovery_point()
            .backup_vault_name(&self.vault)
            .recovery_point_arn(&self.recovery_point)
            .send()
            .await
            .map_err(|e| call_error(DESCRIBE, e))?;
        let saved = aws
            .backup()
            .get_recovery_point_restore_metadata()
            .backup_vault_name(&self.vault)
            .recovery_point_arn(&self.recovery_point)
            .send()
            .await
            .map_err(|e| call_error(METADATA, e))?;
        Ok(PointFacts {
            resource_type: point.resource_type.unwrap_or_default(),
            resource: point.resource_arn.unwrap_or_default(),
            status: point.status.map(|s| s.as_str().to_owned()).unwrap_or_default(),
            created: point.creation_date.map(|time| time.to_string()),
            metadata: saved.restore_metadata.into_iter().flatten().collect(),
        })
    }
}
