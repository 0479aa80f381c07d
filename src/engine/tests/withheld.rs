//! What a plan holds back, a run of it holds back: refused steps count as failed, steps that are left out
//! as skipped. What does not need them runs, also after a resume.

use std::sync::Arc;

use crate::engine::{
    Withheld,
    plan::{Expected, PlanState, PlannedStep},
    plan_over,
    unit::{OnFailure, Policy},
};
use crate::journal::{Record, RunStatus, StepState};

use super::{
    harness::{Cut, RUN, Stage},
    script::{Script, set, unit, with},
    world::Fault,
};

/// `b` and what needs it, beside what does not.
fn stage() -> Stage {
    let policy = Policy { always: true, ..Policy::default() };
    let script = Script { acts: vec![set("always", 1)], ..Script::default() };
    Stage::new(vec![
        unit("a", &[], vec![set("a", 1)]),
        unit("b", &[], vec![set("b", 1)]),
        unit("needs-b", &[1], vec![set("needs-b", 1)]),
        unit("d", &[0], vec![set("d", 1)]),
        with("always", &[1], script, policy),
    ])
}

fn refusing(step: &str) -> Withheld {
    let refused = [(step.to_owned(), "it is protected".to_owned())].into();
    Withheld { refused, ..Withheld::default() }
}

fn leaving_out(step: &str) -> Withheld {
    Withheld { left_out: [step.to_owned()].into(), ..Withheld::default() }
}

/// Plans, and holds the run to the plan as it comes back from a file.
fn hold(stage: &mut Stage, withheld: &Withheld) -> Vec<PlannedStep> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (units, world) = (stage.units.clone(), stage.world.clone());
    let steps = runtime.block_on(plan_over(&units, world, RUN, &Arc::default(), withheld));
    let steps: Vec<PlannedStep> =
        serde_json::from_str(&serde_json::to_string(&steps).unwrap()).unwrap();
    let again = steps.clone();
    stage.expected = Box::new(move || Expected::of(&again));
    steps
}

fn state<'a>(steps: &'a [PlannedStep], id: &str) -> &'a PlannedStep {
    steps.iter().find(|step| step.id == id).expect("a step of the plan")
}

fn written(stage: &Stage) -> Vec<String> {
    stage.world.state().cells.into_keys().collect()
}

#[test]
fn what_is_refused_never_runs_and_what_does_not_need_it_does() {
    let mut stage = stage();
    let steps = hold(&mut stage, &refusing("b"));
    let b = state(&steps, "b");
    assert_eq!(b.state, PlanState::Refused("it is protected".into()));
    assert!(b.changes.is_empty());
    assert!(matches!(state(&steps, "needs-b").state, PlanState::Blocked(_)), "{steps:#?}");
    for id in ["a", "d", "always"] {
        assert_eq!(state(&steps, id).state, PlanState::Planned, "{id}");
    }
    let end = stage.run();
    assert_eq!(end.status, RunStatus::Failed, "it is not a success");
    assert_eq!(written(&stage), ["a", "always", "d"]);
    assert_eq!(end.walked.failed.len(), 1, "{:?}", end.walked);
    assert_eq!(end.walked.failed[0].1.word(), "refused");
    assert_eq!(end.walked.blocked, [("needs-b".into(), "b".into())]);
    let said = stage.records().into_iter().find_map(|record| match record {
        Record::StepFailed { step, error, last: true, .. } => Some((step, error)),
        _ => None,
    });
    assert_eq!(said, Some(("b".into(), "refused: it is protected".into())));
}

#[test]
fn a_refusal_that_the_playbook_tolerates_blocks_nothing() {
    let policy = Policy { on_failure: OnFailure::Continue, ..Policy::default() };
    let script = Script { acts: vec![set("tag", 1)], ..Script::default() };
    let mut stage = Stage::new(vec![
        with("tag", &[], script, policy),
        unit("contain", &[0], vec![set("contain", 1)]),
    ]);
    let steps = hold(&mut stage, &refusing("tag"));
    assert_eq!(state(&steps, "contain").state, PlanState::Planned);
    let end = stage.run();
    assert_eq!((end.status, written(&stage)), (RunStatus::Succeeded, vec!["contain".into()]));
    assert_eq!(end.walked.tolerated.len(), 1);
}

#[test]
fn what_is_left_out_is_skipped_and_its_followers_run() {
    let mut stage = stage();
    let steps = hold(&mut stage, &leaving_out("b"));
    assert_eq!(state(&steps, "b").state, PlanState::LeftOut);
    assert_eq!(state(&steps, "needs-b").state, PlanState::Planned);
    let end = stage.run();
    assert_eq!(end.status, RunStatus::Succeeded, "{:?}", end.walked);
    assert_eq!(written(&stage), ["a", "always", "d", "needs-b"]);
    let b = stage.ledger().steps["b"].state.clone();
    assert_eq!(b, StepState::Skipped("left out by `--skip`".into()));
}

#[test]
fn a_resumed_run_holds_back_the_same() {
    for (withheld, last) in [(refusing("b"), "d"), (leaving_out("b"), "needs-b")] {
        for call in 0..3 {
            let mut stage = stage();
            hold(&mut stage, &withheld);
            stage.world.fuse(call, Fault::Die { effect: call % 2 == 0 });
            assert!(stage.run_cut(Cut::None).is_none(), "killed at call {call}");
            stage.resume();
            let written = written(&stage);
            assert!(!written.contains(&"b".to_owned()), "{written:?}");
            assert!(written.contains(&last.to_owned()), "{written:?}");
        }
    }
}

/// An item of a for-each is refused by itself.
#[test]
fn one_item_is_refused_and_the_others_run() {
    let script = Script { acts: vec![set("item", 7)], each: Some(vec![1, 2]), ..Script::default() };
    let mut stage = Stage::new(vec![with("each", &[], script, Policy::default())]);
    let steps = hold(&mut stage, &refusing("each[1]"));
    assert!(matches!(state(&steps, "each[1]").state, PlanState::Refused(_)));
    let end = stage.run();
    assert_eq!(end.status, RunStatus::Failed);
    assert_eq!(written(&stage).len(), 1, "{:?}", written(&stage));
}
