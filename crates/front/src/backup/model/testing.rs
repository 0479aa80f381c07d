//! Restore testing: plans and the selections in them.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing.html>

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::maybe_time;
use crate::Scope;
use crate::wire::time;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::backup) struct TestingPlan {
    pub name: String,
    /// Part of the ARN.
    pub id: String,
    pub creator: Option<String>,
    pub created: Timestamp,
    pub updated: Option<Timestamp>,
    pub ran: Option<Timestamp>,
    /// Members of `RestoreTestingPlanForCreate`.
    pub document: Value,
}

impl TestingPlan {
    pub(crate) fn arn(&self, at: &Scope) -> String {
        at.arn("backup", &format!("restore-testing-plan:{}-{}", self.name, self.id))
    }

    pub(crate) fn view(&self, at: &Scope) -> Value {
        let mut view = self.brief(at);
        view["RecoveryPointSelection"] = self.document["RecoveryPointSelection"].clone();
        view["CreatorRequestId"] = json!(self.creator);
        view
    }

    /// As `ListRestoreTestingPlans` shows it.
    pub(crate) fn brief(&self, at: &Scope) -> Value {
        let mut view = json!({
            "RestoreTestingPlanName": self.name,
            "RestoreTestingPlanArn": self.arn(at),
            "CreationTime": time(self.created),
            "LastUpdateTime": maybe_time(self.updated),
            "LastExecutionTime": maybe_time(self.ran),
        });
        for name in ["ScheduleExpression", "ScheduleExpressionTimezone", "StartWindowHours"] {
            view[name] = self.document[name].clone();
        }
        view
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::backup) struct TestingSelection {
    pub name: String,
    pub plan: String,
    pub creator: Option<String>,
    pub created: Timestamp,
    pub updated: Option<Timestamp>,
    /// Members of `RestoreTestingSelectionForCreate`.
    pub document: Value,
}

impl TestingSelection {
    pub(crate) fn view(&self) -> Value {
        let mut view = self.brief();
        for name in
            ["ProtectedResourceArns", "ProtectedResourceConditions", "RestoreMetadataOverrides"]
        {
            view[name] = self.document[name].clone();
        }
        view["CreatorRequestId"] = json!(self.creator);
        view
    }

    /// As `ListRestoreTestingSelections` shows it.
    pub(crate) fn brief(&self) -> Value {
        let mut view = json!({
            "RestoreTestingSelectionName": self.name,
            "RestoreTestingPlanName": self.plan,
            "CreationTime": time(self.created),
        });
        for name in ["IamRoleArn", "ProtectedResourceType", "ValidationWindowHours"] {
            view[name] = self.document[name].clone();
        }
        view
    }
}
