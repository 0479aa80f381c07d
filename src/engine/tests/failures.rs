//! Failing calls and failing steps: retries, failed jobs, tolerated failures, lost answers, a full
//! disk.

use crate::engine::{
    Class, StepError,
    unit::{OnFailure, Policy},
};
use crate::journal::{Record, RunStatus};

use super::{
    harness::{Cut, Stage},
    script::{Act, Script, set, unit, with},
    world::{Fault, Memory},
};

fn tried(attempts: u32, acts: Vec<Act>) -> crate::engine::unit::Unit<Memory> {
    let policy = Policy { attempts, ..Policy::default() };
    with("a", &[], Script { acts, ..Script::default() }, policy)
}

#[test]
fn every_error_at_every_call_of_a_retried_step() {
    let acts = || {
        let make = Act::Make("group".into(), vec![1, 2]);
        vec![
            set("x", 1),
            set("slow", 2),
            make,
            Act::Expose("door".into()),
            Act::Start("job".into()),
        ]
    };
    for class in [Class::Throttled, Class::Unreachable, Class::Gone, Class::Denied] {
        for call in 0..8 {
            for effect in [false, true] {
                let mut stage = Stage::new(vec![tried(2, acts())]);
                stage.world.fuse(call, Fault::Answer { class, effect });
                let end = stage.run();
                if class == Class::Denied {
                    assert_eq!(end.status, RunStatus::Failed);
                    assert_ne!(stage.world.state().gates.get("door").map(|s| &**s), Some("open"));
                } else {
                    assert_eq!(end.status, RunStatus::Succeeded, "{class:?} {call} {effect}");
                    assert_eq!(stage.world.state().jobs.len(), 1, "{class:?} {call} {effect}");
                }
                let before = super::cuts::plain(Memory::new().state());
                super::cuts::gives_back(&mut stage, &before, &format!("{class:?} {call} {effect}"));
            }
        }
    }
}

/// Already so, or gone: the account decides whether there was anything to do.
#[test]
fn an_answer_that_it_is_already_so_is_done_where_it_is() {
    for class in [Class::AlreadySo, Class::Gone] {
        for effect in [true, false] {
            let stage = Stage::new(vec![tried(1, vec![set("x", 1)])]);
            stage.world.fuse(0, Fault::Answer { class, effect });
            let is_done = stage.run().status == RunStatus::Succeeded;
            assert_eq!(is_done, effect, "{class:?}");
            assert_eq!(stage.world.calls().len(), 1, "{class:?}: read again, not written again");
        }
    }
}

#[test]
fn a_failed_job_is_started_anew_and_a_lost_answer_is_not() {
    let stage = Stage::new(vec![tried(2, vec![Act::Start("broken".into())])]);
    assert_eq!(stage.run().status, RunStatus::Succeeded);
    assert_eq!(stage.world.state().jobs.len(), 2);

    let stage = Stage::new(vec![tried(1, vec![Act::Start("late job".into())])]);
    stage.world.fuse(0, Fault::Answer { class: Class::Unreachable, effect: true });
    assert_eq!(stage.run().status, RunStatus::Succeeded);
    assert_eq!(stage.world.calls().len(), 1);
}

#[test]
fn a_tolerated_failure_is_final_for_a_resumed_run() {
    let tolerated = Policy { on_failure: OnFailure::Continue, ..Policy::default() };
    let script =
        Script { acts: vec![set("x", 1), Act::FailOnce, set("y", 1)], ..Script::default() };
    let units = || {
        vec![
            with("a", &[], script.clone(), tolerated.clone()),
            unit("b", &[0], vec![set("x", 2), set("z", 2)]),
        ]
    };
    let mut stage = Stage::new(units());
    stage.world.fuse(2, Fault::Die { effect: true });
    assert!(stage.run_cut(Cut::None).is_none());
    let end = stage.resume();
    assert_eq!(end.status, RunStatus::Succeeded);
    assert_eq!(end.walked.tolerated.len(), 1);
    assert!(!stage.world.state().cells.contains_key("y"), "what came after it had gone on already");
}

