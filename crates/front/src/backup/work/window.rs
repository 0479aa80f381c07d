//! The end of a restore test: time for a verdict, then the restored resource is deleted.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing.html>: the resource is kept until the
//! validation window ends or a verdict came.

use std::time::Duration;

use super::events;
use crate::backup::desk::Desk;
use crate::backup::model::{RestoreJob, RestoreStatus, Validation, kind};
use crate::backup::resource::Resource;

/// Without a validation window AWS deletes soon after the restore; ten minutes of its time.
const NO_WINDOW: Duration = Duration::from_mins(10);

/// Does nothing for a job that no restore testing plan made.
pub(super) async fn run(desk: &Desk, id: &str) {
    let Some(job) = desk.get::<RestoreJob>(kind::RESTORE, id) else { return };
    let is_test = job.plan.is_some() && job.status == RestoreStatus::Completed;
    let is_deleted = matches!(job.deletion.as_deref(), Some("SUCCESSFUL" | "FAILED"));
    let (Some(arn), true, false) = (&job.result, is_test, is_deleted) else { return };
    let hours = u64::try_from(job.window_hours).unwrap_or(0);
    let window = if hours == 0 { NO_WINDOW } else { Duration::from_secs(hours * 3600) };
    desk.wait(window, || is_judged(desk, id)).await;
    desk.update(kind::RESTORE, id, |job: &mut RestoreJob| {
        if job.validation == Some(Validation::Validating) {
            job.validation = Some(Validation::TimedOut);
        }
        job.deletion = Some("DELETING".into());
    });
    events::restore(desk, id);
    desk.save().await;
    let session = desk.session(job.role.as_deref().unwrap_or_default());
    let done = match Resource::of(&job.resource_type) {
        Some(resource) => resource.discard(&session, arn).await,
        None => Ok(()),
    };
    desk.update(kind::RESTORE, id, |job: &mut RestoreJob| {
        job.deletion = Some(if done.is_ok() { "SUCCESSFUL" } else { "FAILED" }.into());
        job.deletion_message = done.err().map(|error| error.to_string());
    });
    events::restore(desk, id);
    desk.save().await;
}

fn is_judged(desk: &Desk, id: &str) -> bool {
    let verdict = desk.get::<RestoreJob>(kind::RESTORE, id).and_then(|job| job.validation);
    verdict.is_some_and(|verdict| verdict != Validation::Validating)
}
