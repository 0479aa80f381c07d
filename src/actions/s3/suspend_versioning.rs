//! Attack: suspend a bucket's versioning, so that overwritten objects are lost.
//!
//! For drills. Hits only a bucket that this run made, or one that carries `required-tag`. Release
//! switches versioning on again.
//!
//! ```yaml
//! suspend:
//!   uses: s3.suspend-versioning
//!   with:
//!     bucket: ${{ steps.ledger.bucket }}
//! ```
//!
//! ATT&CK: T1490. AWS: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/AddingObjectstoVersionSuspendedBuckets.html>

use super::is_target;
use crate::{
    actions::kit::*,
    aws::s3::{BucketTags, Versioned, Versioning},
    playbook::types::BucketName,
};

/// Inputs of `s3.suspend-versioning`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SuspendVersioning {
    pub bucket: BucketName,
    /// `key=value` that a bucket must carry which this run did not make.
    #[serde(default)]
    pub required_tag: Option<String>,
}

impl Action for SuspendVersioning {
    const SPEC: Spec = spec! {
        "s3.suspend-versioning": "Attack: suspend a bucket's versioning";
        Verify;
        uses [fact BucketTags, setting Versioning];
    };
    type Output = Nothing;

    async fn run(&self, step: &Step<Aws>) -> Result<Nothing, StepError> {
        is_target(step, &self.bucket, self.required_tag.as_deref()).await?;
        let versioning = Versioning { bucket: self.bucket.to_string() };
        if !self.bucket.is_placeholder() && step.read(&versioning).await? == Versioned::Never {
            return Err(StepError::Refused(format!(
                "versioning of bucket `{}` was never on: there is nothing to suspend, and that state could not be given back",
                self.bucket
            )));
        }
        step.set(versioning, Versioned::Suspended).await?;
        Ok(Nothing {})
    }
}
