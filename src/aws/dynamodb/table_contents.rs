//! What is in a table, as one hash over ids and items. Owns that read, which scans the whole table.

use super::{all_items, item::typed_item, permissions::*};
use crate::aws::{digest::Digest, kit::*};

/// More than a drill's table has.
const MOST: usize = 100_000;

fact! {
    /// All items of a table whose key is the text `id`.
    pub struct TableContents {
        pub table: String,
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
}

impl Fact<Aws> for TableContents {
    async fn read(&self, aws: &Aws) -> Result<Self::Value, CallError> {
        let items = all_items(aws, &self.table, MOST).await.absent_if_gone()?;
        let Some(items) = items else { return Ok(None) };
        let mut digest = Digest::default();
        for (id, item) in items {
            digest.add(id, typed_item(&item).to_string().as_bytes());
        }
        Ok(Some(TableContentsAre { items: digest.len() as u64, digest: digest.hex() }))
    }
}
