//! Delivers notifications during a run: a bounded queue and a task for each target, so that a
//! dead one holds up no other. Owns attempts and their pauses, the wait at the end of a run, and the
//! records of what was delivered. Nothing here can fail a run.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, sleep, timeout_at},
};

use super::{
    notification::{About, Notification},
    resolve::Resolved,
};
use crate::journal::{Journal, Record};

/// How long the end of a run waits for deliveries in progress.
pub(crate) const CLOSING: Duration = Duration::from_secs(5);
/// What a target that does not answer may have waiting.
const QUEUE: usize = 64;

/// Sends one notification to one target, once.
pub(crate) trait Deliver: Send + Sync {
    fn deliver<'a>(&'a self, told: &'a Notification) -> BoxFuture<'a, Result<(), Refusal>>;
}

/// Why one attempt failed.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub why: String,
    /// Another attempt may do better.
    pub again: bool,
    /// When the target wants it.
    pub after: Option<Duration>,
}

impl Refusal {
    pub(crate) fn again(why: impl Into<String>) -> Self {
        Self { why: why.into(), again: true, after: None }
    }

    pub(crate) fn final_(why: impl Into<String>) -> Self {
        Self { why: why.into(), again: false, after: None }
    }
}

/// Pauses between attempts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rhythm {
    pub first: Duration,
    pub longest: Duration,
    /// From the first attempt to the last.
    pub total: Duration,
}

impl Default for Rhythm {
    fn default() -> Self {
        let secs = Duration::from_secs;
        Self { first: Duration::from_millis(500), longest: secs(15), total: secs(120) }
    }
}

/// The result of one notification at one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub target: String,
    pub event: String,
    pub why: Option<String>,
}

struct Desk {
    target: Resolved,
    queue: Mutex<Option<mpsc::Sender<Notification>>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// Takes notifications of one run and sees to their delivery.
pub(crate) struct Office {
    desks: Vec<Desk>,
    about: OnceLock<About>,
    /// What earlier processes of this run sent, by target and id, and what this one has queued.
    taken: Mutex<HashSet<(String, String)>>,
    shared: Arc<Shared>,
    closing: watch::Sender<Option<Instant>>,
}

struct Shared {
    journal: Option<Journal>,
    rhythm: Rhythm,
    outcomes: Mutex<Vec<Outcome>>,
    say: Box<dyn Fn(&str) + Send + Sync>,
}

impl Shared {
    async fn done(&self, target: &str, told: &Notification, why: Option<String>) {
        let (target, event, id) = (target.to_owned(), told.event.clone(), told.id.clone());
        if let Some(why) = &why {
            (self.say)(&format!("`{target}` was not notified of {event}: {why}"));
        }
        let outcome = Outcome { target: target.clone(), event: event.clone(), why: why.clone() };
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).push(outcome);
        let Some(journal) = &self.journal else { return };
        let record = match why {
            None => Record::Notified { target, event, id },
            Some(why) => Record::NotNotified { target, event, id, why },
        };
        // A journal that cannot be written shows at the run's own next record.
        let _ = journal.append(record).await;
    }
}

impl Office {
    /// Must be called in a runtime. `told` are the records of the run so far; `say` shows a line.
    pub(crate) fn open(
        targets: Vec<(Resolved, Option<Arc<dyn Deliver>>)>,
        journal: Option<Journal>,
        told: &[Record],
        rhythm: Rhythm,
        say: impl Fn(&str) + Send + Sync + 'static,
    ) -> Self {
        let taken = told.iter().filter_map(|record| match record {
            Record::Notified { target, id, .. } => Some((target.clone(), id.clone())),
            _ => None,
        });
        let taken = Mutex::new(taken.collect());
        let (outcomes, say) = (Mutex::default(), Box::new(say));
        let shared = Arc::new(Shared { journal, rhythm, outcomes, say });
        let (closing, closes) = watch::channel(None);
        let desks = targets.into_iter().map(|(target, way)| {
            let (queue, waiting) = mpsc::channel(QUEUE);
            let clerk = Clerk {
                target: target.clone(),
                way,
                shared: shared.clone(),
                closes: closes.clone(),
            };
            let task = Mutex::new(Some(tokio::spawn(clerk.serve(waiting))));
            Desk { target, queue: Mutex::new(Some(queue)), task }
        });
        Self { desks: desks.collect(), about: OnceLock::new(), taken, shared, closing }
    }

