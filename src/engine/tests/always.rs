//! Units that always run: after a failure, a skip and what those keep from running; not past a stop
//! or a question; once, whatever resumes; and what they overtook stays as it was.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{
    engine::{
        Answer, Approvers, Human, Question, Reply, plan,
        plan::PlanState,
        unit::{Approval, OnFailure, Policy, Unit},
    },
    journal::{Record, RunStatus, StepLedger, StepState},
};

use super::{
    cuts::plain,
    harness::{Cut, Stage},
    script::{Act, Script, set, unit, with},
    world::{Fault, Memory},
};

fn always(id: &str, needs: &[usize], acts: Vec<Act>) -> Unit<Memory> {
    let policy = Policy { always: true, ..Policy::default() };
    with(id, needs, Script { acts, ..Script::default() }, policy)
}

fn blocked(walked: &crate::engine::Walked) -> Vec<(&str, &str)> {
    walked.blocked.iter().map(|(step, by)| (&**step, &**by)).collect()
}

#[test]
fn it_runs_after_a_failure_a_skip_and_what_they_block() {
    let skipped =
        Script { acts: vec![Act::Fail], when: Some(("ok".into(), false)), ..Script::default() };
    let stage = Stage::new(vec![
        unit("ok", &[], vec![set("a", 1)]),
        unit("fails", &[0], vec![Act::Fail]),
        unit("blocked", &[1], vec![set("b", 1)]),
        with("skipped", &[0], skipped, Policy::default()),
        always("cleanup", &[0, 1, 2, 3], vec![set("a", 0), set("c", 1)]),
        unit("after", &[4], vec![set("d", 1)]),
    ]);
    let end = stage.run();
    assert_eq!(end.status, RunStatus::Failed);
    assert_eq!(blocked(&end.walked), [("blocked", "fails")]);
    let cells = stage.world.state().cells;
    assert_eq!((cells["a"], cells["c"], cells["d"]), (0, 1, 1));
}

#[test]
fn its_own_failure_blocks_under_its_own_name() {
    let stage = Stage::new(vec![
        unit("fails", &[], vec![Act::Fail]),
        unit("between", &[0], vec![]),
        always("cleanup", &[1], vec![Act::Fail]),
        unit("after", &[2], vec![set("d", 1)]),
        always("last", &[3], vec![set("e", 1)]),
    ]);
    let end = stage.run();
    assert_eq!(end.status, RunStatus::Failed);
    assert_eq!(blocked(&end.walked), [("between", "fails"), ("after", "cleanup")]);
    assert_eq!(stage.world.state().cells.keys().collect::<Vec<_>>(), ["e"]);
}

#[test]
fn it_sees_nulls_for_what_did_not_finish_and_lists_with_nulls_for_items() {
    let only = |on: &str, wanted| Script {
        acts: vec![set(on, 1)],
        when: Some((on.into(), wanted)),
        ..Script::default()
    };
    let each = Script { acts: vec![Act::Fail], each: Some(vec![1, 2]), ..Script::default() };
    let policy = || Policy { always: true, ..Policy::default() };
    let stage = Stage::new(vec![
        unit("fails", &[], vec![Act::Fail]),
        unit("blocked", &[0], vec![]),
        with("each", &[], each, Policy::default()),
        with("a", &[0], only("fails", true), policy()),
        with("b", &[1], only("blocked", false), policy()),
        with("c", &[2], only("each", true), policy()),
    ]);
    let end = stage.run();
    assert_eq!(end.walked.skipped, 1);
    assert_eq!(stage.world.state().cells.keys().collect::<Vec<_>>(), ["blocked", "each"]);
}

#[test]
fn a_stop_keeps_it_from_starting_and_a_resumed_run_starts_it() {
    let mut stage = Stage::new(vec![
        unit("a", &[], vec![set("x", 1), Act::Wait(60_000)]),
        always("cleanup", &[0], vec![set("x", 2)]),
    ]);
    let (stopper, called) = (stage.stopper(), stage.world.called.clone());
    std::thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(called.notified());
        stopper.send_replace(true);
    });
    let end = stage.run();
    assert_eq!(end.status, RunStatus::Interrupted);
    assert_eq!(end.walked.interrupted, ["a", "cleanup"]);
    assert_eq!(stage.world.state().cells["x"], 1);
    stage.units = Arc::new(vec![
        unit("a", &[], vec![set("x", 1)]),
        always("cleanup", &[0], vec![set("x", 2)]),
    ]);
    assert_eq!(stage.resume().status, RunStatus::Succeeded);
    assert_eq!(stage.world.state().cells["x"], 2);
}

struct Yes;

impl Human for Yes {
    fn ask<'a>(&'a self, _: &'a Question) -> futures::future::BoxFuture<'a, Answer> {
        Box::pin(async { Answer::Yes(Reply::default()) })
    }
}

#[test]
fn a_question_without_an_answer_is_no_end() {
    let approval =
        Some(Approval { role: None, reason: "may it?".into(), rule: Approvers::default() });
    let asks = Policy { approval, on_failure: OnFailure::Continue, ..Policy::default() };
    let script = Script { acts: vec![set("x", 1)], ..Script::default() };
    let mut stage = Stage::new(vec![
        with("asks", &[], script, asks),
        unit("fails", &[], vec![Act::Fail]),
        unit("between", &[0, 1], vec![]),
        always("cleanup", &[1, 2], vec![set("x", 2)]),
    ]);
    for _ in 0..2 {
        let end = stage.resume();
        let held = blocked(&end.walked).contains(&("cleanup", "asks"));
        assert!(held && !stage.world.state().cells.contains_key("x"), "{:?}", end.walked);
    }
    stage.human = Arc::new(Yes);
    let end = stage.resume();
    assert_eq!(blocked(&end.walked), [("between", "fails")]);
    assert_eq!(stage.world.state().cells["x"], 2);
}

