//! Notifications of vaults. Kept, and published to the topic in the upstream when a job comes to such an event.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_PutBackupVaultNotifications.html>

use serde_json::{Value, json};

use super::{change, named};
use crate::backup::desk::Desk;
use crate::backup::error::{invalid, missing, not_found};
use crate::backup::input;
use crate::backup::model::Notifications;
use crate::{AwsError, Call};

const EVENTS: &[&str] = &[
    "BACKUP_JOB_STARTED",
    "BACKUP_JOB_COMPLETED",
    "BACKUP_JOB_SUCCESSFUL",
    "BACKUP_JOB_FAILED",
    "BACKUP_JOB_EXPIRED",
    "RESTORE_JOB_STARTED",
    "RESTORE_JOB_COMPLETED",
    "RESTORE_JOB_SUCCESSFUL",
    "RESTORE_JOB_FAILED",
    "COPY_JOB_STARTED",
    "COPY_JOB_SUCCESSFUL",
    "COPY_JOB_FAILED",
    "RECOVERY_POINT_MODIFIED",
    "BACKUP_PLAN_CREATED",
    "BACKUP_PLAN_MODIFIED",
    "S3_BACKUP_OBJECT_FAILED",
    "S3_RESTORE_OBJECT_FAILED",
];

pub(in crate::backup) fn put_notifications(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let topic = input::required(call, "SNSTopicArn")?.to_owned();
    if !topic.starts_with("arn:aws") || !topic.contains(":sns:") {
        return Err(invalid(format!("Invalid SNS topic ARN: {topic}")));
    }
    let given = call.params.get("BackupVaultEvents").and_then(Value::as_array);
    let given = given.ok_or_else(|| missing("BackupVaultEvents"))?;
    let events: Vec<String> = given.iter().filter_map(|e| e.as_str().map(str::to_owned)).collect();
    if let Some(unknown) = events.iter().find(|event| !EVENTS.contains(&event.as_str())) {
        return Err(invalid(format!("Invalid backup vault event: {unknown}")));
    }
    change(desk, call, |vault| vault.notifications = Some(Notifications { topic, events }))?;
    Ok(json!({}))
}

pub(in crate::backup) fn get_notifications(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let vault = named(desk, call)?;
    let known = vault.notifications.as_ref();
    let known = known.ok_or_else(|| not_found("Notifications of backup vault", &vault.name))?;
    Ok(json!({
        "BackupVaultName": vault.name,
        "BackupVaultArn": vault.arn(desk.at()),
        "SNSTopicArn": known.topic,
        "BackupVaultEvents": known.events,
    }))
}

pub(in crate::backup) fn delete_notifications(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    change(desk, call, |vault| vault.notifications = None)?;
    Ok(json!({}))
}
