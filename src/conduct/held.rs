//! One target, one run: which of the things that a plan would change other runs of this home still hold, and the
//! turn in which a new run begins. Owns that comparison; runs from elsewhere are recognised by the marks
//! that the actions look for in the account.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fs::File,
};

use serde_json::Value;

use crate::{
    journal::{Held, Place, RunDir, RunDirError, RunState, StateKey},
    program::planfile::PlanFile,
    report::plan::plural,
};

use super::{Context, Exit, Failure};

/// Held while a run checks what others hold and writes that it has begun.
pub(super) struct Turn(#[allow(dead_code, reason = "held for its drop")] File);

/// Waits until no other run of this home begins.
pub(super) fn turn(context: &Context) -> Result<Turn, Failure> {
    Ok(Turn(RunDir::turn(context.home())?))
}

/// The runs that a plan was held against, as they were then.
pub(super) struct Looked(HashMap<String, StateKey>);

/// What other runs of this home hold of a plan.
#[derive(Default)]
struct Others {
    /// Why the plan must not be run now: a sentence for each run that holds something of it.
    refusals: Vec<String>,
    /// A sentence for each run whose holdings are unknown.
    unknown: Vec<String>,
    /// Runs that hold nothing of it.
    free: HashMap<String, StateKey>,
}

/// Asks all but those named in `beside`, and those that are as they were when they held nothing.
fn by_others(
    context: &Context,
    plan: &PlanFile,
    beside: &[String],
    before: &HashMap<String, StateKey>,
) -> Others {
    let mut others = Others::default();
    let dirs = RunDir::list(context.home()).unwrap_or_else(|error| {
        others.unknown.push(format!("what other runs hold is unknown: {error}"));
        Vec::new()
    });
    let meant = |run: &str| beside.iter().any(|one| run.starts_with(&one.to_uppercase()));
    let wanted = Wanted::of(plan);
    for dir in dirs.iter().filter(|dir| dir.id() != plan.run && !meant(dir.id())) {
        let known = before.get(dir.id());
        if known.is_some() && dir.state_key().ok().flatten().as_ref() == known {
            continue;
        }
        let unknown = |error: String| format!("what run {} holds is unknown: {error}", dir.id());
        let (key, state) = match dir.state(context.seal_kept()) {
            Ok(None) => continue,
            Ok(Some(found)) => found,
            Err(error) => {
                others.unknown.push(unknown(error.to_string()));
                continue;
            }
        };
        match held(dir, &state, plan, &wanted) {
            Ok(held) if held.is_empty() => drop(others.free.insert(dir.id().to_owned(), key)),
            Ok(held) => others.refusals.push(said(dir, &held)),
            Err(error) => others.unknown.push(unknown(error.to_string())),
        }
    }
    others
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

/// What a plan is about, by kind and target: many runs are held against it.
struct Wanted<'a> {
    /// Settings that are as it wants them.
    keeps: HashSet<(&'a str, &'a str)>,
    /// Settings that it changes, with the values before.
    changes: HashMap<(&'a str, &'a str), Vec<&'a Value>>,
}

impl<'a> Wanted<'a> {
    fn of(plan: &'a PlanFile) -> Self {
        let (mut keeps, mut changes) = (HashSet::new(), HashMap::<_, Vec<_>>::new());
        for step in plan.planned().filter(|step| step.state.runs()) {
            keeps.extend(step.keeps.iter().filter_map(key));
            for change in &step.changes {
                if let Some(key) = key(&change.place) {
                    changes.entry(key).or_default().push(&change.before);
                }
            }
        }
        Self { keeps, changes }
    }

    fn has(&self, place: &Place) -> bool {
        key(place).is_some_and(|key| self.keeps.contains(&key) || self.changes.contains_key(&key))
    }

    /// The same, unless somebody has set it to something else since: they have taken it over.
    fn has_as(&self, one: &Held) -> bool {
        key(&one.place).is_some_and(|key| {
            let before = self.changes.get(&key);
            self.keeps.contains(&key) || before.is_some_and(|all| all.contains(&&one.ours))
        })
    }
}

/// Nothing that AWS has not named yet is one thing with another.
fn key(place: &Place) -> Option<(&str, &str)> {
    (!place.target.contains("(known after run")).then_some((&place.kind, &place.target))
}

/// Kind and target of what the run in `dir` holds of the plan.
///
/// # Errors
/// It has not ended, and its own plan cannot be read.
fn held(
    dir: &RunDir,
    state: &RunState,
    plan: &PlanFile,
    wanted: &Wanted<'_>,
) -> Result<BTreeSet<String>, RunDirError> {
    let is_here = state.started.as_ref().is_some_and(|started| {
        started.scope.account == plan.scope.account && same_place(started.endpoint.as_deref(), plan)
    });
    if !is_here || state.released == Some(true) {
        return Ok(BTreeSet::new());
    }
    let is_there =
        |one: &Held| one.region == plan.scope.region || one.place.kind.starts_with("iam.");
    let held = state.held.iter().filter(|one| is_there(one) && wanted.has_as(one));
    let mut held: BTreeSet<String> = held.map(|one| named(&one.place)).collect();
    if state.is_open() {
        // What it is going to change. Nothing of it was given back yet.
        let theirs: PlanFile = dir.read_json(RunDir::PLAN)?;
        let done: HashSet<&Place> = state.held.iter().map(|one| &one.place).collect();
        let planned = theirs.planned().flat_map(|step| &step.changes).map(|change| &change.place);
        held.extend(planned.filter(|place| !done.contains(place) && wanted.has(place)).map(named));
    }
    Ok(held)
}

/// Whether a run went where the plan goes. One that called services at several places may have met any.
fn same_place(endpoint: Option<&str>, plan: &PlanFile) -> bool {
    endpoint == plan.endpoint.as_deref()
        || !plan.endpoints.is_empty()
        || endpoint.is_some_and(|text| text.contains(" at "))
}

fn named(place: &Place) -> String {
    format!("{} {}", place.kind, place.target)
}

/// Adds what others hold to what stands against a plan.
#[must_use]
pub(super) fn checked(
    context: &Context,
    mut plan: PlanFile,
    beside: &[String],
) -> (PlanFile, Looked) {
    let Others { refusals, unknown, free } = by_others(context, &plan, beside, &HashMap::new());
    plan.warnings.extend(unknown);
    if !refusals.is_empty() {
        plan.refusals.extend(refusals);
        plan = plan.sealed();
    }
    (plan, Looked(free))
}

/// The same, right before a run begins: what has changed since `looked` is looked at again.
pub(super) fn check(
    context: &Context,
    plan: &PlanFile,
    beside: &[String],
    looked: &Looked,
) -> Result<(), Failure> {
    let held = by_others(context, plan, beside, &looked.0).refusals;
    if held.is_empty() {
        return Ok(());
    }
    Err(Failure::new(Exit::Refused, "another run was faster, nothing was changed")
        .help(held.join("\n        ")))
}
