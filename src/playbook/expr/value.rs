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

/// The error is a reason that reads after a colon.
pub(super) fn to_json(value: &Value) -> Result<Json, String> {
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
            items.map(|item| to_json(&item)).collect::<Result<_, _>>()?
        }
        ValueKind::Map => {
            let mut map = Map::new();
            for key in value.try_iter().map_err(|error| error.to_string())? {
                let item = value.get_item(&key).map_err(|error| error.to_string())?;
                map.insert(key.to_string(), to_json(&item)?);
            }
            Json::Object(map)
        }
        other => return Err(format!("it yields {other}, which is no JSON value")),
    })
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
