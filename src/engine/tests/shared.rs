//! What steps share: made once whoever comes first, found by whoever resumes, held to its plan, and kept
//! by release for as long as a step that used it is not given back.

use crate::{
    engine::{
        Class, plan,
        plan::Expected,
        release::{Item, Request},
        unit::{OnFailure, Policy, Unit},
    },
    journal::{Released, RunStatus},
};

use super::{
    cuts::{gives_back, plain},
    harness::{Cut, RUN, Stage},
    script::{Act, Script, set, unit, with},
    world::{Fault, Memory},
};

const ITEMS: i64 = 5;

/// Items of a for-each that share two things with a step beside them.
fn sharing() -> Vec<Unit<Memory>> {
    let share = |name: &str| Act::Share(name.into(), vec![1, 2]);
    let each = Script {
        acts: vec![share("pair"), share("other"), set("item", 7)],
        each: Some((0..ITEMS).collect()),
        ..Script::default()
    };
    vec![
        with("each", &[], each, Policy::default()),
        unit("beside", &[], vec![share("pair"), set("cell", 1)]),
    ]
}

fn made(stage: &Stage, name: &str) -> usize {
    stage.world.calls().iter().filter(|call| **call == format!("make {name}")).count()
}

fn words(items: &[Item], target: &str) -> Vec<String> {
    let of = items.iter().filter(|item| item.place.target == target);
    of.map(|item| format!("{} {}", item.step, item.outcome.word())).collect()
}

#[test]
fn it_is_made_once_and_goes_with_the_run() {
    let mut stage = Stage::new(sharing());
    let before = plain(stage.world.state());
    assert_eq!(stage.run().status, RunStatus::Succeeded);
    assert_eq!((made(&stage, "pair"), made(&stage, "other")), (1, 1));
    assert_eq!(stage.ledger().changes().filter(|(_, place, _)| place.target == "pair").count(), 1);
    gives_back(&mut stage, &before, "shared");
}

/// Whatever was journaled when the process died, one thing is made, and it is found again.
#[test]
fn cut_anywhere_it_is_resumed_and_released() {
    let whole = Stage::new(sharing());
    let before = plain(whole.world.state());
    assert_eq!(whole.run().status, RunStatus::Succeeded);
    for cut in 1..whole.records().len() as u64 {
        let mut stage = Stage::new(sharing());
        stage.run_cut(Cut::Record(cut, ""));
        let what = format!("after {cut} records");
        assert_eq!(stage.resume().status, RunStatus::Succeeded, "{what}");
        assert_eq!(plain(stage.world.state()), plain(whole.world.state()), "{what}");
        let intents =
            stage.ledger().changes().filter(|(_, place, _)| place.target == "pair").count();
        assert_eq!(intents, 1, "{what}: one record owns it");
        gives_back(&mut stage, &before, &what);
    }
}

/// The maker got no answer between its calls and does not come back: another step completes its thing, in
/// the maker's record.
#[test]
fn another_step_settles_what_its_maker_left_halfway() {
    let share = || Act::Share("pair".into(), vec![1, 2]);
    let script = Script { acts: vec![share()], ..Script::default() };
    let on = Policy { on_failure: OnFailure::Continue, ..Policy::default() };
    let mut stage = Stage::new(vec![
        with("maker", &[], script, on),
        unit("user", &[0], vec![share(), set("cell", 1)]),
    ]);
    let before = plain(stage.world.state());
    stage.world.fuse(0, Fault::Answer { class: Class::Unknown, effect: true });
    let end = stage.run();
    assert_eq!(end.walked.tolerated.len(), 1, "{:?}", end.walked);
    assert_eq!(end.status, RunStatus::Succeeded, "{:?}", end.walked);
    assert_eq!(
        (made(&stage, "pair"), &*stage.world.state().things["pair"].parts),
        (1, &[1, 2][..])
    );
    let ledger = stage.ledger();
    let of: Vec<_> = ledger.changes().filter(|(_, place, _)| place.target == "pair").collect();
    assert_eq!((of.len(), of[0].0, of[0].2.outcome.is_some()), (1, "maker", true), "{of:#?}");
    gives_back(&mut stage, &before, "settled by another");
}

