//! Restore jobs: started, shown, judged. What they do is in `work`.

mod start;
mod validation;

pub(super) use start::{Order, order, start};
pub(super) use validation::put_validation;

use serde_json::{Value, json};

use super::desk::Desk;
use super::error::not_found;
use super::input::{page, required, wants, within};
use super::model::{RestoreJob, kind};
use crate::{AwsError, Call};

fn find(desk: &Desk, call: &Call) -> Result<RestoreJob, AwsError> {
    let id = required(call, "RestoreJobId")?;
    desk.get(kind::RESTORE, id).ok_or_else(|| not_found("Restore job", id))
}

pub(super) fn describe(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    Ok(find(desk, call)?.view(desk.at()))
}

/// <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_GetRestoreJobMetadata.html>
pub(super) fn metadata(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let job = find(desk, call)?;
    Ok(json!({ "RestoreJobId": job.id, "Metadata": job.metadata }))
}

pub(super) fn list(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let mut views = Vec::new();
    for job in desk.list::<RestoreJob>(kind::RESTORE).iter().rev() {
        let is_wanted = (wants(call, "accountId", &desk.at().account) || wants(call, "accountId", "*"))
            && wants(call, "resourceType", &job.resource_type)
            && wants(call, "status", job.status.name())
            && wants(call, "restoreTestingPlanArn", job.plan.as_deref().unwrap_or_default())
            // No job here has a parent.
            && call.text("parentJobId").is_none()
            && within(call, ("createdAfter", "createdBefore"), Some(job.created))?
            && within(call, ("completeAfter", "completeBefore"), job.completed)?;
        if is_wanted {
            views.push(job.view(desk.at()));
        }
    }
    page(call, "RestoreJobs", views)
}

pub(super) fn by_resource(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let arn = required(call, "ResourceArn")?;
    let times = ("recoveryPointCreationDateAfter", "recoveryPointCreationDateBefore");
    let mut views = Vec::new();
    for job in desk.list::<RestoreJob>(kind::RESTORE).iter().rev() {
        let is_wanted = job.source == arn && wants(call, "status", job.status.name());
        if is_wanted && within(call, times, Some(job.point_created))? {
            views.push(job.view(desk.at()));
        }
    }
    page(call, "RestoreJobs", views)
}
