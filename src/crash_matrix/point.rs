//! The points at which a run is broken: every call it makes and every record it writes, in every way
//! that fits. Owns the list; how a point is tried is `trial`'s.

use std::{collections::HashMap, fmt, str::FromStr};

use serde::{Serialize, Serializer};

use crate::{
    aws,
    journal::Trip,
    lab::{
        Hit,
        front::faults::{Effect, Rule},
    },
};

/// A way to break a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `kill -9` when a call is about to be made.
    KilledBefore,
    /// `kill -9` when a call took effect and its answer is not there yet.
    KilledAfter,
    Throttled,
    Denied,
    /// The connection breaks off after the call took effect.
    Reset,
    /// The call takes effect, and no answer comes within the attempt's time.
    TimedOut,
    /// `kill -9` right after a record is written.
    KilledAtRecord,
    /// The disk takes half of a record.
    DiskFull,
}

impl Kind {
    pub const ALL: [Self; 8] = [
        Self::KilledBefore,
        Self::KilledAfter,
        Self::Throttled,
        Self::Denied,
        Self::Reset,
        Self::TimedOut,
        Self::KilledAtRecord,
        Self::DiskFull,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::KilledBefore => "killed-before",
            Self::KilledAfter => "killed-after",
            Self::Throttled => "throttled",
            Self::Denied => "denied",
            Self::Reset => "reset",
            Self::TimedOut => "timed-out",
            Self::KilledAtRecord => "killed-at-record",
            Self::DiskFull => "disk-full",
        }
    }

    /// Whether it makes sense of a call that changes nothing: a kill there is one at a record.
    fn fits_reads(self) -> bool {
        matches!(self, Self::Throttled | Self::Denied | Self::Reset | Self::TimedOut)
    }

    pub(super) fn kills_at_call(self) -> bool {
        matches!(self, Self::KilledBefore | Self::KilledAfter)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = || Self::ALL.map(Self::word).join(", ");
        let found = Self::ALL.into_iter().find(|kind| kind.word() == text);
        found.ok_or_else(|| format!("there is no such kind; the kinds are {}", words()))
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// Where a run is broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", untagged)]
pub enum At {
    /// The n-th call of an operation, from 1.
    Call { service: String, operation: String, nth: u64 },
    /// The n-th record of a run, from 1, and what it is in an uninterrupted one.
    Record { nth: u64, record: String },
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call { service, operation, nth } => write!(f, "{service}:{operation} #{nth}"),
            Self::Record { nth, record } => write!(f, "record {nth} ({record})"),
        }
    }
}

/// One way at one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Point {
    /// From 1, the same for the same playbook and inputs.
    pub number: usize,
    pub kind: Kind,
    pub at: At,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.number, self.kind, self.at)
    }
}

/// What an uninterrupted run did.
#[derive(Clone, Debug, Default)]
pub(super) struct Recording {
    pub calls: Vec<Hit>,
    /// The word of each record.
    pub records: Vec<String>,
}

/// Every point of a run, numbered.
pub(super) fn points(recording: &Recording) -> Vec<Point> {
    let mut counts = HashMap::<_, u64>::new();
    let mut all = Vec::new();
    for Hit { service, operation } in &recording.calls {
        let nth = counts.entry((service, operation)).or_default();
        *nth += 1;
        let (service, operation, nth) = (service.clone(), operation.clone(), *nth);
        let kinds = Kind::ALL[..6].iter().filter(|k| !is_read(&operation) || k.fits_reads());
        let at = At::Call { service, operation: operation.clone(), nth };
        all.extend(kinds.map(|kind| (*kind, at.clone())));
    }
    for (record, nth) in recording.records.iter().zip(1..) {
        let at = At::Record { nth, record: record.clone() };
        all.extend(Kind::ALL[6..].iter().map(|kind| (*kind, at.clone())));
    }
    let numbered = all.into_iter().zip(1..);
    numbered.map(|((kind, at), number)| Point { number, kind, at }).collect()
}

/// AWS names what only reads by its first word.
pub(super) fn is_read(operation: &str) -> bool {
    let words = ["Describe", "Get", "List", "Lookup", "Simulate", "Head", "BatchGet"];
    words.iter().any(|word| operation.starts_with(word))
}

impl Point {
    /// The rule that breaks the call, in one account.
    pub(super) fn rule(&self, account: &str) -> Option<Rule> {
        let At::Call { service, operation, nth } = &self.at else { return None };
        let effect = match self.kind {
            Kind::KilledBefore => Effect::HoldBefore,
            Kind::KilledAfter | Kind::TimedOut => Effect::HoldAfter,
            Kind::Throttled => Effect::Throttle,
            Kind::Reset => Effect::ResetAfter,
            Kind::Denied => denied(service),
            Kind::KilledAtRecord | Kind::DiskFull => return None,
        };
        let rule = Rule::new(service, operation, effect);
        Some(Rule { account: Some(account.into()), nth: Some(*nth), ..rule })
    }

    pub(super) fn trip(&self) -> Option<Trip> {
        match (&self.at, self.kind) {
            (At::Record { nth, .. }, Kind::KilledAtRecord) => Some(Trip::KillAfter(*nth)),
            (At::Record { nth, .. }, _) => Some(Trip::FullAt(*nth)),
            (At::Call { .. }, _) => None,
        }
    }
}

/// In each service's own words.
fn denied(service: &str) -> Effect {
    let (code, status) = aws::denial(service);
    let message = "You are not authorized to perform this operation.";
    Effect::Error { code: code.into(), status, message: message.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_and_record_is_broken_in_each_way_that_fits() {
        let hit = |operation: &str| Hit { service: "ec2".into(), operation: operation.into() };
        let recording = Recording {
            calls: vec![hit("DescribeInstances"), hit("CreateTags"), hit("CreateTags")],
            records: vec!["run-started".into()],
        };
        let all = points(&recording);
        assert_eq!(all.len(), 4 + 6 + 6 + 2);
        assert_eq!(all[10].to_string(), "11 killed-before ec2:CreateTags #2");
        assert_eq!(
            all.last().map(ToString::to_string).as_deref(),
            Some("18 disk-full record 1 (run-started)")
        );
        let rule = all[11].rule("123456789012").expect("a call has one");
        assert_eq!((rule.effect, rule.nth), (Effect::HoldAfter, Some(2)));
        assert_eq!(all[17].trip(), Some(Trip::FullAt(1)));
    }

    #[test]
    fn kinds_are_read_as_they_are_written() {
        for kind in Kind::ALL {
            assert_eq!(kind.word().parse(), Ok(kind));
        }
        assert!("explode".parse::<Kind>().is_err());
    }
}
