//! The queue between events and their recipients. A full queue loses events, and counts them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::rules::{Rule, Rules};
use super::{Event, deliver};
use crate::{Call, Front, Scope, Session};

const DEPTH: usize = 10_000;
/// An event waits so long for an upstream that does not answer.
const UNHEARD: Duration = Duration::from_secs(20);
const AGAIN: Duration = Duration::from_millis(500);

pub(crate) struct Bus {
    sender: mpsc::Sender<Event>,
    receiver: Mutex<Option<mpsc::Receiver<Event>>>,
    rules: Rules,
    raised: AtomicU64,
    delivered: AtomicU64,
    lost: AtomicU64,
}

impl Default for Bus {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(DEPTH);
        let zero = AtomicU64::default;
        Self {
            sender,
            receiver: Mutex::new(Some(receiver)),
            rules: Rules::default(),
            raised: zero(),
            delivered: zero(),
            lost: zero(),
        }
    }
}

impl Bus {
    pub(crate) fn raise(&self, event: Event) {
        self.raised.fetch_add(1, Ordering::Relaxed);
        if self.sender.try_send(event).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Raised, delivered to a target, lost.
    pub(crate) fn counts(&self) -> [u64; 3] {
        [&self.raised, &self.delivered, &self.lost].map(|count| count.load(Ordering::Relaxed))
    }

    /// A call that may have changed rules: they are read again.
    pub(crate) fn watch(&self, call: &Call) {
        if call.service == "events" {
            self.rules.forget(&call.scope);
        }
    }

    pub(crate) fn forget(&self) {
        self.rules.clear();
    }

    /// Delivers until the front stops. Each account and Region has a lane of its own: in it events
    /// stay in order, and an upstream that is slow to answer holds up none of the others.
    pub(crate) async fn run(&self, front: &Front) {
        let taken = self.receiver.lock().ok().and_then(|mut receiver| receiver.take());
        let Some(mut receiver) = taken else { return };
        let mut lanes: HashMap<Scope, mpsc::Sender<Event>> = HashMap::new();
        while let Some(event) = receiver.recv().await {
            let lane = lanes.entry(event.scope.clone()).or_insert_with(|| {
                let (sender, mut events) = mpsc::channel(DEPTH);
                let at = front.clone();
                front.spawn(async move {
                    while let Some(event) = events.recv().await {
                        at.bus().tell(&at, &event).await;
                    }
                });
                sender
            });
            if lane.try_send(event).is_err() {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// The rules that hear of an event. An upstream that does not answer is asked again for a while.
    async fn heard_by(&self, session: &Session, event: &Value) -> Vec<Arc<Rule>> {
        let end = Instant::now() + UNHEARD;
        loop {
            match self.rules.matching(session, event).await {
                Ok(rules) => return rules,
                Err(_) if Instant::now() < end => sleep(AGAIN).await,
                Err(error) => {
                    self.lost.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!(%error, "an event was lost: the upstream does not list its rules");
                    return Vec::new();
                }
            }
        }
    }

    async fn tell(&self, front: &Front, event: &Event) {
        let session = front.as_service(&event.scope);
        let value = event.to_value();
        for rule in self.heard_by(&session, &value).await {
            for target in &rule.targets {
                match deliver::deliver(&session, &rule.arn, target, &value).await {
                    Ok(()) => drop(self.delivered.fetch_add(1, Ordering::Relaxed)),
                    Err(error) => {
                        self.lost.fetch_add(1, Ordering::Relaxed);
                        tracing::warn!(rule = rule.arn, target = target.arn, %error, "an event was not delivered");
                    }
                }
            }
        }
    }
}
