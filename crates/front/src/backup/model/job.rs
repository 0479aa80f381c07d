//! An on-demand backup job.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DescribeBackupJob.html>

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Lifecycle, Texts, Vault, maybe_time};
use crate::Scope;
use crate::wire::time;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(in crate::backup) enum BackupState {
    Created,
    Pending,
    Running,
    Aborting,
    Aborted,
    Completed,
    Failed,
}

impl BackupState {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Aborting => "ABORTING",
            Self::Aborted => "ABORTED",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }

    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Aborted | Self::Completed | Self::Failed)
    }

    /// Whether a job may go from this state to `next`.
    pub(crate) fn leads_to(self, next: Self) -> bool {
        use BackupState::{Aborted, Aborting, Completed, Created, Failed, Pending, Running};
        match self {
            Created => matches!(next, Pending | Aborting | Failed),
            Pending => matches!(next, Running | Aborting | Failed),
            Running => matches!(next, Completed | Aborting | Failed),
            Aborting => matches!(next, Aborted | Failed),
            Aborted | Completed | Failed => false,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::backup) struct BackupJob {
    pub id: String,
    pub vault: String,
    pub resource: String,
    /// `EBS`, as AWS Backup names types.
    pub resource_type: String,
    pub resource_name: Option<String>,
    pub role: String,
    pub state: BackupState,
    pub message: Option<String>,
    pub percent: f64,
    pub size: i64,
    pub created: Timestamp,
    /// When the data was taken.
    pub taken: Option<Timestamp>,
    pub completed: Option<Timestamp>,
    pub start_window: i64,
    pub lifecycle: Option<Lifecycle>,
    pub tags: Texts,
    pub options: Texts,
    pub point: Option<String>,
}

impl BackupJob {
    pub(crate) fn view(&self, at: &Scope, vault: Option<&Vault>) -> Value {
        let start_by = self.created.checked_add(SignedDuration::from_mins(self.start_window));
        let locked = vault.and_then(|vault| vault.lock.as_ref());
        let done = self.state == BackupState::Completed;
        let category = match self.state {
            BackupState::Completed => Some("SUCCESS"),
            BackupState::Failed => Some("FAILURE"),
            _ => None,
        };
        json!({
            "AccountId": at.account,
            "BackupJobId": self.id,
            "BackupVaultName": self.vault,
            "BackupVaultArn": at.arn("backup", &format!("backup-vault:{}", self.vault)),
            "VaultType": "BACKUP_VAULT",
            "VaultLockState": locked.map(|lock| if lock.date.is_some() { "COMPLIANCE" } else { "GOVERNANCE" }),
            "RecoveryPointArn": self.point,
            "RecoveryPointLifecycle": self.lifecycle.as_ref().map(Lifecycle::view),
            "ResourceArn": self.resource,
            "ResourceType": self.resource_type,
            "ResourceName": self.resource_name,
            "CreationDate": time(self.created),
            "CompletionDate": maybe_time(self.completed),
            "StartBy": maybe_time(start_by.ok()),
            "State": self.state.name(),
            "StatusMessage": self.message,
            "MessageCategory": category,
            "PercentDone": format!("{:.1}", self.percent),
            "BackupSizeInBytes": self.size,
            "BytesTransferred": if done { self.size } else { 0 },
            "IamRoleArn": self.role,
            "BackupOptions": self.options,
            "BackupType": "BACKUP",
            "IsParent": false,
            "InitiationDate": time(self.created),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use BackupState::*;

    #[test]
    fn a_job_ends_once() {
        for end in [Aborted, Completed, Failed] {
            assert!(end.is_final());
            for next in [Created, Pending, Running, Aborting, Aborted, Completed, Failed] {
                assert!(!end.leads_to(next));
            }
        }
        assert!(!Aborting.leads_to(Completed));
        assert!(!Created.leads_to(Completed));
        assert!(Running.leads_to(Completed));
    }

    #[test]
    fn names_are_those_on_disk() {
        for state in [Created, Pending, Running, Aborting, Aborted, Completed, Failed] {
            assert_eq!(serde_json::to_value(state).expect("JSON"), state.name());
        }
    }
}
