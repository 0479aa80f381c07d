//! The items of a small table, all of them. Owns that one setting: release writes the items before back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    TABLES,
    item::{typed_item, untyped_item},
    writing,
};
use crate::{
    aws::Aws,
    engine::{CallError, Class, Fact, How, Order, Permission, Rule, Setting, on},
};

/// The journal keeps the items before.
pub const MOST_OVERWRITTEN: usize = 100;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Items {
    pub table: String,
}

impl Fact<Aws> for Items {
    const KIND: &'static str = "dynamodb.items";
    const READS: &'static [Permission] = &[on("dynamodb:Scan", TABLES)];
    /// In DynamoDB's own JSON, by id.
    type Value = BTreeMap<String, Value>;

    fn target(&self) -> String {
        self.table.clone()
    }

    /// `Class::Gone` without the table, `Class::Invalid` with more than [`MOST_OVERWRITTEN`] items.
    async fn read(&self, aws: &Aws) -> Result<Self::Value, CallError> {
        let items = writing::all(aws, &self.table, MOST_OVERWRITTEN).await?;
        Ok(items.into_iter().map(|(id, item)| (id, typed_item(&item))).collect())
    }
}

impl Setting<Aws> for Items {
    const RULE: Rule = Rule { how: How::Restored, order: Order::Protection };
    const WRITES: &'static [Permission] =
        &[on("dynamodb:BatchWriteItem", TABLES), on("dynamodb:Scan", TABLES)];

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
