//! Make a private bucket for a drill, with objects whose contents are known.
//!
//! All public access is blocked, and versioning is on unless `versioning: false`. `objects` gives texts
//! by key; `generate` fills in objects whose contents follow from the bucket's name, so that a journal
//! need not store them. At most 1,000 objects and 64 MiB. The bucket is named after run and step
//! unless `name` says otherwise; a bucket of that name that this run did not make is never touched.
//!
//! `digest` is a SHA-256 over the sorted keys and the SHA-256 of each content, of what was written: for
//! `s3.compare-objects` after an attack or a restore.
//!
//! Release deletes the bucket with every version of every object that is in it by then.
//!
//! ```yaml
//! ledger:
//!   uses: s3.create-bucket
//!   with:
//!     objects:
//!       accounts.csv: "id,balance\n1,100\n"
//!     generate: { count: 20, bytes: 4096 }
//! ```
//!
//! AWS: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>

use std::collections::BTreeMap;

use crate::{
    actions::{kit::*, naming},
    aws::{
        owned::Made,
        s3::{self, Bucket, Objects},
    },
    playbook::types::BucketName,
};

/// Inputs of `s3.create-bucket`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CreateBucket {
    /// `backburn-RUN-STEP` when left out.
    #[serde(default)]
    pub name: Option<BucketName>,
    /// Keeps versions of objects.
    #[serde(default = "yes")]
    pub versioning: bool,
    /// Texts by key.
    #[serde(default)]
    pub objects: BTreeMap<String, String>,
    /// Objects with contents that follow from the bucket's name.
    #[serde(default)]
    pub generate: Option<Generate>,
    /// Tags beside those of the run.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

fn yes() -> bool {
    true
}

/// So many objects of so many bytes.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Generate {
    /// How many objects.
    pub count: u32,
    /// Bytes of each.
    pub bytes: u32,
}

/// Outputs of `s3.create-bucket`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct BucketMade {
    /// Name of the bucket.
    pub bucket: String,
    pub arn: String,
    /// SHA-256 over keys and contents, 64 hexadecimal digits.
    pub digest: String,
    /// How many objects were written.
    pub objects: u64,
}

impl Action for CreateBucket {
    const SPEC: Spec = spec! {
        "s3.create-bucket": "Make a private bucket with known contents for a drill";
        Recover;
        uses [setting Bucket];
    };
    type Output = BucketMade;

    async fn run(&self, step: &Step<Aws>) -> Result<BucketMade, StepError> {
        naming::check_tags(&self.tags)?;
        let name = match &self.name {
            Some(name) => name.to_string(),
            None => naming::own(step, 63),
        };
        let generate = self.generate.map(|g| s3::Generate { count: g.count, bytes: g.bytes });
        let objects = Objects { given: self.objects.clone(), generate };
        objects.check().map_err(StepError::Refused)?;
        let digest = objects.digest(&name);
        let bucket = Bucket {
            name: name.clone(),
            run: step.run().into(),
            step: step.id().into(),
            versioning: self.versioning,
            objects,
            tags: self.tags.clone(),
        };
        let asked = json!({
            "versioning": bucket.versioning,
            "objects": bucket.objects,
            "tags": bucket.tags,
        });
        let made = step.set(bucket, Made::wanted(asked)).await?;
        Ok(BucketMade {
            bucket: naming::shown(step, &name),
            arn: Made::id_of(made.as_ref(), &format!("ARN of {name}")),
            objects: digest.len() as u64,
            digest: digest.hex(),
        })
    }
}
