//! What stand-ins remember, by account and Region, kept in one JSON file. Owns the file; knows no service.
//!
//! A change is in memory at once and on disk within [`LAG`]; [`Store::save`] waits until it is.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use super::Scope;

/// How far the file may be behind.
pub(crate) const LAG: Duration = Duration::from_millis(50);
const FILE: &str = "front.json";

type Kinds = BTreeMap<String, IndexMap<String, Value>>;

#[derive(Default, Serialize, Deserialize)]
struct Memory {
    /// By `ACCOUNT/REGION`, kind and id. Ids stay in the order in which they came.
    scopes: BTreeMap<String, Kinds>,
    #[serde(skip)]
    version: u64,
}

/// Values by scope, kind (`fis.experiment`) and id.
pub(crate) struct Store {
    path: Option<PathBuf>,
    memory: Mutex<Memory>,
    changed: watch::Sender<u64>,
    written: watch::Sender<u64>,
}

impl Store {
    /// In memory only.
    pub(crate) fn volatile() -> Self {
        Self::with(None, Memory::default())
    }

    /// What `home` holds. An unreadable file is moved aside, and the second value reports that.
    pub(crate) fn open(home: &Path) -> io::Result<(Self, Option<String>)> {
        std::fs::create_dir_all(home)?;
        let path = home.join(FILE);
        let (memory, lost) = match std::fs::read(&path) {
            Ok(bytes) => match serde_json::from_slice(&bytes) {
                Ok(memory) => (memory, None),
                Err(error) => {
                    let aside = path.with_extension("json.broken");
                    std::fs::rename(&path, &aside)?;
                    let lost = format!(
                        "what the stand-ins remembered could not be read ({error}); the file is now {}",
                        aside.display()
                    );
                    (Memory::default(), Some(lost))
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => (Memory::default(), None),
            Err(error) => return Err(error),
        };
        Ok((Self::with(Some(path), memory), lost))
    }

    fn with(path: Option<PathBuf>, memory: Memory) -> Self {
        let (changed, written) = (watch::channel(0).0, watch::channel(0).0);
        Self { path, memory: Mutex::new(memory), changed, written }
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, at: &Scope, kind: &str, id: &str) -> Option<T> {
        let memory = self.lock();
        let value = memory.scopes.get(&key(at))?.get(kind)?.get(id)?;
        T::deserialize(value).ok()
    }

    /// All of a kind, oldest first.
    pub(crate) fn list<T: DeserializeOwned>(&self, at: &Scope, kind: &str) -> Vec<T> {
        let memory = self.lock();
        let values = memory.scopes.get(&key(at)).and_then(|kinds| kinds.get(kind));
        values
            .into_iter()
            .flat_map(IndexMap::values)
            .filter_map(|v| T::deserialize(v).ok())
            .collect()
    }

    pub(crate) fn put<T: Serialize>(&self, at: &Scope, kind: &str, id: &str, value: &T) {
        let Ok(value) = serde_json::to_value(value) else {
            tracing::error!(kind, id, "a value that is no JSON is not remembered");
            return;
        };
        let mut memory = self.lock();
        let kinds = memory.scopes.entry(key(at)).or_default();
        kinds.entry(kind.into()).or_default().insert(id.into(), value);
        self.touch(memory);
    }

    /// Changes a value in one go: no other change comes between reading and writing it.
    ///
    /// `None` when there is no such value; `edit` must not call the store.
    pub(crate) fn update<T: Serialize + DeserializeOwned, R>(
        &self,
        at: &Scope,
        kind: &str,
        id: &str,
        edit: impl FnOnce(&mut T) -> R,
    ) -> Option<R> {
        let mut memory = self.lock();
        let slot = memory.scopes.get_mut(&key(at))?.get_mut(kind)?.get_mut(id)?;
        let mut value = T::deserialize(&*slot).ok()?;
        let result = edit(&mut value);
        *slot = serde_json::to_value(&value).ok()?;
        self.touch(memory);
        Some(result)
    }

    pub(crate) fn remove(&self, at: &Scope, kind: &str, id: &str) -> bool {
        let mut memory = self.lock();
        let values = memory.scopes.get_mut(&key(at)).and_then(|kinds| kinds.get_mut(kind));
        let removed = values.is_some_and(|values| values.shift_remove(id).is_some());
        self.touch(memory);
        removed
    }

    /// Where values of a kind are.
    pub(crate) fn scopes(&self, kind: &str) -> Vec<Scope> {
        let memory = self.lock();
        let with = memory.scopes.iter().filter(|(_, kinds)| kinds.contains_key(kind));
        with.filter_map(|(name, _)| name.split_once('/').map(|(a, r)| Scope::new(a, r))).collect()
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        let mut memory = self.lock();
        memory.scopes.clear();
        self.touch(memory);
    }

    /// Returns when everything put so far is on disk. Call it before an effect that a restart must know of.
    pub(crate) async fn save(&self) {
        let wanted = self.lock().version;
        if self.path.is_some() {
            let mut written = self.written.subscribe();
            // An error means that the front stops; the last write is made by `run`.
            let _ = written.wait_for(|version| *version >= wanted).await;
        }
    }

    /// Writes the file whenever something changed; ends with the front.
    pub(super) async fn run(&self) {
        let Some(path) = &self.path else { return };
        let mut changed = self.changed.subscribe();
        // Entries made before this task ran.
        changed.mark_changed();
        while changed.changed().await.is_ok() {
            self.write(path).await;
            tokio::time::sleep(LAG).await;
        }
    }

    /// The last write of an orderly stop.
    pub(super) async fn finish(&self) {
        if let Some(path) = &self.path {
            self.write(path).await;
        }
    }

    async fn write(&self, path: &Path) {
        let (version, text) = {
            let memory = self.lock();
            (memory.version, serde_json::to_vec(&*memory))
        };
        let Ok(text) = text else { return };
        let to = path.to_owned();
        let done = tokio::task::spawn_blocking(move || replace(&to, &text)).await;
        match done {
            Ok(Ok(())) => drop(self.written.send_replace(version)),
            Ok(Err(error)) => tracing::error!(path = %path.display(), %error, "cannot write"),
            Err(error) => tracing::error!(%error, "cannot write"),
        }
    }

    fn touch(&self, mut memory: MutexGuard<'_, Memory>) {
        memory.version += 1;
        self.changed.send_replace(memory.version);
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        // Every change is made whole before the lock is given back.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(at: &Scope) -> String {
    format!("{}/{}", at.account, at.region)
}

/// The old file or the new one, never half of one, even if the machine stops.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    use std::io::Write;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text)?;
    file.as_file().sync_data()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> Scope {
        Scope::new("111122223333", "eu-west-1")
    }

    #[tokio::test]
    async fn what_was_saved_is_there_after_a_kill() {
        let home = tempfile::tempdir().expect("a directory");
        let (store, lost) = Store::open(home.path()).expect("opened");
        assert_eq!(lost, None);
        let store = std::sync::Arc::new(store);
        let writer = tokio::spawn({
            let store = store.clone();
            async move { store.run().await }
        });
        tokio::task::yield_now().await;
        store.put(&at(), "fis.experiment", "EXP2", &serde_json::json!({"n": 1}));
        store.put(&at(), "fis.experiment", "EXP1", &serde_json::json!({"n": 2}));
        store.save().await;
        writer.abort();
        let (again, _) = Store::open(home.path()).expect("opened");
        let all: Vec<Value> = again.list(&at(), "fis.experiment");
        assert_eq!(all, [serde_json::json!({"n": 1}), serde_json::json!({"n": 2})]);
        assert_eq!(again.scopes("fis.experiment"), [at()]);
        assert_eq!(again.get::<Value>(&Scope::new("1", "x"), "fis.experiment", "EXP1"), None);
    }

    #[test]
    fn a_broken_file_is_kept_aside_and_told() {
        let home = tempfile::tempdir().expect("a directory");
        std::fs::write(home.path().join(FILE), "{").expect("written");
        let (store, lost) = Store::open(home.path()).expect("opened");
        assert!(lost.expect("told").contains("front.json.broken"));
        assert_eq!(store.list::<Value>(&at(), "x"), Vec::<Value>::new());
        assert!(home.path().join("front.json.broken").is_file());
    }

    #[test]
    fn an_update_changes_what_is_there_only() {
        let store = Store::volatile();
        assert_eq!(store.update(&at(), "k", "1", |n: &mut u32| *n += 1), None);
        store.put(&at(), "k", "1", &1_u32);
        assert_eq!(store.update(&at(), "k", "1", |n: &mut u32| *n += 1), Some(()));
        assert_eq!(store.get(&at(), "k", "1"), Some(2_u32));
        assert!(store.remove(&at(), "k", "1"));
        assert!(!store.remove(&at(), "k", "1"));
    }
}