#[test]
fn killed_between_its_calls_it_is_completed() {
    for call in 0..3 {
        for effect in [false, true] {
            let mut stage = Stage::new(sharing());
            let before = plain(stage.world.state());
            stage.parallel = 1;
            stage.world.fuse(call, Fault::Die { effect });
            stage.run_cut(Cut::None);
            let what = format!("call {call}, effect {effect}");
            assert_eq!(stage.resume().status, RunStatus::Succeeded, "{what}");
            assert_eq!(stage.world.state().things["pair"].parts, [1, 2], "{what}");
            gives_back(&mut stage, &before, &what);
        }
    }
}

#[test]
fn a_refusal_is_asked_for_once() {
    let stage = Stage::new(sharing());
    // The second call would be allowed.
    stage.world.fuse(0, Fault::Answer { class: Class::Denied, effect: false });
    let end = stage.run();
    assert_eq!(end.status, RunStatus::Failed);
    assert_eq!(end.walked.failed.len(), ITEMS as usize + 1, "each says so");
    assert_eq!(made(&stage, "pair"), 1);
}

/// A plan shows it in the step that comes first; a run makes it in whichever does.
#[test]
fn a_run_is_held_to_its_plan_whoever_makes_it() {
    let stage = Stage::new(sharing());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let planned = runtime.block_on(plan(&stage.units, stage.world.clone(), RUN));
    let showing =
        planned.iter().filter(|step| step.changes.iter().any(|c| c.place.target == "pair"));
    assert_eq!(showing.count(), 1);
    let mut stage = Stage::new(sharing().into_iter().rev().collect());
    stage.expected = Box::new(move || Expected::of(&planned));
    assert_eq!(stage.run().status, RunStatus::Succeeded);
}

#[test]
fn it_stays_until_the_last_that_used_it_is_given_back() {
    let mut stage = Stage::new(sharing());
    stage.parallel = 1;
    assert_eq!(stage.run().status, RunStatus::Succeeded);
    let mut only = |steps: &[&str]| {
        let steps = steps.iter().map(ToString::to_string).collect();
        let request = Request { steps: Some(steps), ..Request::default() };
        stage.world = stage.world.revive();
        let items = stage.release_cut(Cut::None, &request).expect("not killed");
        (items, stage.world.state().things.contains_key("pair"))
    };
    // `beside` came first and made it, `each[0]` made the other.
    let (items, there) = only(&["beside"]);
    assert_eq!((words(&items, "pair"), there), (vec!["beside retained".to_owned()], true));
    let (items, there) = only(&["each[1]", "each[2]", "each[3]", "each[4]"]);
    assert_eq!((words(&items, "pair"), there), (Vec::new(), true), "`each[0]` still uses it");
    assert_eq!(words(&items, "other"), Vec::<String>::new());
    let (items, there) = only(&["each[0]"]);
    assert_eq!((words(&items, "pair"), there), (vec!["beside given back".to_owned()], false));
    assert_eq!(words(&items, "other"), ["each[0] given back"]);
}

/// What ended meanwhile has nothing to give back: final, and no failure.
#[test]
fn what_is_gone_is_told_once_and_for_all() {
    let mut stage = Stage::new(vec![unit("a", &[], vec![set("part", 5), set("cell", 1)])]);
    stage.world.poke(|state| {
        state.cells.insert("part".into(), 0);
    });
    assert_eq!(stage.run().status, RunStatus::Succeeded);
    stage.world.poke(|state| {
        state.cells.remove("part");
    });
    for _ in 0..2 {
        let items = stage.release();
        let of = items.iter().find(|item| item.place.target == "part").expect("it is told");
        assert!(matches!(of.outcome, Released::Gone { .. }), "{items:?}");
        assert_eq!(stage.ledger().released, Some(true), "nothing is left over");
    }
}