    /// Sets which run it is; nothing is sent before.
    pub(crate) fn begin(&self, started: &Record) {
        if let Some(about) = About::of(started) {
            let _ = self.about.set(about);
        }
    }

    /// The text without the run's secrets, as its journal would keep it.
    pub(crate) fn redact(&self, text: &str) -> String {
        match &self.shared.journal {
            Some(journal) => journal.redact_text(text.into()),
            None => text.into(),
        }
    }

    pub(crate) fn about(&self) -> Option<&About> {
        self.about.get()
    }

    /// Puts a notification into the queue of each target that wants it. Never waits.
    pub(crate) fn tell(&self, make: impl FnOnce(&About) -> Notification) {
        if self.desks.is_empty() {
            return;
        }
        if let Some(about) = self.about.get() {
            self.put(&make(about));
        }
    }

    /// The same with one that is made already.
    pub(crate) fn put(&self, told: &Notification) {
        for desk in &self.desks {
            let target = &desk.target;
            if !target.wants(told.kind, &told.run.playbook, &told.run.account) {
                continue;
            }
            let key = (target.name.clone(), told.id.clone());
            if !self.taken.lock().unwrap_or_else(PoisonError::into_inner).insert(key) {
                continue;
            }
            let queue = desk.queue.lock().unwrap_or_else(PoisonError::into_inner);
            let full = match &*queue {
                Some(queue) => queue.try_send(told.clone()).is_err(),
                None => true,
            };
            if full {
                let (shared, name, told) = (self.shared.clone(), target.name.clone(), told.clone());
                let why = "too many notifications wait for it already".to_owned();
                tokio::spawn(async move { shared.done(&name, &told, Some(why)).await });
            }
        }
    }

    /// Waits until everything is delivered or given up, at most `within`. Nothing is taken on after it.
    pub(crate) async fn finish(&self, within: Duration) -> Vec<Outcome> {
        let last = Instant::now() + within;
        self.closing.send_replace(Some(last));
        for desk in &self.desks {
            desk.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
        for desk in &self.desks {
            let task = desk.task.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(mut task) = task {
                // A clerk ends by itself when the time is up; this is for one that does not.
                if timeout_at(last + Duration::from_secs(1), &mut task).await.is_err() {
                    task.abort();
                }
            }
        }
        self.shared.outcomes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Serves one target.
struct Clerk {
    target: Resolved,
    way: Option<Arc<dyn Deliver>>,
    shared: Arc<Shared>,
    closes: watch::Receiver<Option<Instant>>,
}

impl Clerk {
    async fn serve(mut self, mut waiting: mpsc::Receiver<Notification>) {
        while let Some(told) = waiting.recv().await {
            let why = match (&self.target.address, self.way.clone()) {
                (Err(why), _) => Some(why.clone()),
                (Ok(_), None) => Some("there is no way to it".into()),
                (Ok(_), Some(way)) => self.attempts(&*way, &told).await.err(),
            };
            self.shared.done(&self.target.name, &told, why).await;
        }
    }

    async fn attempts(&mut self, way: &dyn Deliver, told: &Notification) -> Result<(), String> {
        let Rhythm { first, longest, total } = self.shared.rhythm;
        let (started, mut pause) = (Instant::now(), first);
        let mut closes = self.closes.clone();
        loop {
            let attempt = tokio::select! {
                attempt = way.deliver(told) => attempt,
                () = closed(&mut closes) => return Err("it did not answer before the run had ended".into()),
            };
            let refusal = match attempt {
                Ok(()) => return Ok(()),
                Err(refusal) if !refusal.again => return Err(refusal.why),
                Err(refusal) => refusal,
            };
            let wait = refusal.after.map_or(pause, |after| after.max(pause));
            if started.elapsed() + wait > total {
                return Err(refusal.why);
            }
            tokio::select! {
                () = sleep(wait) => {}
                () = closed(&mut closes) => return Err(refusal.why),
            }
            pause = (pause * 2).min(longest);
        }
    }
}

/// Returns when the time at the end of the run is up.
async fn closed(closes: &mut watch::Receiver<Option<Instant>>) {
    loop {
        let last = *closes.borrow_and_update();
        match last {
            Some(last) => return tokio::time::sleep_until(last).await,
            None => {
                if closes.changed().await.is_err() {
                    // The office is gone without an end: nothing limits the wait.
                    return std::future::pending().await;
                }
            }
        }
    }
}
