//! Block all public access to a bucket: new and existing ACLs, new and existing policies.
//!
//! All four switches are set. Access that a policy grants to named accounts or principals continues, as do
//! presigned URLs: look at the policy and the access points, and at who signs. Access points have a block
//! of their own. A website in the bucket becomes unreachable.
//!
//! Release restores the former block, even if there was none.
//!
//! ```yaml
//! close:
//!   uses: s3.block-public-access
//!   with:
//!     bucket: ${{ inputs.bucket }}
//! ```
//!
//! Verdict: proven when all four switches read back as on.
//!
//! AWS: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>

use crate::{
    actions::kit::*,
    aws::s3::{AccessBlock, PublicAccessBlock},
    playbook::types::BucketName,
};

/// Inputs of `s3.block-public-access`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BlockPublicAccess {
    pub bucket: BucketName,
}

impl Action for BlockPublicAccess {
    const SPEC: Spec = spec! {
        "s3.block-public-access": "Block all public access to a bucket";
        Contain, verdict;
        uses [setting PublicAccessBlock];
    };
    type Output = Nothing;

    async fn run(&self, step: &Step<Aws>) -> Result<Nothing, StepError> {
        let bucket = self.bucket.as_str();
        let block = PublicAccessBlock { bucket: bucket.into() };
        step.set(block.clone(), Some(AccessBlock::ALL)).await?;
        step.verify(&format!("public access to bucket `{bucket}`"), async {
            let now = step.look(&block).await?;
            let verdict = match now {
                Some(AccessBlock::ALL) => Verdict::Proven,
                _ => Verdict::Failed { reason: "not all four switches are on".into() },
            };
            Ok((verdict, json!({ "bucket": bucket, "block": now })))
        })
        .await?;
        Ok(Nothing {})
    }
}
