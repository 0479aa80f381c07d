//! RDS instances: saved as DB snapshots, restored as new instances.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/restoring-rds.html>

use serde_json::{Value, json};

use super::shared::{bytes, free, gone, is_ready, json_of, last, required, some, texts, value};
use super::{Done, Made};
use crate::backup::model::{BackupJob, Point, RestoreJob, Texts};
use crate::upstream::Session;
use crate::wire::Xml;
use crate::{AwsError, Scope, ids};

const TARGET: &str = "DBInstanceIdentifier";

async fn instance(at: &Session, id: &str) -> Done<Xml> {
    let answer = at.query("rds", "DescribeDBInstances", json!({ TARGET: id })).await?;
    let found = answer.get("DescribeDBInstancesResult/DBInstances/DBInstance");
    found.cloned().ok_or_else(|| {
        AwsError::new(404, "DBInstanceNotFound", format!("DBInstance {id} not found"))
    })
}

fn snapshot_id(arn: &str) -> &str {
    arn.split_once(":snapshot:").map_or(arn, |(_, id)| id)
}

/// Makes it, unless an earlier attempt of the same job did: then false.
async fn once(at: &Session, action: &str, asked: Value, known: &str) -> Done<bool> {
    match at.query("rds", action, asked).await {
        Err(error) if error.is(known) => Ok(false),
        other => other.map(|_| true),
    }
}

pub(super) async fn back_up(at: &Session, job: &BackupJob) -> Done<Made> {
    let database = instance(at, last(&job.resource)).await?;
    // AWS Backup's own names have a colon here, which the API refuses from anybody else.
    let id = format!("awsbackup-job-{}", job.id.to_lowercase());
    let asked = json!({ "DBSnapshotIdentifier": id, TARGET: last(&job.resource) });
    let was_there = !once(at, "CreateDBSnapshot", asked, "DBSnapshotAlreadyExists").await?;
    Ok(Made {
        arn: at.scope().arn("rds", &format!("snapshot:{id}")),
        was_there,
        size: bytes(database.text("AllocatedStorage")),
        is_encrypted: database.text("StorageEncrypted") == "true",
        key: some(database.text("KmsKeyId")),
        name: Some(last(&job.resource).to_owned()),
        metadata: metadata(&database),
        tags: Texts::new(),
    })
}

pub(super) async fn is_saved(at: &Session, arn: &str) -> Done<bool> {
    let wanted = json!({ "DBSnapshotIdentifier": snapshot_id(arn) });
    let answer = at.query("rds", "DescribeDBSnapshots", wanted).await?;
    let status = answer.find("DBSnapshot").map_or("", |snapshot| snapshot.text("Status"));
    is_ready(status, "available", &["failed"])
}

pub(super) async fn copy(from: &Session, to: &Session, point: &Point, id: &str) -> Done<Made> {
    let target = format!("awsbackup-copyjob-{}", id.to_lowercase());
    let is_here = from.scope().region == to.scope().region;
    let asked = json!({
        "SourceDBSnapshotIdentifier": if is_here { snapshot_id(&point.arn) } else { &point.arn },
        "TargetDBSnapshotIdentifier": target,
        "SourceRegion": from.scope().region,
    });
    once(to, "CopyDBSnapshot", asked, "DBSnapshotAlreadyExists").await?;
    Ok(Made { arn: to.scope().arn("rds", &format!("snapshot:{target}")), ..Made::of(point) })
}

pub(super) async fn forget(at: &Session, arn: &str) -> Done<()> {
    let wanted = json!({ "DBSnapshotIdentifier": snapshot_id(arn) });
    gone(at.query("rds", "DeleteDBSnapshot", wanted).await)
}

pub(super) fn check(metadata: &Texts) -> Done<()> {
    required(metadata, TARGET).map(drop)
}

pub(super) async fn is_free(at: &Session, job: &RestoreJob) -> Done<()> {
    let id = value(&job.metadata, TARGET).unwrap_or_default();
    let taken = format!("DB instance already exists: {id}");
    free(instance(at, id).await, "DBInstanceNotFound", &taken)
}

