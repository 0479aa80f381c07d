//! Event patterns, as EventBridge matches them.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>

use std::net::IpAddr;

use serde_json::{Map, Value};

/// A pattern that can be matched. Fields at one level must all match; values of one field are alternatives.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pattern(Map<String, Value>);

impl Pattern {
    /// `None` unless the pattern is an object whose leaves are lists.
    pub(crate) fn new(pattern: &Value) -> Option<Self> {
        let map = pattern.as_object().filter(|map| !map.is_empty())?;
        map.iter().all(|(name, value)| is_sound(name, value)).then(|| Self(map.clone()))
    }

    pub(crate) fn matches(&self, event: &Value) -> bool {
        all(&self.0, Some(event))
    }
}

fn is_sound(name: &str, value: &Value) -> bool {
    match value {
        Value::Array(items) if name == "$or" => items.iter().all(|item| {
            item.as_object().is_some_and(|map| map.iter().all(|(n, v)| is_sound(n, v)))
        }),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => {
            !map.is_empty() && map.iter().all(|(name, value)| is_sound(name, value))
        }
        _ => false,
    }
}

fn all(pattern: &Map<String, Value>, event: Option<&Value>) -> bool {
    // A pattern inside a list of objects matches when one of them matches whole.
    if let Some(Value::Array(items)) = event {
        return items.iter().any(|item| all(pattern, Some(item)));
    }
    pattern.iter().all(|(name, wanted)| match wanted {
        Value::Array(choices) if name == "$or" => {
            choices.iter().filter_map(Value::as_object).any(|choice| all(choice, event))
        }
        Value::Object(inner) => all(inner, event.and_then(|event| event.get(name))),
        Value::Array(choices) => field(choices, event.and_then(|event| event.get(name))),
        _ => false,
    })
}

fn field(choices: &[Value], found: Option<&Value>) -> bool {
    choices.iter().any(|choice| match (choice, found) {
        (Value::Object(test), found) => test.iter().any(|(kind, of)| holds(kind, of, found)),
        (_, None) => false,
        (wanted, Some(Value::Array(items))) => items.iter().any(|item| same(wanted, item)),
        (wanted, Some(value)) => same(wanted, value),
    })
}

fn same(wanted: &Value, value: &Value) -> bool {
    match (wanted.as_f64(), value.as_f64()) {
        (Some(wanted), Some(value)) => wanted == value,
        _ => wanted == value,
    }
}

fn holds(kind: &str, of: &Value, found: Option<&Value>) -> bool {
    if kind == "exists" {
        // Only leaves exist for EventBridge.
        let is_leaf = found.is_some_and(|value| !value.is_object());
        return of.as_bool() == Some(is_leaf);
    }
    match found {
        None => false,
        Some(Value::Array(items)) => items.iter().any(|item| test(kind, of, item)),
        Some(value) => test(kind, of, value),
    }
}

fn test(kind: &str, of: &Value, value: &Value) -> bool {
    let text = value.as_str();
    match kind {
        "prefix" => ends(of, text, |text, end| text.starts_with(end)),
        "suffix" => ends(of, text, |text, end| text.ends_with(end)),
        "equals-ignore-case" => {
            text.zip(of.as_str()).is_some_and(|(text, of)| text.to_lowercase() == of.to_lowercase())
        }
        "wildcard" => text.zip(of.as_str()).is_some_and(|(text, of)| wildcard(of, text)),
        "numeric" => value.as_f64().is_some_and(|number| numeric(of, number)),
        "cidr" => text.zip(of.as_str()).is_some_and(|(text, of)| in_cidr(of, text)),
        "anything-but" => match of {
            Value::Object(inner) => !inner.iter().any(|(kind, of)| match of {
                Value::Array(ofs) => ofs.iter().any(|of| test(kind, of, value)),
                of => test(kind, of, value),
            }),
            Value::Array(ofs) => !ofs.iter().any(|of| same(of, value)),
            of => !same(of, value),
        },
        _ => false,
    }
}

fn ends(of: &Value, text: Option<&str>, holds: fn(&str, &str) -> bool) -> bool {
    let Some(text) = text else { return false };
    match of {
        Value::String(end) => holds(text, end),
        Value::Object(inner) => inner
            .get("equals-ignore-case")
            .and_then(Value::as_str)
            .is_some_and(|end| holds(&text.to_lowercase(), &end.to_lowercase())),
        _ => false,
    }
}

/// `["<", 5]`, `[">=", 0, "<", 10]`.
fn numeric(of: &Value, number: f64) -> bool {
    let Some(parts) = of.as_array().filter(|parts| !parts.is_empty()) else { return false };
    parts.chunks(2).all(|pair| match pair {
        [Value::String(operator), bound] => {
            bound.as_f64().is_some_and(|bound| match operator.as_str() {
                "<" => number < bound,
                "<=" => number <= bound,
                "=" => number == bound,
                ">=" => number >= bound,
                ">" => number > bound,
                _ => false,
            })
        }
        _ => false,
    })
}

