//! What clients send, written down for tests that hold it against AWS's own descriptions. Owns the file and
//! its form: one JSON object a line. Off unless it is asked for: a recording holds whole bodies, and nothing
//! hides the secrets in them.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use hyper::http::request::Parts;
use serde_json::{Map, Value, json};

/// Requests of this process, appended.
#[derive(Debug)]
pub(super) struct Recorder(Mutex<File>);

/// Headers that are no members of an operation, and those that hold a signature or a session.
const LEFT_OUT: &[&str] = &["authorization", "cookie", "x-amz-security-token"];

impl Recorder {
    pub(super) fn open(path: &Path) -> std::io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        OpenOptions::new().create(true).append(true).open(path).map(|file| Self(Mutex::new(file)))
    }

    /// One request; `service` and `key` are of its signature. `None` for a body that nobody read.
    pub(super) fn request(&self, service: &str, key: &str, parts: &Parts, body: Option<&[u8]>) {
        let headers: Map<String, Value> = parts
            .headers
            .iter()
            .filter(|(name, _)| !LEFT_OUT.contains(&name.as_str()))
            .filter_map(|(name, value)| {
                Some((name.as_str().to_owned(), value.to_str().ok()?.into()))
            })
            .collect();
        let line = json!({
            "service": service,
            "key": key,
            "method": parts.method.as_str(),
            "path": parts.uri.path(),
            "query": parts.uri.query().unwrap_or_default(),
            "headers": headers,
            "body": body.map(hex),
        });
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(format!("{line}\n").as_bytes()) {
            tracing::warn!(%error, "a request was not recorded");
        }
    }
}

/// Bodies are of any form, CBOR among them.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_line_without_its_signature() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("below/requests.jsonl");
        let request = hyper::Request::post("http://127.0.0.1/a?b=c")
            .header("Authorization", "AWS4-HMAC-SHA256 secret")
            .header("X-Amz-Security-Token", "secret")
            .header("X-Amz-Target", "T.Op")
            .body(())
            .expect("a request");
        let parts = request.into_parts().0;
        let recorder = Recorder::open(&path).expect("a file");
        recorder.request("ssm", "123456789012", &parts, Some(b"{}"));
        recorder.request("ssm", "123456789012", &parts, None);
        let text = std::fs::read_to_string(&path).expect("text");
        assert!(!text.contains("secret"), "{text}");
        let lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines[0]["headers"], json!({ "x-amz-target": "T.Op" }));
        assert_eq!((&lines[0]["body"], &lines[1]["body"]), (&json!("7b7d"), &Value::Null));
        assert_eq!((&lines[0]["path"], &lines[0]["query"]), (&json!("/a"), &json!("b=c")));
    }
}
