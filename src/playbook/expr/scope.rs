//! What an expression can see while it is evaluated. Owns the shape; the engine fills it.

use indexmap::IndexMap;
use serde_json::{Map, Value};

/// Values by the names of expressions.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// From [`crate::playbook::inputs::resolve`].
    pub inputs: &'a IndexMap<String, Value>,
    /// Step id to its outputs as an object; of a `for-each` step see [`gather`].
    pub steps: &'a IndexMap<String, Value>,
    /// The current element of `for-each`.
    pub item: Option<&'a Value>,
    pub run: RunFacts<'a>,
}

/// `run.id`, `run.started` and `run.partition`.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunFacts<'a> {
    pub id: &'a str,
    /// RFC 3339.
    pub started: &'a str,
    /// `aws`, `aws-cn` and so on, as ARNs have it.
    pub partition: &'a str,
}

/// The outputs of a `for-each` step: every output becomes the list of every item's value, `null` where an item has
/// none. `names` are the outputs of the action, so that no items still give empty lists.
pub fn gather<'a>(items: &[Value], names: impl IntoIterator<Item = &'a str>) -> Value {
    let mut lists: Map<String, Value> =
        names.into_iter().map(|name| (name.to_owned(), Value::from(()))).collect();
    for (name, _) in items.iter().filter_map(Value::as_object).flatten() {
        lists.entry(name.clone()).or_insert(Value::Null);
    }
    for (name, list) in &mut lists {
        *list = items.iter().map(|item| item.get(name).cloned().unwrap_or(Value::Null)).collect();
    }
    Value::Object(lists)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn outputs_of_many_items_are_lists() {
        let items = [json!({"id": "a"}), json!({"id": "b", "size": 2})];
        assert_eq!(gather(&items, ["id"]), json!({"id": ["a", "b"], "size": [null, 2]}));
        assert_eq!(gather(&[], ["id"]), json!({"id": []}));
    }
}
