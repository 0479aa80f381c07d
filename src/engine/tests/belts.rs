//! The world's say before each change and operation: asked in a plan and in a run, before anything is
//! journaled or written, not again for what was done, and again for an intent of which nothing was.

use crate::{
    engine::{StepError, plan, plan::PlanState},
    journal::{Record, RunStatus},
};

use super::{
    harness::{Cut, RUN, Stage},
    script::{Act, set, unit},
    world::Fault,
};

fn three() -> Stage {
    let start = || Act::Start("c".into());
    Stage::new(vec![
        unit("a", &[], vec![set("a", 1)]),
        unit("b", &[0], vec![set("b", 1)]),
        unit("c", &[1], vec![start()]),
    ])
}

#[test]
fn nothing_is_written_or_journaled_of_what_is_refused() {
    for (most, left) in [(0, vec![]), (1, vec!["a"]), (2, vec!["a", "b"])] {
        let stage = three();
        stage.world.allow_only(most);
        let end = stage.run();
        assert_eq!(end.status, RunStatus::Failed);
        assert!(matches!(end.walked.failed[0].1, StepError::Refused(_)));
        assert_eq!(stage.world.state().cells.keys().collect::<Vec<_>>(), left);
        assert!(stage.world.state().jobs.is_empty());
        let intents = stage.records().into_iter().filter(|record| {
            matches!(record, Record::Intent { .. } | Record::OperationIntent { .. })
        });
        assert_eq!(intents.count(), left.len());
    }
}

#[test]
fn a_resumed_run_is_not_asked_for_what_it_did() {
    let mut stage = three();
    stage.world.fuse(1, Fault::Die { effect: true });
    assert!(stage.run_cut(Cut::None).is_none());
    let asked = stage.world.touched();
    stage.world.allow_only(asked.len());
    // `b` was about to be written: its intent is the licence. `c` is new, and one too many.
    let end = stage.resume();
    assert_eq!(stage.world.state().cells.len(), 2);
    assert_eq!(end.walked.failed.len(), 1, "{end:?}");
    assert_eq!(end.walked.failed[0].0, "c");
}

/// What it touches may be protected since the intent was journaled.
#[test]
fn a_resumed_run_is_asked_again_for_an_intent_of_which_nothing_was_made() {
    let mut stage = three();
    stage.world.fuse(1, Fault::Die { effect: false });
    assert!(stage.run_cut(Cut::None).is_none());
    stage.world.allow_only(1);
    let end = stage.resume();
    assert_eq!(end.walked.failed[0].0, "b", "{end:?}");
    assert!(matches!(end.walked.failed[0].1, StepError::Refused(_)), "{end:?}");
    assert_eq!(stage.world.state().cells.keys().collect::<Vec<_>>(), ["a"]);
}

#[test]
fn a_plan_is_refused_where_a_run_would_be() {
    let stage = three();
    stage.world.allow_only(1);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let steps = runtime.block_on(plan(&stage.units, stage.world.clone(), RUN));
    assert_eq!(steps[0].state, PlanState::Planned);
    assert!(matches!(steps[1].state, PlanState::Refused(_)), "{steps:#?}");
    assert!(steps[1].changes.is_empty());
}
