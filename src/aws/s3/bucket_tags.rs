//! Tags of a bucket, by which a run knows its own. Owns that read.

use std::collections::BTreeMap;

use super::permissions::*;
use crate::aws::kit::*;

fact! {
    /// Tags by key, `None` when this account has no such bucket. `Class::Denied` for a bucket of another
    /// account.
    pub struct BucketTags {
        pub bucket: String,
    }
    "s3.bucket-tags" = Option<BTreeMap<String, String>>, target "{bucket}";
    reads [GET_BUCKET_TAGGING];
}

impl Fact<Aws> for BucketTags {
    async fn read(&self, aws: &Aws) -> Result<Self::Value, CallError> {
        let call = aws.s3_of(&self.bucket).await.get_bucket_tagging().bucket(&self.bucket);
        let call = call.send().await;
        match call.by(GET_BUCKET_TAGGING) {
            Ok(found) => Ok(Some(found.tag_set.into_iter().map(|t| (t.key, t.value)).collect())),
            Err(e) if e.code.as_deref() == Some("NoSuchTagSet") => Ok(Some(BTreeMap::new())),
            Err(e) if e.class == Class::Gone => Ok(None),
            Err(e) => Err(e),
        }
    }
}
