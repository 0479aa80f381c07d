//! What is in a table, as one hash over ids and items. Owns that read, which scans the whole table.

use std::collections::BTreeMap;

use super::{all_items, canary, item::typed_item, permissions::*};
use crate::aws::{digest::Digest, kit::*};

/// More than a drill's table has.
const MOST: usize = 100_000;

fact! {
    /// All items of a table whose key is the text `id`.
    pub struct TableContents {
        pub table: String,
        /// Ids of items that are no content but canaries.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub canaries: Vec<String>,
    }
    // `None`: there is no such table.
    "dynamodb.contents" = Option<TableContentsAre>, target "{table}";
    reads [SCAN];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableContentsAre {
    /// 64 hexadecimal digits, see [`Digest`].
    pub digest: String,
    pub items: u64,
    /// The moment of each canary that is there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub canaries: BTreeMap<String, String>,
}

impl Fact<Aws> for TableContents {
    async fn read(&self, aws: &Aws) -> Result<Self::Value, CallError> {
        let items = all_items(aws, &self.table, MOST).await.absent_if_gone()?;
        let Some(items) = items else { return Ok(None) };
        let (mut digest, mut canaries) = (Digest::default(), BTreeMap::new());
        for (id, item) in items {
            if self.canaries.contains(&id) {
                canaries.insert(id, canary::moment(&item));
                continue;
            }
            digest.add(id, typed_item(&item).to_string().as_bytes());
        }
        Ok(Some(TableContentsAre { items: digest.len() as u64, digest: digest.hex(), canaries }))
    }
}
