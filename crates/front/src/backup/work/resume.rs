//! Jobs that were running when the front ended: they continue, and are reported.

use super::{backup, copy, restore};
use crate::Front;
use crate::backup::desk::Desk;
use crate::backup::model::{BackupJob, CopyJob, RestoreJob, RestoreStatus, kind};

pub(in crate::backup) fn all(front: &Front) -> Vec<String> {
    let mut told = Vec::new();
    for at in front.store().scopes(kind::JOB) {
        let desk = Desk::new(front, &at);
        for job in desk.list::<BackupJob>(kind::JOB).into_iter().filter(|job| !job.state.is_final())
        {
            told.push(sentence("backup", &job.id, &job.resource, job.state.name()));
            backup::begin(desk.clone(), job.id);
        }
    }
    for at in front.store().scopes(kind::RESTORE) {
        let desk = Desk::new(front, &at);
        for job in desk.list::<RestoreJob>(kind::RESTORE) {
            if !job.status.is_final() {
                told.push(sentence("restore", &job.id, &job.source, job.status.name()));
            } else if !is_open_test(&job) {
                continue;
            }
            restore::begin(desk.clone(), job.id);
        }
    }
    for at in front.store().scopes(kind::COPY) {
        let desk = Desk::new(front, &at);
        for job in desk.list::<CopyJob>(kind::COPY).into_iter().filter(|job| !job.state.is_final())
        {
            told.push(sentence("copy", &job.id, &job.source_point, job.state.name()));
            copy::begin(desk.clone(), job.id);
        }
    }
    told
}

/// A restore test whose resource is still to be deleted. Its validation window starts again.
fn is_open_test(job: &RestoreJob) -> bool {
    job.plan.is_some()
        && job.status == RestoreStatus::Completed
        && !matches!(job.deletion.as_deref(), Some("SUCCESSFUL" | "FAILED"))
}

fn sentence(kind: &str, id: &str, of: &str, state: &str) -> String {
    format!(
        "{kind} job {id} of {of} was {state} when the front ended; it carries on, and fails if the upstream lost its part"
    )
}
