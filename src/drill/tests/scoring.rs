//! Ledgers as drills leave them, and what the scorecard makes of each.

use indexmap::IndexMap;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    drill::{
        Attack, Detection, Effect, Outline, Recovery, Response,
        score::{Objective, Outcome, Part, Scorecard},
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
        effects: vec![Effect {
            fault: "stop".into(),
            step: "effect-stop".into(),
            proof: Some(vec!["down".into()]),
        }],
        attacks: vec![Attack {
            fault: "steal".into(),
            start: "attack-steal".into(),
            steps: vec!["take".into()],
            denied: Vec::new(),
            proof: vec!["taken".into()],
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
            accepts_unverified: false,
            accepts_left_over: false,
            own_points: false,
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
        ("effect-stop", finished(json!({ "effective": at(0, 10) }))),
        ("down", plain()),
        ("attack-steal", finished(json!({ "at": at(0, 5) }))),
        ("take", plain()),
        ("taken", plain()),
        (
            "detect-seen",
            finished(json!({
                "outcome": "pass", "detected": true, "since": at(0, 5), "created": at(0, 20),
                "received": at(0, 30), "seconds-to-received": 25.0,
            })),
        ),
        ("respond", finished(json!({ "at": at(0, 42) }))),
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
    assert_eq!(took(Part::Rto), Some(235.0), "from the first fault until the content is verified");
    assert_eq!(took(Part::Rpo), Some(1805.0), "until the last fault, whichever destroyed it");
    let figure = |part| {
        let one = card.objectives.iter().find(|one| one.part == part).expect("it");
        (one.figures[0].name.as_str(), one.figures[0].seconds())
    };
    assert_eq!(figure(Part::Rto), ("restore time", 120.0));
    assert_eq!(figure(Part::Response), ("detection to response", 12.0));
    let faults = card.objectives.iter().filter(|one| one.part == Part::Fault);
    let proofs: Vec<_> = faults.map(|one| (one.name.as_str(), one.proof.join(","))).collect();
    let want = [("experiment", ""), ("stop", "down"), ("steal", "taken")];
    assert_eq!(proofs, want.map(|(name, proof)| (name, proof.to_owned())));
}

/// One objective of a part, by name.
fn objective<'a>(card: &'a Scorecard, part: Part, name: &str) -> &'a Objective {
    let mut found = card.objectives.iter().filter(|one| one.part == part && one.name == name);
    found.next().unwrap_or_else(|| panic!("no {name}: {card:#?}"))
}

/// A restore that takes no time at all is of no use when it begins late: the clock starts with the fault.
#[test]
fn the_recovery_time_begins_with_the_fault() {
    let mut states = good();
    states.insert("recovering".into(), finished(json!({ "at": at(9, 0) })));
    states.insert("recovered".into(), finished(json!({ "at": at(9, 1) })));
    let card = score(states, &outline(), &[]);
    let time = objective(&card, Part::Rto, "fault to verified content");
    assert_eq!((time.outcome, time.took), (Outcome::Late, Some(536.0)));
    assert_eq!(time.figures[0].seconds(), 1.0);
}

#[test]
fn a_restore_is_as_good_as_its_content() {
    let accepting = |accepts_unverified| {
        let mut outline = outline();
        let recovery = outline.recovery.as_mut().expect("it");
        recovery.accepts_unverified = accepts_unverified;
        outline
    };
    let same = |word: &str, accepts: bool| {
        let mut states = good();
        states.insert("same".into(), finished(json!({ "outcome": word })));
        let card = score(states, &accepting(accepts), &[]);
        (card.outcome, objective(&card, Part::Rto, "fault to verified content").outcome)
    };
    for (word, outcome) in [
        ("damaged", Outcome::Damaged),
        ("missing", Outcome::Missing),
        ("no-blocks", Outcome::Unverified),
        ("something-new", Outcome::Unverified),
    ] {
        assert_eq!(same(word, false), (outcome, outcome), "{word}");
    }
    assert_eq!(same("no-blocks", true), (Outcome::Pass, Outcome::Pass));
    assert_eq!(same("damaged", true), (Outcome::Damaged, Outcome::Damaged));
    // Restored, and nothing looks at it.
    let unseen = |accepts: bool| {
        let mut states = good();
        states.insert("same".into(), finished(json!({})));
        let card = score(states, &accepting(accepts), &[]);
        objective(&card, Part::Rto, "fault to verified content").outcome
    };
    assert_eq!((unseen(false), unseen(true)), (Outcome::Unverified, Outcome::Pass));
}

