//! The policy of one bucket, as a whole. Owns that one setting; its content is the actions'.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html>

use serde_json::Value;

use super::{permissions::*, things::BUCKET};
use crate::aws::{
    kit::*,
    policy_document::{decode, same},
};

setting! {
    pub struct BucketPolicy {
        pub bucket: String,
    }
    // `None`: the bucket has no policy, or there is no such bucket.
    "s3.bucket-policy" = Option<Value>, target "{bucket}";
    reads [GET_BUCKET_POLICY];
    writes [PUT_BUCKET_POLICY, DELETE_BUCKET_POLICY];
    // Anything that writes into the bucket is removed before it.
    release Restored Scaffolding;
    touches [BUCKET(bucket)];
}

impl Fact<Aws> for BucketPolicy {
    async fn read(&self, aws: &Aws) -> Result<Option<Value>, CallError> {
        let call =
            aws.s3_of(&self.bucket).await.get_bucket_policy().bucket(&self.bucket).send().await;
        let text = call.by(GET_BUCKET_POLICY).absent_if_gone()?.and_then(|found| found.policy);
        text.map(|text| decode(GET_BUCKET_POLICY.action, &text)).transpose()
    }
}

impl Setting<Aws> for BucketPolicy {
    async fn write(&self, aws: &Aws, value: &Option<Value>) -> Result<(), CallError> {
        let Some(policy) = value else {
            let call = aws
                .s3_of(&self.bucket)
                .await
                .delete_bucket_policy()
                .bucket(&self.bucket)
                .send()
                .await;
            return call.by(DELETE_BUCKET_POLICY).done_if_gone();
        };
        let call = aws.s3_of(&self.bucket).await.put_bucket_policy().bucket(&self.bucket);
        let call = call.policy(policy.to_string()).send().await;
        call.map(drop).by(PUT_BUCKET_POLICY)
    }

    fn agrees(want: &Option<Value>, have: &Option<Value>) -> bool {
        match (want, have) {
            (Some(want), Some(have)) => same(want, have),
            (want, have) => want.is_none() && have.is_none(),
        }
    }
}
