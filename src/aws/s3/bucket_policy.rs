//! The policy of one bucket, as a whole. Owns that one setting; what it says is the actions'.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html>

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::BUCKETS;
use crate::{
    aws::{
        Aws, call_error,
        policy_document::{decode, same},
    },
    engine::{CallError, Class, Fact, How, Order, Permission, Rule, Setting, on, settled},
};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BucketPolicy {
    pub bucket: String,
}

impl Fact<Aws> for BucketPolicy {
    const KIND: &'static str = "s3.bucket-policy";
    const READS: &'static [Permission] = &[on("s3:GetBucketPolicy", BUCKETS)];
    /// `None`: the bucket has no policy, or there is no such bucket.
    type Value = Option<Value>;

    fn target(&self) -> String {
        self.bucket.clone()
    }

    async fn read(&self, aws: &Aws) -> Result<Option<Value>, CallError> {
        const CALL: &str = "s3:GetBucketPolicy";
        let call = aws.s3().get_bucket_policy().bucket(&self.bucket).send().await;
        let text = settled(call.map(|p| p.policy).map_err(|e| call_error(CALL, e)), Class::Gone)?;
        text.map(|text| decode(CALL, &text)).transpose()
    }
}

impl Setting<Aws> for BucketPolicy {
    // What writes into the bucket is taken away before it.
    const RULE: Rule = Rule { how: How::Restored, order: Order::Scaffolding };
    const WRITES: &'static [Permission] =
        &[on("s3:PutBucketPolicy", BUCKETS), on("s3:DeleteBucketPolicy", BUCKETS)];

    async fn write(&self, aws: &Aws, value: &Option<Value>) -> Result<(), CallError> {
        let Some(policy) = value else {
            let call = aws.s3().delete_bucket_policy().bucket(&self.bucket).send().await;
            let call = call.map(drop).map_err(|e| call_error("s3:DeleteBucketPolicy", e));
            return settled(call, Class::Gone);
        };
        let call = aws.s3().put_bucket_policy().bucket(&self.bucket);
        let call = call.policy(policy.to_string()).send().await;
        call.map(drop).map_err(|e| call_error("s3:PutBucketPolicy", e))
    }

    fn agrees(want: &Option<Value>, have: &Option<Value>) -> bool {
        match (want, have) {
            (Some(want), Some(have)) => same(want, have),
            (want, have) => want.is_none() && have.is_none(),
        }
    }
}
