//! `StopBackupJob`. The job itself notices, removes what it created, and becomes `ABORTED`.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_StopBackupJob.html>

use serde_json::{Value, json};

use super::find;
use crate::backup::desk::Desk;
use crate::backup::error::refused;
use crate::backup::model::{BackupJob, BackupState, kind};
use crate::backup::resource::Resource;
use crate::backup::work;
use crate::{AwsError, Call};

pub(in crate::backup) fn stop(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let job = find(desk, call)?;
    if Resource::of(&job.resource_type).is_some_and(|resource| !resource.can_stop()) {
        return Err(refused(format!(
            "Backup jobs of type {} cannot be stopped",
            job.resource_type
        )));
    }
    let state = desk.update(kind::JOB, &job.id, |job: &mut BackupJob| {
        if job.state.leads_to(BackupState::Aborting) {
            job.state = BackupState::Aborting;
            job.message = Some("Backup job was stopped by the user".into());
            return None;
        }
        Some(job.state)
    });
    match state.flatten() {
        None => {
            work::events::backup(desk, &job.id);
            Ok(json!({}))
        }
        Some(state) => {
            Err(refused(format!("Backup job {} is {} and cannot be stopped", job.id, state.name())))
        }
    }
}
