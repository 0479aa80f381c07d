//! Appends records: one thread owns the file, and records that wait at the same time share one
//! write and one sync (group commit). Owns the chain while a run goes on. After a
//! failed write nothing is appended any more.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, Write},
    path::Path,
    sync::{Arc, OnceLock, mpsc},
};

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use super::{
    Head, Line, Record, Trip, private,
    redact::{redact, redact_bytes, redact_text},
};

/// Why a record could not be kept.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct JournalError(pub String);

/// Handle to the writer of one run's journal. Cheap to clone; when the last one goes, all that was
/// appended has been written.
#[derive(Clone)]
pub struct Journal {
    thread: Arc<Thread>,
    failed: Arc<OnceLock<JournalError>>,
    secrets: Arc<Vec<String>>,
}

struct Thread {
    /// Both are there until it is dropped.
    tx: Option<mpsc::Sender<Request>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Thread {
    fn drop(&mut self) {
        drop(self.tx.take());
        if let Some(thread) = self.thread.take() {
            // A writer that panicked has answered nobody: those who waited know.
            let _ = thread.join();
        }
    }
}

pub(super) struct Request {
    record: Record,
    done: oneshot::Sender<Result<(), JournalError>>,
}

impl Journal {
    /// Appends after `head`; `secrets`, as [`forms`](super::forms) gives them, never reach the file.
    ///
    /// # Errors
    /// The file cannot be opened, or what follows its head cannot be cut off.
    pub fn append_to(path: &Path, head: Head, secrets: Vec<String>) -> io::Result<Self> {
        Self::append_tripping(path, head, secrets, None)
    }

    /// The same, with a writer that fails on purpose.
    ///
    /// # Errors
    /// As [`Journal::append_to`].
    pub fn append_tripping(
        path: &Path,
        head: Head,
        secrets: Vec<String>,
        trip: Option<Trip>,
    ) -> io::Result<Self> {
        let new = !path.exists();
        let file = private::file(path, File::options().create(true).append(true))?;
        if new && let Some(parent) = path.parent() {
            // The name is on the disk only once its directory is.
            File::open(parent)?.sync_all()?;
        }
        // A torn last line was never acknowledged: nobody acted on it.
        if file.metadata()?.len() > head.bytes {
            file.set_len(head.bytes)?;
            file.sync_all()?;
        }
        let mut secrets: Vec<_> = secrets.into_iter().filter(|s| !s.is_empty()).collect();
        // A secret that holds another one goes first, or its rest would stay.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let secrets = Arc::new(secrets);
        let failed = Arc::default();
        let (tx, rx) = mpsc::channel();
        let writer = Writer {
            file,
            head,
            secrets: secrets.clone(),
            failed: Arc::clone(&failed),
            written: 0,
            trip,
            #[cfg(test)]
            hook: super::hook::Hook::of(path),
        };
        let thread = std::thread::Builder::new().name("journal".into());
        let thread = thread.spawn(move || writer.serve(&rx))?;
        let thread = Arc::new(Thread { tx: Some(tx), thread: Some(thread) });
        Ok(Self { thread, failed, secrets })
    }

    /// Returns once the record is written and synced; at once where nothing hangs on it, since all
    /// that follows is written after it. Then it is the next append that tells of a failure.
    ///
    /// # Errors
    /// The disk refused it; from then on every append fails.
    pub async fn append(&self, record: Record) -> Result<(), JournalError> {
        let waits = record.must_wait();
        let (done, answer) = oneshot::channel();
        let gone = || JournalError("the journal's writer has ended".into());
        let tx = self.thread.tx.as_ref().ok_or_else(gone)?;
        tx.send(Request { record, done }).map_err(|_| gone())?;
        if !waits {
            return self.failed.get().map_or(Ok(()), |error| Err(error.clone()));
        }
        answer.await.map_err(|_| gone())?
    }

    /// The value as the journal would keep it.
    pub fn redact(&self, value: Value) -> Value {
        redact(value, &self.secrets)
    }

    /// Bytes without the values that the journal would not keep.
    pub fn redact_bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        redact_bytes(bytes, &self.secrets)
    }

    /// The text as the journal would keep it.
    pub fn redact_text(&self, text: String) -> String {
        redact_text(text, &self.secrets)
    }
}

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

fn is_deeper(value: &Value, than: usize) -> bool {
    match value {
        Value::Array(items) => than == 0 || items.iter().any(|item| is_deeper(item, than - 1)),
        Value::Object(map) => than == 0 || map.values().any(|item| is_deeper(item, than - 1)),
        _ => false,
    }
}

struct Writer {
    file: File,
    head: Head,
    secrets: Arc<Vec<String>>,
    failed: Arc<OnceLock<JournalError>>,
    /// Records by this process.
    written: u64,
    trip: Option<Trip>,
    /// Where a test cuts the run off, and what it counts.
    #[cfg(test)]
    hook: Arc<super::hook::Hook>,
}

impl Writer {
    fn serve(mut self, rx: &mpsc::Receiver<Request>) {
        while let Ok(first) = rx.recv() {
            let batch: Vec<_> = std::iter::once(first).chain(rx.try_iter()).collect();
            #[cfg(test)]
            let batch = self.hook.cut(batch);
            let result = match self.failed.get() {
                Some(error) => Err(error.clone()),
                None => self.write(&batch),
            };
            if let Err(error) = &result {
                let _ = self.failed.set(error.clone());
            }
            for request in batch {
                // A step that no longer waits has been dropped with its run.
                let _ = request.done.send(result.clone());
            }
            #[cfg(test)]
            self.hook.end(&mut self.file);
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
            let value = serde_json::to_value(&line)
                .map_err(|e| JournalError(format!("a record cannot be written as JSON: {e}")))?;
            if is_deeper(&value, MAX_DEPTH) {
                let why = format!("a record nests deeper than the {MAX_DEPTH} levels it may have");
                return Err(JournalError(why));
            }
            let text = redact_line(value, &self.secrets).to_string();
            head.next += 1;
            head.hash = hash(text.as_bytes());
            head.bytes += text.len() as u64 + 1;
            bytes.extend_from_slice(text.as_bytes());
            bytes.push(b'\n');
        }
        let failed = |e: io::Error| {
            JournalError(format!("{e}; free space or fix the disk, then resume or release the run"))
        };
        #[cfg(test)]
        self.hook.space(&mut self.file, &bytes, batch.len()).map_err(failed)?;
        if let Some(trip) = self.trip {
            trip.pass(&mut self.file, &bytes, self.written).map_err(failed)?;
        }
        self.file.write_all(&bytes).map_err(failed)?;
        if batch.iter().any(|request| request.record.must_sync()) {
            self.file.sync_data().map_err(failed)?;
            #[cfg(test)]
            self.hook.synced();
        }
        self.head = head;
        self.written += batch.len() as u64;
        Ok(())
    }
}

/// SHA-256 in lower-case hex.
pub fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// In lower case. Each line of a journal is hashed whenever it is read, so a byte is no text of its own.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
