//! The test that matters most: for every prefix of a run's journal, and for both worlds at the cut,
//! resume ends in the same state and release in the state before the run.

use crate::engine::{
    release::is_left_over,
    unit::{OnFailure, Policy, Unit},
};
use crate::journal::{Released, RunStatus};

use super::{
    harness::{Cut, Stage},
    script::{Act, Script, set, unit, with},
    world::{Fault, Memory, State},
};

/// A run with one of everything.
fn everything() -> Vec<Unit<Memory>> {
    let each = Script {
        acts: vec![set("item", 7), Act::Read("item".into())],
        each: Some(vec![1, 2, 3]),
        ..Script::default()
    };
    let broken = Script { acts: vec![Act::Start("broken".into())], ..Script::default() };
    let retried = Script {
        acts: vec![Act::Read("shared".into()), set("shared", 2), Act::FailOnce],
        ..Script::default()
    };
    let tolerated = Script { acts: vec![set("partly", 1), Act::Fail], ..Script::default() };
    let twice = Policy { attempts: 2, ..Policy::default() };
    let on = Policy { on_failure: OnFailure::Continue, ..Policy::default() };
    let conditional = Script {
        acts: vec![set("conditional", 1)],
        when: Some(("tolerated".into(), true)),
        ..Script::default()
    };
    let cleanup = Script {
        acts: vec![Act::Read("partly".into()), set("clean", 1), Act::Start("sweep".into())],
        ..Script::default()
    };
    vec![
        unit("first", &[], vec![set("shared", 1), set("slow", 5), Act::Verify("shared".into(), 1)]),
        with("each", &[0], each, Policy::default()),
        unit("make", &[], vec![Act::Make("group".into(), vec![1, 2])]),
        unit("gate", &[2], vec![Act::Expose("door".into()), set("slow-2", 3)]),
        with("broken", &[], broken, twice.clone()),
        with("retried", &[0, 1], retried, twice),
        with("tolerated", &[0], tolerated, on),
        with("conditional", &[6], conditional, Policy::default()),
        unit("job", &[3], vec![Act::Start("job".into()), Act::Wait(1)]),
        with("cleanup", &[2, 6, 8], cleanup, Policy { always: true, ..Policy::default() }),
        unit("last", &[5, 8, 9], vec![set("shared", 3), Act::Make("group".into(), vec![2, 3])]),
    ]
}

pub(super) fn start(stage: &Stage) {
    stage.world.poke(|state| {
        state.gates.insert("door".into(), "wide".into());
        state.cells.extend(["shared", "slow", "slow-2", "partly"].map(|cell| (cell.into(), 0)));
    });
}

/// Without the ids and numbers that the world gives.
pub(super) fn plain(mut state: State) -> State {
    for thing in state.things.values_mut() {
        thing.id = None;
    }
    state.cells.retain(|_, value| *value != 0);
    let jobs = state.jobs.into_values().map(|(id, _)| (id.split('-').next().unwrap().into(), id));
    state.jobs = jobs.map(|(name, _): (String, String)| (name, (String::new(), 0))).collect();
    let litter = state.litter.into_iter();
    state.litter = litter.map(|(id, n)| (id.split('-').next().unwrap().into(), n)).collect();
    state
}

fn both(stage: &mut Stage, whole: &Stage, before: &State, what: &str) {
    let end = stage.resume();
    assert_eq!(end.status, RunStatus::Succeeded, "{what}: {:?}", end.walked);
    assert_eq!(plain(stage.world.state()), plain(whole.world.state()), "{what}");
    assert_eq!(stage.outputs(), whole.outputs(), "{what}");
    assert_eq!(stage.world.state().jobs.len(), whole.world.state().jobs.len(), "{what}");
    gives_back(stage, before, what);
}

pub(super) fn gives_back(stage: &mut Stage, before: &State, what: &str) {
    let began = !stage.records().is_empty();
    let items = stage.release();
    assert!(!items.iter().any(is_left_over), "{what}: {items:#?}");
    let mut after = plain(stage.world.state());
    after.jobs.clear();
    after.litter.clear();
    assert_eq!(after, *before, "{what}");
    if began {
        leaves_nothing(stage, before, &format!("{what}, then discarded"));
    }
}

pub(super) fn leaves_nothing(stage: &mut Stage, before: &State, what: &str) {
    let items = stage.discard();
    assert!(!items.iter().any(is_left_over), "{what}: {items:#?}");
    assert_eq!(plain(stage.world.state()), *before, "{what}");
}

fn whole() -> (Stage, State) {
    let stage = Stage::new(everything());
    start(&stage);
    let before = plain(stage.world.state());
    let end = stage.run();
    assert_eq!(end.status, RunStatus::Succeeded, "{:?}", end.walked);
    (stage, before)
}

#[test]
fn every_record() {
    let (mut whole, before) = whole();
    let records = whole.records().len() as u64;
    for cut in 0..records {
        let torn = ["", "{\"seq\":", "\u{0}\u{0}\n"][cut as usize % 3];
        for resumed in [true, false] {
            let mut stage = Stage::new(everything());
            start(&stage);
            if stage.run_cut(Cut::Record(cut, torn)).is_some() {
                continue;
            }
            let what = format!("cut after {cut} records, resumed: {resumed}");
            match resumed {
                true => both(&mut stage, &whole, &before, &what),
                false => gives_back(&mut stage, &before, &what),
            }
        }
    }
    gives_back(&mut whole, &before, "whole");
}

