//! Where a bucket is. S3 answers 301 to a call in another Region than the bucket's, so each call goes to
//! the Region that the bucket is in, and names the account that must own it. Owns both.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html> (the Region is in the header
//! `x-amz-bucket-region`, also of a refusal and of a redirect),
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html>

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_s3::Client;
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::BeforeTransmitInterceptorContextMut},
        orchestrator::Metadata,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;

use crate::{aws::Aws, engine::World};

const REGION: &str = "x-amz-bucket-region";

/// Regions by bucket, as one Region's clients learnt them.
#[derive(Clone, Default)]
struct Regions(Arc<Mutex<HashMap<String, String>>>);

impl Aws {
    /// The client of the Region that `bucket` is in; of this one's where that cannot be found out, so that
    /// the call itself says why. The lab has every bucket in every Region.
    pub(crate) async fn s3_of(&self, bucket: &str) -> Client {
        let here = self.s3();
        if self.is_here("s3") {
            return here;
        }
        let regions = self.shared::<Regions>();
        let known = || {
            let all = regions.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.get(bucket).cloned()
        };
        let region = match known() {
            Some(region) => region,
            None => {
                let Some(region) = find(&here, bucket).await else { return here };
                let mut all = regions.0.lock().unwrap_or_else(PoisonError::into_inner);
                all.entry(bucket.to_owned()).or_insert(region).clone()
            }
        };
        match region == self.scope().region {
            true => here,
            false => self.in_region(&region).s3(),
        }
    }
}

/// Whoever may not read the bucket gets its Region all the same.
async fn find(s3: &Client, bucket: &str) -> Option<String> {
    match s3.head_bucket().bucket(bucket).send().await {
        Ok(found) => found.bucket_region,
        Err(error) => Some(error.raw_response()?.headers().get(REGION)?.to_owned()),
    }
}

/// Refuses a bucket of another account that has the name: names are free again once a bucket is gone.
#[derive(Debug)]
pub(super) struct ExpectedOwner {
    pub account: String,
}

/// Calls that know no owner yet, or no bucket.
const WITHOUT_OWNER: [&str; 2] = ["CreateBucket", "ListBuckets"];

impl Intercept for ExpectedOwner {
    fn name(&self) -> &'static str {
        "ExpectedBucketOwner"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Metadata>().map_or("", Metadata::name);
        if !self.account.is_empty() && !WITHOUT_OWNER.contains(&operation) {
            let headers = context.request_mut().headers_mut();
            headers.insert("x-amz-expected-bucket-owner", self.account.clone());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        aws::{
            replay::{Replay, aws},
            s3::{AccessBlock, PublicAccessBlock, Versioned, Versioning},
        },
        engine::{Class, Fact, Setting},
    };

    const VERSIONED: &str =
        "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    const HEAD: &str = "HEAD /ledger";

    fn there(region: &str) -> [(&str, &str); 1] {
        [("x-amz-bucket-region", region)]
    }

    #[tokio::test]
    async fn a_bucket_of_another_region_is_called_there() {
        for status in [200, 301, 403] {
            let replay = Replay::default()
                .headed(HEAD, status, "", &there("eu-west-1"))
                .answer("GET /ledger", 200, VERSIONED)
                .answer("PUT /ledger", 200, "");
            let aws = aws(&replay);
            let versioning = Versioning { bucket: "ledger".into() };
            assert_eq!(versioning.read(&aws).await, Ok(Versioned::Enabled), "{status}");
            let block = PublicAccessBlock { bucket: "ledger".into() };
            block.write(&aws, &Some(AccessBlock::ALL)).await.expect("a write");
            let seen = replay.seen();
            assert_eq!(replay.actions(), [HEAD, "GET /ledger", "PUT /ledger"], "asked once");
            for call in &seen[1..] {
                assert!(call.uri.contains("eu-west-1"), "{}", call.uri);
                assert_eq!(call.owner, "123456789012", "{}", call.action);
            }
        }
    }

    #[tokio::test]
    async fn a_region_that_nobody_tells_is_left_to_the_call_itself() {
        let redirect = "<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>";
        let replay = Replay::default().answer("GET /ledger", 301, redirect);
        let error = Versioning { bucket: "ledger".into() }.read(&aws(&replay)).await;
        let error = error.expect_err("it is elsewhere");
        assert_eq!(
            (error.class, error.code.as_deref()),
            (Class::Invalid, Some("PermanentRedirect"))
        );
    }
}
