//! EBS volumes: saved as snapshots, restored as new volumes.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/restoring-ebs.html>

use serde_json::json;

use super::shared::{bytes, ec2_arn, gone, is_ready, last, made_by, required, some, texts, value};
use super::{Done, Made, tags};
use crate::Scope;
use crate::backup::model::{BackupJob, Point, RestoreJob, Texts};
use crate::upstream::Session;
use crate::wire::Xml;

const DESCRIPTION: &str = "This snapshot is created by the AWS Backup service.";

pub(super) async fn back_up(at: &Session, job: &BackupJob) -> Done<Made> {
    let wanted = json!({ "VolumeId": [last(&job.resource)] });
    let answer = at.query("ec2", "DescribeVolumes", wanted).await?;
    let volume = answer.get("volumeSet/item").cloned().unwrap_or_default();
    let path = "snapshotSet/item/snapshotId";
    let known = made_by(at, "DescribeSnapshots", path, &job.id).await?;
    let was_there = known.is_some();
    let id = match known {
        Some(id) => id,
        None => {
            let asked = json!({
                "VolumeId": last(&job.resource),
                "Description": DESCRIPTION,
                "TagSpecification": tags::specification(&["snapshot"], &job.id, &job.tags),
            });
            at.query("ec2", "CreateSnapshot", asked).await?.text("snapshotId").to_owned()
        }
    };
    let tags = tags::read(&volume);
    Ok(Made {
        arn: ec2_arn(at.scope(), "snapshot", &id),
        was_there,
        size: bytes(volume.text("size")),
        is_encrypted: volume.text("encrypted") == "true",
        key: some(volume.text("kmsKeyId")),
        name: tags.get("Name").cloned(),
        metadata: metadata(&volume),
        tags,
    })
}

pub(super) async fn is_saved(at: &Session, arn: &str) -> Done<bool> {
    let wanted = json!({ "SnapshotId": [last(arn)] });
    let answer = at.query("ec2", "DescribeSnapshots", wanted).await?;
    is_ready(answer.text("snapshotSet/item/status"), "completed", &["error"])
}

pub(super) async fn copy(from: &Session, to: &Session, point: &Point, id: &str) -> Done<Made> {
    let made = made_by(to, "DescribeSnapshots", "snapshotSet/item/snapshotId", id).await?;
    let made = match made {
        Some(made) => made,
        None => {
            let asked = json!({
                "SourceRegion": from.scope().region,
                "SourceSnapshotId": last(&point.arn),
                "Description": DESCRIPTION,
                "TagSpecification": tags::specification(&["snapshot"], id, &Texts::new()),
            });
            to.query("ec2", "CopySnapshot", asked).await?.text("snapshotId").to_owned()
        }
    };
    Ok(Made { arn: ec2_arn(to.scope(), "snapshot", &made), ..Made::of(point) })
}

pub(super) async fn forget(at: &Session, arn: &str) -> Done<()> {
    gone(at.query("ec2", "DeleteSnapshot", json!({ "SnapshotId": last(arn) })).await)
}

pub(super) fn check(metadata: &Texts) -> Done<()> {
    required(metadata, "availabilityZone").map(drop)
}

pub(super) async fn restore(at: &Session, job: &RestoreJob, point: &Point) -> Done<String> {
    let path = "volumeSet/item/volumeId";
    if let Some(id) = made_by(at, "DescribeVolumes", path, &job.id).await? {
        return Ok(at.scope().arn("ec2", &format!("volume/{id}")));
    }
    let own = if job.copies_tags { point.source_tags.clone() } else { Texts::new() };
    let of = |name: &str| value(&job.metadata, name);
    let asked = json!({
        "SnapshotId": last(&point.arn),
        "AvailabilityZone": of("availabilityZone"),
        "VolumeType": of("volumeType"),
        "Size": of("volumeSize"),
        "Iops": of("iops"),
        "Throughput": of("throughput"),
        "Encrypted": of("encrypted").filter(|flag| *flag == "true"),
        "KmsKeyId": of("kmsKeyId"),
        "TagSpecification": tags::specification(&["volume"], &job.id, &own),
    });
    let answer = at.query("ec2", "CreateVolume", asked).await?;
    Ok(at.scope().arn("ec2", &format!("volume/{}", answer.text("volumeId"))))
}

pub(super) async fn is_restored(at: &Session, arn: &str) -> Done<bool> {
    let answer = at.query("ec2", "DescribeVolumes", json!({ "VolumeId": [last(arn)] })).await?;
    let state = answer.text("volumeSet/item/status");
    // Somebody may attach it as soon as it can be used.
    Ok(state == "in-use" || is_ready(state, "available", &["error", "deleted"])?)
}

pub(super) async fn discard(at: &Session, arn: &str) -> Done<()> {
    gone(at.query("ec2", "DeleteVolume", json!({ "VolumeId": last(arn) })).await)
}

pub(super) fn inferred(at: &Scope, point: &Point) -> Texts {
    let zone =
        value(&point.metadata, "availabilityZone").filter(|zone| zone.starts_with(&at.region));
    let zone = zone.map_or_else(|| format!("{}a", at.region), str::to_owned);
    Texts::from_iter([("availabilityZone".into(), zone), ("encrypted".into(), "true".into())])
}

pub(super) fn overridable() -> &'static [&'static str] {
    &["availabilityZone", "kmsKeyId"]
}

fn metadata(volume: &Xml) -> Texts {
    let pairs = [
        ("volumeId", "volumeId"),
        ("availabilityZone", "availabilityZone"),
        ("encrypted", "encrypted"),
        ("kmsKeyId", "kmsKeyId"),
        ("volumeType", "volumeType"),
        ("volumeSize", "size"),
    ];
    let kind = volume.text("volumeType");
    let mut pairs = pairs.to_vec();
    // Types with a fixed rate show one that CreateVolume would refuse.
    if matches!(kind, "io1" | "io2" | "gp3") {
        pairs.push(("iops", "iops"));
    }
    if kind == "gp3" {
        pairs.push(("throughput", "throughput"));
    }
    texts(volume, pairs)
}
