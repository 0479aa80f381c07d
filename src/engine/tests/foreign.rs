//! Release and what others did meanwhile: never overwritten, told with three values, and no reason
//! to keep the rest.

use serde_json::json;

use crate::engine::{
    Class,
    foresee::{Fate, foresee, given_back},
    release::{Request, is_left_over},
};
use crate::journal::{Redactor, Released, RunStatus};

use super::{
    harness::{Cut, Stage},
    script::{Act, set, unit},
    world::Fault,
};

fn two_and_a_thing() -> Stage {
    let stage = Stage::new(vec![
        unit("a", &[], vec![set("x", 1), set("y", 1)]),
        unit("b", &[0], vec![set("x", 2), Act::Make("group".into(), vec![1, 2])]),
    ]);
    stage.world.poke(|state| state.cells.extend([("x".into(), 0), ("y".into(), 0)]));
    assert_eq!(stage.run().status, RunStatus::Succeeded);
    stage
}

#[test]
fn a_foreign_change_is_a_conflict_with_three_values() {
    let mut stage = two_and_a_thing();
    stage.world.poke(|state| state.cells.extend([("x".into(), 9)]));
    for _ in 0..2 {
        let items = stage.release();
        let conflicts: Vec<_> = items.iter().filter(|item| is_left_over(item)).collect();
        let values = Released::Conflict { before: json!(0), after: json!(2), now: json!(9) };
        assert_eq!(conflicts.len(), 1);
        assert_eq!(conflicts[0].outcome, values);
        let state = stage.world.state();
        assert_eq!((state.cells["x"], state.cells["y"], state.things.len()), (9, 0, 0));
        assert_eq!(stage.ledger().released, Some(false));
    }
    let force = Request { force: vec!["mem.cell x".into()], ..Request::default() };
    let items = stage.release_cut(Cut::None, &force).unwrap();
    assert!(!items.iter().any(is_left_over));
    assert_eq!(stage.world.state().cells["x"], 0);
}

#[test]
fn a_second_release_changes_nothing_even_when_someone_repeats_our_change() {
    let mut stage = two_and_a_thing();
    let first = stage.release();
    assert!(first.iter().all(|item| item.outcome == Released::GivenBack), "{first:?}");
    let calls = stage.world.calls().len();
    assert!(stage.release().iter().all(|item| item.outcome == Released::AlreadyBefore));
    // The same values as ours, but set by someone else after the release.
    stage.world.poke(|state| state.cells.extend([("x".into(), 2), ("y".into(), 1)]));
    stage.release();
    assert_eq!(stage.world.calls().len(), calls);
}

#[test]
fn what_went_after_it_was_given_back_is_not_missed() {
    let mut stage = Stage::new(vec![unit("a", &[], vec![set("part", 1)])]);
    stage.world.poke(|state| state.cells.extend([("part".into(), 0)]));
    assert_eq!(stage.run().status, RunStatus::Succeeded);
    stage.world.poke(|state| state.cells.clear());
    let items = stage.release();
    assert!(
        matches!(items[0].outcome, Released::Gone { .. }),
        "nothing to give back to: {items:?}"
    );
    // What is there under its name later is another's.
    stage.world.poke(|state| state.cells.extend([("part".into(), 1)]));
    assert!(!stage.release().iter().any(is_left_over));
    assert_eq!(stage.world.state().cells["part"], 1);
    stage.world.poke(|state| state.cells.clear());
    let items = stage.release();
    assert!(!items.iter().any(is_left_over), "{items:?}");
}

#[test]
fn a_step_alone_and_then_the_rest() {
    let mut stage = two_and_a_thing();
    let only = |step: &str| Request { steps: Some(vec![step.into()]), ..Request::default() };
    let items = stage.release_cut(Cut::None, &only("a")).unwrap();
    assert_eq!(items.iter().filter(|item| is_left_over(item)).count(), 1, "b wrote x after a");
    stage.release_cut(Cut::None, &only("b")).unwrap();
    assert_eq!(stage.world.state().cells["x"], 1);
    assert!(!stage.release().iter().any(is_left_over));
    assert_eq!(stage.world.state().cells["x"], 0);
}

#[test]
fn a_release_that_fails_halfway_is_taken_up_again() {
    for call in 0..6 {
        for class in [Class::Throttled, Class::Unreachable] {
            for effect in [false, true] {
                let mut stage = two_and_a_thing();
                stage.world.fuse(call, Fault::Answer { class, effect });
                stage.release_cut(Cut::None, &Request::default()).unwrap();
                assert!(!stage.release().iter().any(is_left_over));
                let state = stage.world.state();
                assert_eq!((state.cells["x"], state.cells["y"], state.things.len()), (0, 0, 0));
            }
        }
    }
}