/// A backup of the damage is as young as a backup can be.
#[test]
fn a_point_after_the_fault_is_no_recovery_point() {
    let with_points = |points: Value| {
        let card =
            with("recovering", finished(json!({ "at": at(2, 0), "recovery-points": points })));
        let point = objective(&card, Part::Rpo, "recovery point before the fault");
        (point.outcome, point.took, point.note.clone())
    };
    let (outcome, took, note) = with_points(json!(["2026-11-24T11:30:05Z", at(1, 30)]));
    assert_eq!((outcome, took), (Outcome::Failed, None));
    assert!(note.contains("the point is after the fault"), "{note}");
    let (outcome, took, _) = with_points(json!(["2026-11-24T11:30:05Z", at(0, 0)]));
    assert_eq!((outcome, took), (Outcome::Pass, Some(1805.0)), "the oldest counts");
}

#[test]
fn the_age_of_a_point_that_the_drill_made_itself_proves_nothing() {
    let mut outline = outline();
    outline.recovery.as_mut().expect("it").own_points = true;
    let card = score(good(), &outline, &[]);
    let point = objective(&card, Part::Rpo, "recovery point before the fault");
    assert_eq!((point.outcome, card.outcome), (Outcome::Unverified, Outcome::Unverified));
    outline.recovery.as_mut().expect("it").rpo = None;
    assert_eq!(score(good(), &outline, &[]).outcome, Outcome::Pass, "no objective, no claim");
}

/// What was lost is measured by what was written, however young the point is.
#[test]
fn lost_writes_are_the_recovery_point() {
    let canaries = |lost: u64, last: Option<&str>| {
        let mut outline = outline();
        outline.recovery.as_mut().expect("it").own_points = true;
        let mut states = good();
        let found = json!({ "outcome": "same", "canaries": {
            "written": 4, "lost": lost, "last-kept": last, "first-lost": null } });
        states.insert("same".into(), finished(found));
        let card = score(states, &outline, &[]);
        let point = objective(&card, Part::Rpo, "recovery point before the fault");
        assert_eq!((point.outcome, point.budget), (Outcome::Pass, None), "only that it is older");
        let loss = objective(&card, Part::Rpo, "writes until the fault");
        (loss.outcome, loss.took, card.outcome)
    };
    let kept = canaries(0, Some("2026-11-24T12:00:01Z"));
    assert_eq!(kept, (Outcome::Pass, Some(9.0), Outcome::Pass));
    let late = canaries(3, Some("2026-11-24T10:30:05Z"));
    assert_eq!(late, (Outcome::Late, Some(5405.0), Outcome::Late));
    assert_eq!(canaries(4, None), (Outcome::Missing, None, Outcome::Missing));
    let after = canaries(0, Some("2026-11-24T12:00:30Z"));
    assert_eq!(after.0, Outcome::Failed, "a canary after the fault");
}

#[test]
fn nobody_who_was_not_told_has_answered() {
    let mut states = good();
    let nobody = "nothing was detected, so nobody was called: the response did not start";
    let failed = StepState::Failed { word: "failed".into(), error: nobody.into(), last: true };
    states.insert("respond".into(), failed);
    states.shift_remove("respond-cut");
    states
        .insert("detect-seen".into(), finished(json!({ "outcome": "missed", "detected": false })));
    let card = score(states, &outline(), &[]);
    let response = objective(&card, Part::Response, "answer.yaml");
    assert_eq!((response.outcome, response.took), (Outcome::NotRun, None));
    assert_eq!(response.note, nobody);
    assert_eq!(outcome(&card, Part::Detection), Outcome::Missed);
}

#[test]
fn a_response_of_skipped_steps_has_not_run() {
    let skipped = || StepState::Skipped("its condition does not hold".into());
    let card = with("respond-cut", skipped());
    let response = objective(&card, Part::Response, "answer.yaml");
    assert_eq!((response.outcome, response.took), (Outcome::NotRun, None));
    assert_eq!(card.outcome, Outcome::NotRun);
    // One of several may be skipped.
    let mut states = good();
    states.insert("respond-ask".into(), skipped());
    assert_eq!(score(states, &outline(), &[]).outcome, Outcome::Pass);
    // Nothing else that is skipped counts as done either.
    for (id, part) in
        [("before-up", Part::SteadyBefore), ("take", Part::Fault), ("after-up", Part::SteadyAfter)]
    {
        assert_eq!(outcome(&with(id, skipped()), part), Outcome::NotRun, "{id}");
    }
    assert_eq!(outcome(&with("taken", skipped()), Part::Fault), Outcome::Unproven);
}

