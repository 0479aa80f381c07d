//! EventBridge events of jobs and recovery points.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/eventbridge.html>: restore jobs and recovery points have a
//! `status`, backup and copy jobs a `state`.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::backup::desk::Desk;
use crate::backup::model::{BackupJob, CopyJob, Lifecycle, Point, RestoreJob, Validation, kind};
use crate::wire::iso;

fn maybe(at: Option<Timestamp>) -> Option<String> {
    at.map(iso)
}

pub(in crate::backup) fn backup(desk: &Desk, id: &str) {
    let Some(job) = desk.get::<BackupJob>(kind::JOB, id) else { return };
    let vault_arn = desk.at().arn("backup", &format!("backup-vault:{}", job.vault));
    desk.emit("Backup Job State Change", Some(&job.resource), backup_detail(&job, &vault_arn));
}

fn backup_detail(job: &BackupJob, vault_arn: &str) -> Value {
    json!({
        "backupJobId": job.id,
        "backupVaultArn": vault_arn,
        "backupVaultName": job.vault,
        "backupSizeInBytes": job.size.to_string(),
        "bytesTransferred": if job.state.is_final() { job.size.to_string() } else { "0".into() },
        "creationDate": iso(job.created),
        "completionDate": maybe(job.completed),
        "iamRoleArn": job.role,
        "resourceArn": job.resource,
        "resourceType": job.resource_type,
        "recoveryPointArn": job.point,
        "percentDone": job.percent,
        "state": job.state.name(),
        "statusMessage": job.message,
    })
}

pub(in crate::backup) fn restore(desk: &Desk, id: &str) {
    let Some(job) = desk.get::<RestoreJob>(kind::RESTORE, id) else { return };
    desk.emit("Restore Job State Change", Some(&job.point), restore_detail(&job));
}

fn restore_detail(job: &RestoreJob) -> Value {
    json!({
        "restoreJobId": job.id,
        "recoveryPointArn": job.point,
        "sourceResourceArn": job.source,
        "backupVaultArn": job.vault_arn,
        "backupSizeInBytes": job.size.to_string(),
        "creationDate": iso(job.created),
        "completionDate": maybe(job.completed),
        "iamRoleArn": job.role,
        "percentDone": job.percent,
        "resourceType": job.resource_type,
        "status": job.status.name(),
        "statusMessage": job.message,
        "createdResourceArn": job.result,
        "restoreTestingPlanArn": job.plan,
        "validationStatus": job.validation.map(Validation::name),
        "validationStatusMessage": job.validation_message,
        "deletionStatus": job.deletion,
    })
}

pub(in crate::backup) fn copy(desk: &Desk, id: &str) {
    let Some(job) = desk.get::<CopyJob>(kind::COPY, id) else { return };
    desk.emit("Copy Job State Change", Some(&job.source_point), copy_detail(&job));
}

fn copy_detail(job: &CopyJob) -> Value {
    json!({
        "copyJobId": job.id,
        "backupSizeInBytes": job.size,
        "creationDate": iso(job.created),
        "completionDate": maybe(job.completed),
        "iamRoleArn": job.role,
        "resourceArn": job.resource,
        "resourceType": job.resource_type,
        "sourceBackupVaultArn": job.source_vault,
        "sourceRecoveryPointArn": job.source_point,
        "destinationBackupVaultArn": job.target_vault,
        "destinationRecoveryPointArn": job.target_point,
        "state": job.state.name(),
        "statusMessage": job.message,
    })
}

pub(in crate::backup) fn point(desk: &Desk, arn: &str) {
    let Some(point) = desk.get::<Point>(kind::POINT, arn) else { return };
    let detail = point_detail(&point, &point.vault_arn(desk.at()), point.status.name());
    desk.emit("Recovery Point State Change", Some(arn), detail);
}

/// A recovery point that is no more.
pub(in crate::backup) fn deleted(desk: &Desk, point: &Point) {
    let detail = point_detail(point, &point.vault_arn(desk.at()), "DELETED");
    desk.emit("Recovery Point State Change", Some(&point.arn), detail);
}

fn point_detail(point: &Point, vault_arn: &str, status: &str) -> Value {
    json!({
        "backupVaultName": point.vault,
        "backupVaultArn": vault_arn,
        "recoveryPointArn": point.arn,
        "creationDate": iso(point.created),
        "completionDate": maybe(point.completed),
        "iamRoleArn": point.role,
        "resourceType": point.resource_type,
        "resourceArn": point.resource,
        "status": status,
        "isEncrypted": point.is_encrypted,
        "storageClass": "WARM",
        "backupSizeInBytes": point.size.to_string(),
        "lifecycle": point.lifecycle.as_ref().map(Lifecycle::view),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::model::{BackupState, CopyState, RestoreStatus, Texts};

    #[test]
    fn jobs_are_told_by_the_words_of_aws() {
        let now = Timestamp::UNIX_EPOCH;
        let job = BackupJob {
            id: "J".into(),
            vault: "v".into(),
            resource: "r".into(),
            resource_type: "EBS".into(),
            resource_name: None,
            role: "role".into(),
            state: BackupState::Completed,
            message: None,
            percent: 100.0,
            size: 5,
            created: now,
            taken: None,
            completed: Some(now),
            start_window: 480,
            lifecycle: None,
            tags: Texts::new(),
            options: Texts::new(),
            point: Some("p".into()),
        };
        let detail = backup_detail(&job, "arn");
        assert_eq!((&detail["state"], &detail["status"]), (&json!("COMPLETED"), &Value::Null));
        assert_eq!(detail["completionDate"], "1970-01-01T00:00:00.000Z");
        let copy = CopyJob {
            id: "C".into(),
            source_point: "p".into(),
            source_vault: "a".into(),
            target_vault: "b".into(),
            target_point: None,
            resource: "r".into(),
            resource_type: "EBS".into(),
            role: "role".into(),
            lifecycle: None,
            state: CopyState::Running,
            message: None,
            size: 5,
            created: now,
            completed: None,
        };
        assert_eq!(copy_detail(&copy)["state"], "RUNNING");
        let restore = RestoreJob {
            id: "R".into(),
            point: "p".into(),
            vault_arn: "a".into(),
            source: "r".into(),
            resource_type: "EBS".into(),
            role: None,
            metadata: Texts::new(),
            copies_tags: false,
            status: RestoreStatus::Failed,
            message: Some("why".into()),
            percent: 0.0,
            size: 5,
            created: now,
            completed: Some(now),
            point_created: now,
            was_asked: false,
            result: None,
            plan: None,
            window_hours: 0,
            validation: None,
            validation_message: None,
            deletion: None,
            deletion_message: None,
        };
        let detail = restore_detail(&restore);
        assert_eq!(
            (&detail["status"], &detail["statusMessage"]),
            (&json!("FAILED"), &json!("why"))
        );
        assert_eq!(detail["state"], Value::Null);
    }
}
