//! A backup plan in all its versions, and what it applies to. Schedules are stored and never run.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_GetBackupPlan.html>

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::maybe_time;
use crate::Scope;
use crate::wire::time;

/// One version of a plan's document, with the ids its rules were given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::backup) struct Version {
    pub id: String,
    pub created: Timestamp,
    pub document: Value,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::backup) struct Plan {
    pub id: String,
    pub creator: Option<String>,
    /// Oldest first, never empty.
    pub versions: Vec<Version>,
    pub deleted: Option<Timestamp>,
}

impl Plan {
    pub(crate) fn arn(&self, at: &Scope) -> String {
        at.arn("backup", &format!("backup-plan:{}", self.id))
    }

    pub(crate) fn version(&self, id: Option<&str>) -> Option<&Version> {
        match id {
            Some(id) => self.versions.iter().find(|version| version.id == id),
            None => self.versions.last(),
        }
    }

    pub(crate) fn view(&self, at: &Scope, version: &Version) -> Value {
        json!({
            "BackupPlanId": self.id,
            "BackupPlanArn": self.arn(at),
            "VersionId": version.id,
            "CreatorRequestId": self.creator,
            "CreationDate": time(version.created),
            "DeletionDate": maybe_time(self.deleted),
            "AdvancedBackupSettings": version.document.get("AdvancedBackupSettings"),
        })
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::backup) struct Selection {
    pub id: String,
    pub plan: String,
    pub created: Timestamp,
    pub creator: Option<String>,
    pub document: Value,
}

impl Selection {
    pub(crate) fn view(&self) -> Value {
        json!({
            "SelectionId": self.id,
            "BackupPlanId": self.plan,
            "CreationDate": time(self.created),
            "CreatorRequestId": self.creator,
        })
    }
}
