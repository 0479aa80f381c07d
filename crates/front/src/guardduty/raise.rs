//! From a signal to a finding: counted on the one that is there, suppressed by filters, published.
//!
//! A new finding goes out at once. Repeats are gathered and go out once in the detector's publishing interval, which
//! the lab's clock shortens:
//! <https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings_eventbridge.html>

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::broadcast::error::RecvError;

use super::detector::{self, Detector};
use super::filter;
use super::finding::{KIND, Record, Signal, lab_info};
use super::rules::{self, Memory};
use crate::{Event, Front, Scope};

/// What the rules remember of an account; a Region of its own, since keys are used in all of them.
const MEMORY: &str = "guardduty.memory";
/// How often gathered repeats are looked through, at least and at most.
const SWEEP: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));

/// Raises a finding, or counts it on the one that it repeats.
pub(super) fn raise(
    front: &Front,
    at: &Scope,
    detector: &Detector,
    signal: &Signal,
    info: &Value,
    seen: Timestamp,
) {
    if !detector.is_enabled {
        return;
    }
    let mut record = Record::new(at, &detector.id, signal, info.clone(), seen);
    let is_suppressed =
        filter::all(front, at).iter().any(|filter| filter.suppresses(&record.finding));
    let settle = |record: &mut Record| {
        if is_suppressed {
            record.archive(true);
            record.is_suppressed = true;
            record.is_pending = false;
        }
        if record.is_pending && record.published.is_none() {
            publish(front, at, record);
        }
    };
    // One that a caller archived is done with: the same thing again is a new finding.
    let known = front
        .store()
        .list::<Record>(at, KIND)
        .into_iter()
        .find(|known| known.key == record.key && (known.is_suppressed || !known.is_archived()));
    let repeated = known.and_then(|known| {
        front.store().update(at, KIND, &known.id, |known: &mut Record| {
            known.repeat(signal, seen);
            settle(known);
        })
    });
    if repeated.is_none() {
        settle(&mut record);
        front.store().put(at, KIND, &record.id, &record);
    }
}

fn publish(front: &Front, at: &Scope, record: &mut Record) {
    front.raise(Event::new(at, "aws.guardduty", "GuardDuty Finding", record.finding.clone()));
    record.published = Some(Timestamp::now());
    record.is_pending = false;
}

/// Publishes repeats whose interval is over.
pub(super) async fn sweep(front: Front) {
    loop {
        let pause = front.clock().shorten(Duration::from_secs(90)).clamp(SWEEP.0, SWEEP.1);
        tokio::time::sleep(pause).await;
        for at in front.store().scopes(KIND) {
            let Some(detector) = detector::only(&front, &at) else { continue };
            let interval = front.clock().shorten(detector.interval());
            for record in front.store().list::<Record>(&at, KIND) {
                if is_due(&record, interval, Timestamp::now()) {
                    front.store().update(&at, KIND, &record.id, |record: &mut Record| {
                        publish(&front, &at, record);
                    });
                }
            }
        }
    }
}

fn is_due(record: &Record, interval: Duration, now: Timestamp) -> bool {
    let waited = |since: Timestamp| now.duration_since(since).unsigned_abs() >= interval;
    record.is_pending && !record.is_suppressed && record.published.is_none_or(waited)
}

/// Holds every recorded call against the rules.
pub(super) async fn watch(front: Front) {
    let mut records = front.records();
    loop {
        match records.recv().await {
            Ok(record) => judge(&front, &record.event()),
            Err(RecvError::Lagged(lost)) => {
                tracing::warn!(lost, "calls that GuardDuty's rules did not see");
            }
            Err(RecvError::Closed) => return,
        }
    }
}

fn judge(front: &Front, record: &Value) {
    let event = rules::Event(record);
    let text = |name: &str| event.text(name).unwrap_or_default();
    let at = Scope::new(text("/recipientAccountId"), text("/awsRegion"));
    // Before any detector, too: a key may be disabled first.
    let all = Scope::new(&at.account, "all");
    let needs_memory = rules::needs_memory(&event);
    let known = || front.store().get(&all, MEMORY, "rules");
    let before: Memory = if needs_memory { known().unwrap_or_default() } else { Memory::default() };
    let mut memory = before.clone();
    let signals = rules::judge(&event, &mut memory);
    if needs_memory && memory != before {
        front.store().put(&all, MEMORY, "rules", &memory);
    }
    let Some(detector) = detector::only(front, &at) else { return };
    for signal in signals {
        raise(front, &at, &detector, &signal, &lab_info(), event.at());
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::tests::signal;
    use super::*;

    #[test]
    fn repeats_wait_for_their_interval() {
        let at = Scope::new("111122223333", "eu-west-1");
        let now = Timestamp::from_second(1_700_000_000).expect("in range");
        let mut record = Record::new(&at, "d", &signal("k"), lab_info(), now);
        let quarter = Duration::from_mins(15);
        record.published = Some(now);
        record.is_pending = false;
        assert!(!is_due(&record, quarter, now + Duration::from_secs(1000)));
        record.repeat(&signal("k"), now);
        assert!(!is_due(&record, quarter, now + Duration::from_secs(899)));
        assert!(is_due(&record, quarter, now + Duration::from_mins(15)));
        record.is_suppressed = true;
        assert!(!is_due(&record, quarter, now + Duration::from_mins(15)));
    }
}
