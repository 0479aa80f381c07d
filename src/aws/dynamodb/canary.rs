//! One small item in a table, by which a restore shows what it has. Owns that one setting; the item is `id` and the
//! moment at which it was written.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{KEY, permissions::*, things::TABLE, writing};
use crate::aws::kit::*;

/// Where the moment stands.
pub(super) const AT: &str = "at";

setting! {
    pub struct CanaryItem {
        pub table: String,
        pub id: String,
    }
    // The moment, RFC 3339; `None`: there is no such item. Empty where the item is another.
    "dynamodb.canary" = Option<String>, target "{table} {id}";
    reads [GET_ITEM];
    writes [BATCH_WRITE_ITEM, DELETE_ITEM];
    release Restored Tags;
    touches [TABLE(table)];
}

impl CanaryItem {
    fn key(&self) -> AttributeValue {
        AttributeValue::S(self.id.clone())
    }
}

/// The moment in an item; empty where it has none.
pub(super) fn moment(item: &HashMap<String, AttributeValue>) -> String {
    let at = item.get(AT).and_then(|at| at.as_s().ok());
    at.filter(|_| item.len() == 2).cloned().unwrap_or_default()
}

impl Fact<Aws> for CanaryItem {
    async fn read(&self, aws: &Aws) -> Result<Option<String>, CallError> {
        let call = aws.dynamodb().get_item().table_name(&self.table).consistent_read(true);
        let found = call.key(KEY, self.key()).send().await.by(GET_ITEM)?;
        Ok(found.item.map(|item| moment(&item)))
    }
}

impl Setting<Aws> for CanaryItem {
    async fn write(&self, aws: &Aws, value: &Option<String>) -> Result<(), CallError> {
        let Some(at) = value else {
            let call = aws.dynamodb().delete_item().table_name(&self.table).key(KEY, self.key());
            return call.send().await.map(drop).by(DELETE_ITEM);
        };
        let at = AttributeValue::S(at.clone());
        let item = HashMap::from([(KEY.to_owned(), self.key()), (AT.to_owned(), at)]);
        writing::put(aws, &self.table, [item]).await
    }

    /// The drill attacks what it wrote: whatever became of its content, it is the run's own by its name.
    fn agrees(want: &Option<String>, have: &Option<String>) -> bool {
        want.is_some() == have.is_some()
    }
}
