//! What is in a table, as one hash over ids and items. Owns that read, which scans the whole table.

use serde::{Deserialize, Serialize};

use crate::{
    aws::{
        Aws,
        digest::Digest,
        dynamodb::{TABLES, all_items, item::typed_item},
    },
    engine::{CallError, Class, Fact, Permission, on},
};

/// More than a drill's table has.
const MOST: usize = 100_000;

/// All items of a table whose key is the text `id`.
#[derive(Clone, Debug, Serialize)]
pub struct TableContents {
    pub table: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableContentsAre {
    /// 64 hexadecimal digits, see [`Digest`].
    pub digest: String,
    pub items: u64,
}

impl Fact<Aws> for TableContents {
    const KIND: &'static str = "dynamodb.contents";
    const READS: &'static [Permission] = &[on("dynamodb:Scan", TABLES)];
    /// `None`: there is no such table.
    type Value = Option<TableContentsAre>;

    fn target(&self) -> String {
        self.table.clone()
    }

    async fn read(&self, aws: &Aws) -> Result<Self::Value, CallError> {
        let items = match all_items(aws, &self.table, MOST).await {
            Err(e) if e.class == Class::Gone => return Ok(None),
            other => other?,
        };
        let mut digest = Digest::default();
        for (id, item) in items {
            digest.add(id, typed_item(&item).to_string().as_bytes());
        }
        Ok(Some(TableContentsAre { items: digest.len() as u64, digest: digest.hex() }))
    }
}
