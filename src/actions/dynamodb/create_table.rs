//! Make a table for a drill, with items whose contents are known.
//!
//! The table has the key `id`, a text, and is paid for by request. `items` gives items, each with an
//! `id`; `generate` fills in items whose contents follow from the table's name. At most 1,000. The table
//! is named after run and step unless `name` says otherwise; a table of that name that this run did not
//! make is never touched.
//!
//! `digest` is a SHA-256 over the sorted ids and the SHA-256 of each item, of what was written: for
//! `dynamodb.compare-items` after an attack or a restore.
//!
//! Release deletes the table.
//!
//! ```yaml
//! ledger:
//!   uses: dynamodb.create-table
//!   with:
//!     items: [{ id: alice, balance: 100 }]
//!     generate: { count: 20 }
//! ```
//!
//! AWS: <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html>

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    actions::{kit::*, naming},
    aws::{
        dynamodb::{Table, WantedItems},
        owned::Made,
    },
};

/// Inputs of `dynamodb.create-table`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CreateTable {
    /// 3 to 255 characters; `backburn-RUN-STEP` when left out.
    #[serde(default)]
    #[schemars(length(min = 3, max = 255))]
    pub name: Option<String>,
    /// Items as mappings, each with a text `id`.
    #[serde(default)]
    pub items: Vec<BTreeMap<String, Value>>,
    /// Items with contents that follow from the table's name.
    #[serde(default)]
    pub generate: Option<Generate>,
    /// Tags beside those of the run.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// So many items.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Generate {
    /// How many items.
    pub count: u32,
}

/// Outputs of `dynamodb.create-table`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct TableMade {
    /// Name of the table.
    pub table: String,
    pub arn: String,
    /// SHA-256 over ids and items, 64 hexadecimal digits.
    pub digest: String,
    /// How many items were written.
    pub items: u64,
}

impl Action for CreateTable {
    const SPEC: Spec = spec! {
        "dynamodb.create-table": "Make a table with known contents for a drill";
        Recover;
        uses [setting Table];
    };
    type Output = TableMade;

    async fn run(&self, step: &Step<Aws>) -> Result<TableMade, StepError> {
        naming::check_tags(&self.tags)?;
        let name = self.name.clone().unwrap_or_else(|| naming::own(step, 255));
        let given = self.items.iter().map(|item| item.clone().into_iter().collect::<Map<_, _>>());
        let generate = self.generate.map(|generate| generate.count);
        let items = WantedItems { given: given.collect(), generate };
        items.check().map_err(StepError::Refused)?;
        let digest = items.digest(&name);
        let table = Table {
            name: name.clone(),
            run: step.run().into(),
            step: step.id().into(),
            items,
            tags: self.tags.clone(),
        };
        let asked = json!({ "key": "id", "items": table.items, "tags": table.tags });
        let made = step.set(table, Made::wanted(asked)).await?;
        Ok(TableMade {
            table: naming::shown(step, &name),
            arn: Made::id_of(made.as_ref(), &format!("ARN of {name}")),
            items: digest.len() as u64,
            digest: digest.hex(),
        })
    }
}
