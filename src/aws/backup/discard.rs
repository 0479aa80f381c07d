//! Removes a resource that a restore created: a volume, an instance with its volumes, a table, or a
//! bucket with all versions of its objects. Owns one way for each kind; may be called again.

use super::permissions::*;
use crate::aws::{
    ec2::{DeleteOnTermination, instance},
    kit::*,
    s3::versions,
};

/// True when nothing of it is left, false for a kind that this program cannot delete.
pub(super) async fn resource(aws: &Aws, arn: &str) -> Result<bool, CallError> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, _, service, _, _, rest] = parts[..] else { return Ok(false) };
    let done = match (service, rest.split_once('/')) {
        ("ec2", Some(("volume", id))) => volume(aws, id).await,
        ("ec2", Some(("instance", id))) => terminate(aws, id).await,
        ("dynamodb", Some(("table", name))) => table(aws, name).await,
        ("s3", None) => bucket(aws, rest).await,
        _ => return Ok(false),
    };
    match done {
        Err(e) if e.code.as_deref() == Some("NoSuchBucket") => Ok(true),
        other => other.done_if_gone().map(|()| true),
    }
}

async fn volume(aws: &Aws, id: &str) -> Result<(), CallError> {
    let call = aws.ec2().delete_volume().volume_id(id).send().await.map(drop);
    call.by(DELETE_VOLUME)
}

/// Its volumes are removed with it, even those that an image keeps by default.
async fn terminate(aws: &Aws, id: &str) -> Result<(), CallError> {
    let found = instance(aws, id).await?;
    let volumes = found.block_device_mappings.into_iter().flatten();
    let kept = volumes
        .filter_map(|mapping| mapping.ebs)
        .filter(|ebs| ebs.delete_on_termination != Some(true));
    for volume in kept.filter_map(|ebs| ebs.volume_id) {
        DeleteOnTermination::of(id, volume).write(aws, &true).await?;
    }
    let call = aws.ec2().terminate_instances().instance_ids(id).send().await.map(drop);
    call.by(TERMINATE_INSTANCES)
}

async fn table(aws: &Aws, name: &str) -> Result<(), CallError> {
    let call = aws.dynamodb().delete_table().table_name(name).send().await.map(drop);
    match call.by(DELETE_TABLE) {
        // It is on its way.
        Err(e)
            if e.code.as_deref() == Some("ResourceInUseException")
                && e.message.contains("delet") =>
        {
            Ok(())
        }
        other => other,
    }
}

async fn bucket(aws: &Aws, name: &str) -> Result<(), CallError> {
    let all = versions::list(aws, name, "").await?;
    versions::delete(aws, name, &all).await?;
    let call = aws.s3_of(name).await.delete_bucket().bucket(name).send().await.map(drop);
    call.by(DELETE_BUCKET)
}
