//! What the attacker tried again, in the score: beside what the response said of itself.

use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::{
    drill::{
        Outline, Refusal, Response,
        score::{Outcome, Part, Scorecard},
    },
    engine::Verdict,
    journal::{Ledger, StepLedger, StepState},
};

const ATTACKER: &str = "arn:aws:iam::123456789012:user/leaky";

fn outline() -> Outline {
    Outline {
        simulation: "drill".into(),
        response: Some(Response {
            start: "respond".into(),
            prefix: "respond-".into(),
            end: "responded".into(),
            playbook: "answer.yaml".into(),
            within: None,
        }),
        refused: vec![Refusal {
            name: "key".into(),
            tried: "try-key".into(),
            step: "refused-key".into(),
            within: std::time::Duration::from_mins(2),
        }],
        ..Outline::default()
    }
}

fn tried(outcome: &str, calls: &[(&str, &str)]) -> StepState {
    let calls = calls.iter().map(|(call, outcome)| {
        json!({ "call": call, "principal": ATTACKER, "outcome": outcome, "why": null })
    });
    let calls: Vec<_> = calls.collect();
    StepState::Finished(json!({ "outcome": outcome, "calls": calls, "detail": "as it is",
        "worked": ["iam:ListUsers"], "since": "2026-11-24T12:01:05Z", "seconds-to-refused": 3.0 }))
}

fn score(step: StepState, verdict: Verdict, left: &[String]) -> Scorecard {
    let done = || StepState::Finished(json!({}));
    let states = [
        ("guard", done()),
        ("try-key", done()),
        ("respond", StepState::Finished(json!({ "at": "2026-11-24T12:00:30Z" }))),
        ("respond-cut", done()),
        ("responded", StepState::Finished(json!({ "at": "2026-11-24T12:01:05Z" }))),
        ("refused-key", step),
    ];
    let steps: IndexMap<_, _> = states
        .into_iter()
        .map(|(id, state)| {
            let mut step = StepLedger { state, ..StepLedger::default() };
            if id == "respond-cut" {
                step.verdicts.insert("the key".into(), (verdict.clone(), Value::Null));
            }
            (id.to_owned(), step)
        })
        .collect();
    let ledger = Ledger { steps, ..Ledger::default() };
    Scorecard::fold(&outline(), "RUN", &ledger, Some(left))
}

fn of(card: &Scorecard) -> &crate::drill::score::Objective {
    card.objectives.iter().find(|one| one.part == Part::Refused).expect("an objective")
}

const OPEN: &[(&str, &str)] = &[("iam:ListUsers", "still-works"), ("s3:PutX on b", "refused")];

#[test]
fn whoever_is_refused_passes_with_a_clock() {
    let calls = [("iam:ListUsers", "refused")];
    let card = score(tried("pass", &calls), Verdict::Proven, &[]);
    assert_eq!(
        (card.outcome, of(&card).took, of(&card).budget),
        (Outcome::Pass, Some(3.0), Some(120.0))
    );
    assert_eq!((card.contradiction.as_deref(), card.said.expect("said").proven), (None, 1));
    assert_eq!(of(&card).calls[0].principal, ATTACKER);
}

/// A colleague, or what remediates by itself, may have been faster: that tests no response.
#[test]
fn a_response_that_did_nothing_refuses_nobody() {
    let done = || StepState::Finished(json!({ "at": "2026-11-24T12:01:05Z" }));
    let calls = [("iam:ListUsers", "refused")];
    let states =
        ["guard", "try-key", "respond", "respond-look", "responded"].map(|id| (id, done()));
    let states = states.into_iter().chain([("refused-key", tried("pass", &calls))]);
    let step = |(id, state): (&str, StepState)| {
        (id.to_owned(), StepLedger { state, ..StepLedger::default() })
    };
    let ledger = Ledger { steps: states.map(step).collect(), ..Ledger::default() };
    let card = Scorecard::fold(&outline(), "RUN", &ledger, Some(&[]));
    assert_eq!(of(&card).outcome, Outcome::Unknown);
    let response = card.objectives.iter().find(|one| one.part == Part::Response);
    assert_eq!(response.map(|one| one.outcome), Some(Outcome::NotRun));
}

#[test]
fn proven_and_still_works_is_the_worst_there_is() {
    let card = score(tried("still-works", OPEN), Verdict::Proven, &["`net`: ec2.vpc vpc-1".into()]);
    assert_eq!(card.outcome, Outcome::StillWorks, "worse than what is left over");
    assert!(card.left_over(), "which is not forgotten");
    let said = card.contradiction.expect("said");
    assert_eq!(
        said,
        format!("the response says `proven`, and `iam:ListUsers` as `{ATTACKER}` still works")
    );
    let presumed = Verdict::Presumed { reason: "unseen".into() };
    let card = score(tried("still-works", OPEN), presumed, &[]);
    assert_eq!((card.outcome, card.contradiction), (Outcome::StillWorks, None));
    assert_eq!(card.said.expect("said").words(), "1 presumed");
}

#[test]
fn what_is_not_known_is_no_pass() {
    let unknown = [("iam:ListUsers", "unknown")];
    for step in [
        tried("unknown", &unknown),
        tried("pass", &[]),
        tried("a word of a later version", &unknown),
    ] {
        assert_eq!(score(step, Verdict::Proven, &[]).outcome, Outcome::Unknown);
    }
    let card = score(StepState::Pending, Verdict::Proven, &[]);
    assert_eq!(
        (card.outcome, of(&card).note.as_str()),
        (Outcome::NotRun, "`refused-key` did not run")
    );
}

/// As an earlier version wrote it.
#[test]
fn a_scorecard_and_an_outline_without_it_are_read() {
    let old = json!({ "simulation": "s", "title": "t", "version": "1.0.0", "hypothesis": "h", "attack": [],
        "run": "r", "account": "1", "region": "r", "endpoint": null, "started": null, "outcome": "late",
        "objectives": [{ "part": "response", "name": "p", "outcome": "late" }] });
    let card: Scorecard = serde_json::from_value(old.clone()).expect("read");
    assert_eq!((card.contradiction.is_none(), card.said), (true, None));
    let again = serde_json::to_value(&card).expect("JSON");
    assert!(again.get("contradiction").is_none() && again["objectives"][0].get("calls").is_none());
    let mut outline = serde_json::to_value(outline()).expect("JSON");
    outline.as_object_mut().expect("a mapping").remove("refused");
    let read: Outline = serde_json::from_value(outline).expect("read");
    assert!(read.refused.is_empty());
}
