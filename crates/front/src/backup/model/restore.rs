//! A restore job, with the verdict on what it restored.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DescribeRestoreJob.html>

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Texts, maybe_time};
use crate::Scope;
use crate::wire::time;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(in crate::backup) enum RestoreStatus {
    Pending,
    Running,
    Completed,
    Failed,
}

impl RestoreStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }

    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed)
    }
}

/// `ValidationStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::backup) enum Validation {
    Failed,
    Successful,
    TimedOut,
    Validating,
}

impl Validation {
    pub(crate) const ALL: [Self; 4] =
        [Self::Failed, Self::Successful, Self::TimedOut, Self::Validating];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Failed => "FAILED",
            Self::Successful => "SUCCESSFUL",
            Self::TimedOut => "TIMED_OUT",
            Self::Validating => "VALIDATING",
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::backup) struct RestoreJob {
    pub id: String,
    pub point: String,
    pub vault_arn: String,
    pub source: String,
    pub resource_type: String,
    pub role: Option<String>,
    pub metadata: Texts,
    pub copies_tags: bool,
    pub status: RestoreStatus,
    pub message: Option<String>,
    pub percent: f64,
    pub size: i64,
    pub created: Timestamp,
    pub completed: Option<Timestamp>,
    pub point_created: Timestamp,
    /// The target was free and its making was about to be asked for: after a kill it is ours.
    pub was_asked: bool,
    pub result: Option<String>,
    /// ARN of the restore testing plan it belongs to.
    pub plan: Option<String>,
    pub window_hours: i64,
    pub validation: Option<Validation>,
    pub validation_message: Option<String>,
    /// `DELETING`, `SUCCESSFUL` or `FAILED`, of what a restore test made.
    pub deletion: Option<String>,
    pub deletion_message: Option<String>,
}

impl RestoreJob {
    pub(crate) fn view(&self, at: &Scope) -> Value {
        json!({
            "AccountId": at.account,
            "RestoreJobId": self.id,
            "RecoveryPointArn": self.point,
            "SourceResourceArn": self.source,
            "BackupVaultArn": self.vault_arn,
            "CreationDate": time(self.created),
            "CompletionDate": maybe_time(self.completed),
            "Status": self.status.name(),
            "StatusMessage": self.message,
            "PercentDone": format!("{:.2}%", self.percent),
            "BackupSizeInBytes": self.size,
            "IamRoleArn": self.role,
            "CreatedResourceArn": self.result,
            "ResourceType": self.resource_type,
            "RecoveryPointCreationDate": time(self.point_created),
            "CreatedBy": self.plan.as_ref().map(|arn| json!({ "RestoreTestingPlanArn": arn })),
            "ValidationStatus": self.validation.map(Validation::name),
            "ValidationStatusMessage": self.validation_message,
            "DeletionStatus": self.deletion,
            "DeletionStatusMessage": self.deletion_message,
            "IsParent": false,
        })
    }
}
