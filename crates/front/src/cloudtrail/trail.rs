//! The last events of every account, in memory. Bounded by number and by size.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{broadcast, mpsc, oneshot};

use super::journal::{self, Entry};
use super::{names, resources};
use crate::Scope;

/// Events of one account.
const MOST: usize = 50_000;
/// Bytes of all events.
const LARGEST: usize = 256 << 20;
/// How far a listener may fall behind before it misses events.
const BEHIND: usize = 4096;

/// One recorded call.
#[derive(Debug)]
pub(crate) struct Record {
    /// Order of recording, over all accounts.
    pub number: u64,
    pub scope: Scope,
    pub id: String,
    pub name: String,
    /// `ec2.amazonaws.com`.
    pub source: String,
    pub time: jiff::Timestamp,
    pub is_read_only: bool,
    pub user_name: String,
    pub access_key: String,
    /// Type and name.
    pub resources: Vec<(String, String)>,
    json: Box<str>,
}

impl Record {
    /// The record in CloudTrail's format.
    pub(crate) fn json(&self) -> &str {
        &self.json
    }

    /// The record, parsed.
    pub(crate) fn event(&self) -> Value {
        serde_json::from_str(&self.json).unwrap_or_default()
    }

    /// The record of an event; its number is given by the trail.
    pub(crate) fn new(scope: &Scope, event: &Value) -> Self {
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let user = &event["userIdentity"];
        let of_user = |name: &str| user[name].as_str().unwrap_or_default().to_owned();
        let service = text("eventSource");
        let service = service.trim_end_matches(".amazonaws.com");
        Self {
            number: 0,
            scope: scope.clone(),
            id: text("eventID"),
            name: text("eventName"),
            source: names::source(service),
            time: text("eventTime").parse().unwrap_or_default(),
            is_read_only: event["readOnly"].as_bool().unwrap_or_default(),
            user_name: match of_user("type").as_str() {
                "Root" => "root".into(),
                "IAMUser" => of_user("userName"),
                _ => of_user("arn").rsplit('/').next().unwrap_or_default().to_owned(),
            },
            access_key: of_user("accessKeyId"),
            resources: resources::of(service, event),
            json: event.to_string().into(),
        }
    }
}

#[derive(Default)]
struct Inner {
    accounts: HashMap<String, VecDeque<Arc<Record>>>,
    next: u64,
    bytes: usize,
}

/// All records.
pub(crate) struct Trail {
    inner: Mutex<Inner>,
    listeners: broadcast::Sender<Arc<Record>>,
    disk: mpsc::Sender<Entry>,
    entries: Mutex<Option<mpsc::Receiver<Entry>>>,
}

impl Default for Trail {
    fn default() -> Self {
        let (disk, entries) = journal::channel();
        let listeners = broadcast::channel(BEHIND).0;
        Self { inner: Mutex::default(), listeners, disk, entries: Mutex::new(Some(entries)) }
    }
}

impl Trail {
    pub(crate) fn record(&self, scope: &Scope, event: &Value) {
        let record = self.keep(scope, event);
        // Without a home nobody reads; a full queue only means a shorter memory after a kill.
        let _ = self.disk.try_send(Entry::Record(record.clone()));
        // Nobody needs to listen.
        let _ = self.listeners.send(record);
    }

    /// Takes an event into memory without publishing it.
    pub(crate) fn keep(&self, scope: &Scope, event: &Value) -> Arc<Record> {
        let mut record = Record::new(scope, event);
        let mut inner = self.lock();
        inner.next += 1;
        record.number = inner.next;
        let record = Arc::new(record);
        inner.bytes += record.json.len();
        let account = inner.accounts.entry(scope.account.clone()).or_default();
        account.push_back(record.clone());
        let is_full = account.len() > MOST;
        if is_full {
            inner.drop_oldest(&scope.account);
        }
        while inner.bytes > LARGEST && inner.drop_of_largest() {}
        record
    }

    /// Restores the events of an earlier front, and writes future ones; returns what was lost.
    pub(crate) fn open(&self, home: &Path) -> std::io::Result<Vec<String>> {
        let broken = journal::load(home, self)?;
        let what = match broken {
            0 => return Ok(Vec::new()),
            1 => "1 CloudTrail event that was".to_owned(),
            n => format!("{n} CloudTrail events that were"),
        };
        Ok(vec![format!("{what} cut off when the last front ended")])
    }

    /// Returns when the events so far are written, or cannot be.
    pub(crate) async fn finish(&self) {
        let (answer, written) = oneshot::channel();
        if self.disk.send(Entry::Flush(answer)).await.is_ok() {
            let _ = tokio::time::timeout(Duration::from_secs(2), written).await;
        }
    }

    /// Writes events as they come.
    pub(crate) async fn run(&self, home: PathBuf) {
        let entries = self.entries.lock().ok().and_then(|mut entries| entries.take());
        if let Some(entries) = entries {
            journal::run(home, self, entries).await;
        }
    }

    /// Everything, oldest first.
    pub(crate) fn all(&self) -> Vec<Arc<Record>> {
        let mut all: Vec<_> = self.lock().accounts.values().flatten().cloned().collect();
        all.sort_by_key(|record| record.number);
        all
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Arc<Record>> {
        self.listeners.subscribe()
    }

    /// Records of an account and Region before a number, newest first.
    pub(crate) fn before(&self, scope: &Scope, number: u64) -> Vec<Arc<Record>> {
        let inner = self.lock();
        let account = inner.accounts.get(&scope.account);
        let all = account.into_iter().flat_map(|records| records.iter().rev());
        all.filter(|record| record.number < number && record.scope.region == scope.region)
            .cloned()
            .collect()
    }

    pub(crate) fn count(&self) -> u64 {
        self.lock().next
    }

    pub(crate) fn clear(&self) {
        let mut inner = self.lock();
        inner.accounts.clear();
        inner.bytes = 0;
        let _ = self.disk.try_send(Entry::Clear);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn drop_oldest(&mut self, account: &str) -> bool {
        let oldest = self.accounts.get_mut(account).and_then(VecDeque::pop_front);
        if let Some(record) = &oldest {
            self.bytes -= record.json.len();
        }
        oldest.is_some()
    }

    fn drop_of_largest(&mut self) -> bool {
        let largest = self.accounts.iter().max_by_key(|(_, records)| records.len());
        let Some(name) = largest.map(|(name, _)| name.clone()) else { return false };
        self.drop_oldest(&name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_account_keeps_its_last_events() {
        let trail = Trail::default();
        let scope = Scope::new("1", "r");
        let event = json!({"eventID": "e", "eventSource": "ec2.amazonaws.com", "eventName": "X"});
        for _ in 0..MOST + 10 {
            trail.record(&scope, &event);
        }
        let all = trail.before(&scope, u64::MAX);
        assert_eq!((all.len(), all[0].number), (MOST, (MOST + 10) as u64));
        assert_eq!(trail.before(&Scope::new("1", "other"), u64::MAX).len(), 0);
        assert_eq!(trail.lock().bytes, MOST * event.to_string().len());
    }
}
