//! Client-side pacing: calls wait here, before they are signed, until AWS's quota has room for them.
//! Owns the queues by account, Region and bucket, and the waiting; `lane` has the arithmetic, `sort`
//! the published sizes, and `aws::gate` puts it into the SDK.
//!
//! A full bucket costs no wait. On an endpoint on this machine, and for services that publish no
//! quota, nothing waits before the first throttle.

mod lane;
mod sort;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use crate::engine::{Exposure, exposure, is_urgent, paced};

use lane::{Lane, Ticket, Turn};
pub(super) use sort::Sort;

/// A wait is reported if it is longer than this.
const LONG: Duration = Duration::from_secs(1);
/// And not more often than this for one bucket.
const TOLD: Duration = Duration::from_secs(5);

/// One bucket's place: account, Region, sort.
type Key = (String, String, Sort);

/// The queues of one connection; clones share them.
#[derive(Clone, Default)]
pub(super) struct Pacer(Arc<Shared>);

#[derive(Default)]
struct Shared {
    lanes: Mutex<HashMap<Key, Arc<Queue>>>,
    /// Nothing waits before the first throttle.
    waits_for_throttle: bool,
}

struct Queue {
    lane: Mutex<Lane>,
    changed: Notify,
    told: Mutex<Option<Instant>>,
}

impl fmt::Debug for Pacer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pacer").finish_non_exhaustive()
    }
}

impl Pacer {
    pub(super) fn new(waits_for_throttle: bool) -> Self {
        Self(Arc::new(Shared { lanes: Mutex::default(), waits_for_throttle }))
    }

    fn queue(&self, account: &str, region: &str, sort: &Sort) -> Arc<Queue> {
        let mut lanes = held(&self.0.lanes);
        let key = (account.to_owned(), region.to_owned(), sort.clone());
        let new = || {
            let lane = Lane::new(sort.size(), self.0.waits_for_throttle, Instant::now());
            let (lane, told) = (Mutex::new(lane), Mutex::default());
            Arc::new(Queue { lane, changed: Notify::new(), told })
        };
        lanes.entry(key).or_insert_with(new).clone()
    }

    /// Returns when the call may be sent. May be dropped while it waits: its place is given up.
    pub(super) async fn admit(&self, account: &str, region: &str, sort: &Sort) {
        // What opens something for a moment pays for the call that ends it as well: what is open would
        // else stay open for as long as that one waits behind others that open more.
        let tokens = match exposure() {
            _ if !sort.is_write() => 1.0,
            Exposure::None => 1.0,
            Exposure::Opens => 2.0,
            Exposure::Ends => return,
        };
        let queue = self.queue(account, region, sort);
        let ticket = held(&queue.lane).enter(sort.level(is_urgent()));
        let place = Place { queue: &queue, ticket };
        let begun = Instant::now();
        loop {
            let changed = queue.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed, even one that comes before the wait below.
            changed.as_mut().enable();
            let turn = held(&queue.lane).turn(place.ticket, tokens, Instant::now());
            let next = match turn {
                Turn::Go => return,
                Turn::After(time) => time,
                Turn::Behind => LONG,
            };
            if begun.elapsed() >= LONG {
                queue.tell(sort);
            }
            tokio::select! {
                () = tokio::time::sleep(next.min(LONG)) => {}
                () = changed => {}
            }
        }
    }

    /// AWS throttled a call that was sent at `sent`.
    pub(super) fn throttled(&self, account: &str, region: &str, sort: &Sort, sent: Instant) {
        let queue = self.queue(account, region, sort);
        held(&queue.lane).throttled(sent, Instant::now());
        queue.changed.notify_waiters();
    }
}

impl Queue {
    fn tell(&self, sort: &Sort) {
        let mut told = held(&self.told);
        if told.is_none_or(|told| told.elapsed() >= TOLD) {
            *told = Some(Instant::now());
            paced(&sort.words(), held(&self.lane).waiting());
        }
    }
}

/// A place in a queue for as long as its call waits.
struct Place<'a> {
    queue: &'a Queue,
    ticket: Ticket,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        held(&self.queue.lane).leave(self.ticket);
        self.queue.changed.notify_waiters();
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
