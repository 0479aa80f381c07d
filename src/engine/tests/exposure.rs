//! No exposed state is left: not by a failed step, a stop, a panic, a resume or a release; and a
//! close that fails is reported with the error that led to it.

use std::time::Duration;

use crate::engine::{
    Class, StepError,
    foresee::{Foreseen, foresee},
    release::{Request, is_left_over},
    unit::Policy,
};
use crate::journal::{Redactor, RunStatus, StepState};

use super::{
    harness::{Cut, Stage},
    script::{Act, Script, set, unit, with},
    world::Fault,
};

fn stage(acts: Vec<Act>) -> Stage {
    let stage = Stage::new(vec![unit("gate", &[], acts)]);
    stage.world.poke(|state| drop(state.gates.insert("door".into(), "wide".into())));
    stage
}

fn door(stage: &Stage) -> Option<String> {
    stage.world.state().gates.get("door").cloned()
}

fn door_is(stage: &Stage, value: &str) {
    assert_eq!(door(stage).as_deref(), Some(value));
}

#[test]
fn a_failed_step_a_panic_and_a_forgotten_close() {
    for acts in [
        vec![Act::OpenAndFail("door".into())],
        vec![Act::OpenOnly("door".into()), Act::Panic],
        vec![Act::OpenOnly("door".into())],
    ] {
        let mut stage = stage(acts);
        assert_eq!(stage.run().status, RunStatus::Failed);
        door_is(&stage, "shut");
        assert!(!stage.release().iter().any(is_left_over));
        door_is(&stage, "wide");
    }
}

/// What is open in one Region says nothing of what has its name in another: neither whose that is, nor that it is shut.
#[test]
fn a_thing_of_the_same_name_in_another_region_is_another() {
    let mut stage = stage(vec![Act::ExposeBeside("door".into())]);
    let there = || "door in us-east-1".to_owned();
    stage.world.poke(|state| drop(state.gates.insert(there(), "ajar".into())));
    let end = stage.run();
    // The step forgot its own: it fails for that, and not for the other one.
    let StepError::Failed(why) = &end.walked.failed[0].1 else { panic!("{:?}", end.walked.failed) };
    assert!(!why.contains("us-east-1"), "{why}");
    assert_eq!(stage.world.state().gates[&there()], "shut");
    door_is(&stage, "shut");
    assert!(!stage.release().iter().any(is_left_over));
    door_is(&stage, "wide");
    assert_eq!(stage.world.state().gates[&there()], "ajar");
}

#[test]
fn a_read_of_the_open_gate_does_not_count_as_closed_and_absent_is_a_value() {
    let mut whole = stage(vec![Act::OpenReadFail("door".into())]);
    whole.run();
    assert_eq!(door(&whole), None, "the gate must become absent");
    for record in 0..whole.records().len() as u64 {
        let mut stage = stage(vec![Act::OpenReadFail("door".into())]);
        if stage.run_cut(Cut::Record(record, "")).is_some() {
            continue;
        }
        stage.resume();
        assert_eq!(door(&stage), None, "cut after {record}");
        stage.release();
        door_is(&stage, "wide");
    }
    whole.release();
    door_is(&whole, "wide");
}

#[test]
fn both_errors_are_kept_when_a_close_fails() {
    let stage = stage(vec![Act::OpenAndFail("door".into())]);
    stage.world.fuse(1, Fault::Answer { class: Class::Denied, effect: false });
    let end = stage.run();
    let (_, error) = &end.walked.failed[0];
    assert!(matches!(error, StepError::LeftOpen { .. }), "{error}");
    let StepState::Failed { error, last, .. } = &stage.ledger().steps["gate"].state else {
        panic!("no failure is journaled")
    };
    assert!(error.contains("with an open gate") && error.contains("was denied"), "{error}");
    assert!(*last);
    let mut stage = stage;
    door_is(&stage, "open");
    stage.release();
    door_is(&stage, "wide");
}

