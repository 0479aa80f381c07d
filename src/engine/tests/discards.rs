//! A drill's release: what operations left goes, between the changes and the scaffolding, wherever it
//! is cut off; an ordinary release keeps it.

use crate::{
    engine::{
        Class, World,
        release::{Request, is_left_over},
        unit::{OnFailure, Policy, Unit},
    },
    journal::{Record, Released, RunStatus},
};

use super::{
    cuts::{leaves_nothing, plain},
    harness::{Cut, Stage},
    script::{Act, Script, set, unit, with},
    world::{Fault, Memory, State},
};

fn start(job: &str) -> Act {
    Act::Start(job.into())
}

/// Jobs of every fate, beside changes and scaffolding.
fn units() -> Vec<Unit<Memory>> {
    let twice = Policy { attempts: 2, ..Policy::default() };
    let on = Policy { on_failure: OnFailure::Continue, ..Policy::default() };
    let script = |acts| Script { acts, ..Script::default() };
    let each = Script { each: Some(vec![1, 2]), ..script(vec![start("job")]) };
    vec![
        unit("build", &[], vec![Act::Make("group".into(), vec![1, 2])]),
        unit("take", &[0], vec![set("x", 1), start("first"), start("second")]),
        with("broken", &[0], script(vec![start("broken")]), twice),
        with("fails", &[0], script(vec![start("broken too"), set("y", 1)]), on),
        with("each", &[0], each, Policy::default()),
        unit("mark", &[1], vec![set("kept", 1), set("x", 2)]),
    ]
}

fn whole() -> (Stage, State) {
    let stage = Stage::new(units());
    stage.world.poke(|state| state.cells.extend(["x", "kept"].map(|cell| (cell.into(), 0))));
    let before = plain(stage.world.state());
    let end = stage.run();
    assert_eq!(end.status, RunStatus::Succeeded, "{:?}", end.walked);
    assert_eq!(stage.world.state().litter.len(), 7);
    (stage, before)
}

#[test]
fn what_operations_left_goes_after_the_changes_and_before_the_scaffolding() {
    let (mut stage, before) = whole();
    let calls = stage.world.calls().len();
    leaves_nothing(&mut stage, &before, "whole");
    let calls = stage.world.calls().split_off(calls);
    let at = |what: &str| calls.iter().position(|call| call.contains(what)).unwrap();
    assert!(at("cell x = 0") < at("forget"), "{calls:?}");
    assert!(at("forget second-0") < at("forget first-0"), "{calls:?}");
    assert!(at("cell kept = 0") < at("remove group"), "{calls:?}");
    assert!(calls.iter().rposition(|call| call.contains("take from")) < Some(at("edit group")));
    assert_eq!(calls.iter().filter(|call| call.contains("forget broken")).count(), 3);
    assert_eq!(stage.ledger().released, Some(true));
}

#[test]
fn a_second_discard_does_nothing_more() {
    let (mut stage, before) = whole();
    leaves_nothing(&mut stage, &before, "first");
    let calls = stage.world.calls().len();
    for items in [stage.discard(), stage.release()] {
        assert!(items.iter().all(|item| item.outcome == Released::AlreadyBefore), "{items:#?}");
    }
    assert_eq!(stage.world.calls().len(), calls);
}

#[test]
fn an_ordinary_release_keeps_it_and_a_discard_may_follow() {
    let (mut stage, before) = whole();
    let kept = stage.world.state().litter;
    let items = stage.release();
    let retained = items.iter().filter(|i| matches!(i.outcome, Released::Retained { .. }));
    // What failed for good is not listed; the retained cell is.
    assert_eq!(retained.count(), 6, "{items:#?}");
    assert_eq!((stage.world.state().litter, stage.world.state().cells["kept"]), (kept, 1));
    leaves_nothing(&mut stage, &before, "after a release");
}

#[test]
fn every_call_of_a_discard() {
    for call in 0.. {
        for effect in [false, true] {
            let (mut stage, before) = whole();
            stage.world.fuse(call, Fault::Die { effect });
            if stage.release_cut(Cut::None, &Stage::drill()).is_some() {
                return;
            }
            leaves_nothing(&mut stage, &before, &format!("died at {call}, {effect}"));
        }
    }
}

#[test]
fn every_record_of_a_discard() {
    for record in 0.. {
        let (mut stage, before) = whole();
        if stage.release_cut(Cut::Record(record, "{"), &Stage::drill()).is_some() {
            return;
        }
        leaves_nothing(&mut stage, &before, &format!("cut after {record}"));
    }
}

