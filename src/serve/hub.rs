//! The page's current state, for everybody who is looking at it. Owns when it is folded again: not while
//! nobody looks, and never so often that the run would feel it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::{Mutex, Notify, watch};

use super::{
    page,
    source::{Source, Stamp},
};
use crate::report::html::{self, Written};

/// The shortest time between two folds.
const PAUSE: Duration = Duration::from_millis(300);

/// How often parts that change with time, such as growing bars, are redrawn.
const CLOCK: Duration = Duration::from_secs(5);

/// One state of the page.
#[derive(Debug, Default)]
pub(super) struct View {
    pub version: u64,
    pub title: String,
    /// By name, in the order of the page.
    pub parts: Vec<(&'static str, Written)>,
    /// Nothing changes any more after this one.
    pub over: bool,
    pub status: Status,
}

/// The line at the top.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Status {
    pub tone: &'static str,
    pub text: String,
}

pub(super) struct Hub {
    source: Arc<dyn Source>,
    view: watch::Sender<Arc<View>>,
    wake: Notify,
    over: AtomicBool,
    last: Mutex<Option<(Stamp, Instant)>>,
}

impl Hub {
    pub(super) fn new(source: Arc<dyn Source>) -> Self {
        let view = watch::Sender::new(Arc::new(View::default()));
        let (wake, over) = (Notify::new(), AtomicBool::new(false));
        Self { source, view, wake, over, last: Mutex::default() }
    }

    pub(super) fn source(&self) -> Arc<dyn Source> {
        self.source.clone()
    }

    pub(super) fn watch(&self) -> watch::Receiver<Arc<View>> {
        self.view.subscribe()
    }

    /// Something has just changed: no need to wait for the next look.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    pub(super) fn now(&self) -> Arc<View> {
        self.view.borrow().clone()
    }

    /// How many look at the page.
    pub(super) fn watched(&self) -> usize {
        self.view.receiver_count()
    }

    /// Folds for as long as somebody looks. Ends with the task that it runs in.
    pub(super) async fn run(&self) {
        let mut pause = PAUSE;
        loop {
            tokio::time::sleep(pause).await;
            let woken = tokio::time::timeout(PAUSE, self.wake.notified()).await.is_ok();
            if self.watched() == 0 && !woken {
                continue;
            }
            let began = Instant::now();
            self.refresh().await;
            // Of its own thread it takes a tenth at the most.
            pause = (began.elapsed() * 9).clamp(Duration::from_millis(50), Duration::from_secs(30));
        }
    }

    /// The last state: the run is over.
    pub(super) async fn close(&self) {
        self.over.store(true, Ordering::SeqCst);
        *self.last.lock().await = None;
        self.refresh().await;
    }

    /// Folds where something is new.
    pub(super) async fn refresh(&self) {
        let mut last = self.last.lock().await;
        let old = self.now();
        if old.over {
            return;
        }
        let (source, known) = (self.source.clone(), *last);
        let over = self.over.load(Ordering::SeqCst);
        let folded = tokio::task::spawn_blocking(move || {
            let stamp = source.stamp();
            if known.is_some_and(|(before, at)| before == stamp && at.elapsed() < CLOCK) {
                return None;
            }
            Some((stamp, source.shown(over).map(|shown| view(&shown, over))))
        });
        let (stamp, folded) = match folded.await {
            Ok(Some(folded)) => folded,
            Ok(None) => return,
            // The view failed, not the run; it is tried again.
            Err(error) => ((0, 0), Err(error.to_string())),
        };
        *last = Some((stamp, Instant::now()));
        let mut next = folded.unwrap_or_else(|error| View {
            version: 0,
            title: old.title.clone(),
            parts: old.parts.clone(),
            over,
            status: Status { tone: "bad", text: format!("nothing can be shown: {error}") },
        });
        next.version = old.version + 1;
        self.view.send_replace(Arc::new(next));
    }
}

fn view(shown: &super::Shown, over: bool) -> View {
    let mut parts = vec![("asks", page::asks(&shown.report.run.id, &shown.asked))];
    parts.extend(html::parts_of(&shown.report));
    View { version: 0, title: page::title(shown), parts, over, status: page::status(shown, over) }
}
