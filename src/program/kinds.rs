//! What is known about a value before the run, from input types and JSON Schemas. Owns the question whether a value can
//! ever fit a schema; answers no only when that is certain.

use serde_json::Value;

use crate::playbook::listed;
use crate::playbook::types::{Format, InputType, article};

/// The static type of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Any,
    Null,
    Boolean,
    Integer,
    Number,
    Text(Option<Format>),
    List(Box<Kind>),
    Object,
}

impl Kind {
    pub(super) fn of_input(kind: &InputType) -> Self {
        match kind {
            InputType::String => Self::Text(None),
            InputType::Boolean => Self::Boolean,
            InputType::Integer => Self::Integer,
            InputType::Text(format) => Self::Text(Some(*format)),
            InputType::List(inner) => Self::List(Box::new(Self::of_input(inner))),
        }
    }

    /// The one type of a schema; `Any` when it allows several.
    pub(super) fn of_schema(root: &Value, schema: &Value) -> Self {
        let mut kinds = alternatives(root, schema).into_iter().flat_map(|schema| {
            types(schema).into_iter().map(move |name| match name {
                "null" => Self::Null,
                "boolean" => Self::Boolean,
                "integer" => Self::Integer,
                "number" => Self::Number,
                "string" => Self::Text(format(schema)),
                "array" => {
                    let items = schema.get("items").filter(|items| items.is_object());
                    Self::List(Box::new(
                        items.map_or(Self::Any, |items| Self::of_schema(root, items)),
                    ))
                }
                "object" => Self::Object,
                _ => Self::Any,
            })
        });
        let first = kinds.next().unwrap_or(Self::Any);
        if kinds.all(|kind| kind == first) { first } else { Self::Any }
    }

    pub(super) fn item(&self) -> Self {
        match self {
            Self::List(inner) => (**inner).clone(),
            _ => Self::Any,
        }
    }

    /// `false` only when a value of this type can never fit.
    pub(super) fn may_fit(&self, root: &Value, schema: &Value) -> bool {
        alternatives(root, schema).into_iter().any(|schema| {
            let names = types(schema);
            let has = |name: &str| names.is_empty() || names.contains(&name);
            match self {
                Self::Any => true,
                Self::Null => has("null"),
                Self::Boolean => has("boolean"),
                Self::Integer => has("integer") || has("number"),
                Self::Number => has("number"),
                Self::Object => has("object"),
                Self::Text(mine) => {
                    has("string")
                        && mine.zip(format(schema)).is_none_or(|(mine, theirs)| mine == theirs)
                }
                Self::List(inner) => {
                    has("array")
                        && schema.get("items").is_none_or(|items| inner.may_fit(root, items))
                }
            }
        })
    }

    pub(super) fn describe(&self) -> String {
        match self {
            Self::Any => "anything".to_owned(),
            Self::Null => "null".to_owned(),
            Self::Boolean => "a boolean".to_owned(),
            Self::Integer => "an integer".to_owned(),
            Self::Number => "a number".to_owned(),
            Self::Text(None) => "a string".to_owned(),
            Self::Text(Some(format)) => format!("{} {}", article(format.name()), format.name()),
            Self::List(inner) => format!("a list, each item {}", inner.describe()),
            Self::Object => "a mapping".to_owned(),
        }
    }
}

/// The schema behind `$ref`, and the branches of `anyOf`, `oneOf` and a lone `allOf`.
pub(super) fn alternatives<'a>(root: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    let branches = |key: &String| matches!(key.as_str(), "$ref" | "anyOf" | "oneOf" | "allOf");
    if !schema.as_object().is_some_and(|map| map.keys().any(branches)) {
        return vec![schema];
    }
    let mut found = Vec::new();
    let mut open = vec![(schema, 0)];
    while let Some((schema, depth)) = open.pop() {
        // Schemas may refer to themselves.
        if depth > 16 {
            continue;
        }
        if let Some(target) =
            schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'))
        {
            open.extend(root.pointer(target).map(|target| (target, depth + 1)));
            continue;
        }
        let branches = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(*key)?.as_array());
        let single = schema.get("allOf").and_then(Value::as_array).filter(|all| all.len() == 1);
        match branches.or(single) {
            Some(branches) => open.extend(branches.iter().rev().map(|branch| (branch, depth + 1))),
            None => found.push(schema),
        }
    }
    found
}

/// The allowed JSON types; empty if the schema does not restrict them.
pub(super) fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ if schema
            .get("const")
            .or_else(|| schema.get("enum")?.get(0))
            .is_some_and(Value::is_string) =>
        {
            vec!["string"]
        }
        _ => Vec::new(),
    }
}

pub(super) fn format(schema: &Value) -> Option<Format> {
    schema.get("format").and_then(Value::as_str).and_then(Format::parse)
}

/// What a schema wants, in words that follow "must be".
pub(super) fn describe(root: &Value, schema: &Value) -> String {
    let mut words: Vec<String> = Vec::new();
    for schema in alternatives(root, schema) {
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            words.push(format!("one of {}", listed(values.iter().filter_map(Value::as_str))));
            continue;
        }
        if let Some(value) = schema.get("const") {
            words.push(format!(
                "`{}`",
                value.as_str().map_or_else(|| value.to_string(), str::to_owned)
            ));
            continue;
        }
        for name in types(schema).into_iter().filter(|name| *name != "null") {
            words.push(match (name, schema.get("items")) {
                ("array", Some(items)) => format!("a list, each item {}", describe(root, items)),
                ("array", None) => "a list".to_owned(),
                ("object", _) => "a mapping".to_owned(),
                ("string", _) => Kind::Text(format(schema)).describe(),
                (other, _) => format!("{} {other}", article(other)),
            });
        }
    }
    words.dedup();
    if words.is_empty() { "something else".to_owned() } else { words.join(" or ") }
}
