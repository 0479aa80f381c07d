//! Compare the items of a table with a digest that was taken before.
//!
//! Scans the whole table and hashes ids and items as `dynamodb.create-table` does. The outcome is an
//! output and fails nothing: `same`, `damaged` (something differs, is gone or is new), or `missing` (no
//! item at all, or no table). A restored table may be compared like the original. The key must be the
//! text `id` alone.
//!
//! ```yaml
//! restored:
//!   uses: dynamodb.compare-items
//!   with:
//!     table: ${{ steps.restore.resource-id }}
//!     digest: ${{ steps.ledger.digest }}
//! ```

use crate::{actions::kit::*, aws::dynamodb::TableContents};

/// Inputs of `dynamodb.compare-items`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CompareItems {
    /// Name of the table.
    pub table: String,
    /// What it should be: 64 hexadecimal digits of `dynamodb.create-table`, or of an earlier comparison.
    pub digest: String,
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
}

impl Action for CompareItems {
    const SPEC: Spec = spec! {
        "dynamodb.compare-items": "Compare a table's items with a digest";
        Verify;
        uses [fact TableContents];
    };
    type Output = Compared;

    async fn run(&self, step: &Step<Aws>) -> Result<Compared, StepError> {
        let Some(found) = step.read(&TableContents { table: self.table.clone() }).await? else {
            let (digest, items) = (String::new(), 0);
            return Ok(Compared { outcome: "missing".into(), digest, items });
        };
        let outcome = match found.items {
            _ if found.digest.eq_ignore_ascii_case(&self.digest) => "same",
            0 => "missing",
            _ => "damaged",
        };
        Ok(Compared { outcome: outcome.into(), digest: found.digest, items: found.items })
    }
}
