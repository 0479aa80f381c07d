//! Tags of a bucket, by which a run knows its own. Owns that read.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    aws::{Aws, call_error},
    engine::{CallError, Class, Fact, Permission, World, on},
};

/// Tags by key, `None` when this account has no such bucket. `Class::Denied` for a bucket of another
/// account.
#[derive(Clone, Debug, Serialize)]
pub struct BucketTags {
    pub bucket: String,
}

impl BucketTags {
    pub const CALL: &'static str = "s3:GetBucketTagging";
}

impl Fact<Aws> for BucketTags {
    const KIND: &'static str = "s3.bucket-tags";
    const READS: &'static [Permission] = &[on(Self::CALL, "arn:aws:s3:::*")];
    type Value = Option<BTreeMap<String, String>>;

    fn target(&self) -> String {
        self.bucket.clone()
    }

    async fn read(&self, aws: &Aws) -> Result<Self::Value, CallError> {
        let call = aws.s3().get_bucket_tagging().bucket(&self.bucket);
        let call = call.expected_bucket_owner(&aws.scope().account).send().await;
        match call.map_err(|e| call_error(Self::CALL, e)) {
            Ok(found) => Ok(Some(found.tag_set.into_iter().map(|t| (t.key, t.value)).collect())),
            Err(e) if e.code.as_deref() == Some("NoSuchTagSet") => Ok(Some(BTreeMap::new())),
            Err(e) if e.class == Class::Gone => Ok(None),
            Err(e) => Err(e),
        }
    }
}
