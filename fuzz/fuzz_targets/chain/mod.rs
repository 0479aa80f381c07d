//! A journal with its chain made right, so that what lies behind the chain is reached.

use backburn::journal::{Head, hash};
use serde_json::Value;

/// The lines that are JSON objects, numbered and chained anew.
pub fn chained(bytes: &[u8]) -> Vec<u8> {
    let mut head = Head::default();
    let mut out = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let Ok(Value::Object(mut line)) = serde_json::from_slice(line) else { continue };
        line.insert("seq".into(), head.next.into());
        line.insert("prev".into(), head.hash.as_str().into());
        let text = Value::Object(line).to_string();
        head.next += 1;
        head.hash = hash(text.as_bytes());
        out.extend_from_slice(text.as_bytes());
        out.push(b'\n');
    }
    out
}
