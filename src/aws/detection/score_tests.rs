//! Tests of the judgement: every outcome, and every order in which events can come.

use proptest::prelude::*;

use super::*;

const SINCE: i64 = 1_700_000_000;

fn at(seconds: f64) -> Timestamp {
    Timestamp::from_millisecond(SINCE * 1000 + (seconds * 1000.0) as i64).expect("in range")
}

/// Created and received so many seconds after the fault.
fn event(id: &str, created: f64, received: f64) -> Event {
    Event {
        id: id.into(),
        name: id.into(),
        kind: "Stealth".into(),
        title: String::new(),
        created: at(created),
        received: at(received),
        binds: true,
        sample: false,
    }
}

fn other(id: &str, received: f64) -> Event {
    Event { binds: false, ..event(id, received, received) }
}

fn sample(id: &str, received: f64) -> Event {
    Event { binds: false, sample: true, ..event(id, received, received) }
}

/// A minute is allowed, and it is `now` seconds after the fault.
fn clocks(now: f64) -> Clocks {
    Clocks {
        since: at(0.0),
        within: Duration::from_mins(1),
        now: at(now),
        settled: true,
        cut_off: false,
    }
}

fn outcome(events: &[Event], now: f64) -> Option<(Outcome, Option<String>)> {
    let events: Vec<_> = events.iter().collect();
    judge(&events, &clocks(now)).map(|j| (j.outcome, j.event.map(|event| event.id.clone())))
}

fn is(outcome: Outcome, id: &str) -> Option<(Outcome, Option<String>)> {
    Some((outcome, Some(id.into())))
}

#[test]
fn in_time_is_told_at_once() {
    assert_eq!(outcome(&[event("a", 3.0, 10.0)], 11.0), is(Outcome::Pass, "a"));
    assert_eq!(outcome(&[event("a", 3.0, 60.0)], 61.0), is(Outcome::Pass, "a"));
    let two = [event("b", 1.0, 20.0), event("a", 3.0, 10.0)];
    assert_eq!(outcome(&two, 30.0), is(Outcome::Pass, "a"));
}

#[test]
fn late_is_not_missed() {
    assert_eq!(outcome(&[], 61.0), None);
    assert_eq!(outcome(&[event("a", 3.0, 60.1)], 61.0), is(Outcome::Late, "a"));
    assert_eq!(outcome(&[event("a", 3.0, 119.0)], 200.0), is(Outcome::Late, "a"));
    assert_eq!(outcome(&[event("a", 3.0, 121.0)], 200.0), Some((Outcome::Missed, None)));
    assert_eq!(outcome(&[], 120.0), None);
    assert_eq!(outcome(&[], 120.1), Some((Outcome::Missed, None)));
}

#[test]
fn short_deadlines_have_ten_seconds_of_grace() {
    let clocks = Clocks { within: Duration::from_secs(2), ..clocks(11.0) };
    assert_eq!(clocks.longest(), Duration::from_secs(12));
    let late = event("a", 1.0, 11.0);
    assert_eq!(judge(&[&late], &clocks).map(|j| j.outcome), Some(Outcome::Late));
}

#[test]
fn what_was_before_the_fault_does_not_count() {
    assert_eq!(outcome(&[event("a", -3.0, 1.0)], 200.0), Some((Outcome::Missed, None)));
    // A clock of whole seconds may say so of what came right after it.
    assert_eq!(outcome(&[event("a", -1.0, 1.0)], 2.0), is(Outcome::Pass, "a"));
}

#[test]
fn another_resource_is_no_detection() {
    assert_eq!(outcome(&[other("o", 5.0)], 100.0), None);
    assert_eq!(
        outcome(&[other("o", 5.0), other("p", 7.0)], 121.0),
        is(Outcome::WrongResource, "p")
    );
    assert_eq!(outcome(&[other("o", 5.0), event("a", 6.0, 7.0)], 8.0), is(Outcome::Pass, "a"));
}

#[test]
fn a_sample_shows_the_plumbing_only() {
    assert_eq!(outcome(&[sample("s", 5.0)], 100.0), None);
    assert_eq!(outcome(&[sample("s", 5.0)], 121.0), is(Outcome::PlumbingOnly, "s"));
    let named = Event { binds: true, ..sample("s", 5.0) };
    assert_eq!(outcome(&[named], 121.0), is(Outcome::PlumbingOnly, "s"), "a sample never binds");
    assert_eq!(
        outcome(&[sample("s", 9.0), other("o", 5.0)], 121.0),
        is(Outcome::WrongResource, "o")
    );
}

#[test]
fn nothing_is_held_against_what_may_still_be_hidden() {
    let clocks = Clocks { settled: false, ..clocks(500.0) };
    assert_eq!(judge(&[], &clocks), None);
    assert_eq!(judge(&[&event("a", 3.0, 70.0)], &clocks), None, "an earlier one may be hidden");
    let in_time = event("a", 3.0, 7.0);
    assert_eq!(judge(&[&in_time], &clocks).map(|j| j.outcome), Some(Outcome::Pass));
}

#[test]
fn the_note_counts_down() {
    let (a, b) = (other("o", 5.0), event("old", -50.0, 1.0));
    assert_eq!(note(&[&a, &b], "i-1", &clocks(20.0)), "1 seen, none that names `i-1`; 40 s left");
    assert_eq!(note(&[], "i-1", &clocks(75.0)), "0 seen, none that names `i-1`; 15 s late");
}

fn any_event() -> impl Strategy<Value = Event> {
    (0_u8..20, -10_i32..200, 0_i32..30, any::<bool>(), any::<bool>()).prop_map(
        |(id, created, took, binds, sample)| Event {
            binds: binds && !sample,
            sample,
            ..event(&format!("e{id}"), f64::from(created), f64::from(created + took))
        },
    )
}

proptest! {
    /// However the events come, the outcome is the same; and once there is one, it stays, and it
    /// is the one that the whole story has.
    #[test]
    fn the_order_of_arrival_is_of_no_account(
        mut events in proptest::collection::vec(any_event(), 0..12),
        seed in any::<u64>(),
    ) {
        let end = outcome(&events, 1000.0).map(|(outcome, _)| outcome);
        prop_assert!(end.is_some());
        let at = (seed as usize) % events.len().max(1);
        let forwards = outcome(&events, 1000.0);
        let middle = at.min(events.len());
        events.rotate_left(middle);
        events.reverse();
        prop_assert_eq!(outcome(&events, 1000.0), forwards);
        for now in 0..140 {
            let come: Vec<_> =
                events.iter().filter(|e| e.received <= at_second(now)).cloned().collect();
            if let Some((early, _)) = outcome(&come, f64::from(now)) {
                prop_assert_eq!(Some(early), end);
            }
        }
    }

    #[test]
    fn a_pass_is_bound_real_and_in_time(events in proptest::collection::vec(any_event(), 0..12)) {
        let refs: Vec<_> = events.iter().collect();
        let judged = judge(&refs, &clocks(1000.0)).expect("an outcome");
        if matches!(judged.outcome, Outcome::Pass | Outcome::Late) {
            let event = judged.event.expect("an event");
            prop_assert!(event.binds && !event.sample && event.created >= at(-2.0));
            prop_assert_eq!(judged.outcome == Outcome::Pass, event.received <= at(60.0));
        }
        prop_assert!(judged.seen <= events.len() as u64);
    }
}

fn at_second(now: i32) -> Timestamp {
    at(f64::from(now))
}
