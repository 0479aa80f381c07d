//! Attack: switch off all four parts of a bucket's block of public access.
//!
//! For drills. Hits only a bucket that this run made, or one that carries `required-tag`. It opens the
//! door and goes through no further: neither policy nor ACL is changed, so nothing becomes public by this
//! alone. Release gives the block back as it was.
//!
//! ```yaml
//! open:
//!   uses: s3.lift-public-access-block
//!   with:
//!     bucket: ${{ steps.ledger.bucket }}
//! ```
//!
//! ATT&CK: T1562.007. GuardDuty: `Policy:S3/BucketBlockPublicAccessDisabled`.
//! AWS: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>

use super::is_target;
use crate::{
    actions::kit::*,
    aws::s3::{AccessBlock, BucketTags, PublicAccessBlock},
    playbook::types::BucketName,
};

/// Inputs of `s3.lift-public-access-block`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LiftPublicAccessBlock {
    pub bucket: BucketName,
    /// `key=value` that a bucket must carry which this run did not make.
    #[serde(default)]
    pub required_tag: Option<String>,
}

impl Action for LiftPublicAccessBlock {
    const SPEC: Spec = spec! {
        "s3.lift-public-access-block": "Attack: switch off a bucket's block of public access";
        Verify;
        uses [fact BucketTags, setting PublicAccessBlock];
    };
    type Output = Nothing;

    async fn run(&self, step: &Step<Aws>) -> Result<Nothing, StepError> {
        is_target(step, &self.bucket, self.required_tag.as_deref()).await?;
        let block = PublicAccessBlock { bucket: self.bucket.to_string() };
        step.set(block, Some(AccessBlock::NOTHING)).await?;
        Ok(Nothing {})
    }
}