#[test]
fn a_thing_that_someone_else_has_filled_stays() {
    let mut stage = two_and_a_thing();
    stage.world.poke(|state| {
        state.things.entry("group".into()).and_modify(|thing| thing.parts.push(77));
    });
    let items = stage.release();
    assert_eq!(items.iter().filter(|item| is_left_over(item)).count(), 1);
    assert_eq!(stage.world.state().things["group"].parts, [1, 2, 77]);
}

#[test]
fn a_late_read_does_not_pass_for_the_state_before() {
    let mut stage = Stage::new(vec![unit("a", &[], vec![set("slow", 5)])]);
    stage.world.fuse(0, Fault::Die { effect: true });
    assert!(stage.run_cut(Cut::None).is_none());
    let items = stage.release();
    assert_eq!(items[0].outcome, Released::GivenBack);
    assert_eq!(stage.world.state().cells["slow"], 0);
}

#[test]
fn a_released_or_aborted_run_is_not_resumed() {
    let mut stage = two_and_a_thing();
    stage.release();
    let calls = stage.world.calls().len();
    assert!(stage.run_cut(Cut::None).unwrap().is_err());
    assert_eq!(stage.world.calls().len(), calls);
}

#[test]
fn a_job_whose_start_got_no_answer_is_listed() {
    let mut stage = Stage::new(vec![unit("a", &[], vec![Act::Start("job".into())])]);
    stage.world.fuse(0, Fault::Die { effect: true });
    assert!(stage.run_cut(Cut::None).is_none());
    let items = stage.release();
    assert!(matches!(&items[0].outcome, Released::Retained { what, .. } if what.contains("job")));
}

/// What would be written, and the words for the rest.
fn seen(stage: &Stage, request: &Request) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (registry, ledger) = (super::world::Memory::registry(), stage.ledger());
    let looked =
        runtime.block_on(foresee(&stage.world, &registry, &ledger, request, &Redactor::default()));
    let told = looked.expect("it looks").into_iter().map(|item| match &item.fate {
        Fate::GiveBack { now, to } => format!("{} {now} -> {to}", item.place),
        Fate::Remove { .. } => format!("{} removed", item.place),
        Fate::Leave { why } => format!("{} {}", item.place, why.word()),
    });
    told.collect()
}

#[test]
fn a_release_is_foreseen_and_nothing_is_written() {
    let stage = two_and_a_thing();
    let (calls, records) = (stage.world.calls().len(), stage.records().len());
    let all = seen(&stage, &Request::default());
    assert_eq!(all.len(), 3, "{all:?}");
    assert!(all.iter().any(|line| line.contains("mem.cell y 1 -> 0")), "{all:?}");
    stage.world.poke(|state| state.cells.extend([("x".into(), 9), ("y".into(), 0)]));
    let all = seen(&stage, &Request::default());
    assert!(
        all.iter().any(|line| line.starts_with("mem.cell x") && line.ends_with("conflict")),
        "{all:?}"
    );
    assert!(all.iter().any(|line| line.ends_with("mem.cell y already before")), "{all:?}");
    assert_eq!((stage.world.calls().len(), stage.records().len()), (calls, records));
}

/// Between what was shown and the yes somebody gave one back, which now is ours again.
#[test]
fn what_was_not_shown_is_not_written() {
    let mut stage = two_and_a_thing();
    let region = stage.ledger().changes().next().expect("a change").2.scope.region.clone();
    let shown = [("mem.cell", "y"), ("mem.thing", "group")];
    let shown = shown.map(|(kind, target)| (region.clone(), kind.to_owned(), target.to_owned()));
    let request = Request { shown: Some(shown.into_iter().collect()), ..Request::default() };
    let items = stage.release_cut(Cut::None, &request).unwrap();
    let left: Vec<_> = items.iter().filter(|item| is_left_over(item)).collect();
    assert_eq!(left.len(), 1, "{items:?}");
    let state = stage.world.state();
    assert_eq!((state.cells["x"], state.cells["y"], state.things.len()), (2, 0, 0));
    assert_eq!(stage.ledger().released, Some(false), "it is not complete");
}

#[test]
fn a_run_that_was_given_back_elsewhere_is_known_by_the_account() {
    let stage = two_and_a_thing();
    let back = |stage: &Stage| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let registry = super::world::Memory::registry();
        let ledger = stage.ledger();
        runtime.block_on(given_back(&stage.world, &registry, &ledger)).expect("it looks").len()
    };
    assert_eq!(back(&stage), 0);
    // Another copy of its journal is released.
    stage.world.poke(|state| {
        state.cells.extend([("x".into(), 0), ("y".into(), 0)]);
        state.things.clear();
    });
    assert_eq!(back(&stage), 3);
    // One that somebody else has changed is not given back, so nothing is sure.
    stage.world.poke(|state| state.cells.extend([("x".into(), 9)]));
    assert_eq!(back(&stage), 0);
    assert_eq!(back(&Stage::new(vec![unit("a", &[], vec![set("x", 1)])])), 0, "it changed nothing");
}
