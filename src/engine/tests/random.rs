//! Random graphs of up to 200 steps: settings shared by ordered steps, things, gates, jobs, verdicts,
//! fan-outs, conditions, retries and failures, run in any interleaving, cut anywhere, once or twice,
//! resumed and released.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering::SeqCst},
};

use proptest::prelude::*;

use crate::{
    engine::{
        RunEnd, Verdict,
        unit::{OnFailure, Policy, Unit},
    },
    journal::{Record, RunStatus, StepState},
};

use super::{
    cuts::{gives_back, plain, start},
    harness::{Cut, Stage},
    script::{Act, Gauge, Script, with},
    world::{Fault, Memory},
};

#[derive(Clone, Debug)]
struct Node {
    acts: Vec<Act>,
    needs: Vec<usize>,
    each: Option<Vec<i64>>,
    when: Option<(String, bool)>,
    policy: Policy,
}

fn act() -> impl Strategy<Value = Act> {
    let cell = prop_oneof![(0..6).prop_map(|n| format!("c{n}")), Just("slow".to_owned())];
    prop_oneof![
        5 => (cell.clone(), 0..4i64).prop_map(|(cell, value)| Act::Set(cell, value)),
        3 => cell.clone().prop_map(Act::Read),
        1 => (cell, 0..4i64).prop_map(|(cell, want)| Act::Verify(cell, want)),
        2 => (0..3, proptest::collection::btree_set(1..5u32, 0..3))
            .prop_map(|(n, parts)| Act::Make(format!("t{n}"), parts.into_iter().collect())),
        2 => (0..3).prop_map(|n| Act::Expose(format!("g{n}"))),
        1 => (0..3).prop_map(|n| Act::Start(format!("job{n}"))),
        1 => Just(Act::FailOnce),
        1 => Just(Act::Wait(1)),
    ]
}

fn node() -> impl Strategy<Value = Node> {
    let end = prop_oneof![
        12 => Just(None),
        1 => Just(Some(Act::Fail)),
        1 => (0..3).prop_map(|n| Some(Act::OpenAndFail(format!("g{n}")))),
    ];
    let each = prop_oneof![6 => Just(None), 1 => (0..4i64).prop_map(|n| Some((0..n).collect()))];
    let when =
        prop_oneof![6 => Just(None), 1 => any::<(prop::sample::Index, bool)>().prop_map(Some)];
    let acts = proptest::collection::vec(act(), 0..4);
    let needs = proptest::collection::vec(any::<prop::sample::Index>(), 0..3);
    let policy = (any::<bool>(), prop::bool::weighted(0.2)).prop_map(|(on, always)| {
        let on_failure = if on { OnFailure::Continue } else { OnFailure::Stop };
        Policy { attempts: 2, on_failure, always, ..Policy::default() }
    });
    (acts, end, needs, each, when, policy).prop_map(|(acts, end, needs, each, when, policy)| {
        let needs = needs.iter().map(|n| n.index(1 << 20)).collect();
        let when = when.map(|(n, wanted)| (n.index(1 << 20).to_string(), wanted));
        Node { acts: acts.into_iter().chain(end).collect(), needs, each, when, policy }
    })
}

/// What an act touches, and must therefore be ordered by.
fn touched(act: &Act) -> Option<String> {
    match act {
        Act::Set(name, _) | Act::Read(name) | Act::Make(name, _) | Act::Verify(name, _) => {
            Some(name.clone())
        }
        Act::Expose(name) | Act::OpenAndFail(name) => Some(name.clone()),
        _ => None,
    }
}

