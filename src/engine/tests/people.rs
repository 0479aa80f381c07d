//! Approvals: nobody there, no, yes, and a yes that a resumed run does not ask for again; and runs
//! that people ended.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::SeqCst},
};

use futures::future::BoxFuture;

use crate::engine::{
    Answer, Approvers, Human, Nobody, Question, Reply, StepError,
    release::{Request, is_left_over},
    unit::{Approval, OnFailure, Policy},
};
use crate::journal::{Ledger, Record, RunStatus, Who};

use super::{
    harness::{Cut, Stage},
    script::{Act, Script, set, unit, with},
    world::Fault,
};

struct Says(bool, AtomicU32);

impl Human for Says {
    fn ask<'a>(&'a self, _: &'a Question) -> BoxFuture<'a, Answer> {
        self.1.fetch_add(1, SeqCst);
        let reply = Reply { by: "lead".into(), reason: "because".into(), ..Reply::default() };
        let answer = if self.0 { Answer::Yes(reply) } else { Answer::No(reply) };
        Box::pin(async move { answer })
    }
}

fn asks(on_failure: OnFailure) -> Stage {
    let approval =
        Some(Approval { role: None, reason: "may it?".into(), rule: Approvers::default() });
    let script = Script { acts: vec![set("x", 1), set("y", 1)], ..Script::default() };
    let policy = Policy { approval, attempts: 3, on_failure, ..Policy::default() };
    Stage::new(vec![
        with("a", &[], script, policy),
        unit("after", &[0], vec![set("after", 1)]),
        unit("other", &[], vec![set("other", 1)]),
    ])
}

#[test]
fn a_question_that_nobody_hears_waits_and_the_rest_goes_on() {
    for on_failure in [OnFailure::Stop, OnFailure::Continue, OnFailure::Release] {
        let mut stage = asks(on_failure);
        for _ in 0..2 {
            let end = stage.resume();
            assert_eq!(end.status, RunStatus::Waiting);
            assert_eq!(end.walked.blocked.len(), 1);
            assert_eq!(stage.world.state().cells.keys().collect::<Vec<_>>(), ["other"]);
        }
        let says = Arc::new(Says(true, AtomicU32::default()));
        stage.human = says.clone();
        stage.world.fuse(1, Fault::Die { effect: true });
        assert!(stage.run_cut(Cut::None).is_none());
        assert_eq!(stage.resume().status, RunStatus::Succeeded);
        assert_eq!(says.1.load(SeqCst), 1, "a yes is asked for once");
        stage.human = Arc::new(Nobody);
        assert_eq!(stage.resume().status, RunStatus::Succeeded);
    }
}

/// An attempt that changed nothing is over with its failure, and so is what was approved for it. What was changed in
/// part is brought to its end as it was approved.
#[test]
fn a_yes_is_for_one_attempt() {
    for (acts, questions) in
        [(vec![Act::FailOnce, set("x", 1)], 2), (vec![set("x", 1), Act::FailOnce], 1)]
    {
        let approval =
            Some(Approval { role: None, reason: "may it?".into(), rule: Approvers::default() });
        let policy = Policy { approval, attempts: 3, ..Policy::default() };
        let script = Script { acts, ..Script::default() };
        let mut stage = Stage::new(vec![with("a", &[], script, policy)]);
        let says = Arc::new(Says(true, AtomicU32::default()));
        stage.human = says.clone();
        assert_eq!(stage.run().status, RunStatus::Succeeded);
        assert_eq!(says.1.load(SeqCst), questions);
        let ids = stage.records().into_iter().filter_map(|record| match record {
            Record::Answer { asked, .. } => Some(asked),
            _ => None,
        });
        let ids: std::collections::BTreeSet<_> = ids.collect();
        assert_eq!(ids.len(), questions as usize, "each has an id of its own");
    }
}

#[test]
fn a_no_is_a_failure_without_another_try() {
    let mut stage = asks(OnFailure::Stop);
    let says = Arc::new(Says(false, AtomicU32::default()));
    stage.human = says.clone();
    let end = stage.run();
    assert!(matches!(end.walked.failed[0].1, StepError::Declined { .. }));
    assert_eq!(says.1.load(SeqCst), 1);
    assert!(!stage.world.state().cells.contains_key("x"));
}

#[test]
fn an_aborted_run_is_released_but_not_resumed() {
    let mut stage = Stage::new(vec![unit("a", &[], vec![Act::Expose("door".into())])]);
    stage.world.poke(|state| state.gates.extend([("door".into(), "wide".into())]));
    stage.world.fuse(1, Fault::Die { effect: false });
    assert!(stage.run_cut(Cut::None).is_none());
    stage.world = stage.world.revive();
    stage.append(Record::Aborted { by: "me".into(), reason: None, who: Who::default() });
    let end = stage.run_cut(Cut::None).unwrap();
    assert!(matches!(end, Err(StepError::Refused(_))));
    assert!(!stage.release().iter().any(is_left_over));
    assert_eq!(stage.world.state().gates["door"], "wide");
}

#[test]
fn a_release_of_one_fan_out_takes_its_items() {
    let script = Script { acts: vec![set("x", 1)], each: Some(vec![1, 2]), ..Script::default() };
    let mut stage = Stage::new(vec![
        with("each", &[], script, Policy::default()),
        unit("each-other", &[], vec![set("y", 1)]),
    ]);
    stage.run();
    for (steps, left) in [("each[1]", 2), ("each", 1)] {
        let request = Request { steps: Some(vec![steps.into()]), ..Request::default() };
        let items = stage.release_cut(Cut::None, &request).unwrap();
        assert!(!items.iter().any(is_left_over));
        assert_eq!(stage.world.state().cells.values().filter(|v| **v == 1).count(), left);
    }
}

#[test]
fn reads_of_an_attempt_that_changed_nothing_are_forgotten() {
    let read = |step: &str| Record::Read {
        step: step.into(),
        place: crate::engine::Place { kind: "k".into(), target: "t".into(), nth: 0 },
        scope: crate::engine::World::scope(&super::world::Memory::new()).clone(),
        value: 1.into(),
    };
    let failed = |step: &str| Record::StepFailed {
        step: step.into(),
        attempt: 1,
        word: "failed".into(),
        error: String::new(),
        class: None,
        last: false,
    };
    let started = Record::OperationIntent {
        step: "b".into(),
        place: crate::engine::Place { kind: "k".into(), target: "o".into(), nth: 0 },
        scope: crate::engine::World::scope(&super::world::Memory::new()).clone(),
        operation: 1.into(),
        token: "t".into(),
        leaves: "l".into(),
    };
    let ledger = Ledger::fold(&[read("a"), failed("a"), read("b"), started, failed("b")]);
    assert_eq!(ledger.steps["a"].places.len(), 0);
    assert_eq!(ledger.steps["b"].places.len(), 2);
}
