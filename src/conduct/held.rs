//! One target, one run: what other runs of this home still hold of what a plan would change, and the
//! turn in which a new run begins. Owns that comparison; runs from elsewhere are told by the marks
//! that the actions look for in the account.

use std::{collections::BTreeSet, fs::File};

use crate::{
    engine::plan::PlannedStep,
    journal::{self, Change, Kept, Ledger, Place, Record, Released, RunDir},
    program::planfile::PlanFile,
    report::plan::plural,
};

use super::{Context, Exit, Failure};

/// Held while a run checks what others hold and writes that it has begun.
pub struct Turn(#[allow(dead_code, reason = "held for its drop")] File);

/// Waits until no other run of this home begins.
pub fn turn(context: &Context) -> Result<Turn, Failure> {
    Ok(Turn(RunDir::turn(context.home())?))
}

/// Why the plan must not be run now: a sentence for each other run that holds something of it.
/// Those named in `beside` are let be.
pub fn by_others(context: &Context, plan: &PlanFile, beside: &[String]) -> Vec<String> {
    let dirs = RunDir::list(context.home()).unwrap_or_default();
    let meant = |run: &str| beside.iter().any(|one| run.starts_with(&one.to_uppercase()));
    let others = dirs.iter().filter(|dir| dir.id() != plan.run && !meant(dir.id()));
    others.filter_map(|dir| Some(said(dir, &held(dir, plan)?))).collect()
}

fn said(dir: &RunDir, held: &BTreeSet<String>) -> String {
    let run = dir.id();
    let first = held.first().map(String::as_str).unwrap_or_default();
    let more = match held.len() {
        0 | 1 => String::new(),
        count => format!(" and {} more", plural(count - 1, "setting")),
    };
    format!(
        "run {run} holds `{first}`{more}: resume or release it first, or build on it with `--beside {run}`"
    )
}

/// Kind and target of what the run in `dir` holds of the plan; `None` when that is nothing.
fn held(dir: &RunDir, plan: &PlanFile) -> Option<BTreeSet<String>> {
    // One that cannot be read is told by `runs`, and holds nothing that anybody could give back.
    let read = journal::read(&dir.journal()).ok()?;
    let ledger = Ledger::fold(read.lines.iter().map(|line| &line.record));
    let Some(Record::RunStarted { scope, endpoint, .. }) = &ledger.started else { return None };
    let is_other = scope.account != plan.scope.account || *endpoint != plan.endpoint;
    if is_other || ledger.released == Some(true) {
        return None;
    }
    let mut held = BTreeSet::new();
    let steps: Vec<_> = plan.steps.iter().map(|entry| &entry.step).collect();
    for (_, place, change) in ledger.changes().filter(|(_, _, change)| is_held(change)) {
        let is_there = change.scope.region == plan.scope.region || place.kind.starts_with("iam.");
        // Whoever has set it to something else since has taken it over already.
        let is_wanted = steps.iter().any(|step| {
            step.keeps.iter().any(|kept| is_same(kept, place))
                || step.changes.iter().any(|planned| {
                    is_same(&planned.place, place) && planned.before == *change.ours()
                })
        });
        if is_there && is_wanted {
            held.insert(named(place));
        }
    }
    // Neither ended, aborted nor released: it goes on now, or will once it is resumed.
    if ledger.status.is_none() && !ledger.aborted && ledger.released.is_none() {
        held.extend(yet_to_come(dir, &ledger, &steps));
    }
    (!held.is_empty()).then_some(held)
}

/// Given back, or left for good by a release, it is nobody's any more.
fn is_held(change: &Change) -> bool {
    !change.is_given_back() && !matches!(change.released, Some(Released::Retained { .. }))
}

/// What a run that has not ended is going to change.
fn yet_to_come(dir: &RunDir, ledger: &Ledger, steps: &[&PlannedStep]) -> BTreeSet<String> {
    let Ok(theirs) = dir.read_json::<PlanFile>(RunDir::PLAN) else { return BTreeSet::new() };
    let done = |place: &Place| {
        let kept = ledger.steps.values().filter_map(|step| step.places.get(place));
        kept.into_iter().any(|kept| matches!(kept, Kept::Change(_)))
    };
    let planned = theirs.steps.iter().flat_map(|entry| &entry.step.changes);
    let wanted = |place: &Place| {
        steps.iter().any(|step| {
            step.keeps.iter().any(|kept| is_same(kept, place))
                || step.changes.iter().any(|change| is_same(&change.place, place))
        })
    };
    let planned = planned.filter(|change| !done(&change.place) && wanted(&change.place));
    planned.map(|change| named(&change.place)).collect()
}

fn is_same(one: &Place, other: &Place) -> bool {
    one.kind == other.kind && one.target == other.target && !one.target.contains("(known after run")
}

fn named(place: &Place) -> String {
    format!("{} {}", place.kind, place.target)
}

/// Adds what others hold to what stands against a plan.
#[must_use]
pub fn checked(context: &Context, mut plan: PlanFile, beside: &[String]) -> PlanFile {
    let held = by_others(context, &plan, beside);
    if held.is_empty() {
        return plan;
    }
    plan.refusals.extend(held);
    plan.sealed()
}

/// The same, right before a run begins.
pub fn check(context: &Context, plan: &PlanFile, beside: &[String]) -> Result<(), Failure> {
    let held = by_others(context, plan, beside);
    if held.is_empty() {
        return Ok(());
    }
    Err(Failure::new(Exit::Refused, "another run was faster, nothing was changed")
        .help(held.join("\n        ")))
}
