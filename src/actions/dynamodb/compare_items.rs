//! Compare the items of a table with a digest that was taken before.
//!
//! Scans the whole table and hashes ids and items as `dynamodb.create-table` does. The outcome is an
//! output and fails nothing: `same`, `damaged` (something differs, is gone or is new), or `missing` (no
//! item at all, or no table). A restored table may be compared like the original. The key must be the
//! text `id` alone.
//!
//! With `canaries`, those items are no content; `canaries` in the outputs says what became of them.
//!
//! ```yaml
//! restored:
//!   uses: dynamodb.compare-items
//!   with:
//!     table: ${{ steps.restore.resource-id }}
//!     digest: ${{ steps.ledger.digest }}
//! ```

use std::collections::BTreeMap;

use crate::{
    actions::{
        canary::{self, Canaries, Canary},
        kit::*,
    },
    aws::dynamodb::TableContents,
};

/// Inputs of `dynamodb.compare-items`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CompareItems {
    /// Name of the table.
    pub table: String,
    /// What it should be: 64 hexadecimal digits of `dynamodb.create-table`, or of an earlier comparison.
    pub digest: String,
    /// Canaries of `dynamodb.write-canary`, a list for each step that wrote some.
    #[serde(default)]
    pub canaries: Vec<Vec<Canary>>,
}

/// Outputs of `dynamodb.compare-items`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Compared {
    /// `same`, `damaged` or `missing`.
    pub outcome: String,
    /// What it is now; empty without a table.
    pub digest: String,
    /// How many items there are.
    pub items: u64,
    /// What became of the canaries; null without any.
    pub canaries: Option<Canaries>,
}

impl Action for CompareItems {
    const SPEC: Spec = spec! {
        "dynamodb.compare-items": "Compare a table's items with a digest";
        Verify;
        uses [fact TableContents];
    };
    type Output = Compared;

    async fn run(&self, step: &Step<Aws>) -> Result<Compared, StepError> {
        let contents =
            TableContents { table: self.table.clone(), canaries: canary::ids(&self.canaries) };
        let Some(found) = step.read(&contents).await? else {
            let (digest, items) = (String::new(), 0);
            let canaries = canary::judge(&self.canaries, &BTreeMap::new());
            return Ok(Compared { outcome: "missing".into(), digest, items, canaries });
        };
        let canaries = canary::judge(&self.canaries, &found.canaries);
        let outcome = match found.items {
            _ if found.digest.eq_ignore_ascii_case(&self.digest) => "same",
            0 => "missing",
            _ => "damaged",
        };
        Ok(Compared { outcome: outcome.into(), digest: found.digest, items: found.items, canaries })
    }
}
