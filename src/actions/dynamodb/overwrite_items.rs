//! Attack: replace every item of a table by one that has nothing but its id.
//!
//! For drills. Hits only a table that this run made, or one that carries `required-tag`; its key must be
//! the text `id` alone, and it may have 100 items at the most, since the journal keeps them. Release
//! writes the items before back.
//!
//! ```yaml
//! destroy:
//!   uses: dynamodb.overwrite-items
//!   with:
//!     table: ${{ steps.ledger.table }}
//! ```
//!
//! ATT&CK: T1565.001.

use std::collections::BTreeMap;

use crate::{
    actions::{kit::*, victim},
    aws::dynamodb::{Items, TableTags},
};

/// Inputs of `dynamodb.overwrite-items`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OverwriteItems {
    /// Name of the table.
    pub table: String,
    /// `key=value` that a table must carry which this run did not make.
    #[serde(default)]
    pub required_tag: Option<String>,
}

/// Outputs of `dynamodb.overwrite-items`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Destroyed {
    /// How many items were replaced.
    pub items: u64,
}

impl Action for OverwriteItems {
    const SPEC: Spec = spec! {
        "dynamodb.overwrite-items": "Attack: replace the items of a table by empty ones";
        Verify;
        uses [fact TableTags, setting Items];
    };
    type Output = Destroyed;

    async fn run(&self, step: &Step<Aws>) -> Result<Destroyed, StepError> {
        let what = format!("table `{}`", self.table);
        let tags = TableTags { table: self.table.clone() };
        let Some(tags) = step.as_runner().read(&tags).await? else {
            return Err(StepError::Refused(format!("{what} does not exist")));
        };
        victim::check(&what, &tags, step.run(), self.required_tag.as_deref())?;
        let items = Items { table: self.table.clone() };
        let before = step.read(&items).await?;
        let by = format!("{} {}", step.run(), step.id());
        let emptied = before.keys().map(|id| {
            (id.clone(), json!({ "backburn-overwrote": { "S": by }, "id": { "S": id } }))
        });
        let after: BTreeMap<_, _> = emptied.collect();
        let items = step.set(items, after).await?.len() as u64;
        Ok(Destroyed { items })
    }
}