#[test]
fn every_call_in_both_worlds() {
    let (whole, before) = whole();
    for call in 0..whole.world.calls().len() {
        for (effect, resumed) in [(false, false), (true, false), (false, true), (true, true)] {
            let mut stage = Stage::new(everything());
            start(&stage);
            stage.world.fuse(call, Fault::Die { effect });
            assert!(stage.run_cut(Cut::None).is_none());
            let what = format!("died at call {call}, effect: {effect}, resumed: {resumed}");
            match resumed {
                true => both(&mut stage, &whole, &before, &what),
                false => gives_back(&mut stage, &before, &what),
            }
        }
    }
}

#[test]
fn every_call_of_a_release() {
    for call in 0.. {
        for effect in [false, true] {
            let (mut stage, before) = whole();
            stage.world.fuse(call, Fault::Die { effect });
            if stage.release_cut(Cut::None, &Default::default()).is_some() {
                return;
            }
            gives_back(&mut stage, &before, &format!("release died at {call}, {effect}"));
        }
    }
}

#[test]
fn every_record_of_a_release() {
    for record in 0.. {
        let (mut stage, before) = whole();
        if stage.release_cut(Cut::Record(record, "{"), &Default::default()).is_some() {
            return;
        }
        gives_back(&mut stage, &before, &format!("release cut after {record}"));
    }
}

#[test]
fn killed_twice() {
    let (whole, before) = whole();
    for cut in (0..whole.records().len() as u64).step_by(5) {
        for second in [1, 3, 8] {
            let mut stage = Stage::new(everything());
            start(&stage);
            if stage.run_cut(Cut::Record(cut, "")).is_some() {
                continue;
            }
            stage.run_cut(Cut::Record(second, "x"));
            both(&mut stage, &whole, &before, &format!("cut after {cut}, then {second}"));
        }
    }
}

/// What the run set is in its journal only as a marker, which the resumed run can bring back or cannot.
#[test]
fn every_record_with_a_secret() {
    every_record_hidden_by(None);
    every_record_hidden_by(Some("salt"));
}

fn every_record_hidden_by(salt: Option<&'static str>) {
    let stage = || {
        let acts = vec![set("y", 421709335864), set("x", 421709335864), Act::FailOnce, set("x", 5)];
        let twice = Policy { attempts: 2, ..Policy::default() };
        let script = Script { acts, ..Script::default() };
        let mut stage = Stage::new(vec![with("a", &[], script, twice)]);
        stage.secrets = vec!["421709335864".into()];
        stage.salt = salt;
        stage
    };
    let whole = stage();
    assert_eq!(whole.run().status, RunStatus::Succeeded);
    assert!(!std::fs::read_to_string(whole.path()).unwrap().contains("421709335864"));
    for cut in 0..whole.records().len() as u64 {
        let mut stage = stage();
        if stage.run_cut(Cut::Record(cut, "")).is_some() {
            continue;
        }
        let end = stage.resume();
        assert_eq!(end.status, RunStatus::Succeeded, "cut after {cut}: {:?}", end.walked);
        assert_eq!(stage.world.state(), whole.world.state());
        assert_eq!(stage.outputs(), whole.outputs());
    }
}

#[test]
fn a_secret_before_is_not_written_back_as_its_stand_in() {
    let mut stage = Stage::new(vec![unit("a", &[], vec![set("x", 1)])]);
    stage.secrets = vec!["421709335864".into()];
    stage.world.poke(|state| state.cells.extend([("x".into(), 421709335864)]));
    stage.run();
    let items = stage.release();
    assert!(is_left_over(&items[0]));
    assert_eq!(stage.world.state().cells["x"], 1);
}

/// Whoever has the secret and the run's salt gives back what was there; nobody else takes it for something
/// else.
#[test]
fn a_secret_before_comes_back_for_who_has_it() {
    let mut stage = Stage::new(vec![unit("a", &[], vec![set("x", 1)])]);
    (stage.secrets, stage.salt) = (vec!["421709335864".into()], Some("salt"));
    stage.world.poke(|state| state.cells.extend([("x".into(), 421709335864)]));
    stage.run();
    assert!(!std::fs::read_to_string(stage.path()).unwrap().contains("421709335864"));
    stage.secrets.clear();
    let items = stage.release();
    let Released::Failed { error } = &items[0].outcome else { panic!("{items:?}") };
    assert!(error.contains("give the run's sensitive inputs with `-i`"), "{error}");
    assert_eq!(stage.world.state().cells["x"], 1);
    stage.secrets = vec!["421709335864".into()];
    let items = stage.release();
    assert_eq!(items[0].outcome, Released::GivenBack);
    assert_eq!(stage.world.state().cells["x"], 421709335864);
}

#[test]
fn a_secret_names_nothing_that_a_run_changes() {
    let mut stage = Stage::new(vec![unit("a", &[], vec![set("of 421709335864", 1)])]);
    stage.secrets = vec!["421709335864".into()];
    let end = stage.run();
    let (_, error) = &end.walked.failed[0];
    assert!(error.to_string().contains("names and ids of resources are no secrets"), "{error}");
    assert_eq!(stage.world.state().cells.get("of 421709335864"), None);
}
