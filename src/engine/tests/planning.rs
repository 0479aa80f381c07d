//! A plan writes nothing, and a run that is held to it does what it shows and nothing else.

use crate::engine::{
    Place, StepError, plan,
    plan::{Expected, PlanState, PlannedStep},
    races::{StepOrder, races},
    unit::Policy,
};
use crate::journal::{Record, RunStatus};

use super::{
    cuts::plain,
    harness::{Cut, RUN, Stage},
    kinds::Parts,
    script::{Act, Script, set, unit, with},
};

fn stage() -> Stage {
    let each = Script { acts: vec![set("item", 7)], each: Some(vec![1, 2]), ..Script::default() };
    let open = Script {
        acts: vec![set("open", 1)],
        when: Some(("job".into(), true)),
        ..Script::default()
    };
    Stage::new(vec![
        unit("a", &[], vec![set("x", 1), set("kept", 0), Act::Make("group".into(), vec![1])]),
        unit("b", &[0], vec![Act::Read("x".into()), set("x", 2)]),
        unit("c", &[0], vec![Act::Make("group".into(), vec![1, 2]), Act::Expose("door".into())]),
        with("each", &[], each, Policy::default()),
        unit("job", &[], vec![Act::Start("job".into())]),
        with("open", &[4], open, Policy::default()),
    ])
}

fn planned(stage: &Stage) -> Vec<PlannedStep> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let steps = runtime.block_on(plan(&stage.units, stage.world.clone(), RUN));
    // As it comes back from a file.
    serde_json::from_str(&serde_json::to_string(&steps).unwrap()).unwrap()
}

fn hold(stage: &mut Stage) -> Vec<PlannedStep> {
    let steps = planned(stage);
    let again = steps.clone();
    stage.expected = Box::new(move || Expected::of(&again));
    steps
}

#[test]
fn a_run_makes_exactly_the_planned_changes() {
    let mut stage = stage();
    let steps = hold(&mut stage);
    assert!(stage.world.calls().is_empty(), "a plan writes nothing");
    assert!(matches!(steps.iter().find(|s| s.id == "open").unwrap().state, PlanState::Open(_)));
    let end = stage.run();
    assert_eq!(end.status, RunStatus::Succeeded, "{:?}", end.walked);
    let mut made: Vec<(String, Place)> = Vec::new();
    for record in stage.records() {
        if let Record::Intent { step, place, .. } = record
            && step != "open"
        {
            made.push((step, place));
        }
    }
    let mut shown: Vec<_> = steps
        .iter()
        .flat_map(|step| step.changes.iter().map(|c| (step.id.clone(), c.place.clone())))
        .collect();
    made.sort();
    shown.sort();
    assert_eq!(made, shown);
    let needs = |at: usize| stage.units[at].needs.iter().map(|need| &*stage.units[*need].id);
    let order = |held: bool| -> StepOrder<'_> {
        let all = stage.units.iter().enumerate();
        all.map(|(at, unit)| (&*unit.id, needs(at).filter(|_| held).collect())).collect()
    };
    assert_eq!(races(&steps, &order(true)), []);
    assert_eq!(races(&steps, &order(false)).len(), 2);
}

#[test]
fn a_held_run_is_resumed_from_any_record() {
    let mut whole = stage();
    hold(&mut whole);
    whole.run();
    for cut in 0..whole.records().len() as u64 {
        let mut stage = stage();
        hold(&mut stage);
        if stage.run_cut(Cut::Record(cut, "")).is_none() {
            let end = stage.resume();
            assert_eq!(end.status, RunStatus::Succeeded, "cut after {cut}: {:?}", end.walked);
            assert_eq!(plain(stage.world.state()), plain(whole.world.state()));
        }
    }
}

#[test]
fn a_change_between_plan_and_run_is_off_plan_and_nothing_is_written_there() {
    for cell in ["x", "kept"] {
        let mut stage = stage();
        hold(&mut stage);
        stage.world.poke(|state| state.cells.extend([(cell.into(), 9)]));
        let end = stage.run();
        assert!(matches!(end.walked.failed[0].1, StepError::OffPlan { .. }), "{:?}", end.walked);
        assert_eq!(stage.world.state().cells[cell], 9);
        assert!(end.walked.blocked.iter().any(|(step, by)| step == "b" && by == "a"));
    }
    let mut stage = stage();
    hold(&mut stage);
    let other = Parts { id: Some("theirs".into()), parts: vec![5] };
    stage.world.poke(|state| drop(state.things.insert("group".into(), other)));
    let end = stage.run();
    assert!(matches!(end.walked.failed[0].1, StepError::OffPlan { .. }));
    assert_eq!(stage.world.state().things["group"].parts, [5]);
}

#[test]
fn an_item_that_the_plan_does_not_show_changes_nothing() {
    let each = |items: Vec<i64>| {
        let script = Script { acts: vec![set("item", 7)], each: Some(items), ..Script::default() };
        vec![with("each", &[], script, Policy::default())]
    };
    let mut stage = Stage::new(each(vec![1]));
    hold(&mut stage);
    stage.units = std::sync::Arc::new(each(vec![1, 2]));
    let end = stage.run();
    assert_eq!(end.walked.failed.len(), 1);
    assert_eq!(stage.world.state().cells.len(), 1);
}

#[test]
fn a_place_that_the_world_names_in_the_run_fits_its_plan() {
    let made =
        Script { acts: vec![Act::Start("job".into()), Act::SetNamedByLast], ..Script::default() };
    let mut stage = Stage::new(vec![with("a", &[], made, Policy::default())]);
    let steps = hold(&mut stage);
    assert!(steps[0].changes[0].place.target.contains("known after run"));
    let end = stage.run();
    assert_eq!(end.status, RunStatus::Succeeded, "{:?}", end.walked);
    assert_eq!(stage.world.state().cells["of job done"], 1);
}