#[test]
fn on_failure_release_halts_before_it() {
    let release = Policy { on_failure: OnFailure::Release, ..Policy::default() };
    let script = Script { acts: vec![Act::Fail], ..Script::default() };
    let stage = Stage::new(vec![
        with("fails", &[], script, release),
        always("cleanup", &[0], vec![set("x", 1)]),
    ]);
    let end = stage.run();
    assert!(end.walked.release && stage.world.calls().is_empty());
}

fn drill() -> Vec<Unit<Memory>> {
    vec![
        unit("arrange", &[], vec![Act::Make("group".into(), vec![1]), set("x", 1)]),
        unit("once", &[0], vec![set("once", 1), Act::FailOnce, set("too late", 1)]),
        unit("recover", &[1], vec![set("recovered", 1)]),
        always("cleanup", &[1, 2], vec![set("x", 2), set("slow", 1), Act::Start("job".into())]),
        unit("after", &[3], vec![set("x", 3)]),
        unit("beside", &[0], vec![set("beside", 1)]),
    ]
}

/// Once it has begun, a failure that came before it is not tried again: the rest of the drill would
/// follow on its cleanup.
#[test]
fn what_it_overtook_is_not_tried_again() {
    let whole = Stage::new(drill());
    assert_eq!(whole.run().status, RunStatus::Failed);
    let begins =
        |record: &Record| matches!(record, Record::StepStarted { step, .. } if step == "cleanup");
    let finished = |step: &StepLedger| matches!(step.state, StepState::Finished(_));
    let began = whole.records().iter().position(begins).unwrap() as u64;
    let mut late = 0;
    for cut in 0..whole.records().len() as u64 {
        let mut stage = Stage::new(drill());
        if stage.run_cut(Cut::Record(cut, "")).is_some() {
            continue;
        }
        // Side by side, so only what is in the journal tells whether it has begun.
        let begun = stage.records().iter().any(begins);
        let ended = stage.ledger().steps.get("cleanup").is_some_and(finished);
        let failed = stage.records().iter().any(|r| matches!(r, Record::StepFailed { .. }));
        let end = stage.resume();
        let begins = stage.records().iter().filter(|r| begins(r)).count();
        assert_eq!(begins, 1 + usize::from(begun && !ended), "cut after {cut}");
        let cells = stage.world.state().cells;
        assert_eq!((cells["x"], cells["slow"]), (3, 1), "cut after {cut}");
        assert_eq!(stage.world.state().jobs.len(), 1, "cut after {cut}");
        if begun {
            late += 1;
            assert_eq!(plain(stage.world.state()), plain(whole.world.state()), "cut after {cut}");
            assert_eq!(end.walked.failed[0].0, "once");
        } else if failed {
            assert_eq!(end.status, RunStatus::Succeeded, "it is tried again");
            assert_eq!(cells["recovered"], 1);
        }
    }
    assert!(late > 5, "began at {began}");
}

#[test]
fn a_cleanup_that_failed_is_tried_again_when_resumed() {
    let mut stage = Stage::new(vec![
        unit("fails", &[], vec![Act::Fail]),
        always("cleanup", &[0], vec![set("x", 1), Act::FailOnce, set("y", 1)]),
    ]);
    assert_eq!(stage.run().walked.failed.len(), 2);
    let end = stage.resume();
    assert_eq!(end.walked.failed.iter().map(|(id, _)| &**id).collect::<Vec<_>>(), ["fails"]);
    assert_eq!(stage.world.state().cells["y"], 1);
    assert_eq!(stage.resume().walked.finished, 1, "replayed");
    assert_eq!(stage.world.calls().len(), 2);
}

#[test]
fn it_is_killed_and_goes_on_over_the_same_items() {
    let units = || {
        let each =
            Script { acts: vec![set("item", 1)], each: Some(vec![1, 2, 3]), ..Script::default() };
        let policy = Policy { always: true, ..Policy::default() };
        vec![unit("once", &[], vec![Act::FailOnce]), with("each", &[0], each, policy)]
    };
    for call in 0..3 {
        let mut stage = Stage::new(units());
        stage.world.fuse(call, Fault::Die { effect: true });
        assert!(stage.run_cut(Cut::None).is_none());
        let end = stage.resume();
        assert_eq!(end.walked.failed.len(), 1, "it was overtaken by the fan-out");
        assert_eq!(stage.world.state().cells.len(), 3);
    }
}

#[test]
fn a_plan_shows_it_also_after_what_cannot_be_planned() {
    let cannot =
        Script { acts: vec![Act::Fail], when: Some(("nowhere".into(), true)), ..Script::default() };
    let units = Arc::new(vec![
        with("cannot", &[], cannot, Policy::default()),
        unit("blocked", &[0], vec![]),
        always("cleanup", &[0, 1], vec![set("x", 1)]),
    ]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let planned = runtime.block_on(plan(&units, Memory::new(), super::harness::RUN));
    assert!(matches!(planned[1].state, PlanState::Blocked(_)), "{planned:#?}");
    let cleanup = &planned[2];
    assert_eq!((&cleanup.state, cleanup.changes.len()), (&PlanState::Planned, 1));
    assert_eq!(cleanup.changes[0].after, json!(1));
    assert_eq!(planned[0].changes.first().map(|c| &c.after), None::<&Value>);
}
