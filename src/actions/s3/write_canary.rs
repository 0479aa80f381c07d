//! Write canaries into a bucket: small objects of which the time is known, so that a restore shows how much was lost.
//!
//! For drills, before a backup and again until the fault: what `s3.compare-objects` does not find in the restore was
//! lost. Only in a bucket that this run made, or one that carries `required-tag`. Canaries are no content: give them
//! to `s3.compare-objects`, which leaves them out of its digest.
//!
//! Release deletes them, with all their versions.
//!
//! ```yaml
//! before-backup:
//!   uses: s3.write-canary
//!   with:
//!     bucket: ${{ steps.ledger.bucket }}
//! ```

use super::is_target;
use crate::{
    actions::{
        canary::{self, Written},
        kit::*,
    },
    aws::s3::{BucketTags, CanaryObject},
    playbook::types::{BucketName, Duration},
};

/// Inputs of `s3.write-canary`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WriteCanary {
    pub bucket: BucketName,
    /// How many, at most 100.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 100))]
    pub count: u32,
    /// The pause between two.
    #[serde(default)]
    pub every: Option<Duration>,
    /// `key=value` that a bucket must carry which this run did not make.
    #[serde(default)]
    pub required_tag: Option<String>,
}

fn one() -> u32 {
    1
}

impl Action for WriteCanary {
    const SPEC: Spec = spec! {
        "s3.write-canary": "Write objects by which a restore shows what was lost";
        Verify;
        uses [fact BucketTags, setting CanaryObject];
    };
    type Output = Written;

    async fn run(&self, step: &Step<Aws>) -> Result<Written, StepError> {
        canary::check(self.count)?;
        is_target(step, &self.bucket, self.required_tag.as_deref()).await?;
        canary::write(step, self.count, self.every.as_ref(), |key| CanaryObject {
            bucket: self.bucket.to_string(),
            key,
        })
        .await
    }
}
