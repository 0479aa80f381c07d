//! Appends records: one thread owns the file, and records that wait at the same time share one
//! write and one sync (group commit). Owns the chain during a run. After a
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
use tokio::sync::oneshot;

use super::{
    Head, JournalError, Ledger, Line, Origins, Record, Redactor, Seal, Trip,
    line::{LineOf, append_line, hash},
    marker::{may_have_marks, received},
    private,
    seal::Note,
};

/// Handle to the writer of one run's journal. Cheap to clone; when the last one goes, all that was
/// appended has been written.
#[derive(Clone)]
pub struct Journal {
    thread: Arc<Thread>,
    failed: Arc<OnceLock<JournalError>>,
    redactor: Redactor,
}

struct Thread {
    /// Both are there until it is dropped.
    tx: Option<mpsc::Sender<Message>>,
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

struct Request {
    record: Record,
    done: oneshot::Sender<Result<(), JournalError>>,
}

#[allow(clippy::large_enum_variant, reason = "nearly all are appends, and a box each would cost")]
enum Message {
    Append(Request),
    TellStock(oneshot::Sender<(Head, Origins)>),
    TellLedger(oneshot::Sender<Option<Ledger>>),
}

/// What a journal says, so that its writer knows it without reading.
pub struct Known {
    pub head: Head,
    pub origins: Origins,
    /// The fold of all records as they stand in the file; none where nobody asks for it.
    pub ledger: Option<Ledger>,
    /// What each line is signed with, and the id of the run; none writes an unsigned journal.
    pub seal: Option<(Seal, String)>,
}

impl Journal {
    /// Appends after `head`; `secrets`, as [`forms`](super::forms) gives them, never reach the file.
    ///
    /// # Errors
    /// The file cannot be opened, or what follows its head cannot be cut off.
    pub fn append_to(path: &Path, head: Head, secrets: Vec<String>) -> io::Result<Self> {
        let known = Known { head, origins: Origins::default(), ledger: None, seal: None };
        Self::append_knowing(path, known, secrets.into(), None)
    }

    /// The same, with a writer that continues from the known state of the journal, and may fail on
    /// purpose.
    ///
    /// # Errors
    /// As [`Journal::append_to`].
    pub fn append_knowing(
        path: &Path,
        known: Known,
        redactor: Redactor,
        trip: Option<Trip>,
    ) -> io::Result<Self> {
        let new = !path.exists();
        let file = private::file(path, File::options().create(true).append(true))?;
        if new && let Some(parent) = path.parent() {
            // The name is on the disk only once its directory is.
            File::open(parent)?.sync_all()?;
        }
        Self::append_in(file, path, known, redactor, trip)
    }

    /// The same of a journal that is open to be appended to; `path` is where it was found.
    ///
    /// # Errors
    /// What follows its head cannot be cut off.
    pub fn append_in(
        file: File,
        path: &Path,
        known: Known,
        redactor: Redactor,
        trip: Option<Trip>,
    ) -> io::Result<Self> {
        #[cfg(not(test))]
        let _ = path;
        // A torn last line was never acknowledged: nobody acted on it.
        if file.metadata()?.len() > known.head.bytes {
            file.set_len(known.head.bytes)?;
            file.sync_all()?;
        }
        let failed = Arc::default();
        let (tx, rx) = mpsc::channel();
        let known_note = known.seal.as_ref().and_then(|(seal, run)| seal.note(run));
        let writer = Writer {
            file,
            known,
            redactor: redactor.clone(),
            failed: Arc::clone(&failed),
            written: 0,
            note: known_note,
            trip,
            #[cfg(test)]
            hook: super::hook::Hook::of(path),
        };
        let thread = std::thread::Builder::new().name("journal".into());
        let thread = thread.spawn(move || writer.serve(&rx))?;
        let thread = Arc::new(Thread { tx: Some(tx), thread: Some(thread) });
        Ok(Self { thread, failed, redactor })
    }

    /// Returns once the record is written and synced; at once where nothing hangs on it, since all
    /// that follows is written after it. In that case the next append reports a failure.
    ///
    /// # Errors
    /// The disk refused it; from then on every append fails.
    pub async fn append(&self, record: Record) -> Result<(), JournalError> {
        let waits = record.must_wait();
        let (done, answer) = oneshot::channel();
        let gone = || JournalError("the journal's writer has ended".into());
        let tx = self.thread.tx.as_ref().ok_or_else(gone)?;
        tx.send(Message::Append(Request { record, done })).map_err(|_| gone())?;
        if !waits {
            return self.failed.get().map_or(Ok(()), |error| Err(error.clone()));
        }
        answer.await.map_err(|_| gone())?
    }

    /// Where the journal ends and where its files come from, once all that was appended so far is in the
    /// file. None after a write that failed: then only the file tells.
    pub async fn stock(&self) -> Option<(Head, Origins)> {
        self.told(Message::TellStock).await
    }

