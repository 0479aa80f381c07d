//! One bucket of AWS's as this program sees it: tokens, who waits for one, and what throttling has
//! taught. Owns the arithmetic; it knows no clock of its own and never sleeps.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::Instant;

/// What cuts leave of the published rate, at least: not all throttling is a quota's, and where it comes
/// by chance a slower pace does not end it.
const FLOOR: f64 = 1.0 / 8.0;
/// And no bucket is ever slower than one call in four seconds.
const CRAWL: f64 = 0.25;
/// Share of the published refill that comes back each second after a cut.
const RECOVERY: f64 = 0.05;
/// Where nothing is published, a rate is never learned to be below this.
const SLOWEST: f64 = 2.0;

/// Tokens when full, and tokens that come back each second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Size {
    pub capacity: f64,
    pub refill: f64,
}

/// Who goes first: containment, then changes, then reads and tags; the first come within each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Urgent,
    Change,
    Rest,
}

/// A place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(Level, u64);

#[derive(Debug, PartialEq)]
pub(super) enum Turn {
    /// A token was taken: send the call.
    Go,
    /// First in the queue; the next token comes after this time.
    After(Duration),
    /// Someone else is first.
    Behind,
}

pub(super) struct Lane {
    /// `None` where AWS publishes none: what was sent before the first throttle stands in for it.
    published: Option<Size>,
    size: Size,
    rate: f64,
    tokens: f64,
    filled: Instant,
    cut: Option<Instant>,
    /// Idle lanes let everything through, until the first throttle.
    idle: bool,
    waits_for_throttle: bool,
    queue: BTreeSet<Ticket>,
    next: u64,
    sent: Counter,
}

/// Calls in the present and in the last whole second.
struct Counter {
    since: Instant,
    now: u32,
    before: u32,
}

impl Lane {
    /// A lane of an unpublished size, or one that `waits_for_throttle`, holds nothing back before the
    /// first throttle.
    pub(super) fn new(published: Option<Size>, waits_for_throttle: bool, now: Instant) -> Self {
        let size = published.unwrap_or(Size { capacity: SLOWEST, refill: SLOWEST });
        let waits_for_throttle = waits_for_throttle || published.is_none();
        Self {
            published,
            size,
            rate: size.refill,
            tokens: size.capacity,
            filled: now,
            cut: None,
            idle: waits_for_throttle,
            waits_for_throttle,
            queue: BTreeSet::new(),
            next: 0,
            sent: Counter { since: now, now: 0, before: 0 },
        }
    }

    pub(super) fn enter(&mut self, level: Level) -> Ticket {
        let ticket = Ticket(level, self.next);
        self.next += 1;
        self.queue.insert(ticket);
        ticket
    }

    /// Gives up a place; nothing when its turn has come already.
    pub(super) fn leave(&mut self, ticket: Ticket) {
        self.queue.remove(&ticket);
    }

    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Takes one token, or more for a call that pays for a later one as well.
    pub(super) fn turn(&mut self, ticket: Ticket, tokens: f64, now: Instant) -> Turn {
        let tokens = tokens.min(self.size.capacity);
        self.fill(now);
        if !self.idle {
            if self.queue.first() != Some(&ticket) {
                return Turn::Behind;
            }
            if self.tokens < tokens {
                return Turn::After(Duration::from_secs_f64((tokens - self.tokens) / self.rate));
            }
            self.tokens -= tokens;
        }
        self.queue.remove(&ticket);
        self.sent.count(now);
        Turn::Go
    }

    /// A call that was sent at `sent` was throttled. The rate is halved once for all calls that were
    /// in flight together: they carry the same information.
    pub(super) fn throttled(&mut self, sent: Instant, now: Instant) {
        self.fill(now);
        if self.idle && self.published.is_none() {
            let refill = f64::from(self.sent.rate(now)).max(SLOWEST);
            self.size = Size { capacity: refill, refill };
            self.rate = refill;
        }
        self.idle = false;
        self.tokens = 0.0;
        if self.cut.is_none_or(|cut| sent >= cut) {
            self.rate = (self.rate / 2.0).max(self.size.refill * FLOOR).max(CRAWL);
            self.cut = Some(now);
        }
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        self.tokens = (self.tokens + passed * self.rate).min(self.size.capacity);
        self.rate = (self.rate + passed * self.size.refill * RECOVERY).min(self.size.refill);
        let recovered = self.rate >= self.size.refill && self.tokens >= self.size.capacity;
        if recovered && self.waits_for_throttle {
            self.idle = true;
        }
    }
}

impl Counter {
    fn count(&mut self, now: Instant) {
        self.roll(now);
        self.now += 1;
    }

    fn rate(&mut self, now: Instant) -> u32 {
        self.roll(now);
        self.now.max(self.before)
    }

    fn roll(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.since);
        if passed >= Duration::from_secs(1) {
            self.before = if passed < Duration::from_secs(2) { self.now } else { 0 };
            self.now = 0;
            self.since = now;
        }
    }
}
