//! The items of a table that a run makes, as they are asked for: given, or generated from the table's
//! name. Owns their contents and limits; putting them there is the table's.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value};

use super::{
    KEY,
    item::{Item, plain, typed_item},
};
use crate::aws::{
    digest::{Digest, generated, hex},
    kit::*,
};

const MOST: usize = 1_000;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WantedItems {
    /// Plain values by attribute; each has a text `id`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<Map<String, Value>>,
    /// How many more, `item-00001` and on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generate: Option<u32>,
}

impl WantedItems {
    /// # Errors
    /// What is wrong with them, in words.
    pub fn check(&self) -> Result<(), String> {
        let count = self.given.len() + self.generate.unwrap_or_default() as usize;
        if count > MOST {
            return Err(format!("{count} items are too many; at most {MOST}"));
        }
        let mut seen = Vec::new();
        for item in &self.given {
            let id = item.get(KEY).and_then(Value::as_str).filter(|id| !id.is_empty());
            let Some(id) = id else {
                return Err(format!("item {} has no text `{KEY}`", Value::Object(item.clone())));
            };
            if seen.contains(&id) {
                return Err(format!("two items have the `{KEY}` `{id}`"));
            }
            seen.push(id);
        }
        Ok(())
    }

    /// By id. The table's name is the seed of what is generated; what is given wins.
    pub(crate) fn all(&self, table: &str) -> BTreeMap<String, Item> {
        let generated = (1..=self.generate.unwrap_or_default()).map(|nth| {
            let id = format!("item-{nth:05}");
            let noise = hex(&generated(&format!("{table}/{id}"), 32));
            let item = Item::from([
                (KEY.to_owned(), AttributeValue::S(id.clone())),
                ("amount".to_owned(), AttributeValue::N((nth * 7).to_string())),
                ("note".to_owned(), AttributeValue::S(noise)),
            ]);
            (id, item)
        });
        let given = self.given.iter().filter_map(|item| {
            let id = item.get(KEY)?.as_str()?.to_owned();
            Some((id, item.iter().map(|(name, value)| (name.clone(), plain(value))).collect()))
        });
        generated.chain(given).collect()
    }

    /// Of the items as they are asked for, without a call.
    pub fn digest(&self, table: &str) -> Digest {
        let mut digest = Digest::default();
        for (id, item) in self.all(table) {
            digest.add(id, typed_item(&item).to_string().as_bytes());
        }
        digest
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn given(items: Value) -> WantedItems {
        serde_json::from_value(json!({ "given": items, "generate": 2 })).expect("items")
    }

    #[test]
    fn items_have_an_id_of_their_own() {
        assert_eq!(given(json!([{ "id": "a" }])).check(), Ok(()));
        assert!(given(json!([{ "name": "a" }])).check().is_err());
        assert!(given(json!([{ "id": "a" }, { "id": "a" }])).check().is_err());
        assert!(WantedItems { given: Vec::new(), generate: Some(2_000) }.check().is_err());
    }

    #[test]
    fn what_is_given_wins_and_the_digest_is_of_the_contents() {
        let items = given(json!([{ "id": "item-00002", "n": 1.50 }]));
        assert_eq!(items.all("t").len(), 2);
        let same = given(json!([{ "n": 1.5, "id": "item-00002" }]));
        assert_eq!(items.digest("t").hex(), same.digest("t").hex());
        assert_ne!(items.digest("t").hex(), items.digest("u").hex());
    }
}
