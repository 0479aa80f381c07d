//! The type of a playbook input. Owns its spelling, the check of a value and the reading of `-i name=value`.

use std::fmt;

use serde_json::Value;

use super::{Format, article};

/// `string`, `boolean`, `integer`, a checked form, or `list of` one of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum InputType {
    String,
    Boolean,
    Integer,
    /// A text with a checked form: an AWS id, a duration.
    Text(Format),
    List(Box<InputType>),
}

impl InputType {
    /// Reads `instance` or `list of instance`. `None` when there is no such type.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "string" => Some(Self::String),
            "boolean" => Some(Self::Boolean),
            "integer" => Some(Self::Integer),
            other => match other.strip_prefix("list of ") {
                // One level: a list of lists has no meaning to any action.
                Some(inner) if !inner.trim().starts_with("list of ") => {
                    Self::parse(inner).map(|inner| Self::List(Box::new(inner)))
                }
                Some(_) => None,
                None => Format::parse(other).map(Self::Text),
            },
        }
    }

    /// Every name except the lists.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        ["string", "boolean", "integer"]
            .into_iter()
            .chain(Format::ALL.iter().map(|format| format.name()))
    }

    /// Whether a JSON value has this type; the error names what it should have been.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        match (self, value) {
            (Self::String, Value::String(_)) | (Self::Boolean, Value::Bool(_)) => Ok(()),
            (Self::Integer, Value::Number(number)) if number.is_i64() || number.is_u64() => Ok(()),
            (Self::Text(format), Value::String(text)) => {
                format.check(text).map_err(|error| error.to_string())
            }
            (Self::List(inner), Value::Array(items)) => {
                items.iter().enumerate().try_for_each(|(at, item)| {
                    inner.check(item).map_err(|error| format!("item {}: {error}", at + 1))
                })
            }
            (_, Value::String(text)) if super::is_placeholder(text) => Ok(()),
            (wanted, found) => {
                Err(format!("must be {}, and is {}", wanted.with_article(), describe(found)))
            }
        }
    }

    /// Reads the text of `-i name=value`. Lists are separated by commas, or a JSON array.
    pub fn parse_cli(&self, text: &str) -> Result<Value, String> {
        let value = match self {
            Self::String | Self::Text(_) => Value::from(text),
            Self::Boolean => match text {
                "true" => Value::from(true),
                "false" => Value::from(false),
                _ => return Err(format!("must be `true` or `false`, and is `{text}`")),
            },
            Self::Integer => match text.parse::<i64>() {
                Ok(number) => Value::from(number),
                Err(_) => return Err(format!("must be an integer, and is `{text}`")),
            },
            Self::List(_) if text.trim_start().starts_with('[') => serde_json::from_str(text)
                .map_err(|error| format!("is not a JSON array: {error}"))?,
            Self::List(_) if text.trim().is_empty() => Value::Array(Vec::new()),
            Self::List(inner) => {
                let item = |(at, text): (usize, &str)| {
                    inner
                        .parse_cli(text.trim())
                        .map_err(|error| format!("item {}: {error}", at + 1))
                };
                text.split(',').enumerate().map(item).collect::<Result<Value, String>>()?
            }
        };
        self.check(&value).map(|()| value)
    }

    /// JSON Schema of a value of this type.
    pub fn json_schema(&self) -> Value {
        match self {
            Self::String => serde_json::json!({ "type": "string" }),
            Self::Boolean => serde_json::json!({ "type": "boolean" }),
            Self::Integer => serde_json::json!({ "type": "integer" }),
            Self::Text(format) => {
                serde_json::json!({ "type": "string", "format": format.name(), "pattern": format.pattern() })
            }
            Self::List(inner) => {
                serde_json::json!({ "type": "array", "items": inner.json_schema() })
            }
        }
    }

    fn with_article(&self) -> String {
        let name = self.to_string();
        format!("{} {name}", article(&name))
    }
}

pub(crate) fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

impl fmt::Display for InputType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String => f.write_str("string"),
            Self::Boolean => f.write_str("boolean"),
            Self::Integer => f.write_str("integer"),
            Self::Text(format) => f.write_str(format.name()),
            Self::List(inner) => write!(f, "list of {inner}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_read_back() {
        for name in InputType::names() {
            assert_eq!(InputType::parse(name).expect("a type").to_string(), name);
            let list = format!("list of {name}");
            assert_eq!(InputType::parse(&list).expect("a type").to_string(), list);
        }
        assert_eq!(InputType::parse("list of list of string"), None);
    }

    #[test]
    fn command_line_values() {
        let regions = InputType::parse("list of region").expect("a type");
        assert_eq!(
            regions.parse_cli("eu-west-1, us-east-1"),
            Ok(json!(["eu-west-1", "us-east-1"]))
        );
        assert_eq!(regions.parse_cli(r#"["eu-west-1"]"#), Ok(json!(["eu-west-1"])));
        assert!(
            regions
                .parse_cli("nowhere")
                .expect_err("no region")
                .starts_with("item 1: `nowhere` is not a region")
        );
        assert_eq!(InputType::Integer.parse_cli("7"), Ok(json!(7)));
        assert!(InputType::Boolean.parse_cli("yes").is_err());
    }
}
