//! What stands in the journal for a value that has a sensitive one in it, where the engine goes by that value:
//! an object `{"$sensitive": ...}` in place of a text, so that no text of AWS or of a file can be taken for it.
//! Owns the two forms of that object, on disk and in memory, and how the value comes back. Which values
//! are sensitive is `hidden`'s.
//!
//! An object from elsewhere with such a key is escaped on disk: its key gets one `$` more.

use std::{collections::HashMap, sync::LazyLock};

use serde_json::{Map, Value, json};

use super::{digits::hex, redact::REDACTED};

/// The key of a marker on disk.
const KEY: &str = "$sensitive";

/// The key of a marker in memory: it is made when the process starts, so that nothing from outside has it.
static MARKED: LazyLock<String> = LazyLock::new(|| {
    let mut nonce = [0; 16];
    // Without random numbers of the system no process gets this far: the run's id is made of some.
    let _ = getrandom::fill(&mut nonce);
    format!("{KEY} {}", hex(&nonce))
});

/// In the JSON form of a marker: the value itself is no text.
const JSON: &str = "json";

/// Whether a line as it would be written may need [`mark`] although there is nothing to hide.
pub(super) fn may_need_marks(line: &[u8]) -> bool {
    line.windows(KEY.len()).any(|part| part == KEY.as_bytes())
}

/// Whether a line may have a marker, an escaped key, or what earlier formats had instead.
pub(super) fn may_have_marks(line: &[u8]) -> bool {
    let old = REDACTED.as_bytes();
    line.contains(&b'$') && may_need_marks(line) || line.windows(old.len()).any(|part| part == old)
}

fn is_escaped(key: &str) -> bool {
    key.starts_with('$') && key.trim_start_matches('$') == "sensitive"
}

/// The value as it is kept on disk. `digest` names a hidden text without showing it.
pub(super) fn mark(
    value: Value,
    hidden: &[String],
    digest: &dyn Fn(&str) -> Option<String>,
) -> Value {
    match value {
        Value::String(text) => match parts(&text, hidden, digest) {
            Some(parts) => json!({ KEY: parts }),
            None => Value::String(text),
        },
        Value::Number(number) if hidden.contains(&number.to_string()) => {
            json!({ KEY: { JSON: parts(&number.to_string(), hidden, digest) } })
        }
        Value::Array(items) => items.into_iter().map(|item| mark(item, hidden, digest)).collect(),
        Value::Object(map) if map.keys().any(|key| parts(key, hidden, digest).is_some()) => {
            let whole = Value::Object(map).to_string();
            json!({ KEY: { JSON: parts(&whole, hidden, digest) } })
        }
        Value::Object(map) => {
            let one = |(key, value): (String, Value)| match key == *MARKED {
                true => (KEY.to_owned(), value),
                false if is_escaped(&key) => (format!("${key}"), mark(value, hidden, digest)),
                false => (key, mark(value, hidden, digest)),
            };
            Value::Object(map.into_iter().map(one).collect())
        }
        other => other,
    }
}

/// Texts and, between each two of them, what names the hidden text there; none where nothing is hidden.
fn parts(
    text: &str,
    hidden: &[String],
    digest: &dyn Fn(&str) -> Option<String>,
) -> Option<Vec<Value>> {
    let at = hidden.iter().position(|one| text.contains(one.as_str()))?;
    let secret = &hidden[at];
    let mut found = Vec::new();
    for (nth, between) in text.split(secret.as_str()).enumerate() {
        if nth > 0 {
            found.push(digest(secret).map_or(Value::Null, Value::from));
        }
        match parts(between, &hidden[at + 1..], digest) {
            Some(more) => found.extend(more),
            None => found.push(between.into()),
        }
    }
    Some(found)
}

/// From what is on disk to what is in memory. In a journal of an `old` format a text stands for what is hidden.
pub(super) fn received(value: Value, old: bool) -> Value {
    match value {
        Value::String(text) if old && text.contains(REDACTED) => {
            let mut found = Vec::new();
            for (nth, between) in text.split(REDACTED).enumerate() {
                if nth > 0 {
                    found.push(Value::Null);
                }
                found.push(between.into());
            }
            json!({ MARKED.as_str(): found })
        }
        Value::Array(items) => items.into_iter().map(|item| received(item, old)).collect(),
        Value::Object(mut map) => {
            if map.len() == 1
                && let Some(content) = map.shift_remove(KEY)
            {
                return json!({ MARKED.as_str(): content });
            }
            let one = |(key, value): (String, Value)| match is_escaped(&key) {
                true => (key[1..].to_owned(), received(value, old)),
                false => (key, received(value, old)),
            };
            Value::Object(map.into_iter().map(one).collect())
        }
        other => other,
    }
}

/// What a marker in memory is made of: its parts, and whether the value is no text.
fn content(map: &Map<String, Value>) -> Option<(&[Value], bool)> {
    match map.get(MARKED.as_str())? {
        Value::Array(parts) => Some((parts, false)),
        Value::Object(json) => Some((json.get(JSON)?.as_array()?, true)),
        _ => Some((&[], false)),
    }
}

/// Whether something in the value is hidden.
pub(super) fn is_marked(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(is_marked),
        Value::Object(map) => map.contains_key(MARKED.as_str()) || map.values().any(is_marked),
        _ => false,
    }
}

/// Puts back what `known` has by its digest. Whatever stays hidden stays a marker.
pub(super) fn revealed(value: Value, known: &HashMap<String, String>) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| revealed(item, known)).collect(),
        Value::Object(map) => {
            if let Some((parts, is_json)) = content(&map) {
                let found = whole(parts, &|digest| known.get(digest?).map(String::as_str));
                let found = found.and_then(|text| match is_json {
                    true => serde_json::from_str(&text).ok(),
                    false => Some(Value::String(text)),
                });
                return found.unwrap_or(Value::Object(map));
            }
            map.into_iter().map(|(key, value)| (key, revealed(value, known))).collect()
        }
        other => other,
    }
}

/// As people read it: [`REDACTED`] where something is hidden.
pub(super) fn shown(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(shown).collect(),
        Value::Object(map) => {
            if let Some((parts, is_json)) = content(&map) {
                let text = whole(parts, &|_| Some(REDACTED)).unwrap_or_default();
                let json = is_json.then(|| serde_json::from_str(&text).ok()).flatten();
                return json.unwrap_or(Value::String(text));
            }
            map.into_iter().map(|(key, value)| (key, shown(value))).collect()
        }
        other => other,
    }
}

fn whole<'a>(
    parts: &'a [Value],
    hidden: &dyn Fn(Option<&'a str>) -> Option<&'a str>,
) -> Option<String> {
    let one = |(nth, part): (usize, &'a Value)| match nth % 2 {
        0 => part.as_str(),
        _ => hidden(part.as_str()),
    };
    parts.iter().enumerate().map(one).collect()
}

/// Whether a kept value, with markers, can be this one, which was marked in the same way: what has no digest
/// fits all that is hidden at its place.
pub(super) fn covers(kept: &Value, now: &Value) -> bool {
    match (kept, now) {
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| covers(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            if let (Some((a, of_a)), Some((b, of_b))) = (content(a), content(b)) {
                let fits = |nth: usize, a: &Value, b: &Value| a == b || nth % 2 == 1 && a.is_null();
                return of_a == of_b
                    && a.len() == b.len()
                    && a.iter().zip(b).enumerate().all(|(nth, (a, b))| fits(nth, a, b));
            }
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| covers(a, b)))
        }
        (a, b) => a == b,
    }
}