#[test]
fn an_item_that_fails_does_not_hide_the_others() {
    for policy in [OnFailure::Continue, OnFailure::Stop] {
        let script = Script {
            acts: vec![set("item", 1), Act::FailOnce],
            each: Some(vec![1, 2, 3]),
            ..Script::default()
        };
        let each = Policy { on_failure: policy, ..Policy::default() };
        let stage = Stage::new(vec![
            with("each", &[], script, each),
            unit("after", &[0], vec![set("after", 1)]),
        ]);
        let end = stage.run();
        assert_eq!(stage.world.state().cells.keys().filter(|k| k.starts_with("item")).count(), 3);
        let went_on = stage.world.state().cells.contains_key("after");
        assert_eq!(went_on, policy == OnFailure::Continue);
        assert_eq!(end.walked.failed.len() + end.walked.tolerated.len(), 3);
    }
}

#[test]
fn a_step_that_failed_half_way_goes_on_when_resumed() {
    let acts = vec![Act::Read("x".into()), set("x", 1), Act::FailOnce, set("y", 1)];
    let mut stage = Stage::new(vec![unit("a", &[], acts)]);
    assert_eq!(stage.run().status, RunStatus::Failed);
    assert_eq!(stage.resume().status, RunStatus::Succeeded);
    assert_eq!(stage.outputs()["a"]["out"], serde_json::json!([0, 1, null, 1]));
    assert_eq!(stage.world.calls().len(), 2, "the first change is not made again");
    let attempts = stage.records().into_iter().filter_map(|record| match record {
        Record::StepStarted { attempt, .. } => Some(attempt),
        _ => None,
    });
    assert_eq!(attempts.collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_release_policy_halts_the_run() {
    let release = Policy { on_failure: OnFailure::Release, ..Policy::default() };
    let script = Script { acts: vec![set("x", 1), Act::Fail], ..Script::default() };
    let mut stage = Stage::new(vec![
        with("a", &[], script, release),
        unit("b", &[0], vec![set("y", 1)]),
        unit("c", &[1], vec![set("z", 1)]),
    ]);
    let end = stage.run();
    assert!(end.walked.release && end.walked.interrupted.is_empty());
    assert_eq!(end.status, RunStatus::Failed);
    stage.release();
    assert_eq!(stage.world.state().cells["x"], 0);
}

#[test]
fn drift_is_never_overwritten() {
    let mut stage = Stage::new(vec![unit("a", &[], vec![set("x", 1), set("y", 1)])]);
    stage.world.fuse(0, Fault::Die { effect: false });
    assert!(stage.run_cut(Cut::None).is_none());
    stage.world.poke(|state| state.cells.extend([("x".into(), 9)]));
    let end = stage.resume();
    assert!(matches!(end.walked.failed[0].1, StepError::Drift { .. }));
    assert_eq!(stage.world.state().cells.get("x"), Some(&9));
    assert_eq!(stage.world.state().cells.get("y"), None);
}

#[test]
fn a_full_disk_stops_the_run_before_its_next_call() {
    let units = || {
        let steps = (0..6).map(|n| unit(&format!("s{n}"), &[], vec![set(&format!("c{n}"), 1)]));
        steps.collect::<Vec<_>>()
    };
    let whole = Stage::new(units());
    whole.run();
    for records in 2..whole.records().len() as u64 {
        let mut stage = Stage::new(units());
        let end = stage.run_full_after(records);
        assert!(end.journal.is_some() || end.status == RunStatus::Succeeded);
        let intents = stage.records().iter().filter(|r| matches!(r, Record::Intent { .. })).count();
        assert!(stage.world.calls().len() <= intents, "a call without a record of it");
        assert_eq!(stage.resume().status, RunStatus::Succeeded);
        assert_eq!(stage.world.calls().len(), 6);
    }
}

#[test]
fn a_verdict_that_fails_fails_its_step() {
    let stage = Stage::new(vec![unit("a", &[], vec![Act::Verify("x".into(), 1)])]);
    let end = stage.run();
    assert!(matches!(end.walked.failed[0].1, StepError::NotContained { .. }));
    let (verdict, facts) = &stage.ledger().steps["a"].verdicts["the cell"];
    assert_eq!((verdict.word(), facts), ("failed", &serde_json::json!({ "now": 0, "want": 1 })));
}