/// `*` stands for any letters, none included; a backslash takes the next letter literally.
fn wildcard(pattern: &str, text: &str) -> bool {
    let mut letters = pattern.chars();
    // None is a star.
    let mut wanted: Vec<Option<char>> = Vec::new();
    while let Some(letter) = letters.next() {
        match letter {
            '*' => wanted.push(None),
            '\\' => wanted.extend(letters.next().map(Some)),
            other => wanted.push(Some(other)),
        }
    }
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut from, mut star, mut mark) = (0, 0, None, 0);
    while from < text.len() {
        match wanted.get(at) {
            Some(Some(letter)) if *letter == text[from] => {
                at += 1;
                from += 1;
            }
            Some(None) => {
                star = Some(at);
                mark = from;
                at += 1;
            }
            _ => {
                let Some(last) = star else { return false };
                at = last + 1;
                mark += 1;
                from = mark;
            }
        }
    }
    wanted[at..].iter().all(Option::is_none)
}

fn in_cidr(range: &str, address: &str) -> bool {
    let Some((base, length)) = range.split_once('/') else { return false };
    let (Ok(base), Ok(address)) = (base.parse::<IpAddr>(), address.parse::<IpAddr>()) else {
        return false;
    };
    let Ok(length) = length.parse::<u32>() else { return false };
    let (base, address, width) = match (base, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => {
            (u128::from(base.to_bits()), u128::from(address.to_bits()), 32)
        }
        (IpAddr::V6(base), IpAddr::V6(address)) => (base.to_bits(), address.to_bits(), 128),
        _ => return false,
    };
    let shift = width - length.min(width);
    let cut = |bits: u128| bits.checked_shr(shift).unwrap_or(0);
    length <= width && cut(base) == cut(address)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn matches(pattern: Value, event: &Value) -> bool {
        Pattern::new(&pattern).expect("a pattern").matches(event)
    }

    fn event() -> Value {
        json!({
            "source": "aws.ec2",
            "resources": ["arn:a", "arn:b"],
            "detail": {
                "state": "stopped", "count": 5, "ip": "10.0.0.7", "file": "Test.PNG", "none": null, "is": true,
                "list": [{"name": "a", "value": 1}, {"name": "b", "value": 2}],
            },
        })
    }

    #[test]
    fn operators_match_as_documented() {
        for yes in [
            json!({"source": ["aws.ec2"]}),
            json!({"source": ["aws.s3", {"prefix": "aws."}]}),
            json!({"resources": ["arn:b"]}),
            json!({"resources": [{"suffix": ":a"}]}),
            json!({"detail": {"count": [5.0]}}),
            json!({"detail": {"count": [{"numeric": [">", 0, "<=", 5]}]}}),
            json!({"detail": {"state": [{"anything-but": ["running", "pending"]}]}}),
            json!({"detail": {"state": [{"anything-but": {"prefix": "run"}}]}}),
            json!({"detail": {"state": [{"exists": true}], "absent": [{"exists": false}]}}),
            json!({"detail": {"absent": {"deeper": [{"exists": false}]}}}),
            json!({"detail": {"ip": [{"cidr": "10.0.0.0/24"}]}}),
            json!({"detail": {"file": [{"equals-ignore-case": "test.png"}]}}),
            json!({"detail": {"file": [{"suffix": {"equals-ignore-case": ".png"}}]}}),
            json!({"detail": {"file": [{"wildcard": "T*t.P*"}]}}),
            json!({"detail": {"none": [null], "is": [true]}}),
            json!({"detail": {"list": {"name": ["b"], "value": [2]}}}),
            json!({"$or": [{"source": ["x"]}, {"detail": {"state": ["stopped"]}}]}),
        ] {
            assert!(matches(yes.clone(), &event()), "{yes}");
        }
        for no in [
            json!({"source": ["ec2"]}),
            json!({"detail": {"state": ["stopped"], "count": [6]}}),
            json!({"detail": {"state": [{"anything-but": "stopped"}]}}),
            json!({"detail": {"absent": [{"anything-but": "x"}]}}),
            json!({"detail": {"count": [{"numeric": ["<", 5]}]}}),
            json!({"detail": {"state": [{"numeric": ["<", 5]}]}}),
            json!({"detail": {"state": [{"exists": false}]}}),
            json!({"detail": [{"exists": true}]}),
            json!({"detail": {"ip": [{"cidr": "10.0.1.0/24"}]}}),
            json!({"detail": {"list": {"name": ["a"], "value": [2]}}}),
            json!({"detail": {"file": [{"wildcard": "T*x"}]}}),
            json!({"resources": [{"anything-but": ["arn:a", "arn:b"]}]}),
            json!({"detail": {"state": [{"unknown-operator": 1}]}}),
            json!({"$or": [{"source": ["x"]}, {"detail": {"state": ["y"]}}]}),
        ] {
            assert!(!matches(no.clone(), &event()), "{no}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for bad in
            [json!({}), json!([]), json!({"source": "aws.ec2"}), json!({"a": {}}), json!({"a": []})]
        {
            assert_eq!(Pattern::new(&bad), None, "{bad}");
        }
    }
}
