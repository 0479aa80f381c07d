//! Block public access of one bucket: its four switches, or none of its own. Owns that one setting; the
//! account's own block, which may be stricter, is another.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>

use aws_sdk_s3::types::PublicAccessBlockConfiguration;

use super::{permissions::*, things::BUCKET};
use crate::aws::{call_error, kit::*};

setting! {
    pub struct PublicAccessBlock {
        pub bucket: String,
    }
    // `None`: the bucket has none of its own.
    "s3.public-access-block" = Option<AccessBlock>, target "{bucket}";
    reads [GET_BUCKET_PUBLIC_ACCESS_BLOCK];
    writes [PUT_BUCKET_PUBLIC_ACCESS_BLOCK];
    release Restored Protection;
    touches [BUCKET(bucket)];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AccessBlock {
    pub block_public_acls: bool,
    pub ignore_public_acls: bool,
    pub block_public_policy: bool,
    pub restrict_public_buckets: bool,
}

impl AccessBlock {
    pub const ALL: Self = Self::every(true);
    pub const NOTHING: Self = Self::every(false);

    const fn every(on: bool) -> Self {
        Self {
            block_public_acls: on,
            ignore_public_acls: on,
            block_public_policy: on,
            restrict_public_buckets: on,
        }
    }
}

impl Fact<Aws> for PublicAccessBlock {
    /// `Class::Gone` when there is no such bucket.
    async fn read(&self, aws: &Aws) -> Result<Option<AccessBlock>, CallError> {
        let call = aws
            .s3_of(&self.bucket)
            .await
            .get_public_access_block()
            .bucket(&self.bucket)
            .send()
            .await;
        let found = match call.by(GET_BUCKET_PUBLIC_ACCESS_BLOCK) {
            Err(e) if e.code.as_deref() == Some("NoSuchPublicAccessBlockConfiguration") => {
                return Ok(None);
            }
            other => other?.public_access_block_configuration,
        };
        let is = |switch: Option<bool>| switch == Some(true);
        Ok(found.map(|found| AccessBlock {
            block_public_acls: is(found.block_public_acls),
            ignore_public_acls: is(found.ignore_public_acls),
            block_public_policy: is(found.block_public_policy),
            restrict_public_buckets: is(found.restrict_public_buckets),
        }))
    }
}

impl Setting<Aws> for PublicAccessBlock {
    async fn write(&self, aws: &Aws, value: &Option<AccessBlock>) -> Result<(), CallError> {
        PUT_BUCKET_PUBLIC_ACCESS_BLOCK.witness();
        match (value, self.put(aws, value.as_ref()).await) {
            (None, made) => made.done_if_gone(),
            (Some(_), made) => made,
        }
    }
}

impl PublicAccessBlock {
    /// Writes it as whoever calls.
    pub(in crate::aws) async fn put(
        &self,
        aws: &Aws,
        value: Option<&AccessBlock>,
    ) -> Result<(), CallError> {
        let error = PUT_BUCKET_PUBLIC_ACCESS_BLOCK.action;
        let s3 = aws.s3_of(&self.bucket).await;
        let Some(block) = value else {
            let call = s3.delete_public_access_block().bucket(&self.bucket).send().await;
            return call.map(drop).map_err(|e| call_error(error, e));
        };
        let configuration = PublicAccessBlockConfiguration::builder()
            .block_public_acls(block.block_public_acls)
            .ignore_public_acls(block.ignore_public_acls)
            .block_public_policy(block.block_public_policy)
            .restrict_public_buckets(block.restrict_public_buckets)
            .build();
        let call = s3.put_public_access_block().bucket(&self.bucket);
        let call = call.public_access_block_configuration(configuration).send().await;
        call.map(drop).map_err(|e| call_error(error, e))
    }
}
