//! Units that wait for the first of several: begun with it, or once all have ended, and resumed the same way.

use crate::{
    engine::unit::{FirstOf, Policy, Unit},
    journal::{Record, RunStatus},
};

use super::{
    harness::{Cut, Stage},
    script::{Act, Script, set, unit, with},
    world::Memory,
};

/// One whose output is `true`.
fn says(id: &str, acts: Vec<Act>) -> Unit<Memory> {
    with(id, &[], Script { acts, says: true, ..Script::default() }, Policy::default())
}

fn first(id: &str, of: &[usize], acts: Vec<Act>) -> Unit<Memory> {
    let first_of = Some(FirstOf { units: of.to_vec(), output: "out".into() });
    with(id, of, Script { acts, ..Script::default() }, Policy { first_of, ..Policy::default() })
}

fn begun(stage: &Stage) -> Vec<String> {
    let begun = stage.records().into_iter().filter_map(|record| match record {
        Record::StepStarted { step, .. } => Some(step),
        _ => None,
    });
    begun.collect()
}

/// `told` says so, and `slow` comes two steps later.
fn told() -> Vec<Unit<Memory>> {
    vec![
        says("told", vec![set("a", 1)]),
        unit("before", &[], vec![set("b", 1)]),
        unit("slow", &[1], vec![set("c", 1)]),
        first("answer", &[0, 2], vec![set("d", 1)]),
        unit("end", &[2, 3], vec![set("e", 1)]),
    ]
}

#[test]
fn it_begins_with_the_first_that_says_so() {
    let mut stage = Stage::new(told());
    stage.parallel = 1;
    assert_eq!(stage.run().status, RunStatus::Succeeded);
    assert_eq!(begun(&stage), ["told", "before", "answer", "slow", "end"]);
}

#[test]
fn without_one_it_begins_when_all_have_ended_however_they_did() {
    let mut stage = Stage::new(vec![
        unit("other", &[], vec![set("a", 1)]),
        unit("fails", &[], vec![Act::Fail]),
        unit("blocked", &[1], vec![set("b", 1)]),
        first("answer", &[0, 1, 2], vec![set("d", 1)]),
    ]);
    stage.parallel = 1;
    let end = stage.run();
    assert_eq!(end.status, RunStatus::Failed);
    assert_eq!(begun(&stage), ["other", "fails", "answer"]);
    assert_eq!(stage.world.state().cells["d"], 1);
}

/// What it needs beside them is needed as ever.
#[test]
fn another_need_still_holds_it_back() {
    let mut answer = first("answer", &[0], vec![set("d", 1)]);
    answer.needs = vec![0, 1];
    let stage = Stage::new(vec![
        says("told", vec![set("a", 1)]),
        unit("fails", &[], vec![Act::Fail]),
        answer,
    ]);
    let end = stage.run();
    assert_eq!(end.status, RunStatus::Failed);
    assert!(!stage.world.state().cells.contains_key("d"));
}

/// A stop is no end: the resumed run waits on.
#[test]
fn one_that_is_held_holds_it_too() {
    let mut stage = Stage::new(vec![
        unit("other", &[], vec![set("a", 1)]),
        unit("waits", &[], vec![Act::Wait(400)]),
        first("answer", &[0, 1], vec![set("d", 1)]),
    ]);
    let stop = stage.stopper();
    let asked = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(50));
        stop.send_replace(true);
    });
    let end = stage.run();
    asked.join().expect("it asked");
    if end.status == RunStatus::Interrupted {
        assert!(!stage.world.state().cells.contains_key("d"));
        assert_eq!(stage.resume().status, RunStatus::Succeeded);
    }
    assert_eq!(stage.world.state().cells["d"], 1);
}

#[test]
fn a_run_that_is_cut_anywhere_comes_to_the_same() {
    for records in 1..30 {
        let mut stage = Stage::new(told());
        stage.parallel = 1;
        let ended = stage.run_cut(Cut::Record(records, ""));
        if ended.is_none() {
            assert_eq!(stage.resume().status, RunStatus::Succeeded, "after {records}");
        }
        let cells = stage.world.state().cells;
        assert_eq!(cells.len(), 5, "after {records}: {cells:?}");
        let finished = stage.outputs();
        assert_eq!(finished.len(), 5, "after {records}");
    }
}
