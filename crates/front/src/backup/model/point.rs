//! A recovery point: the saved state of a resource, and the data needed to restore it.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DescribeRecoveryPoint.html>

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Lifecycle, Texts, maybe_time};
use crate::Scope;
use crate::wire::time;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(in crate::backup) enum PointStatus {
    Creating,
    Completed,
    Deleting,
}

impl PointStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Creating => "CREATING",
            Self::Completed => "COMPLETED",
            Self::Deleting => "DELETING",
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::backup) struct Point {
    pub arn: String,
    pub vault: String,
    /// Vault of the recovery point that this one is a copy of.
    pub source_vault: Option<String>,
    pub resource: String,
    pub resource_type: String,
    pub resource_name: Option<String>,
    pub role: String,
    pub status: PointStatus,
    /// When the data was taken.
    pub created: Timestamp,
    pub completed: Option<Timestamp>,
    pub size: i64,
    pub lifecycle: Option<Lifecycle>,
    pub is_encrypted: bool,
    pub key: Option<String>,
    pub last_restore: Option<Timestamp>,
    /// What `GetRecoveryPointRestoreMetadata` answers.
    pub metadata: Texts,
    /// Tags of the resource at that time.
    pub source_tags: Texts,
}

impl Point {
    pub(crate) fn vault_arn(&self, at: &Scope) -> String {
        at.arn("backup", &format!("backup-vault:{}", self.vault))
    }

    pub(crate) fn view(&self, at: &Scope) -> Value {
        json!({
            "RecoveryPointArn": self.arn,
            "BackupVaultName": self.vault,
            "BackupVaultArn": self.vault_arn(at),
            "SourceBackupVaultArn": self.source_vault,
            "ResourceArn": self.resource,
            "ResourceType": self.resource_type,
            "ResourceName": self.resource_name,
            "IamRoleArn": self.role,
            "Status": self.status.name(),
            "CreationDate": time(self.created),
            "InitiationDate": time(self.created),
            "CompletionDate": maybe_time(self.completed),
            "BackupSizeInBytes": self.size,
            "CalculatedLifecycle": self.lifecycle.as_ref().map(|l| l.calculated(self.created)),
            "Lifecycle": self.lifecycle.as_ref().map(Lifecycle::view),
            "EncryptionKeyArn": self.key,
            "IsEncrypted": self.is_encrypted,
            "StorageClass": "WARM",
            "LastRestoreTime": maybe_time(self.last_restore),
            "IsParent": false,
            "VaultType": "BACKUP_VAULT",
        })
    }

    /// As `ListRecoveryPointsByResource` shows it.
    pub(crate) fn brief(&self) -> Value {
        json!({
            "RecoveryPointArn": self.arn,
            "CreationDate": time(self.created),
            "Status": self.status.name(),
            "EncryptionKeyArn": self.key,
            "BackupSizeBytes": self.size,
            "BackupVaultName": self.vault,
            "IsParent": false,
            "ResourceName": self.resource_name,
            "VaultType": "BACKUP_VAULT",
        })
    }
}
