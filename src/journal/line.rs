//! The text of a line: a record without its secrets, as JSON that the reader takes, and the hash that the
//! next line carries. Owns what of a record is text for people; which secrets there are is the writer's.

use std::io;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Record, Redactor, digits::hex, marker::may_need_marks};

/// Why a record could not be kept.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct JournalError(pub String);

/// The fields that people read, and that an input of a playbook can get into: in them a text stands for a
/// sensitive value. Those that the engine goes by are [`Record::kept_values`]. Everything else is what the
/// chain and the fold go by, and stays as it is even when a secret looks like it.
const TEXTS: [&str; 11] = [
    "error", "facts", "leaves", "message", "now", "question", "reason", "subject", "text", "what",
    "why",
];

/// Those of what a release came to: its values are told, and nothing goes by them.
const TOLD: [&str; 2] = ["after", "before"];

/// A line without its secrets, and still a line of this run's chain.
fn redact_line(line: Value, by: &Redactor) -> Value {
    let Value::Object(line) = line else { return line };
    let is_told = line.get("record").is_some_and(|record| record == "release-outcome");
    let hides = |key: &str| TEXTS.contains(&key) || is_told && TOLD.contains(&key);
    let one = |(key, value): (String, Value)| match hides(&key) {
        true => (key, by.show(value)),
        false => (key, value),
    };
    Value::Object(line.into_iter().map(one).collect())
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
    by: &Redactor,
    bytes: &mut Vec<u8>,
) -> Result<(), JournalError> {
    let unfit = |e| JournalError(format!("a record cannot be written as JSON: {e}"));
    let from = bytes.len();
    if by.is_idle() {
        serde_json::to_writer(&mut *bytes, line).map_err(unfit)?;
        // A text that opens no more than this cannot nest deeper.
        let opened = bytes[from..].iter().filter(|byte| matches!(byte, b'{' | b'[')).count();
        if opened <= MAX_DEPTH && !may_need_marks(&bytes[from..]) {
            return Ok(());
        }
        bytes.truncate(from);
    }
    let mut record = line.record.clone();
    for value in record.kept_values() {
        if is_deeper(value, MAX_DEPTH) {
            return Err(too_deep());
        }
        *value = by.mark(value.take());
    }
    let value = serde_json::to_value(LineOf { record: &record, ..*line }).map_err(unfit)?;
    // A marker is two levels deeper than what it stands for.
    if is_deeper(&value, MAX_DEPTH + 4) {
        return Err(too_deep());
    }
    serde_json::to_writer(bytes, &redact_line(value, by)).map_err(unfit)
}

fn too_deep() -> JournalError {
    JournalError(format!("a record nests deeper than the {MAX_DEPTH} levels it may have"))
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

/// So many digits of a SHA-256 stand for it: with fewer, somebody could make two plans that share them.
pub const DIGITS: usize = 32;

/// Whether `given` is this hash, or its first [`DIGITS`] or more.
pub fn is_hash(hash: &str, given: &str) -> bool {
    given.len() >= DIGITS && hash.starts_with(&given.to_ascii_lowercase())
}

/// The SHA-256 of all that is left in a reader, which need not be in memory at once.
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
            append_line(&line, &Redactor::default(), &mut straight).unwrap();
            append_line(&line, &vec!["not in it".into()].into(), &mut by_value).unwrap();
            assert_eq!(String::from_utf8_lossy(&straight), String::from_utf8_lossy(&by_value));
            let read: Line = serde_json::from_slice(&straight).unwrap();
            assert_eq!(read.record, *record);
        }
    }
}
