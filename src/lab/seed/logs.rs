//! Seeds a trail with its bucket: one that someone has stopped. Where the upstream has no CloudTrail, there
//! is neither.

use aws_sdk_cloudtrail::types::Tag;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use serde_json::json;

use super::spec;
use super::tags::{DUTY, SEED, failed, unless};
use crate::lab::LabError;

/// What makes a trail.
pub(super) struct Clients {
    pub cloudtrail: aws_sdk_cloudtrail::Client,
    pub s3: aws_sdk_s3::Client,
}

/// Whether a trail is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    There,
    Absent,
    /// The upstream has no trails.
    Unsupported,
}

impl Clients {
    pub(super) fn of(config: &aws_config::SdkConfig) -> Self {
        // The lab has no host name for each bucket.
        let s3 = aws_sdk_s3::config::Builder::from(config).force_path_style(true).build();
        Self {
            cloudtrail: aws_sdk_cloudtrail::Client::new(config),
            s3: aws_sdk_s3::Client::from_conf(s3),
        }
    }
}

pub(super) async fn find(clients: &Clients, name: &str) -> Result<Found, LabError> {
    let listed = clients.cloudtrail.describe_trails().include_shadow_trails(false).send().await;
    match listed {
        Ok(listed) if listed.trail_list().iter().any(|one| one.name() == Some(name)) => {
            Ok(Found::There)
        }
        Ok(_) => Ok(Found::Absent),
        Err(error) if error.raw_response().is_some_and(|it| it.status().as_u16() == 501) => {
            Ok(Found::Unsupported)
        }
        Err(error) => Err(failed(format!("trail {name}"))(error)),
    }
}

/// Makes the trail and its bucket, unless the trail is there. It does not log.
pub(super) async fn trail(
    clients: &Clients,
    spec: &spec::Trail,
    account: &str,
    region: &str,
) -> Result<(), LabError> {
    if find(clients, &spec.name).await? != Found::Absent {
        return Ok(());
    }
    let step = format!("trail {}", spec.name);
    let bucket = format!("{}-{account}", spec.bucket);
    let place = (region != "us-east-1").then(|| {
        let place = BucketLocationConstraint::from(region);
        CreateBucketConfiguration::builder().location_constraint(place).build()
    });
    let made = clients.s3.create_bucket().bucket(&bucket).set_create_bucket_configuration(place);
    unless("BucketAlreadyOwnedByYou", made.send().await, &step)?;
    let policy = clients.s3.put_bucket_policy().bucket(&bucket).policy(policy(&bucket, account));
    policy.send().await.map_err(failed(&step))?;
    let tag = |key: &str, value: &str| {
        let built = Tag::builder().key(key).value(value).build();
        built.map_err(|error| LabError::Seed { step: step.clone(), why: error.to_string() })
    };
    let made = clients.cloudtrail.create_trail().name(&spec.name).s3_bucket_name(&bucket);
    let made = made.include_global_service_events(true).is_multi_region_trail(true);
    let made = made.enable_log_file_validation(true);
    let made = made.tags_list(tag(SEED, &spec.name)?).tags_list(tag(DUTY, spec.duty.label())?);
    made.send().await.map_err(failed(&step))?;
    // A new trail does not log. This is the call that a responder finds in the event history.
    let stopped = clients.cloudtrail.stop_logging().name(&spec.name).send().await;
    stopped.map(drop).map_err(failed(&step))
}

/// What CloudTrail needs to write log files.
fn policy(bucket: &str, account: &str) -> String {
    let service = json!({ "Service": "cloudtrail.amazonaws.com" });
    let arn = format!("arn:aws:s3:::{bucket}");
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": service, "Action": "s3:GetBucketAcl", "Resource": arn },
        {
            "Effect": "Allow", "Principal": service, "Action": "s3:PutObject",
            "Resource": format!("{arn}/AWSLogs/{account}/*"),
            "Condition": { "StringEquals": { "s3:x-amz-acl": "bucket-owner-full-control" } },
        },
    ] });
    policy.to_string()
}
