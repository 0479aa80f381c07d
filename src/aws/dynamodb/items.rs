//! The items of a small table, all of them. Owns that one setting: release writes the items before back.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    item::{typed_item, untyped_item},
    permissions::*,
    things::TABLE,
    writing,
};
use crate::aws::kit::*;

/// The journal keeps the items before.
pub const MOST_OVERWRITTEN: usize = 100;

setting! {
    pub struct Items {
        pub table: String,
    }
    // In DynamoDB's own JSON, by id.
    "dynamodb.items" = BTreeMap<String, Value>, target "{table}";
    reads [SCAN];
    writes [BATCH_WRITE_ITEM, SCAN];
    release Restored Protection;
    touches [TABLE(table)];
}

impl Fact<Aws> for Items {
    /// `Class::Gone` without the table, `Class::Invalid` with more than [`MOST_OVERWRITTEN`] items.
    async fn read(&self, aws: &Aws) -> Result<Self::Value, CallError> {
        let items = writing::all(aws, &self.table, MOST_OVERWRITTEN).await?;
        Ok(items.into_iter().map(|(id, item)| (id, typed_item(&item))).collect())
    }
}

impl Setting<Aws> for Items {
    async fn write(&self, aws: &Aws, value: &Self::Value) -> Result<(), CallError> {
        let have = self.read(aws).await?;
        let changed = value.iter().filter(|(id, item)| have.get(*id) != Some(item));
        let items = changed.map(|(id, item)| {
            untyped_item(item).ok_or_else(|| {
                let text = format!("item `{id}` is not in DynamoDB's JSON");
                CallError::local(Self::KIND, Class::Invalid, text)
            })
        });
        writing::put(aws, &self.table, items.collect::<Result<Vec<_>, _>>()?).await
    }

    /// Written in part: each item is the one before or the one after.
    fn halfway(before: &Self::Value, after: &Self::Value, now: &Self::Value) -> bool {
        before.keys().eq(now.keys())
            && now
                .iter()
                .all(|(id, item)| before.get(id) == Some(item) || after.get(id) == Some(item))
    }
}