/// Needs point backwards; steps that touch one thing are ordered.
fn units(nodes: &[Node], gauge: &Arc<Gauge>) -> Vec<Unit<Memory>> {
    let mut last: HashMap<String, usize> = HashMap::new();
    let mut units = Vec::new();
    for (n, node) in nodes.iter().enumerate() {
        let mut needs: Vec<_> = node.needs.iter().filter_map(|need| need.checked_rem(n)).collect();
        let when = node.when.as_ref().filter(|_| n > 0).map(|(index, wanted)| {
            let on = index.parse::<usize>().unwrap() % n;
            needs.push(on);
            (format!("s{on}"), *wanted)
        });
        for name in node.acts.iter().filter_map(touched) {
            // The items of a fan-out have names of their own, so they need no order.
            if node.each.is_none() {
                needs.extend(last.insert(name, n).filter(|last| *last != n));
            }
        }
        needs.sort_unstable();
        needs.dedup();
        let acts = match &node.each {
            None => node.acts.clone(),
            Some(_) => node.acts.iter().cloned().map(|act| own(act, n)).collect(),
        };
        let script =
            Script { acts, each: node.each.clone(), when, gauge: gauge.clone(), says: false };
        units.push(with(&format!("s{n}"), &needs, script, node.policy.clone()));
    }
    units
}

fn own(act: Act, n: usize) -> Act {
    let own = |name: String| format!("{name}-of-{n}");
    match act {
        Act::Set(name, value) => Act::Set(own(name), value),
        Act::Read(name) => Act::Read(own(name)),
        Act::Verify(name, want) => Act::Verify(own(name), want),
        Act::Make(name, parts) => Act::Make(own(name), parts),
        Act::Expose(name) => Act::Expose(own(name)),
        Act::OpenAndFail(name) => Act::OpenAndFail(own(name)),
        other => other,
    }
}

fn stage(nodes: &[Node], parallel: usize) -> (Stage, Arc<Gauge>) {
    let gauge = Arc::new(Gauge::default());
    let mut stage = Stage::new(units(nodes, &gauge));
    stage.parallel = parallel;
    start(&stage);
    (stage, gauge)
}

/// Parents first, and no step finished twice or begun after it finished.
fn ordered(stage: &Stage) {
    let position: HashMap<_, _> =
        stage.units.iter().enumerate().map(|(n, unit)| (unit.id.clone(), n)).collect();
    let mut ended: HashMap<String, usize> = HashMap::new();
    for (at, record) in stage.records().iter().enumerate() {
        let Some(step) = record.step() else { continue };
        let (parent, item) = (step.split('[').next().unwrap(), step.contains('['));
        match record {
            Record::StepStarted { .. } => {
                assert!(!ended.contains_key(step), "{step} starts after its end");
                let this = &stage.units[position[parent]];
                for need in this.needs.iter().filter(|_| !this.policy.always) {
                    let need = &stage.units[*need];
                    // A fan-out ends with its items, a tolerated failure with its last attempt.
                    let each = stage.ledger().expanded.contains_key(&need.id);
                    assert!(each || ended.contains_key(&need.id), "{step} before {}", need.id);
                }
            }
            Record::StepFinished { .. } | Record::StepSkipped { .. } => {
                assert!(ended.insert(step.into(), at).is_none(), "{step} ended twice");
            }
            Record::StepFailed { last: true, .. } => {
                let on = stage.units[position[parent]].policy.on_failure;
                if on == OnFailure::Continue && !item {
                    ended.insert(step.into(), at);
                }
            }
            _ => {}
        }
    }
    last(stage);
}

/// Nothing that a unit which always runs comes after begins once that one has.
fn last(stage: &Stage) {
    let records = stage.records();
    let at = |id: &str, which: fn(&Record) -> bool| {
        let parent = |step: &str| step.split('[').next() == Some(id);
        let which = |at: &usize| records[*at].step().is_some_and(parent) && which(&records[*at]);
        (0..records.len()).filter(which).collect::<Vec<_>>()
    };
    let starts = |record: &Record| matches!(record, Record::StepStarted { .. });
    let begins = |record: &Record| {
        use Record::{Expanded, StepSkipped, StepStarted};
        matches!(record, Expanded { .. } | StepSkipped { .. } | StepStarted { .. })
    };
    for unit in stage.units.iter().filter(|unit| unit.policy.always) {
        let Some(began) = at(&unit.id, begins).first().copied() else { continue };
        let (mut next, mut seen) = (unit.needs.clone(), vec![false; stage.units.len()]);
        while let Some(need) = next.pop() {
            if !std::mem::replace(&mut seen[need], true) {
                next.extend(&stage.units[need].needs);
                let late = at(&stage.units[need].id, starts).last().is_some_and(|at| *at > began);
                assert!(!late, "{} after {}", stage.units[need].id, unit.id);
            }
        }
    }
}