#[test]
fn one_gate_that_cannot_be_closed_does_not_keep_another_open() {
    let acts = vec![Act::OpenOnly("door".into()), Act::OpenAndFail("gate".into())];
    let stage = stage(acts);
    stage.world.fuse(2, Fault::Answer { class: Class::Denied, effect: false });
    stage.run();
    door_is(&stage, "open");
    assert_eq!(stage.world.state().gates.get("gate").map(String::as_str), Some("shut"));
}

#[test]
fn a_stop_waits_for_the_gate_and_a_closing_error_is_retried() {
    let mut stage = stage(vec![Act::Expose("door".into()), set("after", 1)]);
    let stopper = stage.stopper();
    let called = stage.world.called.clone();
    std::thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(called.notified());
        stopper.send_replace(true);
    });
    let end = stage.run();
    if end.status == RunStatus::Interrupted {
        door_is(&stage, "shut");
        assert!(!stage.world.state().cells.contains_key("after"));
        assert_eq!(stage.resume().status, RunStatus::Succeeded);
    }
    door_is(&stage, "shut");
    assert_eq!(stage.world.state().cells["after"], 1);

    let script = Script { acts: vec![Act::Expose("door".into())], ..Script::default() };
    let twice = Policy { attempts: 2, backoff: Duration::from_millis(1), ..Policy::default() };
    for effect in [false, true] {
        let retried = Stage::new(vec![with("gate", &[], script.clone(), twice.clone())]);
        retried.world.fuse(1, Fault::Answer { class: Class::Throttled, effect });
        assert_eq!(retried.run().status, RunStatus::Succeeded);
        door_is(&retried, "shut");
    }
}

#[test]
fn a_foreign_value_in_the_window_is_left_alone() {
    let mut stage = stage(vec![Act::Expose("door".into())]);
    stage.world.fuse(1, Fault::Die { effect: false });
    assert!(stage.run_cut(Cut::None).is_none());
    stage.world.poke(|state| drop(state.gates.insert("door".into(), "theirs".into())));
    let items = stage.release();
    assert!(is_left_over(&items[0]));
    door_is(&stage, "theirs");
}

#[test]
fn a_foreign_value_after_recovery_closed_the_gate_is_drift() {
    let mut stage = stage(vec![Act::Expose("door".into())]);
    stage.world.fuse(1, Fault::Die { effect: false });
    assert!(stage.run_cut(Cut::None).is_none());
    stage.world = stage.world.revive();
    // Dies again right after recovery has closed the gate.
    stage.world.fuse(1, Fault::Die { effect: false });
    assert!(stage.run_cut(Cut::None).is_none());
    door_is(&stage, "shut");
    stage.world.poke(|state| drop(state.gates.insert("door".into(), "theirs".into())));
    let end = stage.resume();
    assert!(matches!(end.walked.failed[0].1, StepError::Drift { .. }), "{:?}", end.walked);
    door_is(&stage, "theirs");
}

#[test]
fn a_journal_that_takes_nothing_more_still_lets_the_gate_be_closed() {
    let stage = stage(vec![Act::OpenOnly("door".into()), set("after", 1), set("later", 1)]);
    // Run started, step started, intent, outcome; then the disk is full.
    let end = stage.run_full_after(4);
    assert!(end.journal.is_some());
    door_is(&stage, "shut");
    assert!(stage.world.state().cells.is_empty());
}

#[test]
fn two_gates_side_by_side() {
    let acts = || vec![Act::ExposeBoth("a".into(), "b".into()), set("after", 1)];
    let whole = stage(acts());
    whole.run();
    let shut = |stage: &Stage| !stage.world.state().gates.values().any(|value| value == "open");
    for call in 0..4 {
        for effect in [false, true] {
            for class in [Class::Throttled, Class::Denied, Class::Unreachable] {
                let mut failed = stage(acts());
                failed.world.fuse(call, Fault::Answer { class, effect });
                failed.run();
                assert!(shut(&failed), "{class:?} at {call}, {effect}");
                assert_eq!(failed.resume().status, RunStatus::Succeeded);
                assert_eq!(failed.world.state(), whole.world.state());
                assert!(!failed.release().iter().any(is_left_over));
                assert_eq!(failed.world.state().gates.len(), 1);
            }
            let mut killed = stage(acts());
            killed.world.fuse(call, Fault::Die { effect });
            assert!(killed.run_cut(Cut::None).is_none());
            assert_eq!(killed.resume().status, RunStatus::Succeeded);
            assert_eq!(killed.world.state(), whole.world.state());
            assert_eq!(killed.outputs(), whole.outputs());
        }
    }
}

