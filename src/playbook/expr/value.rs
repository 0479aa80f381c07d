//! Between JSON, which the program keeps, and minijinja values, which expressions compute with.

use std::collections::BTreeMap;

use minijinja::Value;
use minijinja::value::ValueKind;
use serde_json::{Map, Number, Value as Json};

use crate::playbook::types::is_placeholder;

pub(super) fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(value) => Value::from(*value),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(value), _, _) => Value::from(value),
            (_, Some(value), _) => Value::from(value),
            (_, _, value) => Value::from(value.unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::from(items.iter().map(from_json).collect::<Vec<_>>()),
        Json::Object(map) => Value::from(
            map.iter()
                .map(|(key, value)| (key.clone(), from_json(value)))
                .collect::<BTreeMap<_, _>>(),
        ),
    }
}

/// Memory that a value made by expressions may take, in bytes.
pub const MAX_RENDERED: usize = 4 * 1024 * 1024;

/// Deeper than any honest value, and what a JSON reader still takes once it is kept in a journal.
const MAX_DEPTH: usize = 64;

/// What a value costs beside its text.
const NODE: usize = 32;

/// What is left of [`MAX_RENDERED`]. minijinja's lists may be lazy: `[0] * 1000000000` costs no
/// fuel until somebody counts it.
pub(super) struct Budget(usize);

impl Budget {
    pub(super) fn new() -> Self {
        Self(MAX_RENDERED)
    }

    /// Pays for a value with a text of `bytes`, or for none with 0.
    fn take(&mut self, bytes: usize) -> Result<(), String> {
        match self.0.checked_sub(NODE.saturating_add(bytes)) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => Err(format!("its value takes more than {} MiB", MAX_RENDERED >> 20)),
        }
    }

    /// Pays for a value that is there already and is about to be copied.
    pub(super) fn pay(&mut self, json: &Json) -> Result<(), String> {
        match json {
            Json::String(text) => self.take(text.len()),
            Json::Array(items) => {
                self.take(0)?;
                items.iter().try_for_each(|item| self.pay(item))
            }
            Json::Object(map) => {
                self.take(0)?;
                map.iter().try_for_each(|(key, value)| {
                    self.take(key.len())?;
                    self.pay(value)
                })
            }
            _ => self.take(0),
        }
    }
}

/// The error is a reason that reads after a colon.
pub(super) fn to_json(value: &Value) -> Result<Json, String> {
    within(value, &mut Budget::new(), 0)
}

fn within(value: &Value, budget: &mut Budget, depth: usize) -> Result<Json, String> {
    if depth > MAX_DEPTH {
        return Err(format!("its value nests deeper than {MAX_DEPTH} levels"));
    }
    budget.take(value.as_str().map_or(0, str::len))?;
    Ok(match value.kind() {
        ValueKind::Undefined => return Err("it has no value".to_owned()),
        ValueKind::None => Json::Null,
        ValueKind::Bool => Json::Bool(value.is_true()),
        ValueKind::Number => number(value)?,
        ValueKind::String => {
            Json::String(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let items = value.try_iter().map_err(|error| error.to_string())?;
            items.map(|item| within(&item, budget, depth + 1)).collect::<Result<_, _>>()?
        }
        ValueKind::Map => {
            let mut map = Map::new();
            for key in value.try_iter().map_err(|error| error.to_string())? {
                let item = value.get_item(&key).map_err(|error| error.to_string())?;
                let key = name(&key)?;
                budget.take(key.len())?;
                map.insert(key, within(&item, budget, depth + 1)?);
            }
            Json::Object(map)
        }
        other => return Err(format!("it yields {other}, which is no JSON value")),
    })
}

/// A key of a mapping. A list as a key would be written out whole, however long it is.
fn name(key: &Value) -> Result<String, String> {
    match key.kind() {
        ValueKind::String | ValueKind::Number | ValueKind::Bool | ValueKind::None => {
            Ok(key.to_string())
        }
        _ => Err("a mapping has a key that is no text".to_owned()),
    }
}

fn number(value: &Value) -> Result<Json, String> {
    if value.is_integer() {
        let small = i64::try_from(value.clone()).map(Number::from);
        let large = || u64::try_from(value.clone()).map(Number::from);
        return small
            .or_else(|_| large())
            .map(Json::Number)
            .map_err(|_| "the number is too large".to_owned());
    }
    let float = f64::try_from(value.clone()).map_err(|error| error.to_string())?;
    Number::from_f64(float).map(Json::Number).ok_or_else(|| "the number is not finite".to_owned())
}

/// Whether any text inside is a placeholder.
pub(super) fn holds_placeholder(json: &Json) -> bool {
    match json {
        Json::String(text) => is_placeholder(text),
        Json::Array(items) => items.iter().any(holds_placeholder),
        Json::Object(map) => map.values().any(holds_placeholder),
        _ => false,
    }
}

/// How a value reads inside a longer text.
pub(super) fn display(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}