/// In a run that was not stopped, what always runs has run, was skipped, or failed by itself.
fn always_ran(stage: &Stage, end: &RunEnd) {
    let ledger = stage.ledger();
    for unit in stage.units.iter().filter(|unit| unit.policy.always) {
        assert!(!end.walked.blocked.iter().any(|(id, _)| *id == unit.id), "{}", unit.id);
        let state = ledger.steps.get(&unit.id).map(|step| &step.state);
        let ended = match state {
            Some(StepState::Finished(_) | StepState::Skipped(_)) => true,
            Some(StepState::Failed { last, .. }) => *last,
            _ => ledger.expanded.contains_key(&unit.id),
        };
        assert!(ended, "{}: {state:?}", unit.id);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 200, ..Default::default() })]

    #[test]
    fn any_graph_cut_anywhere(
        nodes in graph(),
        parallel in prop_oneof![1..6usize, Just(16), Just(64)],
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<[bool; 3]>()), 4),
    ) {
        let (mut whole, gauge) = stage(&nodes, parallel);
        let before = plain(whole.world.state());
        let end = whole.run();
        prop_assert!(gauge.most.load(SeqCst) <= parallel);
        prop_assert!(end.status == RunStatus::Failed || end.walked.failed.is_empty());
        ordered(&whole);
        closed(&whole);
        honest(&whole);
        always_ran(&whole, &end);
        let (records, calls) = (whole.records().len(), whole.world.calls().len());
        for (index, [by_call, effect, twice]) in cuts {
            let (mut cut, _) = stage(&nodes, parallel);
            let died = if by_call && calls > 0 {
                cut.world.fuse(index.index(calls), Fault::Die { effect });
                cut.run_cut(Cut::None).is_none()
            } else {
                cut.run_cut(Cut::Record(index.index(records) as u64, "{\"seq")).is_none()
            };
            if twice {
                cut.world = cut.world.revive();
                cut.run_cut(Cut::Record(index.index(9) as u64, ""));
            }
            if effect && died {
                gives_back(&mut cut, &before, "released without a resume");
                continue;
            }
            let again = cut.resume();
            prop_assert_eq!(again.status, end.status, "{:?}", again.walked);
            prop_assert_eq!(plain(cut.world.state()), plain(whole.world.state()));
            prop_assert_eq!(cut.outputs(), whole.outputs());
            ordered(&cut);
            closed(&cut);
            honest(&cut);
            always_ran(&cut, &again);
            gives_back(&mut cut, &before, "released after a resume");
        }
        gives_back(&mut whole, &before, "released");
        let calls = whole.world.calls().len();
        gives_back(&mut whole, &before, "released twice");
        prop_assert_eq!(whole.world.calls().len(), calls);
    }
}

/// Mostly small, since a small one that fails says more; now and then as large as a playbook gets.
fn graph() -> impl Strategy<Value = Vec<Node>> {
    prop_oneof![
        5 => proptest::collection::vec(node(), 1..40),
        1 => proptest::collection::vec(node(), 100..=200),
    ]
}

/// No verdict is better than what was read for it, and none of a run that succeeded is a failure.
fn honest(stage: &Stage) {
    for record in stage.records() {
        if let Record::Verdict { verdict, facts, .. } = record {
            let holds = facts["now"] == facts["want"];
            assert_eq!(verdict == Verdict::Proven, holds, "{verdict:?} of {facts}");
        }
    }
    let ledger = stage.ledger();
    if ledger.status == Some(RunStatus::Succeeded) {
        for (id, step) in &ledger.steps {
            let unit = stage.units.iter().find(|unit| unit.id == id.split('[').next().unwrap());
            let tolerated = unit.is_some_and(|u| u.policy.on_failure == OnFailure::Continue);
            let all = step.verdicts.values().all(|(verdict, _)| *verdict == Verdict::Proven);
            assert!(all || tolerated, "{id} succeeded with {:?}", step.verdicts);
        }
    }
}

fn closed(stage: &Stage) {
    let state = stage.world.state();
    assert!(state.gates.values().all(|value| value != "open"), "{:?}", state.gates);
}

/// `PROPTEST_CASES` for a longer search.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(12)
}
