//! On-demand backup jobs: started, shown, stopped. What they do is in `work`.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_StartBackupJob.html>

mod start;
mod stop;

pub(super) use start::start;
pub(super) use stop::stop;

use serde_json::Value;

use super::desk::Desk;
use super::error::not_found;
use super::input::{page, required, wants, within};
use super::model::{BackupJob, Vault, kind};
use crate::{AwsError, Call};

fn find(desk: &Desk, call: &Call) -> Result<BackupJob, AwsError> {
    let id = required(call, "BackupJobId")?;
    desk.get(kind::JOB, id).ok_or_else(|| not_found("Backup job", id))
}

pub(super) fn describe(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    Ok(view(desk, &find(desk, call)?))
}

fn view(desk: &Desk, job: &BackupJob) -> Value {
    job.view(desk.at(), desk.get::<Vault>(kind::VAULT, &job.vault).as_ref())
}

pub(super) fn list(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let mut views = Vec::new();
    for job in desk.list::<BackupJob>(kind::JOB).iter().rev() {
        let is_wanted = wants(call, "resourceArn", &job.resource)
            && wants(call, "state", job.state.name())
            && wants(call, "backupVaultName", &job.vault)
            && wants(call, "resourceType", &job.resource_type)
            && (wants(call, "accountId", &desk.at().account) || wants(call, "accountId", "*"))
            // No job here has a parent.
            && call.text("parentJobId").is_none()
            && within(call, ("createdAfter", "createdBefore"), Some(job.created))?
            && within(call, ("completeAfter", "completeBefore"), job.completed)?;
        if is_wanted {
            views.push(view(desk, job));
        }
    }
    page(call, "BackupJobs", views)
}
