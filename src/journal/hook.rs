//! What the tests need of the writer: a cut after any record, as `kill -9` and a power loss make
//! it, a failing disk, and the number of syncs. Hooks are found by the journal's path.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst},
    },
};

/// A writer that may die.
pub(crate) struct Hook {
    /// Records that are still written; negative: all.
    left: AtomicI64,
    /// What a cut leaves of the next line.
    torn: Mutex<&'static str>,
    /// Records that the disk still has space for; negative: all.
    space: AtomicI64,
    syncs: AtomicU64,
    dying: AtomicBool,
    /// Notified when the writer has died, so that the test can drop the run.
    pub died: tokio::sync::Notify,
}

static HOOKS: LazyLock<Mutex<HashMap<PathBuf, Arc<Hook>>>> = LazyLock::new(Mutex::default);

impl Hook {
    pub(crate) fn of(path: &Path) -> Arc<Self> {
        let new = || {
            Arc::new(Self {
                left: AtomicI64::new(-1),
                torn: Mutex::new(""),
                space: AtomicI64::new(-1),
                syncs: AtomicU64::new(0),
                dying: AtomicBool::new(false),
                died: tokio::sync::Notify::new(),
            })
        };
        HOOKS.lock().unwrap().entry(path.to_owned()).or_insert_with(new).clone()
    }

    /// Forgets the hook of a journal, so that the next writer is a whole one.
    pub(crate) fn forget(path: &Path) {
        HOOKS.lock().unwrap().remove(path);
    }

    /// After `records` more the writer acknowledges nothing and leaves `torn` as its last line.
    pub(crate) fn cut_after(&self, records: u64, torn: &'static str) {
        *self.torn.lock().unwrap() = torn;
        self.left.store(records as i64, SeqCst);
    }

    /// After `records` more the disk is full, in the middle of a line.
    pub(crate) fn full_after(&self, records: u64) {
        self.space.store(records as i64, SeqCst);
    }

    /// Whether the disk has space for `records`; if not, writes what of `bytes` it still takes.
    pub(super) fn space(&self, file: &mut File, bytes: &[u8], records: usize) -> io::Result<()> {
        let space = self.space.load(SeqCst);
        if space < 0 || space >= records as i64 {
            self.space.fetch_sub(if space < 0 { 0 } else { records as i64 }, SeqCst);
            return Ok(());
        }
        let lines = bytes.split_inclusive(|byte| *byte == b'\n').take(space as usize);
        let whole: usize = lines.map(<[u8]>::len).sum();
        file.write_all(&bytes[..whole + 7])?;
        Err(io::Error::from(io::ErrorKind::StorageFull))
    }

    pub(crate) fn syncs(&self) -> u64 {
        self.syncs.load(SeqCst)
    }

    pub(super) fn synced(&self) {
        self.syncs.fetch_add(1, SeqCst);
    }

    /// The part of a batch that is still written. Requests past the cut are never answered.
    pub(super) fn cut<T>(&self, mut batch: Vec<T>) -> Vec<T> {
        let left = self.left.load(SeqCst);
        if left >= 0 {
            let written = batch.len().min(left as usize);
            self.left.store(left - written as i64, SeqCst);
            let lost = batch.split_off(written);
            if !lost.is_empty() {
                std::mem::forget(lost);
                self.dying.store(true, SeqCst);
            }
        }
        batch
    }

    /// Ends a batch; once records were lost, the run is as good as killed.
    pub(super) fn end(&self, file: &mut File) {
        if self.dying.swap(false, SeqCst) {
            let torn = std::mem::take(&mut *self.torn.lock().unwrap());
            file.write_all(torn.as_bytes()).unwrap();
            self.died.notify_one();
        }
    }
}
