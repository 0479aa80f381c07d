//! EC2 instances: saved as images without a reboot, restored as new instances.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/restoring-ec2.html>

use serde_json::{Value, json};

use super::shared::{bytes, ec2_arn, gone, is_ready, json_of, last, made_by, value};
use super::{Done, Made, tags};
use crate::Scope;
use crate::backup::model::{BackupJob, Point, RestoreJob, Texts};
use crate::upstream::Session;
use crate::wire::Xml;

const INSTANCE: &str = "reservationSet/item/instancesSet/item";

pub(super) async fn back_up(at: &Session, job: &BackupJob) -> Done<Made> {
    let id = last(&job.resource);
    let answer = at.query("ec2", "DescribeInstances", json!({ "InstanceId": [id] })).await?;
    let instance = answer.get(INSTANCE).cloned().unwrap_or_default();
    let volumes = instance.all("blockDeviceMapping/item/ebs/volumeId");
    let size = size_of(at, &volumes).await?;
    let known = made_by(at, "DescribeImages", "imagesSet/item/imageId", &job.id).await?;
    let was_there = known.is_some();
    let image = match known {
        Some(image) => image,
        None => {
            let asked = json!({
                "InstanceId": id,
                "Name": format!("AwsBackup_{id}_{}", job.id),
                "NoReboot": true,
                "TagSpecification": tags::specification(&["image", "snapshot"], &job.id, &job.tags),
            });
            at.query("ec2", "CreateImage", asked).await?.text("imageId").to_owned()
        }
    };
    let tags = tags::read(&instance);
    Ok(Made {
        arn: ec2_arn(at.scope(), "image", &image),
        was_there,
        size,
        name: tags.get("Name").cloned(),
        metadata: metadata(&instance),
        tags,
        ..Made::default()
    })
}

pub(super) async fn is_saved(at: &Session, arn: &str) -> Done<bool> {
    let answer = at.query("ec2", "DescribeImages", json!({ "ImageId": [last(arn)] })).await?;
    is_ready(
        answer.text("imagesSet/item/imageState"),
        "available",
        &["failed", "error", "deregistered"],
    )
}

pub(super) async fn copy(from: &Session, to: &Session, point: &Point, id: &str) -> Done<Made> {
    let name = format!("AwsBackup_{}_{id}", last(&point.resource));
    let wanted = json!({ "Filter": [{ "Name": "name", "Value": [name] }] });
    let found = to.query("ec2", "DescribeImages", wanted).await?;
    let mut image = found.text("imagesSet/item/imageId").to_owned();
    if image.is_empty() {
        let asked = json!({
            "SourceRegion": from.scope().region,
            "SourceImageId": last(&point.arn),
            "Name": name,
        });
        image = to.query("ec2", "CopyImage", asked).await?.text("imageId").to_owned();
    }
    Ok(Made { arn: ec2_arn(to.scope(), "image", &image), ..Made::of(point) })
}

pub(super) async fn forget(at: &Session, arn: &str) -> Done<()> {
    let image = last(arn);
    let wanted = json!({ "Filter": [{ "Name": "image-id", "Value": [image] }] });
    let answer = at.query("ec2", "DescribeImages", wanted).await?;
    gone(at.query("ec2", "DeregisterImage", json!({ "ImageId": image })).await)?;
    for snapshot in answer.all("imagesSet/item/blockDeviceMapping/item/ebs/snapshotId") {
        gone(at.query("ec2", "DeleteSnapshot", json!({ "SnapshotId": snapshot.text })).await)?;
    }
    Ok(())
}

pub(super) fn check(_metadata: &Texts) -> Done<()> {
    // Every key has its value at the time of the backup as a default.
    Ok(())
}

pub(super) async fn restore(at: &Session, job: &RestoreJob, point: &Point) -> Done<String> {
    let path = format!("{INSTANCE}/instanceId");
    if let Some(id) = made_by(at, "DescribeInstances", &path, &job.id).await? {
        return Ok(at.scope().arn("ec2", &format!("instance/{id}")));
    }
    let answer = at.query("ec2", "RunInstances", asked(job, point)).await?;
    let id = answer.text("instancesSet/item/instanceId");
    Ok(at.scope().arn("ec2", &format!("instance/{id}")))
}

