//! The lab's own detections: a few rules over the calls that CloudTrail recorded. Pure: each rule sees an event
//! and what it remembered, and returns what it found.
//!
//! GuardDuty's models are AWS's secret. These rules find the plain cases, under the finding types that AWS documents
//! for them: <https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-active.html>.

mod buckets;
mod event;
mod keys;
mod snapshots;
mod trails;

use serde::{Deserialize, Serialize};

pub(super) use event::Event;
pub(super) use keys::Keys;
pub(super) use snapshots::Shares;

use super::finding::Signal;

/// What the rules remember of an account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Memory {
    #[serde(default)]
    pub keys: Keys,
    #[serde(default)]
    pub shares: Shares,
}

/// Whether remembered state matters. Most calls of a lab are made with the account's number as their key, and
/// need not be looked up.
pub(super) fn needs_memory(event: &Event<'_>) -> bool {
    keys::concerns(event) || snapshots::concerns(event)
}

/// What an event gives cause for.
pub(super) fn judge(event: &Event<'_>, memory: &mut Memory) -> Vec<Signal> {
    let mut found = memory.keys.judge(event);
    // The rest is about what a call did; one that failed did nothing.
    if event.error().is_none() {
        found.extend(memory.shares.judge(event));
        found.extend(trails::judge(event));
        found.extend(buckets::judge(event));
    }
    found
}
