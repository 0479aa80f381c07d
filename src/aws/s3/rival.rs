//! What someone else does to a setting of S3: a value of theirs for each kind that has one.

use aws_config::SdkConfig;
use aws_sdk_s3::{
    Client,
    config::Builder,
    types::{BucketVersioningStatus, PublicAccessBlockConfiguration, VersioningConfiguration},
};
use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::{
    aws::account::{Theirs, Unread, why},
    engine::Place,
};

pub(super) fn rival<'a>(
    config: &'a SdkConfig,
    place: &'a Place,
    account: &'a Value,
) -> BoxFuture<'a, Result<Option<Theirs>, Unread>> {
    Box::pin(async move {
        let s3 = Client::from_conf(Builder::from(config).force_path_style(true).build());
        let bucket = &place.target;
        let now = &account["buckets"][bucket];
        match place.kind.as_str() {
            "s3.bucket-policy" => {
                let policy = json!({ "Version": "2012-10-17", "Statement": [{
                    "Sid": "Theirs", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject",
                    "Resource": format!("arn:aws:s3:::{bucket}/*"),
                }] });
                let call = s3.put_bucket_policy().bucket(bucket).policy(policy.to_string());
                call.send().await.map_err(why)?;
                Ok(Some(Theirs::Third))
            }
            // One of its four switches alone: neither all of them, nor none.
            "s3.public-access-block" => {
                let theirs = PublicAccessBlockConfiguration::builder().ignore_public_acls(true);
                let call = s3.put_public_access_block().bucket(bucket);
                let call = call.public_access_block_configuration(theirs.build());
                call.send().await.map_err(why)?;
                Ok(Some(Theirs::Third))
            }
            "s3.versioning" => {
                let status = match now["versioning"].as_str() {
                    Some("Enabled") => BucketVersioningStatus::Suspended,
                    _ => BucketVersioningStatus::Enabled,
                };
                let theirs = VersioningConfiguration::builder().status(status).build();
                let call = s3.put_bucket_versioning().bucket(bucket);
                call.versioning_configuration(theirs).send().await.map_err(why)?;
                Ok(Some(Theirs::Before))
            }
            _ => Ok(None),
        }
    })
}
