//! Attack: replace the contents of a bucket's objects by noise, as ransomware does.
//!
//! For drills. Hits only a bucket that this run made, or one that carries `required-tag`; at most 1,000
//! objects. Each object must keep a version of what it was: versioning is on, or was when the object was
//! written. What could not be given back is refused.
//!
//! Release deletes the versions that this step wrote, which brings the contents before it back.
//!
//! ```yaml
//! encrypt:
//!   uses: s3.overwrite-objects
//!   with:
//!     bucket: ${{ steps.ledger.bucket }}
//! ```
//!
//! ATT&CK: T1486. AWS: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/RestoringPreviousVersions.html>

use super::is_target;
use crate::{
    actions::kit::*,
    aws::{
        owned::Made,
        s3::{BucketTags, Overwritten},
    },
    playbook::types::BucketName,
};

/// Inputs of `s3.overwrite-objects`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OverwriteObjects {
    pub bucket: BucketName,
    /// Only keys that begin with it.
    #[serde(default)]
    pub prefix: String,
    /// `key=value` that a bucket must carry which this run did not make.
    #[serde(default)]
    pub required_tag: Option<String>,
}

impl Action for OverwriteObjects {
    const SPEC: Spec = spec! {
        "s3.overwrite-objects": "Attack: replace the contents of objects by noise";
        Verify;
        uses [fact BucketTags, setting Overwritten];
    };
    type Output = Nothing;

    async fn run(&self, step: &Step<Aws>) -> Result<Nothing, StepError> {
        is_target(step, &self.bucket, self.required_tag.as_deref()).await?;
        let noise = Overwritten {
            bucket: self.bucket.to_string(),
            prefix: self.prefix.clone(),
            run: step.run().into(),
            step: step.id().into(),
        };
        let asked = json!({ "contents": "noise" });
        step.set(noise, Made::wanted(asked)).await?;
        Ok(Nothing {})
    }
}
