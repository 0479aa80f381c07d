//! Whether a bucket keeps the versions of its objects. Owns that one setting.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html>

use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};

use super::{permissions::*, things::BUCKET};
use crate::aws::kit::*;

setting! {
    pub struct Versioning {
        pub bucket: String,
    }
    "s3.versioning" = Versioned, target "{bucket}";
    reads [GET_BUCKET_VERSIONING];
    writes [PUT_BUCKET_VERSIONING];
    release Restored Protection;
    touches [BUCKET(bucket)];
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
    async fn read(&self, aws: &Aws) -> Result<Versioned, CallError> {
        let call =
            aws.s3_of(&self.bucket).await.get_bucket_versioning().bucket(&self.bucket).send().await;
        let found = call.by(GET_BUCKET_VERSIONING)?;
        Ok(match found.status {
            None => Versioned::Never,
            Some(BucketVersioningStatus::Enabled) => Versioned::Enabled,
            Some(_) => Versioned::Suspended,
        })
    }
}

impl Setting<Aws> for Versioning {
    async fn write(&self, aws: &Aws, value: &Versioned) -> Result<(), CallError> {
        let status = match value {
            Versioned::Enabled => BucketVersioningStatus::Enabled,
            Versioned::Suspended => BucketVersioningStatus::Suspended,
            Versioned::Never => {
                let text = "versioning that was on can only be suspended";
                return Err(PUT_BUCKET_VERSIONING.invalid(text));
            }
        };
        let configuration = VersioningConfiguration::builder().status(status).build();
        let call = aws.s3_of(&self.bucket).await.put_bucket_versioning().bucket(&self.bucket);
        let call = call.versioning_configuration(configuration).send().await;
        call.map(drop).by(PUT_BUCKET_VERSIONING)
    }
}
