//! The part of the schema that depends on the catalogue: `uses`, and what `with` holds for each action.

use serde_json::{Map, Value, json};

use crate::playbook::catalogue::Catalogue;

/// One constant with its summary for each action.
pub(super) fn names(catalogue: &Catalogue) -> Value {
    let names = catalogue
        .iter()
        .map(|action| json!({ "const": action.name, "description": action.summary }));
    json!({
        "type": "string",
        "oneOf": names.collect::<Vec<_>>(),
        "description": "The action that the step takes; `backburn actions` lists them",
    })
}

/// If `uses` is this action, then `with` is its inputs. The schemas of the inputs go to `definitions`.
pub(super) fn rules(catalogue: &Catalogue, definitions: &mut Map<String, Value>) -> Vec<Value> {
    let mut rules = Vec::new();
    for action in catalogue.iter() {
        let mut inputs = Value::clone(&action.inputs);
        if let Some(object) = inputs.as_object_mut() {
            object.remove("$schema");
            for (name, mut below) in
                object.remove("$defs").and_then(into_object).unwrap_or_default()
            {
                widen_children(&mut below, &action.name);
                definitions.insert(definition(&action.name, &name), widened(below));
            }
        }
        widen_children(&mut inputs, &action.name);
        let required =
            inputs.get("required").and_then(Value::as_array).is_some_and(|names| !names.is_empty());
        definitions.insert(action.name.clone(), inputs);
        let mut then =
            json!({ "properties": { "with": { "$ref": format!("#/$defs/{}", action.name) } } });
        if required {
            then["required"] = json!(["with"]);
        }
        rules.push(json!({
            "if": { "properties": { "uses": { "const": action.name } }, "required": ["uses"] },
            "then": then,
        }));
    }
    rules
}

fn into_object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

fn definition(action: &str, name: &str) -> String {
    format!("{action}.{name}")
}

/// Every place below that holds a value also takes an expression; references get the name of their action.
fn widen_children(schema: &mut Value, action: &str) {
    let Some(object) = schema.as_object_mut() else { return };
    if let Some(Value::String(target)) = object.get_mut("$ref")
        && let Some(name) = target.strip_prefix("#/$defs/")
    {
        *target = format!("#/$defs/{}", definition(action, name));
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        // A branch is the same place as its parent, which is widened itself.
        object.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten().for_each(
            |branch| {
                widen_children(branch, action);
            },
        );
    }
    for key in ["items", "additionalProperties"] {
        if let Some(below) = object.get_mut(key).filter(|below| below.is_object()) {
            widen_children(below, action);
            *below = widened(below.take());
        }
    }
    for (_, below) in
        object.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten()
    {
        widen_children(below, action);
        *below = widened(below.take());
    }
}

/// The schema or an expression. Descriptions and defaults stay outside, where editors look for them.
fn widened(mut schema: Value) -> Value {
    let constrained =
        ["format", "pattern", "enum", "const"].iter().any(|key| schema.get(*key).is_some());
    let plain = schema.get("type").is_some_and(|name| name == "string") && !constrained;
    let Some(object) = schema.as_object_mut().filter(|_| !plain) else { return schema };
    let mut outer = Map::new();
    for key in ["title", "description", "default"] {
        if let Some(value) = object.remove(key) {
            outer.insert(key.to_owned(), value);
        }
    }
    outer.insert("anyOf".to_owned(), json!([schema, { "$ref": "#/$defs/expression" }]));
    Value::Object(outer)
}