#[test]
fn every_call_of_a_run_whose_start_may_have_got_no_answer() {
    let (whole, before) = whole();
    for call in 0..whole.world.calls().len() {
        for effect in [false, true] {
            let mut stage = Stage::new(units());
            stage
                .world
                .poke(|state| state.cells.extend(["x", "kept"].map(|cell| (cell.into(), 0))));
            stage.world.fuse(call, Fault::Die { effect });
            assert!(stage.run_cut(Cut::None).is_none());
            stage.world = stage.world.revive();
            // Found by its token, then cut off before the rest of what it left is gone.
            stage.world.fuse(call % 5, Fault::Die { effect: !effect });
            stage.release_cut(Cut::None, &Stage::drill());
            leaves_nothing(&mut stage, &before, &format!("died at {call}, {effect}"));
        }
    }
}

#[test]
fn an_error_leaves_one_over_and_the_next_release_takes_it() {
    for call in 0..24 {
        for class in [Class::Unreachable, Class::Denied] {
            let (mut stage, before) = whole();
            stage.world.fuse(call, Fault::Answer { class, effect: call % 2 == 0 });
            stage.release_cut(Cut::None, &Stage::drill()).unwrap();
            leaves_nothing(&mut stage, &before, &format!("{class:?} at {call}"));
        }
    }
}

#[test]
fn what_cannot_be_taken_back_is_named() {
    let acts = vec![start("done deal"), start("job"), start("done costly deal")];
    let mut stage = Stage::new(vec![unit("a", &[], acts)]);
    stage.run();
    let items = stage.discard();
    let told: Vec<_> = items.iter().map(|item| &item.outcome).collect();
    let what = |deal: &str, nth: u32| format!("result of {deal}: {deal}-{nth}");
    let costly = Released::Retained { what: what("done costly deal", 0), costs: true };
    assert_eq!(told, [&costly, &Released::GivenBack, &Released::kept(what("done deal", 0))]);
    assert_eq!(stage.ledger().released, Some(true));
}

#[test]
fn only_the_steps_that_are_asked_for() {
    let (mut stage, _) = whole();
    let request = Request { steps: Some(vec!["each".into()]), ..Stage::drill() };
    let items = stage.release_cut(Cut::None, &request).unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(stage.world.state().litter.len(), 5);
}

#[test]
fn an_operation_of_an_unknown_kind_is_left_over_and_keeps_nothing_else() {
    let (mut stage, before) = whole();
    let place = crate::engine::Place { kind: "mem.gone".into(), target: "t".into(), nth: 0 };
    stage.append(Record::OperationIntent {
        step: "take".into(),
        place: place.clone(),
        scope: stage.world.scope().clone(),
        operation: serde_json::json!({}),
        token: "t".into(),
        leaves: "a trace".into(),
    });
    let items = stage.discard();
    let left: Vec<_> = items.iter().filter(|item| is_left_over(item)).collect();
    assert_eq!((left.len(), &left[0].place), (1, &place));
    let Released::Failed { error } = &left[0].outcome else { panic!("{left:?}") };
    assert!(error.contains("`mem.gone`") && error.contains("a trace"), "{error}");
    assert_eq!(plain(stage.world.state()), before);
}

/// Whoever wrote the journal that was taken over may have called an incident a drill, or put in it what somebody else
/// made.
#[test]
fn of_a_run_that_was_taken_over_nothing_that_operations_left_goes() {
    let (mut stage, before) = whole();
    stage.append(Record::Adopted { by: "me".into() });
    let litter = stage.world.state().litter;
    let items = stage.discard();
    let kept = items.iter().filter(|item| match &item.outcome {
        Released::Retained { what, .. } => what.contains("only another user's journal"),
        _ => false,
    });
    assert!(kept.count() >= 5, "{items:#?}");
    let state = stage.world.state();
    assert_eq!(state.litter, litter);
    assert_eq!(plain(state).cells, before.cells, "its changes are given back");
}

/// Of a job that only another user's journal names, the belts must not believe that the run made it.
#[test]
fn a_job_of_somebody_elses_journal_is_not_taken_for_the_runs_own() {
    for adopted in [false, true] {
        let mut stage = Stage::new(vec![unit("a", &[], vec![start("job")])]);
        // The start of run, step and operation, and the job.
        assert!(stage.run_cut(Cut::Record(4, "{")).is_none());
        let started = |record: &Record| matches!(record, Record::OperationStarted { .. });
        assert!(stage.records().last().is_some_and(started));
        if adopted {
            stage.append(Record::Adopted { by: "me".into() });
        }
        stage.world.told_made();
        assert_eq!(stage.resume().status, RunStatus::Succeeded);
        let made = stage.world.told_made();
        assert_eq!(made.is_empty(), adopted, "{made:?}");
    }
}
