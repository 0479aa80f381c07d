//! Ledgers as drills leave them, and what the scorecard makes of each.

use indexmap::IndexMap;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    drill::{
        Attack, Detection, Outline, Recovery, Response,
        score::{Outcome, Part, Scorecard},
    },
    engine::Verdict,
    journal::{Ledger, StepLedger, StepState},
};

fn seconds(n: u64) -> std::time::Duration {
    std::time::Duration::from_secs(n)
}

fn outline() -> Outline {
    Outline {
        simulation: "drill".into(),
        before: vec!["before-up".into()],
        after: vec!["after-up".into()],
        inject: true,
        attacks: vec![Attack {
            fault: "steal".into(),
            start: "attack-steal".into(),
            steps: vec!["take".into()],
        }],
        detections: vec![Detection {
            name: "seen".into(),
            step: "detect-seen".into(),
            within: seconds(60),
            accepts_plumbing: false,
        }],
        response: Some(Response {
            start: "respond".into(),
            prefix: "respond-".into(),
            end: "responded".into(),
            playbook: "answer.yaml".into(),
            within: Some(seconds(120)),
        }),
        recovery: Some(Recovery {
            start: "recovering".into(),
            end: "recovered".into(),
            steps: vec!["restore".into(), "same".into()],
            rto: Some(seconds(300)),
            rpo: Some(seconds(3600)),
        }),
        ..Outline::default()
    }
}

fn at(minute: u32, second: u32) -> Value {
    json!(format!("2026-11-24T12:{minute:02}:{second:02}Z"))
}

fn finished(outputs: Value) -> StepState {
    StepState::Finished(outputs)
}

/// A drill in which everything went well.
fn good() -> IndexMap<String, StepState> {
    let plain = || finished(json!({}));
    [
        ("guard", plain()),
        ("before-up", plain()),
        ("inject", finished(json!({ "effective": at(0, 10) }))),
        ("attack-steal", finished(json!({ "at": at(0, 5) }))),
        ("take", plain()),
        (
            "detect-seen",
            finished(json!({
                "outcome": "pass", "since": at(0, 5), "created": at(0, 20), "received": at(0, 30),
                "seconds-to-received": 25.0,
            })),
        ),
        ("respond", finished(json!({ "at": at(0, 12) }))),
        ("respond-cut", plain()),
        ("responded", finished(json!({ "at": at(1, 5) }))),
        ("experiment-end", finished(json!({ "status": "completed", "reason": "" }))),
        (
            "recovering",
            finished(json!({ "at": at(2, 0), "recovery-point": "2026-11-24T11:30:05Z" })),
        ),
        ("restore", plain()),
        ("same", finished(json!({ "outcome": "same" }))),
        ("recovered", finished(json!({ "at": at(4, 0) }))),
        ("after-up", plain()),
    ]
    .into_iter()
    .map(|(id, state)| (id.to_owned(), state))
    .collect()
}

fn score(states: IndexMap<String, StepState>, outline: &Outline, left: &[String]) -> Scorecard {
    let step = |(id, state)| {
        let mut step = StepLedger { state, ..StepLedger::default() };
        if id == "respond-cut" {
            step.verdicts.insert("x".into(), (Verdict::Proven, Value::Null));
        }
        (id, step)
    };
    let ledger = Ledger { steps: states.into_iter().map(step).collect(), ..Ledger::default() };
    Scorecard::fold(outline, "01RUN", &ledger, Some(left))
}

fn with(id: &str, state: StepState) -> Scorecard {
    let mut states = good();
    states.insert(id.into(), state);
    score(states, &outline(), &[])
}

fn outcome(card: &Scorecard, part: Part) -> Outcome {
    let found = card.objectives.iter().filter(|one| one.part == part);
    found.map(|one| one.outcome).max().expect("an objective of this part")
}

fn failed() -> StepState {
    StepState::Failed { word: "failed".into(), error: "no".into(), last: true }
}

