//! Times in answers: written once, shaped by protocol when the answer is written.

use jiff::Timestamp;
use serde_json::{Value, json};

pub(super) const KEY: &str = "$time";

/// A time in an answer's value: epoch seconds in JSON, ISO 8601 in XML, a tagged number in CBOR.
///
/// A JSON service that wants ISO 8601 (GuardDuty) puts [`iso`] there instead.
pub(crate) fn time(at: Timestamp) -> Value {
    json!({ KEY: at.as_millisecond() })
}

/// `2026-01-02T03:04:05.678Z`.
pub(crate) fn iso(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// Milliseconds of a value that [`time`] made.
pub(super) fn milliseconds(value: &Value) -> Option<i64> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    map.get(KEY)?.as_i64()
}

pub(super) fn of_milliseconds(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds).map(iso).unwrap_or_default()
}

/// Every [`time`] as epoch seconds.
pub(super) fn as_seconds(value: Value) -> Value {
    match value {
        Value::Object(ref map) if map.len() == 1 && map.contains_key(KEY) => {
            match milliseconds(&value) {
                Some(ms) if ms % 1000 == 0 => json!(ms / 1000),
                Some(ms) => json!(ms as f64 / 1000.0),
                None => value,
            }
        }
        Value::Object(map) => map.into_iter().map(|(k, v)| (k, as_seconds(v))).collect(),
        Value::Array(items) => items.into_iter().map(as_seconds).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_take_the_form_of_the_protocol() {
        let at = Timestamp::from_millisecond(1_767_323_045_678).expect("in range");
        assert_eq!(iso(at), "2026-01-02T03:04:05.678Z");
        assert_eq!(as_seconds(json!({"a": [time(at)]})), json!({"a": [1_767_323_045.678]}));
        assert_eq!(of_milliseconds(1_767_323_045_678), iso(at));
    }
}
