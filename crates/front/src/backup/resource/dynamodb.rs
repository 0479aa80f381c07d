//! DynamoDB tables: saved as DynamoDB's own on-demand backups, restored as new tables with the items.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/restoring-dynamodb.html>. Only the standard form: copies
//! need the advanced form, whose backups are not DynamoDB's own.

use serde_json::{Value, json};

use super::shared::{free, gone, is_ready, last, required, value};
use super::{Done, Made};
use crate::backup::error::refused;
use crate::backup::model::{BackupJob, Point, RestoreJob, Texts};
use crate::upstream::Session;
use crate::{Scope, ids};

const TARGET: &str = "targetTableName";

async fn call(at: &Session, operation: &str, input: Value) -> Done<Value> {
    at.json("dynamodb", &format!("DynamoDB_20120810.{operation}"), input).await
}

async fn table(at: &Session, name: &str) -> Done<Value> {
    Ok(call(at, "DescribeTable", json!({ "TableName": name })).await?["Table"].take())
}

/// A member of an answer; empty where it is not there.
fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

pub(super) async fn back_up(at: &Session, job: &BackupJob) -> Done<Made> {
    let (name, label) = (last(&job.resource), format!("AWSBackup-{}", job.id));
    let described = table(at, name).await?;
    let known = call(at, "ListBackups", json!({ "TableName": name })).await?;
    let known = known["BackupSummaries"].as_array().into_iter().flatten();
    let mut arns = known.filter(|backup| backup["BackupName"] == *label);
    let mut arn = arns.next().map(|backup| text(backup, "BackupArn").to_owned());
    let was_there = arn.is_some();
    if !was_there {
        let asked = json!({ "TableName": name, "BackupName": label });
        let made = call(at, "CreateBackup", asked).await?;
        arn = made["BackupDetails"]["BackupArn"].as_str().map(str::to_owned);
    }
    let key = described["SSEDescription"]["KMSMasterKeyArn"].as_str();
    Ok(Made {
        arn: arn.unwrap_or_default(),
        was_there,
        size: described["TableSizeBytes"].as_i64().unwrap_or(0),
        is_encrypted: true,
        key: key.map(str::to_owned),
        name: Some(name.to_owned()),
        metadata: Texts::from_iter([
            ("encryptionType".into(), if key.is_some() { "KMS".into() } else { "Default".into() }),
            ("originalTableName".into(), name.into()),
        ]),
        tags: Texts::new(),
    })
}

pub(super) async fn is_saved(at: &Session, arn: &str) -> Done<bool> {
    let answer = call(at, "DescribeBackup", json!({ "BackupArn": arn })).await?;
    let details = &answer["BackupDescription"]["BackupDetails"];
    is_ready(text(details, "BackupStatus"), "AVAILABLE", &["DELETED"])
}

pub(super) async fn copy(_: &Session, _: &Session, _: &Point, _: &str) -> Done<Made> {
    Err(refused(
        "DynamoDB recovery points can be copied with advanced features only, which the lab lacks",
    ))
}

pub(super) async fn forget(at: &Session, arn: &str) -> Done<()> {
    gone(call(at, "DeleteBackup", json!({ "BackupArn": arn })).await)
}

pub(super) fn check(metadata: &Texts) -> Done<()> {
    required(metadata, TARGET).map(drop)
}

pub(super) async fn is_free(at: &Session, job: &RestoreJob) -> Done<()> {
    let name = value(&job.metadata, TARGET).unwrap_or_default();
    let taken = format!("Table already exists: {name}");
    free(table(at, name).await, "ResourceNotFound", &taken)
}

pub(super) async fn restore(at: &Session, job: &RestoreJob, point: &Point) -> Done<String> {
    let name = value(&job.metadata, TARGET).unwrap_or_default();
    let asked = json!({ "TargetTableName": name, "BackupArn": point.arn });
    match call(at, "RestoreTableFromBackup", asked).await {
        // It was free before this job asked for it.
        Err(error) if error.is("TableAlreadyExists") && job.was_asked => {}
        other => drop(other?),
    }
    Ok(at.scope().arn("dynamodb", &format!("table/{name}")))
}

pub(super) async fn is_restored(at: &Session, arn: &str) -> Done<bool> {
    is_ready(text(&table(at, last(arn)).await?, "TableStatus"), "ACTIVE", &["DELETING"])
}

pub(super) async fn discard(at: &Session, arn: &str) -> Done<()> {
    gone(call(at, "DeleteTable", json!({ "TableName": last(arn) })).await)
}

pub(super) fn inferred(_at: &Scope, _point: &Point) -> Texts {
    Texts::from_iter([
        ("deletionProtection".into(), "false".into()),
        ("encryptionType".into(), "Default".into()),
        (TARGET.into(), ids::hex("awsbackup-restore-test-", 12)),
    ])
}

pub(super) fn overridable() -> &'static [&'static str] {
    &["encryptionType", "kmsMasterKeyArn"]
}