    /// What its records add up to; as for [`Journal::stock`], and none where its writer keeps no ledger.
    pub async fn ledger(&self) -> Option<Ledger> {
        self.told(Message::TellLedger).await?
    }

    async fn told<T>(&self, message: impl FnOnce(oneshot::Sender<T>) -> Message) -> Option<T> {
        let (tell, told) = oneshot::channel();
        self.thread.tx.as_ref()?.send(message(tell)).ok()?;
        let told = told.await.ok()?;
        self.failed.get().is_none().then_some(told)
    }

    /// Hides what must not be shown of the run, and brings it back.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// The value as people read it.
    pub fn redact(&self, value: Value) -> Value {
        self.redactor.show(value)
    }

    /// Bytes without the values that the journal would not keep.
    pub fn redact_bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        self.redactor.bytes(bytes)
    }

    /// The text as the journal would keep it.
    pub fn redact_text(&self, text: String) -> String {
        self.redactor.text(text)
    }
}

struct Writer {
    file: File,
    known: Known,
    redactor: Redactor,
    failed: Arc<OnceLock<JournalError>>,
    /// Records by this process.
    written: u64,
    /// Where the end of the journal is noted.
    note: Option<Note>,
    trip: Option<Trip>,
    /// Where a test interrupts the run, and what it counts.
    #[cfg(test)]
    hook: Arc<super::hook::Hook>,
}

impl Writer {
    fn serve(mut self, rx: &mpsc::Receiver<Message>) {
        while let Ok(first) = rx.recv() {
            let (mut batch, mut asked) = (Vec::new(), Vec::new());
            for message in std::iter::once(first).chain(rx.try_iter()) {
                match message {
                    Message::Append(request) => batch.push(request),
                    other => asked.push(other),
                }
            }
            if !batch.is_empty() {
                self.append(batch);
            }
            // Whoever asks may have gone.
            for message in asked {
                match message {
                    Message::TellStock(tell) => {
                        let _ = tell.send((self.known.head.clone(), self.known.origins.clone()));
                    }
                    Message::TellLedger(tell) => drop(tell.send(self.known.ledger.clone())),
                    Message::Append(_) => {}
                }
            }
        }
    }

    fn append(&mut self, batch: Vec<Request>) {
        #[cfg(test)]
        let batch = self.hook.cut(batch);
        let (records, waiting): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|request| (request.record, request.done)).unzip();
        let written = match self.failed.get() {
            Some(error) => Err(error.clone()),
            None => self.write(&records),
        };
        if let Err(error) = &written {
            let _ = self.failed.set(error.clone());
        }
        for done in waiting {
            // A step that no longer waits has been dropped with its run.
            let _ = done.send(written.as_ref().map(drop).map_err(Clone::clone));
        }
        if let Ok(bytes) = written {
            self.learn(&records, &bytes);
        }
        #[cfg(test)]
        self.hook.end(&mut self.file);
    }

    /// Returns what was written, a line each record.
    fn write(&mut self, records: &[Record]) -> Result<Vec<u8>, JournalError> {
        let mut head = self.known.head.clone();
        let mut bytes = Vec::new();
        for record in records {
            let from = bytes.len();
            let (seq, time, prev) = (head.next, Timestamp::now(), &*head.hash);
            append_line(&LineOf { seq, time, prev, record }, &self.redactor, &mut bytes)?;
            if let Some((seal, run)) = &self.known.seal {
                seal.end(run, &mut bytes, from);
            }
            head.next += 1;
            head.hash = hash(&bytes[from..]);
            bytes.push(b'\n');
            head.bytes += (bytes.len() - from) as u64;
        }
        let failed = |e: io::Error| {
            JournalError(format!("{e}; free space or fix the disk, then resume or release the run"))
        };
        #[cfg(test)]
        self.hook.space(&mut self.file, &bytes, records.len()).map_err(failed)?;
        if let Some(trip) = self.trip {
            trip.pass(&mut self.file, &bytes, self.written).map_err(failed)?;
        }
        self.file.write_all(&bytes).map_err(failed)?;
        if records.iter().any(Record::must_sync) {
            self.file.sync_data().map_err(failed)?;
            if let Some(note) = &self.note {
                note.write(&head);
            }
            #[cfg(test)]
            self.hook.synced();
        }
        self.known.head = head;
        self.written += records.len() as u64;
        Ok(bytes)
    }

    fn learn(&mut self, records: &[Record], bytes: &[u8]) {
        records.iter().for_each(|record| self.known.origins.add(record));
        let Some(ledger) = &mut self.known.ledger else { return };
        // Whoever reads the file finds no secrets in it, and neither does who asks here.
        for (record, text) in records.iter().zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
            if !may_have_marks(text) {
                ledger.apply(record);
                continue;
            }
            let Ok(mut line) = serde_json::from_slice::<Line>(text) else {
                self.known.ledger = None;
                return;
            };
            for value in line.record.kept_values() {
                *value = received(value.take(), false);
            }
            ledger.apply(&line.record);
        }
    }
}
