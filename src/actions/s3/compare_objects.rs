//! Compare the contents of a bucket with a digest that was taken before.
//!
//! Downloads every object under `prefix` and hashes keys and contents as `s3.create-bucket` does. The
//! outcome is an output and fails nothing: `same`, `damaged` (something differs, is gone or is new), or
//! `missing` (no object at all, or no bucket). A restored bucket may be compared like the original.
//!
//! With `canaries`, those objects are no content; `canaries` in the outputs says what became of them.
//!
//! ```yaml
//! restored:
//!   uses: s3.compare-objects
//!   with:
//!     bucket: ${{ steps.restore.resource-id }}
//!     digest: ${{ steps.ledger.digest }}
//! ```

use std::collections::BTreeMap;

use crate::{
    actions::{
        canary::{self, Canaries, Canary},
        kit::*,
    },
    aws::s3::Contents,
    playbook::types::BucketName,
};

/// Inputs of `s3.compare-objects`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CompareObjects {
    pub bucket: BucketName,
    /// What it should be: 64 hexadecimal digits of `s3.create-bucket`, or of an earlier comparison.
    pub digest: String,
    /// Only keys that begin with it.
    #[serde(default)]
    pub prefix: String,
    /// Canaries of `s3.write-canary`, a list for each step that wrote some.
    #[serde(default)]
    pub canaries: Vec<Vec<Canary>>,
}

/// Outputs of `s3.compare-objects`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Compared {
    /// `same`, `damaged` or `missing`.
    pub outcome: String,
    /// What it is now; empty without a bucket.
    pub digest: String,
    /// How many objects there are.
    pub objects: u64,
    /// What became of the canaries; null without any.
    pub canaries: Option<Canaries>,
}

impl Action for CompareObjects {
    const SPEC: Spec = spec! {
        "s3.compare-objects": "Compare a bucket's contents with a digest";
        Verify;
        uses [fact Contents];
    };
    type Output = Compared;

    async fn run(&self, step: &Step<Aws>) -> Result<Compared, StepError> {
        let contents = Contents {
            bucket: self.bucket.to_string(),
            prefix: self.prefix.clone(),
            canaries: canary::ids(&self.canaries),
        };
        let Some(found) = step.read(&contents).await? else {
            let (digest, objects) = (String::new(), 0);
            let canaries = canary::judge(&self.canaries, &BTreeMap::new());
            return Ok(Compared { outcome: "missing".into(), digest, objects, canaries });
        };
        let canaries = canary::judge(&self.canaries, &found.canaries);
        let outcome = match found.objects {
            _ if found.digest.eq_ignore_ascii_case(&self.digest) => "same",
            0 => "missing",
            _ => "damaged",
        };
        let (digest, objects) = (found.digest, found.objects);
        Ok(Compared { outcome: outcome.into(), digest, objects, canaries })
    }
}
