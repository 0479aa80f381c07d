//! What the events that came make of a detection. Pure: events and clocks in, outcome out.
//!
//! Three timestamps, all AWS's: when the fault took effect, when the event was created by its own account,
//! and when it was received.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Clocks that count whole seconds may be behind by one, on either side.
const ROUNDING: Duration = Duration::from_secs(2);
/// How long after the deadline a detection still counts as late, at least.
const SHORTEST_GRACE: Duration = Duration::from_secs(10);

/// One event, finding or recorded call, as far as it is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Distinguishes two events; one event that is reported twice has one id.
    pub id: String,
    /// The source's own id: of the finding, the event or the alarm.
    pub name: String,
    /// Type of a finding, name of a call or an alarm, detail type of any other event.
    pub kind: String,
    pub title: String,
    pub created: Timestamp,
    pub received: Timestamp,
    /// It names the drill's own resource.
    pub binds: bool,
    /// Made to try the way, not because of anything that happened.
    pub sample: bool,
}

/// When it is, and until when a detection counts.
#[derive(Clone, Copy, Debug)]
pub struct Clocks {
    pub since: Timestamp,
    pub within: Duration,
    pub now: Timestamp,
    /// Everything that has come by now can be seen. Until then nothing is held against what has
    /// not been seen.
    pub settled: bool,
    /// There was more than was read: nothing is concluded from what was not seen.
    pub cut_off: bool,
}

impl Clocks {
    /// From the fault until nothing is waited for any more.
    pub fn longest(&self) -> Duration {
        self.within.saturating_add(self.within.max(SHORTEST_GRACE))
    }

    /// Until when a detection is in time.
    pub fn deadline(&self) -> Timestamp {
        self.at(self.within)
    }

    fn at(&self, after: Duration) -> Timestamp {
        let after = SignedDuration::try_from(after).unwrap_or(SignedDuration::MAX);
        self.since.checked_add(after).unwrap_or(Timestamp::MAX)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It named the resource in time.
    Pass,
    /// It named the resource, after the deadline.
    Late,
    /// Nothing came.
    Missed,
    /// The events received named other resources.
    WrongResource,
    /// Nothing came but samples.
    PlumbingOnly,
    /// Not all that came was read, and nothing of what was read named the resource.
    CutOff,
}

impl Outcome {
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Late => "late",
            Self::Missed => "missed",
            Self::WrongResource => "wrong-resource",
            Self::PlumbingOnly => "plumbing-only",
            Self::CutOff => "cut-off",
        }
    }
}

#[derive(Debug, PartialEq)]
pub struct Judged<'a> {
    pub outcome: Outcome,
    /// The event that decided.
    pub event: Option<&'a Event>,
    /// Events that count, whatever they name.
    pub seen: u64,
}

/// The outcome, or `None` while it is open. The order of `events` is of no account.
pub fn judge<'a>(events: &[&'a Event], clocks: &Clocks) -> Option<Judged<'a>> {
    let mut counted = counted(events, clocks);
    counted.sort_by_key(|event| (event.received, event.created, event.id.as_str()));
    let seen = counted.len() as u64;
    let (deadline, end) = (clocks.deadline(), clocks.at(clocks.longest()));
    let bound = counted.iter().find(|event| event.binds && !event.sample);
    if let Some(event) = bound.filter(|event| event.received <= deadline) {
        return Some(Judged { outcome: Outcome::Pass, event: Some(event), seen });
    }
    if !clocks.settled {
        return None;
    }
    if let Some(event) = bound {
        return Some(Judged { outcome: Outcome::Late, event: Some(event), seen });
    }
    if clocks.now <= end {
        return None;
    }
    // The last of each: nearest to what was waited for.
    let other = counted.iter().rev().find(|event| !event.sample && !event.binds);
    let sample = counted.iter().rev().find(|event| event.sample);
    let (outcome, event) = match (other, sample) {
        _ if clocks.cut_off => (Outcome::CutOff, None),
        (Some(other), _) => (Outcome::WrongResource, Some(*other)),
        (None, Some(sample)) => (Outcome::PlumbingOnly, Some(*sample)),
        (None, None) => (Outcome::Missed, None),
    };
    Some(Judged { outcome, event, seen })
}

/// The first sample, for whom a sample is enough.
pub fn sample<'a>(events: &[&'a Event], clocks: &Clocks) -> Option<Judged<'a>> {
    let counted = counted(events, clocks);
    let first = counted.iter().filter(|event| event.sample).min_by_key(|event| event.received)?;
    let (outcome, seen) = (Outcome::PlumbingOnly, counted.len() as u64);
    Some(Judged { outcome, event: Some(first), seen })
}

/// Events from before the fault have nothing to do with it, and events after the end were
/// awaited by nobody: a run that continues a day later comes to the same outcome.
fn counted<'a>(events: &[&'a Event], clocks: &Clocks) -> Vec<&'a Event> {
    let (first, end) = (counts_from(clocks.since), clocks.at(clocks.longest()));
    let counts = |event: &&Event| event.created >= first && event.received <= end;
    events.iter().copied().filter(counts).collect()
}

/// From when on an event may be an effect of a fault at `since`.
pub fn counts_from(since: Timestamp) -> Timestamp {
    since.checked_sub(ROUNDING).unwrap_or(Timestamp::MIN)
}

/// Where the wait stands, for people.
pub fn note(events: &[&Event], resource: &str, clocks: &Clocks) -> String {
    let seen = counted(events, clocks).len();
    let left = clocks.deadline().duration_since(clocks.now).as_secs();
    let left = match left {
        0.. => format!("{left} s left"),
        _ => format!("{} s late", -left),
    };
    format!("{seen} seen, none that names `{resource}`; {left}")
}

#[cfg(test)]
#[path = "score_tests.rs"]
mod tests;
