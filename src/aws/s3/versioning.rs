//! Whether a bucket keeps the versions of its objects. Owns that one setting.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html>

use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use serde::{Deserialize, Serialize};

use super::BUCKETS;
use crate::{
    aws::{Aws, call_error},
    engine::{CallError, Class, Fact, How, Order, Permission, Rule, Setting, on},
};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Versioning {
    pub bucket: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Versioned {
    /// Never switched on; cannot be written.
    Never,
    Enabled,
    Suspended,
}

impl Fact<Aws> for Versioning {
    const KIND: &'static str = "s3.versioning";
    const READS: &'static [Permission] = &[on("s3:GetBucketVersioning", BUCKETS)];
    type Value = Versioned;

    fn target(&self) -> String {
        self.bucket.clone()
    }

    async fn read(&self, aws: &Aws) -> Result<Versioned, CallError> {
        let call = aws.s3().get_bucket_versioning().bucket(&self.bucket).send().await;
        let found = call.map_err(|e| call_error("s3:GetBucketVersioning", e))?;
        Ok(match found.status {
            None => Versioned::Never,
            Some(BucketVersioningStatus::Enabled) => Versioned::Enabled,
            Some(_) => Versioned::Suspended,
        })
    }
}

impl Setting<Aws> for Versioning {
    const RULE: Rule = Rule { how: How::Restored, order: Order::Protection };
    const WRITES: &'static [Permission] = &[on("s3:PutBucketVersioning", BUCKETS)];

    async fn write(&self, aws: &Aws, value: &Versioned) -> Result<(), CallError> {
        const CALL: &str = "s3:PutBucketVersioning";
        let status = match value {
            Versioned::Enabled => BucketVersioningStatus::Enabled,
            Versioned::Suspended => BucketVersioningStatus::Suspended,
            Versioned::Never => {
                let text = "versioning that was on can only be suspended";
                return Err(CallError::local(CALL, Class::Invalid, text));
            }
        };
        let configuration = VersioningConfiguration::builder().status(status).build();
        let call = aws.s3().put_bucket_versioning().bucket(&self.bucket);
        let call = call.versioning_configuration(configuration).send().await;
        call.map(drop).map_err(|e| call_error(CALL, e))
    }
}