#[test]
fn a_good_drill_passes_with_all_its_clocks() {
    let card = score(good(), &outline(), &[]);
    assert_eq!(card.outcome, Outcome::Pass, "{card:#?}");
    let took = |part| card.objectives.iter().find(|one| one.part == part).and_then(|one| one.took);
    assert_eq!(took(Part::Detection), Some(25.0));
    assert_eq!(took(Part::Response), Some(60.0), "from the first fault");
    assert_eq!(took(Part::Rto), Some(120.0));
    assert_eq!(took(Part::Rpo), Some(1800.0));
}

#[test]
fn each_thing_that_goes_wrong_has_its_outcome() {
    let detected = |word: &str| with("detect-seen", finished(json!({ "outcome": word })));
    for (word, wanted) in [
        ("late", Outcome::Late),
        ("missed", Outcome::Missed),
        ("cut-off", Outcome::CutOff),
        ("wrong-resource", Outcome::WrongResource),
        ("plumbing-only", Outcome::PlumbingOnly),
    ] {
        let card = detected(word);
        assert_eq!((card.outcome, outcome(&card, Part::Detection)), (wanted, wanted));
    }
    assert_eq!(with("guard", failed()).outcome, Outcome::Refused);
    assert_eq!(with("before-up", failed()).outcome, Outcome::Broken);
    assert_eq!(with("respond-cut", failed()).outcome, Outcome::Failed);
    assert_eq!(with("restore", failed()).outcome, Outcome::Failed);
    assert_eq!(with("take", StepState::Pending).outcome, Outcome::NotRun);
    assert_eq!(with("same", finished(json!({ "outcome": "damaged" }))).outcome, Outcome::Damaged);
    let stopped =
        with("experiment-end", finished(json!({ "status": "stopped", "reason": "alarm" })));
    assert_eq!(
        (stopped.outcome, outcome(&stopped, Part::Fault)),
        (Outcome::Stopped, Outcome::Stopped)
    );
    let late = with("recovered", finished(json!({ "at": at(8, 0) })));
    assert_eq!((late.outcome, outcome(&late, Part::Rto)), (Outcome::Late, Outcome::Late));
    let slow = with("responded", finished(json!({ "at": at(3, 0) })));
    assert_eq!(outcome(&slow, Part::Response), Outcome::Late);
    let left = score(good(), &outline(), &["`net`: ec2.vpc vpc-1".into()]);
    assert_eq!(left.outcome, Outcome::LeftOver);
}

#[test]
fn what_is_accepted_does_not_count_and_is_still_shown() {
    let mut outline = outline();
    outline.detections[0].accepts_plumbing = true;
    let mut states = good();
    states.insert("detect-seen".into(), finished(json!({ "outcome": "plumbing-only" })));
    states.insert("same".into(), finished(json!({ "outcome": "no-blocks" })));
    let card = score(states, &outline, &[]);
    assert_eq!(card.outcome, Outcome::Pass);
    assert_eq!(outcome(&card, Part::Detection), Outcome::PlumbingOnly);
    assert_eq!(outcome(&card, Part::Content), Outcome::Unverified);
}

proptest! {
    /// Whatever is missing or failed, a drill never looks better than its worst part, and never
    /// passes when a step of it did not end well.
    #[test]
    fn a_drill_passes_only_when_every_step_ended_well(broken in proptest::collection::btree_set(0..15_usize, 0..4), how in 0..3) {
        let mut states = good();
        let ids: Vec<_> = states.keys().cloned().collect();
        for at in &broken {
            let state = match how {
                0 => StepState::Pending,
                1 => StepState::Running,
                _ => failed(),
            };
            states.insert(ids[*at].clone(), state);
        }
        let card = score(states, &outline(), &[]);
        let worst = card.objectives.iter().map(|one| one.outcome).max().expect("objectives");
        prop_assert_eq!(card.outcome, worst);
        // The begin of the response is no objective of its own.
        let counts = broken.iter().any(|at| !["respond", "responded", "recovered"].contains(&ids[*at].as_str()));
        prop_assert_eq!(card.outcome == Outcome::Pass, !counts);
    }
}
