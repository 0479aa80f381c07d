//! Block all public access to a bucket: new and existing ACLs, new and existing policies.
//!
//! All four switches are set. Access that a policy grants to named accounts or principals continues, as do
//! presigned URLs: the plan and the verdict name those of other accounts whom the bucket's policy lets in; look at
//! the access points, and at who signs. Access points have a block
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
//! Paths read:
//! - public ACLs and policies: the four switches, by `GetPublicAccessBlock`
//!
//! Paths that no API shows:
//! - presigned URLs, which are as good as who signed them: contain that principal
//! - what named accounts and principals may do, such as a distribution of CloudFront that serves the bucket:
//!   that is no public access, and continues
//!
//! AWS: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>

use crate::{
    actions::kit::*,
    aws::s3::{AccessBlock, LetIn, PublicAccessBlock},
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
        uses [fact LetIn, setting PublicAccessBlock];
    };
    type Output = Nothing;

    async fn run(&self, step: &Step<Aws>) -> Result<Nothing, StepError> {
        let bucket = self.bucket.as_str();
        let let_in = LetIn { bucket: bucket.into() };
        // One that the plan is still to make has no policy yet.
        let still = match self.bucket.is_placeholder() {
            true => Some(Vec::new()),
            false => step.read(&let_in).await?,
        };
        match still {
            Some(still) if still.is_empty() => {}
            Some(still) => {
                let still = still.join("; ");
                step.note(format!("the policy of bucket `{bucket}` still lets in {still}: this block shuts out the public only")).await?;
            }
            None => {
                step.note(format!("the policy of bucket `{bucket}` cannot be read: whom it lets in of other accounts is unknown")).await?;
            }
        }
        let block = PublicAccessBlock { bucket: bucket.into() };
        step.set(block.clone(), Some(AccessBlock::ALL)).await?;
        step.verify(&format!("public access to bucket `{bucket}`"), async {
            let now = step.look(&block).await?;
            let verdict = match now {
                Some(AccessBlock::ALL) => Verdict::Proven,
                _ => Verdict::Failed { reason: "not all four switches are on".into() },
            };
            let still = step.look(&let_in).await?;
            Ok((verdict, json!({ "bucket": bucket, "block": now, "still-let-in": still })))
        })
        .await?;
        Ok(Nothing {})
    }
}
