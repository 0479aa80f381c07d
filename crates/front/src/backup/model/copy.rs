//! A copy job: a recovery point taken into another vault, here or in another Region.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CopyJob.html>

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Lifecycle, maybe_time};
use crate::Scope;
use crate::wire::time;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(in crate::backup) enum CopyState {
    Created,
    Running,
    Completed,
    Failed,
}

impl CopyState {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }

    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::backup) struct CopyJob {
    pub id: String,
    pub source_point: String,
    pub source_vault: String,
    pub target_vault: String,
    pub target_point: Option<String>,
    pub resource: String,
    pub resource_type: String,
    pub role: String,
    pub lifecycle: Option<Lifecycle>,
    pub state: CopyState,
    pub message: Option<String>,
    pub size: i64,
    pub created: Timestamp,
    pub completed: Option<Timestamp>,
}

impl CopyJob {
    pub(crate) fn view(&self, at: &Scope) -> Value {
        json!({
            "AccountId": at.account,
            "CopyJobId": self.id,
            "SourceBackupVaultArn": self.source_vault,
            "SourceRecoveryPointArn": self.source_point,
            "DestinationBackupVaultArn": self.target_vault,
            "DestinationVaultType": "BACKUP_VAULT",
            "DestinationRecoveryPointArn": self.target_point,
            "DestinationRecoveryPointLifecycle": self.lifecycle.as_ref().map(Lifecycle::view),
            "ResourceArn": self.resource,
            "ResourceType": self.resource_type,
            "CreationDate": time(self.created),
            "CompletionDate": maybe_time(self.completed),
            "State": self.state.name(),
            "StatusMessage": self.message,
            "BackupSizeInBytes": self.size,
            "IamRoleArn": self.role,
            "IsParent": false,
        })
    }
}
