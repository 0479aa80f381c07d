//! Notifications to a vault's topic, where the vault wants the event.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-notifications.html>

use serde_json::json;

use crate::backup::desk::Desk;
use crate::backup::model::{
    BackupJob, BackupState, CopyJob, CopyState, RestoreJob, RestoreStatus, Vault, kind,
};
use crate::backup::resource::last;

pub(super) fn backup(desk: &Desk, id: &str, state: BackupState) {
    let events: &[&str] = match state {
        BackupState::Running => &["BACKUP_JOB_STARTED"],
        BackupState::Completed => &["BACKUP_JOB_COMPLETED", "BACKUP_JOB_SUCCESSFUL"],
        BackupState::Failed => &["BACKUP_JOB_COMPLETED", "BACKUP_JOB_FAILED"],
        BackupState::Aborted => &["BACKUP_JOB_COMPLETED"],
        BackupState::Created | BackupState::Pending | BackupState::Aborting => return,
    };
    let Some(job) = desk.get::<BackupJob>(kind::JOB, id) else { return };
    let point = job.point.as_deref().unwrap_or("-");
    let text = format!(
        "An AWS Backup job is {}. Recovery point ARN: {point}. Resource ARN : {}. BackupJob ID : {id}",
        state.name(),
        job.resource
    );
    publish(desk, &job.vault, &job.role, events, text);
}

pub(super) fn restore(desk: &Desk, id: &str, status: RestoreStatus) {
    let events: &[&str] = match status {
        RestoreStatus::Running => &["RESTORE_JOB_STARTED"],
        RestoreStatus::Completed => &["RESTORE_JOB_COMPLETED", "RESTORE_JOB_SUCCESSFUL"],
        RestoreStatus::Failed => &["RESTORE_JOB_COMPLETED", "RESTORE_JOB_FAILED"],
        RestoreStatus::Pending => return,
    };
    let Some(job) = desk.get::<RestoreJob>(kind::RESTORE, id) else { return };
    let result = job.result.as_deref().unwrap_or("-");
    let text = format!(
        "An AWS Backup restore job is {}. Restored resource ARN : {result}. RestoreJob ID : {id}",
        status.name()
    );
    publish(desk, last(&job.vault_arn), job.role.as_deref().unwrap_or_default(), events, text);
}

pub(super) fn copy(desk: &Desk, id: &str, state: CopyState) {
    let events: &[&str] = match state {
        CopyState::Running => &["COPY_JOB_STARTED"],
        CopyState::Completed => &["COPY_JOB_SUCCESSFUL"],
        CopyState::Failed => &["COPY_JOB_FAILED"],
        CopyState::Created => return,
    };
    let Some(job) = desk.get::<CopyJob>(kind::COPY, id) else { return };
    let text = format!(
        "An AWS Backup copy job is {}. Recovery point ARN: {}. CopyJob ID : {id}",
        state.name(),
        job.source_point
    );
    publish(desk, last(&job.source_vault), &job.role, events, text);
}

fn publish(desk: &Desk, vault: &str, role: &str, events: &[&str], text: String) {
    let wanted = desk.get::<Vault>(kind::VAULT, vault).and_then(|vault| vault.notifications);
    let Some(wanted) =
        wanted.filter(|w| w.events.iter().any(|event| events.contains(&event.as_str())))
    else {
        return;
    };
    let session = desk.session(role);
    desk.spawn(async move {
        let asked = json!({
            "TopicArn": wanted.topic,
            "Subject": "Notification from AWS Backup",
            "Message": text,
        });
        if let Err(error) = session.query("sns", "Publish", asked).await {
            tracing::warn!(topic = wanted.topic, %error, "a vault's notification was not delivered");
        }
    });
}
