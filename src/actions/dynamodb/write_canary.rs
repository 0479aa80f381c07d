//! Write canaries into a table: small items of which the time is known, so that a restore shows how much was lost.
//!
//! For drills, before a backup and again until the fault: what `dynamodb.compare-items` does not find in the restore
//! was lost. Only in a table that this run made, or one that carries `required-tag`; its key must be the text `id`
//! alone. Canaries are no content: give them to `dynamodb.compare-items`, which leaves them out of its digest.
//!
//! Release deletes them.
//!
//! ```yaml
//! before-backup:
//!   uses: dynamodb.write-canary
//!   with:
//!     table: ${{ steps.ledger.table }}
//! ```

use crate::{
    actions::{
        canary::{self, Written},
        kit::*,
        victim,
    },
    aws::dynamodb::{CanaryItem, TableTags},
    playbook::types::Duration,
};

/// Inputs of `dynamodb.write-canary`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WriteCanary {
    /// Name of the table.
    pub table: String,
    /// How many, at most 100.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 100))]
    pub count: u32,
    /// The pause between two.
    #[serde(default)]
    pub every: Option<Duration>,
    /// `key=value` that a table must carry which this run did not make.
    #[serde(default)]
    pub required_tag: Option<String>,
}

fn one() -> u32 {
    1
}

impl Action for WriteCanary {
    const SPEC: Spec = spec! {
        "dynamodb.write-canary": "Write items by which a restore shows what was lost";
        Verify;
        uses [fact TableTags, setting CanaryItem];
    };
    type Output = Written;

    async fn run(&self, step: &Step<Aws>) -> Result<Written, StepError> {
        canary::check(self.count)?;
        let what = format!("table `{}`", self.table);
        let Some(tags) = step.read(&TableTags { table: self.table.clone() }).await? else {
            return Err(StepError::Refused(format!("{what} does not exist")));
        };
        victim::check(&what, &tags, step.run(), self.required_tag.as_deref())?;
        canary::write(step, self.count, self.every.as_ref(), |id| CanaryItem {
            table: self.table.clone(),
            id,
        })
        .await
    }
}
