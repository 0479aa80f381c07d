//! Appends records: one thread owns the file, and records that wait at the same time share one
//! write and one sync (group commit). Owns the chain while a run goes on, and redaction. After a
//! failed write nothing is appended any more.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
    sync::{Arc, mpsc},
};

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use super::{Head, Line, Record};

/// Why a record could not be kept.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct JournalError(pub String);

/// Handle to the writer of one run's journal. Cheap to clone.
#[derive(Clone)]
pub struct Journal {
    tx: mpsc::Sender<Request>,
    secrets: Arc<Vec<String>>,
}

struct Request {
    record: Record,
    done: oneshot::Sender<Result<(), JournalError>>,
}

/// What stands where a sensitive value was.
pub const REDACTED: &str = "(sensitive)";

impl Journal {
    /// Appends after `head`; `secrets` never reach the file.
    ///
    /// # Errors
    /// The file cannot be opened, or what follows its head cannot be cut off.
    pub fn append_to(path: &Path, head: Head, secrets: Vec<String>) -> io::Result<Self> {
        let file = File::options().create(true).append(true).open(path)?;
        // A torn last line was never acknowledged: nobody acted on it.
        if file.metadata()?.len() > head.bytes {
            file.set_len(head.bytes)?;
            file.sync_all()?;
        }
        let secrets: Arc<Vec<_>> =
            Arc::new(secrets.into_iter().filter(|secret| !secret.is_empty()).collect());
        let (tx, rx) = mpsc::channel();
        let writer = Writer { file, head, secrets: secrets.clone(), failed: None };
        std::thread::Builder::new().name("journal".into()).spawn(move || writer.serve(&rx))?;
        Ok(Self { tx, secrets })
    }

    /// Returns once the record is written, and synced where it must be.
    ///
    /// # Errors
    /// The disk refused it; from then on every append fails.
    pub async fn append(&self, record: Record) -> Result<(), JournalError> {
        let (done, answer) = oneshot::channel();
        let gone = || JournalError("the journal's writer has ended".into());
        self.tx.send(Request { record, done }).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// The value as the journal would keep it.
    pub fn redact(&self, value: Value) -> Value {
        redact(value, &self.secrets)
    }
}

/// Replaces every occurrence of a secret in the strings of `value`.
pub fn redact(value: Value, secrets: &[String]) -> Value {
    match value {
        _ if secrets.is_empty() => value,
        Value::String(text) => Value::String(
            secrets.iter().fold(text, |text, secret| text.replace(secret.as_str(), REDACTED)),
        ),
        Value::Array(items) => items.into_iter().map(|item| redact(item, secrets)).collect(),
        Value::Object(map) => {
            map.into_iter().map(|(key, value)| (key, redact(value, secrets))).collect()
        }
        other => other,
    }
}

struct Writer {
    file: File,
    head: Head,
    secrets: Arc<Vec<String>>,
    failed: Option<JournalError>,
}

impl Writer {
    fn serve(mut self, rx: &mpsc::Receiver<Request>) {
        while let Ok(first) = rx.recv() {
            let batch: Vec<_> = std::iter::once(first).chain(rx.try_iter()).collect();
            let result = match &self.failed {
                Some(error) => Err(error.clone()),
                None => self.write(&batch),
            };
            if let Err(error) = &result {
                self.failed = Some(error.clone());
            }
            for request in batch {
                // A step that no longer waits has been dropped with its run.
                let _ = request.done.send(result.clone());
            }
        }
    }

    fn write(&mut self, batch: &[Request]) -> Result<(), JournalError> {
        let mut head = self.head.clone();
        let mut bytes = Vec::new();
        for Request { record, .. } in batch {
            let line = Line {
                seq: head.next,
                time: Timestamp::now(),
                prev: head.hash.clone(),
                record: record.clone(),
            };
            let text = serde_json::to_value(&line)
                .map(|value| redact(value, &self.secrets).to_string())
                .map_err(|e| JournalError(format!("a record cannot be written as JSON: {e}")))?;
            head.next += 1;
            head.hash = hash(text.as_bytes());
            head.bytes += text.len() as u64 + 1;
            bytes.extend_from_slice(text.as_bytes());
            bytes.push(b'\n');
        }
        let failed = |e: io::Error| {
            JournalError(format!("{e}; free space or fix the disk, then resume or release the run"))
        };
        self.file.write_all(&bytes).map_err(failed)?;
        if batch.iter().any(|request| request.record.must_sync()) {
            self.file.sync_data().map_err(failed)?;
        }
        self.head = head;
        Ok(())
    }
}

/// SHA-256 in lower-case hex.
pub fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