/// Someone else's value in the window is theirs, also for a run that is taken up again: left alone, told, and a
/// conflict for release.
#[test]
fn a_foreign_value_in_the_window_is_drift_for_resume() {
    let mut seen = 0;
    for record in 1..8 {
        let mut stage = stage(vec![Act::Expose("door".into()), set("after", 1)]);
        if stage.run_cut(Cut::Record(record, "")).is_some()
            || door(&stage).as_deref() != Some("open")
        {
            continue;
        }
        seen += 1;
        stage.world.poke(|state| drop(state.gates.insert("door".into(), "theirs".into())));
        let end = stage.resume();
        let error = &end.walked.failed[0].1;
        assert!(matches!(error, StepError::Drift { .. }), "cut after {record}: {error}");
        door_is(&stage, "theirs");
        assert!(!stage.world.state().cells.contains_key("after"));
        let items = stage.release();
        assert!(items.iter().any(is_left_over), "{items:?}");
        door_is(&stage, "theirs");
    }
    assert!(seen > 1, "with the opening journaled, and without");
}

/// The same without a kill: set between the two writes of one step.
#[test]
fn a_foreign_value_between_the_two_writes_is_drift() {
    let open = Act::OpenOnly("door".into());
    let stage = stage(vec![open, Act::Wait(40), Act::Expose("door".into())]);
    let world = stage.world.clone();
    std::thread::spawn(move || {
        loop {
            let mut done = false;
            world.poke(|state| {
                if state.gates.get("door").is_some_and(|now| now == "open") {
                    state.gates.insert("door".into(), "theirs".into());
                    done = true;
                }
            });
            if done {
                return;
            }
            std::thread::yield_now();
        }
    });
    let end = stage.run();
    let words: Vec<_> = end.walked.failed.iter().map(|(_, error)| error.word()).collect();
    assert!(["drift", "not-agreed"].contains(&words[0]), "{:?}", end.walked);
    door_is(&stage, "theirs");
}

/// Wherever a run was cut, what a release closes first and then gives back was shown before.
#[test]
fn what_was_shown_is_enough_to_give_everything_back() {
    let cuts = (1..9).flat_map(|n| [Cut::Record(n, ""), Cut::Full(n)]);
    let cuts = cuts.map(|cut| (cut, None));
    let dies = (0..3).flat_map(|call| [true, false].map(|effect| (call, effect)));
    for (cut, die) in cuts.chain(dies.map(|die| (Cut::None, Some(die)))) {
        let mut stage = stage(vec![Act::Expose("door".into()), set("after", 1)]);
        if let Some((call, effect)) = die {
            stage.world.fuse(call, Fault::Die { effect });
        }
        drop(stage.run_cut(cut));
        stage.world = stage.world.revive();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (registry, ledger, all) =
            (super::world::Memory::registry(), stage.ledger(), Request::default());
        let by = Redactor::default();
        let looked = foresee(&stage.world, &registry, &ledger, &all, &by);
        let looked = runtime.block_on(looked).expect("it looks");
        let shown = looked.iter().filter_map(Foreseen::written).collect();
        let request = Request { shown: Some(shown), ..Request::default() };
        let items = stage.release_cut(Cut::None, &request).expect("not killed");
        assert!(!items.iter().any(is_left_over), "{cut:?} {die:?}: {looked:?} {items:?}");
        door_is(&stage, "wide");
    }
}