pub(super) async fn is_restored(at: &Session, arn: &str) -> Done<bool> {
    let answer = at.query("ec2", "DescribeInstances", json!({ "InstanceId": [last(arn)] })).await?;
    let state = answer.text(&format!("{INSTANCE}/instanceState/name"));
    is_ready(state, "running", &["terminated", "shutting-down"])
}

pub(super) async fn discard(at: &Session, arn: &str) -> Done<()> {
    gone(at.query("ec2", "TerminateInstances", json!({ "InstanceId": [last(arn)] })).await)
}

pub(super) fn inferred(_at: &Scope, point: &Point) -> Texts {
    let kept = ["InstanceType", "SubnetId", "VpcId", "SecurityGroupIds"];
    let kept =
        kept.iter().filter_map(|name| Some(((*name).into(), value(&point.metadata, name)?.into())));
    let mut all: Texts = kept.collect();
    all.insert("DisableApiTermination".into(), "false".into());
    all.insert("RequireIMDSv2".into(), "true".into());
    all
}

pub(super) fn overridable() -> &'static [&'static str] {
    &[
        "iamInstanceProfileName",
        "instanceType",
        "requireImdsV2",
        "securityGroupIds",
        "subnetId",
        "vpcId",
    ]
}

/// Input of `RunInstances`: given metadata first, then what the instance had.
fn asked(job: &RestoreJob, point: &Point) -> Value {
    let of = |name: &str| value(&job.metadata, name).or_else(|| value(&point.metadata, name));
    let groups = json_of(&job.metadata, "SecurityGroupIds");
    let groups = groups.or_else(|| json_of(&point.metadata, "SecurityGroupIds"));
    let profile = of("IamInstanceProfileName").map(|name| json!({ "Name": name }));
    let is_v2 = of("RequireIMDSv2") == Some("true");
    json!({
        "ImageId": last(&point.arn),
        "MinCount": 1,
        "MaxCount": 1,
        "ClientToken": job.id,
        "InstanceType": of("InstanceType"),
        "SubnetId": of("SubnetId"),
        "SecurityGroupId": groups,
        "IamInstanceProfile": profile,
        "KeyName": of("KeyName"),
        "UserData": value(&job.metadata, "UserData"),
        "EbsOptimized": of("EbsOptimized").filter(|flag| *flag == "true"),
        "DisableApiTermination": value(&job.metadata, "DisableApiTermination"),
        "InstanceInitiatedShutdownBehavior": of("InstanceInitiatedShutdownBehavior"),
        "MetadataOptions": is_v2.then(|| json!({ "HttpTokens": "required" })),
        // An instance gets its tags back without being asked.
        "TagSpecification": tags::specification(&["instance"], &job.id, &point.source_tags),
    })
}

async fn size_of(at: &Session, volumes: &[&Xml]) -> Done<i64> {
    if volumes.is_empty() {
        return Ok(0);
    }
    let ids: Vec<&str> = volumes.iter().map(|volume| volume.text.as_str()).collect();
    let answer = at.query("ec2", "DescribeVolumes", json!({ "VolumeId": ids })).await?;
    let sizes = answer.all("volumeSet/item/size");
    Ok(sizes.iter().map(|size| bytes(&size.text)).sum())
}

fn metadata(instance: &Xml) -> Texts {
    let ids: Vec<&str> =
        instance.all("groupSet/item/groupId").iter().map(|id| id.text.as_str()).collect();
    let profile = instance.text("iamInstanceProfile/arn").rsplit('/').next().unwrap_or_default();
    let placement = json!({
        "AvailabilityZone": instance.text("placement/availabilityZone"),
        "Tenancy": instance.text("placement/tenancy"),
    });
    let all = [
        ("InstanceType", instance.text("instanceType").to_owned()),
        ("VpcId", instance.text("vpcId").to_owned()),
        ("SubnetId", instance.text("subnetId").to_owned()),
        ("SecurityGroupIds", if ids.is_empty() { String::new() } else { json!(ids).to_string() }),
        ("IamInstanceProfileName", profile.to_owned()),
        ("KeyName", instance.text("keyName").to_owned()),
        ("EbsOptimized", instance.text("ebsOptimized").to_owned()),
        ("Monitoring", json!({ "State": instance.text("monitoring/state") }).to_string()),
        ("Placement", placement.to_string()),
    ];
    let found = all.into_iter().filter(|(_, value)| !value.is_empty());
    found.map(|(name, value)| (name.to_owned(), value)).collect()
}