pub(super) async fn restore(at: &Session, job: &RestoreJob, point: &Point) -> Done<String> {
    let id = value(&job.metadata, TARGET).unwrap_or_default();
    let of = |name: &str| value(&job.metadata, name);
    let groups = json_of(&job.metadata, "VpcSecurityGroupIds");
    let asked = json!({
        TARGET: id,
        "DBSnapshotIdentifier": snapshot_id(&point.arn),
        "DBInstanceClass": of("DBInstanceClass"),
        "DBSubnetGroupName": of("DBSubnetGroupName"),
        "AvailabilityZone": of("AvailabilityZone"),
        "Port": of("Port"),
        "MultiAZ": of("MultiAZ"),
        "PubliclyAccessible": of("PubliclyAccessible"),
        "StorageType": of("StorageType"),
        "DeletionProtection": of("DeletionProtection"),
        "VpcSecurityGroupIds": groups.map(|ids| json!({ "VpcSecurityGroupId": numbered(&ids) })),
    });
    let known = if job.was_asked { "DBInstanceAlreadyExists" } else { "" };
    once(at, "RestoreDBInstanceFromDBSnapshot", asked, known).await?;
    Ok(at.scope().arn("rds", &format!("db:{id}")))
}

pub(super) async fn is_restored(at: &Session, arn: &str) -> Done<bool> {
    let database = instance(at, last(arn)).await?;
    is_ready(database.text("DBInstanceStatus"), "available", &["failed", "deleting"])
}

pub(super) async fn discard(at: &Session, arn: &str) -> Done<()> {
    let wanted = json!({ TARGET: last(arn), "SkipFinalSnapshot": true });
    gone(at.query("rds", "DeleteDBInstance", wanted).await)
}

pub(super) fn inferred(_at: &Scope, point: &Point) -> Texts {
    let mut all = Texts::from_iter([
        (TARGET.into(), ids::hex("awsbackup-restore-test-", 12)),
        ("DeletionProtection".into(), "false".into()),
        ("MultiAZ".into(), "false".into()),
        ("PubliclyAccessible".into(), "false".into()),
    ]);
    for name in ["DBInstanceClass", "DBSubnetGroupName"] {
        if let Some(kept) = value(&point.metadata, name) {
            all.insert(name.into(), kept.into());
        }
    }
    all
}

pub(super) fn overridable() -> &'static [&'static str] {
    &[
        "availabilityZone",
        "dbInstanceClass",
        "dbName",
        "dbSubnetGroupName",
        "multiAz",
        "port",
        "vpcSecurityGroupIds",
    ]
}

fn metadata(database: &Xml) -> Texts {
    let pairs = [
        ("Engine", "Engine"),
        ("EngineVersion", "EngineVersion"),
        ("DBInstanceClass", "DBInstanceClass"),
        ("AllocatedStorage", "AllocatedStorage"),
        ("AvailabilityZone", "AvailabilityZone"),
        ("DBName", "DBName"),
        ("DBSubnetGroupName", "DBSubnetGroup/DBSubnetGroupName"),
        ("LicenseModel", "LicenseModel"),
        ("MultiAZ", "MultiAZ"),
        ("Port", "Endpoint/Port"),
        ("PubliclyAccessible", "PubliclyAccessible"),
        ("StorageType", "StorageType"),
    ];
    texts(database, pairs)
}

/// `Name.1`, `Name.2`: RDS names the elements of this list itself.
fn numbered(list: &Value) -> Value {
    let items = list.as_array().into_iter().flatten().enumerate();
    items.map(|(place, item)| ((place + 1).to_string(), item.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::flatten;

    #[test]
    fn groups_are_numbered_as_rds_wants_them() {
        let asked =
            json!({ "VpcSecurityGroupIds": { "VpcSecurityGroupId": numbered(&json!(["sg-1"])) } });
        let wanted = ("VpcSecurityGroupIds.VpcSecurityGroupId.1".to_owned(), "sg-1".to_owned());
        assert_eq!(flatten(&asked, false), [wanted]);
    }

    #[test]
    fn a_snapshot_id_may_hold_a_colon() {
        assert_eq!(snapshot_id("arn:aws:rds:r:1:snapshot:awsbackup:job-1"), "awsbackup:job-1");
    }
}
