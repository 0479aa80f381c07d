//! The text of a line: a record without its secrets, as JSON that the reader takes, and the hash that the
//! next line carries. Owns what of a record may be redacted; which secrets there are is the writer's.

use std::io;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Record, redact::redact};

/// Why a record could not be kept.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct JournalError(pub String);

/// The fields that an input of a playbook can get into. Everything else is what the chain and the
/// fold go by, and stays as it is even when a secret looks like it.
const CONTENT: [&str; 22] = [
    "after",
    "before",
    "error",
    "facts",
    "from",
    "items",
    "leaves",
    "message",
    "now",
    "operation",
    "output",
    "outputs",
    "question",
    "reason",
    "setting",
    "subject",
    "text",
    "to",
    "until",
    "value",
    "what",
    "why",
];

/// A line without its secrets, and still a line of this run's chain. A place's target is redacted
/// before it becomes a place.
fn redact_line(line: Value, secrets: &[String]) -> Value {
    match line {
        Value::Object(line) if !secrets.is_empty() => {
            // There `until` is a time.
            let waits = line.get("record").is_some_and(|record| record == "wait");
            line.into_iter()
                .map(|(key, value)| match CONTENT.contains(&key.as_str()) && !waits {
                    true => (key, redact(value, secrets)),
                    false => (key, value),
                })
                .collect()
        }
        line => line,
    }
}

/// How deep a line may nest. The reader takes 128 levels, and a line that it does not take would
/// make the whole journal unreadable.
const MAX_DEPTH: usize = 120;

/// A [`Line`] that owns nothing.
#[derive(Serialize)]
pub(super) struct LineOf<'a> {
    pub seq: u64,
    pub time: Timestamp,
    pub prev: &'a str,
    #[serde(flatten)]
    pub record: &'a Record,
}

/// The text of a line, without its secrets and without a newline.
///
/// # Errors
/// The record is no JSON, or nests too deep for a reader.
pub(super) fn append_line(
    line: &LineOf<'_>,
    secrets: &[String],
    bytes: &mut Vec<u8>,
) -> Result<(), JournalError> {
    let unfit = |e| JournalError(format!("a record cannot be written as JSON: {e}"));
    let from = bytes.len();
    if secrets.is_empty() {
        serde_json::to_writer(&mut *bytes, line).map_err(unfit)?;
        // A text that opens no more than this cannot nest deeper.
        let opened = bytes[from..].iter().filter(|byte| matches!(byte, b'{' | b'[')).count();
        if opened <= MAX_DEPTH {
            return Ok(());
        }
        bytes.truncate(from);
    }
    let value = serde_json::to_value(line).map_err(unfit)?;
    if is_deeper(&value, MAX_DEPTH) {
        let why = format!("a record nests deeper than the {MAX_DEPTH} levels it may have");
        return Err(JournalError(why));
    }
    serde_json::to_writer(bytes, &redact_line(value, secrets)).map_err(unfit)
}

fn is_deeper(value: &Value, than: usize) -> bool {
    match value {
        Value::Array(items) => than == 0 || items.iter().any(|item| is_deeper(item, than - 1)),
        Value::Object(map) => than == 0 || map.values().any(|item| is_deeper(item, than - 1)),
        _ => false,
    }
}

/// SHA-256 in lower-case hex.
pub fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The same of all that is left in a reader, which need not be in memory at once.
pub(super) fn hash_all(mut from: impl io::Read) -> io::Result<String> {
    let mut digest = Sha256::new();
    let mut block = vec![0; 64 * 1024];
    loop {
        match from.read(&mut block) {
            Ok(0) => return Ok(hex(&digest.finalize())),
            Ok(read) => digest.update(&block[..read]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// In lower case. Each line of a journal is hashed whenever it is read, so a byte is no text of its own.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        engine::Scope,
        journal::{Line, Place},
    };

    #[test]
    fn a_line_is_the_same_text_by_either_way() {
        let scope = Scope { account: "1".into(), region: "r".into(), principal: "p".into() };
        let place = Place { kind: "k".into(), target: "t\"\\\u{1}\u{e9}".into(), nth: 3 };
        let deep = (0..100).fold(json!({ "b": 1.5, "a": [null, -1] }), |value, _| json!([value]));
        let values = [
            json!(null),
            json!({ "z": 1, "a": { "y": [] } }),
            Value::from(vec![json!({}); 200]),
            deep,
        ];
        for value in values {
            let step = "s".to_owned();
            let (place, scope) = (place.clone(), scope.clone());
            let record = &Record::Read { step, place, scope, value };
            let line = LineOf { seq: 7, time: Timestamp::UNIX_EPOCH, prev: "0", record };
            let (mut straight, mut by_value) = (Vec::new(), Vec::new());
            append_line(&line, &[], &mut straight).unwrap();
            append_line(&line, &["not in it".into()], &mut by_value).unwrap();
            assert_eq!(String::from_utf8_lossy(&straight), String::from_utf8_lossy(&by_value));
            let read: Line = serde_json::from_slice(&straight).unwrap();
            assert_eq!(read.record, *record);
        }
    }
}
