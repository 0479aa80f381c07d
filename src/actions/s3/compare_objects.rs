//! Compare the contents of a bucket with a digest that was taken before.
//!
//! Downloads every object under `prefix` and hashes keys and contents as `s3.create-bucket` does. The
//! outcome is an output and fails nothing: `same`, `damaged` (something differs, is gone or is new), or
//! `missing` (no object at all, or no bucket). A restored bucket may be compared like the original.
//!
//! ```yaml
//! restored:
//!   uses: s3.compare-objects
//!   with:
//!     bucket: ${{ steps.restore.resource-id }}
//!     digest: ${{ steps.ledger.digest }}
//! ```

use crate::{actions::kit::*, aws::s3::Contents, playbook::types::BucketName};

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
}

impl Action for CompareObjects {
    const SPEC: Spec = spec! {
        "s3.compare-objects": "Compare a bucket's contents with a digest";
        Verify;
        uses [fact Contents];
    };
    type Output = Compared;

    async fn run(&self, step: &Step<Aws>) -> Result<Compared, StepError> {
        let contents = Contents { bucket: self.bucket.to_string(), prefix: self.prefix.clone() };
        let Some(found) = step.read(&contents).await? else {
            let (digest, objects) = (String::new(), 0);
            return Ok(Compared { outcome: "missing".into(), digest, objects });
        };
        let outcome = match found.objects {
            _ if found.digest.eq_ignore_ascii_case(&self.digest) => "same",
            0 => "missing",
            _ => "damaged",
        };
        Ok(Compared { outcome: outcome.into(), digest: found.digest, objects: found.objects })
    }
}
