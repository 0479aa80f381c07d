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

use schemars::JsonSchema;
use serde::Deserialize;

use super::is_target;
use crate::{
    actions::{Access, Action, Nothing, Spec, page},
    aws::{
        Aws,
        s3::{AccessBlock, BucketTags, PublicAccessBlock},
    },
    engine::{Step, StepError},
    playbook::{Phase, types::BucketName},
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
    const SPEC: Spec = Spec {
        name: "s3.lift-public-access-block",
        summary: "Attack: switch off a bucket's block of public access",
        phase: Phase::Verify,
        contains: false,
        irreversible: false,
        access: &[Access::fact::<BucketTags>(), Access::setting::<PublicAccessBlock>()],
        page: page(include_str!("lift_public_access_block.rs")),
    };
    type Output = Nothing;

    async fn run(&self, step: &Step<Aws>) -> Result<Nothing, StepError> {
        is_target(step, &self.bucket, self.required_tag.as_deref()).await?;
        let block = PublicAccessBlock { bucket: self.bucket.to_string() };
        step.set(block, Some(AccessBlock::NOTHING)).await?;
        Ok(Nothing {})
    }
}