#[test]
fn a_fault_counts_when_something_shows_it() {
    for id in ["down", "taken"] {
        for state in [failed(), StepState::Pending, StepState::Running] {
            let card = with(id, state);
            assert_eq!(
                (card.outcome, outcome(&card, Part::Fault)),
                (Outcome::Unproven, Outcome::Unproven)
            );
        }
    }
    let mut bare = outline();
    bare.effects[0].proof = Some(Vec::new());
    assert_eq!(score(good(), &bare, &[]).outcome, Outcome::Unproven, "nothing looks");
    bare.effects[0].proof = None;
    bare.experiment_proof = Some(Vec::new());
    assert_eq!(score(good(), &bare, &[]).outcome, Outcome::Unproven, "of a template neither");
    bare.experiment_proof = Some(vec!["down".into()]);
    assert_eq!(score(good(), &bare, &[]).outcome, Outcome::Pass);
}

/// An attack that AWS refused has tested nothing, and no detection is to blame.
#[test]
fn an_attack_is_answered_as_expected_or_the_fault_failed() {
    let refused = || finished(json!({ "denied": true, "refusal": "AccessDenied" }));
    let error = || StepState::Failed { word: "denied".into(), error: "no".into(), last: true };
    let of = |state: StepState, denied: bool| {
        let mut outline = outline();
        if denied {
            outline.attacks[0].denied = vec!["take".into()];
        }
        let mut states = good();
        states.insert("take".into(), state);
        let card = score(states, &outline, &[]);
        objective(&card, Part::Fault, "steal").outcome
    };
    assert_eq!(of(refused(), false), Outcome::Failed, "the old code called it a pass");
    assert_eq!(of(error(), false), Outcome::Failed);
    assert_eq!((of(refused(), true), of(error(), true)), (Outcome::Pass, Outcome::Pass));
    assert_eq!(of(finished(json!({ "denied": false })), true), Outcome::Failed);
    assert_eq!(of(finished(json!({})), true), Outcome::Failed, "it was allowed");
    assert_eq!(of(failed(), true), Outcome::Failed, "it failed otherwise");
    assert_eq!(of(StepState::Pending, true), Outcome::NotRun);
}

/// Each fault has its own moment, and the recovery counts from the first of them.
#[test]
fn faults_take_effect_one_by_one() {
    let card = with("effect-stop", failed());
    assert_eq!(objective(&card, Part::Fault, "stop").outcome, Outcome::Failed);
    assert_eq!(objective(&card, Part::Fault, "steal").outcome, Outcome::Pass);
    let mut states = good();
    states.insert("effect-stop".into(), finished(json!({ "effective": at(0, 1) })));
    states.insert("inject".into(), finished(json!({})));
    let card = score(states, &outline(), &[]);
    assert_eq!(objective(&card, Part::Rto, "fault to verified content").took, Some(239.0));
}

/// A journal of an earlier version has no step for each effect and no proof: it can be read, and shows what it has.
#[test]
fn a_ledger_of_an_earlier_version_is_read() {
    let mut states = good();
    for new in ["effect-stop", "down", "taken"] {
        states.shift_remove(new);
    }
    states.insert(
        "detect-seen".into(),
        finished(json!({ "outcome": "pass", "received": at(0, 30) })),
    );
    let card = score(states, &outline(), &[]);
    assert_eq!(objective(&card, Part::Rto, "fault to verified content").took, Some(235.0));
    assert_eq!(objective(&card, Part::Response, "answer.yaml").figures.len(), 1);
    assert_eq!(objective(&card, Part::Fault, "steal").outcome, Outcome::Unproven);
    // And its scorecard, which has neither figures nor proofs.
    let old =
        json!({ "part": "rto", "name": "restored and verified", "outcome": "pass", "took": 1.0 });
    let old: Objective = serde_json::from_value(old).expect("an objective");
    assert!(old.figures.is_empty() && old.proof.is_empty());
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
    let late = with("recovered", finished(json!({ "at": at(5, 30) })));
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
    outline.recovery.as_mut().expect("it").accepts_unverified = true;
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
    fn a_drill_passes_only_when_every_step_ended_well(broken in proptest::collection::btree_set(0..18_usize, 0..4), how in 0..3) {
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
        // The end of a response that ran is no objective of its own.
        let counts = broken.iter().any(|at| ids[*at] != "responded");
        prop_assert_eq!(card.outcome == Outcome::Pass, !counts);
    }
}
