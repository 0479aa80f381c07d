//! The walk: parents first, containment before what waits, the parallel limit, fan-out over many items,
//! what a failure blocks.

use std::sync::{Arc, atomic::Ordering::SeqCst};

use crate::engine::unit::Policy;
use crate::journal::{Record, RunStatus};

use super::{
    harness::Stage,
    script::{Act, Gauge, Script, set, unit, with},
};

#[test]
fn five_hundred_items_within_the_limit() {
    let gauge = Arc::new(Gauge::default());
    let script = Script {
        acts: vec![Act::Read("x".into()), Act::Wait(1)],
        each: Some((0..500).collect()),
        gauge: gauge.clone(),
        ..Script::default()
    };
    let mut stage = Stage::new(vec![with("each", &[], script, Policy::default())]);
    stage.parallel = 16;
    let end = stage.run();
    assert_eq!((end.status, end.walked.finished), (RunStatus::Succeeded, 500));
    assert_eq!(gauge.most.load(SeqCst), 16);
}

/// One step at a time, so that the order is the queue's alone: the containment becomes ready when all
/// items wait already.
#[test]
fn a_containment_that_is_ready_begins_before_the_items_that_wait() {
    let acts = vec![Act::Urgent];
    let each = Script { acts: acts.clone(), each: Some(vec![0, 1, 2]), ..Script::default() };
    let contains = Script { acts, ..Script::default() };
    let urgent = Policy { urgent: true, ..Policy::default() };
    let mut stage = Stage::new(vec![
        with("tag", &[], each, Policy::default()),
        unit("alarm", &[], vec![set("alarm", 1)]),
        with("isolate", &[1], contains, urgent),
        unit("after", &[2], vec![set("after", 1)]),
    ]);
    stage.parallel = 1;
    assert_eq!(stage.run().status, RunStatus::Succeeded);
    let begun = stage.records().into_iter().filter_map(|record| match record {
        Record::StepStarted { step, .. } => Some(step),
        _ => None,
    });
    let begun: Vec<_> = begun.collect();
    assert_eq!(begun, ["alarm", "isolate", "tag[0]", "tag[1]", "tag[2]", "after"]);
    let outputs = stage.outputs();
    assert_eq!(
        (&outputs["isolate"]["out"][0], &outputs["tag[0]"]["out"][0]),
        (&true.into(), &false.into())
    );
}

#[test]
fn a_failure_blocks_what_needs_it_and_names_the_first_cause() {
    let stage = Stage::new(vec![
        unit("a", &[], vec![Act::Fail]),
        unit("b", &[0], vec![set("b", 1)]),
        unit("c", &[1], vec![set("c", 1)]),
        unit("d", &[], vec![set("d", 1)]),
        unit("e", &[2, 3], vec![set("e", 1)]),
    ]);
    let end = stage.run();
    assert_eq!(end.status, RunStatus::Failed);
    let blocked: Vec<_> = end.walked.blocked.iter().map(|(s, by)| (&**s, &**by)).collect();
    assert_eq!(blocked, [("b", "a"), ("c", "a"), ("e", "a")]);
    assert_eq!(stage.world.state().cells.keys().collect::<Vec<_>>(), ["d"]);
}

#[test]
fn an_empty_fan_and_a_skipped_step_let_the_rest_go_on() {
    let none = Script { acts: vec![Act::Fail], each: Some(vec![]), ..Script::default() };
    let skipped =
        Script { acts: vec![Act::Fail], when: Some(("a".into(), false)), ..Script::default() };
    let stage = Stage::new(vec![
        unit("a", &[], vec![set("a", 1)]),
        with("none", &[0], none, Policy::default()),
        with("skipped", &[0], skipped, Policy::default()),
        unit("last", &[1, 2], vec![set("last", 1)]),
    ]);
    let end = stage.run();
    assert_eq!((end.status, end.walked.skipped), (RunStatus::Succeeded, 1));
    assert_eq!(stage.world.state().cells["last"], 1);
}
