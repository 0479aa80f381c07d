//! Release: gives back what a run took, change by change, and nothing else. Owns the order, the
//! three-way comparison (before, ours, now) and what is reported of each change.

use std::{cmp::Reverse, collections::HashMap};

use serde_json::Value;

use crate::journal::{Change, KeptOperation, Ledger, Place, REDACTED, Record, Released};

use super::{
    AnySetting, Class, Event, How, Order, Run, StepError, World,
    discard::discard,
    exposed,
    step::{read_settled, write_and_read_back},
    work::Work,
};

/// What to release.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Only these steps (a for-each's items with their parent); all when none.
    pub steps: Option<Vec<String>>,
    /// Conflicts to overwrite anyway, each as `kind target`.
    pub force: Vec<String>,
    /// Removes what operations left and gives back what settings retain: what a drill leaves
    /// is litter, not evidence.
    pub discard: bool,
    pub by: String,
}

/// What release did with one setting or operation.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Item {
    pub step: String,
    pub place: Place,
    #[serde(flatten)]
    pub outcome: Released,
}

/// All changes of a run to one setting.
struct Taken<'a, C: World> {
    setting: Box<dyn AnySetting<C>>,
    first: One<'a>,
    /// Those after the first that still stand: an earlier release may have given back the latest.
    later: Vec<One<'a>>,
}

#[derive(Clone, Copy)]
struct One<'a> {
    step: &'a str,
    place: &'a Place,
    change: &'a Change,
    position: usize,
}

impl<'a, C: World> Taken<'a, C> {
    fn last(&self) -> One<'a> {
        self.later.last().copied().unwrap_or(self.first)
    }

    fn latest_first(&self) -> impl Iterator<Item = One<'a>> {
        self.later.iter().rev().copied().chain([self.first])
    }
}

/// # Errors
/// The journal cannot be written, or has a setting that this version does not know. What concerns
/// one setting only is in its item, and does not keep the others from being given back.
pub async fn release<C: World>(
    run: &Run<C>,
    ledger: &mut Ledger,
    request: &Request,
) -> Result<Vec<Item>, StepError> {
    let work = Work { step: "release".into(), urgent: false, events: run.events.clone() };
    work.scope(release_all(run, ledger, request)).await
}

async fn release_all<C: World>(
    run: &Run<C>,
    ledger: &mut Ledger,
    request: &Request,
) -> Result<Vec<Item>, StepError> {
    run.append(Record::ReleaseStarted {
        by: request.by.clone(),
        steps: request.steps.clone(),
        force: request.force.clone(),
        discard: request.discard,
    })
    .await?;
    run.events.send(Event::Releasing);
    // What cannot be closed here is read again below, and reported there.
    let left = exposed::close_all(run, ledger).await?;
    let mut taken = gather(run, ledger, request)?;
    let order = |taken: &Taken<'_, C>| (taken.setting.rule().order, Reverse(taken.last().position));
    taken.sort_by_key(order);
    let mut items = Vec::new();
    for open in left.into_iter().filter(|open| !wanted(request, &open.step)) {
        let error = format!("it may still be open: {}", open.error);
        items.push(tell(run, open.step, open.place, Released::Failed { error }).await?);
    }
    let (taken, scaffolding) = taken
        .split_at(taken.partition_point(|taken| taken.setting.rule().order < Order::Scaffolding));
    give_back_all(run, taken, request, &mut items).await?;
    if request.discard {
        // What operations left may lean on the scaffolding: a restored volume in a built network.
        for (step, place) in ledger.order.iter().rev().filter(|(step, _)| wanted(request, step)) {
            let Some(operation) = ledger.operation(step, place) else { continue };
            go_on(run)?;
            let outcome = discard(run, step, place, operation).await?;
            items.push(tell(run, step.clone(), place.clone(), outcome).await?);
        }
    }
    give_back_all(run, scaffolding, request, &mut items).await?;
    if !request.discard {
        for (step, place, operation) in ledger.operations().filter(|(s, ..)| wanted(request, s)) {
            if let Some(outcome) = what_stays(operation) {
                items.push(tell(run, step.into(), place.clone(), outcome).await?);
            }
        }
    }
    let complete = request.steps.is_none() && !items.iter().any(is_left_over);
    run.append(Record::ReleaseFinished { complete }).await?;
    run.events.send(Event::ReleaseEnded);
    Ok(items)
}

/// Whether something that should have been given back was not.
pub fn is_left_over(item: &Item) -> bool {
    matches!(item.outcome, Released::Conflict { .. } | Released::Failed { .. })
}

fn go_on<C: World>(run: &Run<C>) -> Result<(), StepError> {
    if *run.stop.borrow() { Err(StepError::Interrupted) } else { Ok(()) }
}

/// What an operation leaves that is kept.
fn what_stays(operation: &KeptOperation) -> Option<Released> {
    if operation.is_given_back() {
        return Some(Released::AlreadyBefore);
    }
    let started = operation.job.is_some() || operation.output.is_some();
    let what = match &operation.job {
        Some(job) => format!("{}: {job}", operation.leaves),
        None if started => operation.leaves.clone(),
        None => format!("{} (no answer to its start is known)", operation.leaves),
    };
    // After a failed job nothing is known to be left, unless it is being started again.
    (started || operation.failed == 0).then_some(Released::Retained { what })
}

fn wanted(request: &Request, step: &str) -> bool {
    let Some(steps) = &request.steps else { return true };
    let parent = step.split('[').next().unwrap_or(step);
    steps.iter().any(|wanted| wanted == step || wanted == parent)
}

fn gather<'a, C: World>(
    run: &Run<C>,
    ledger: &'a Ledger,
    request: &Request,
) -> Result<Vec<Taken<'a, C>>, StepError> {
    let mut taken: Vec<Taken<'a, C>> = Vec::new();
    let mut index: HashMap<(&str, &str, &str), usize> = HashMap::new();
    for (position, (step, place, change)) in ledger.changes().enumerate() {
        if !wanted(request, step) {
            continue;
        }
        let one = One { step, place, change, position };
        let key = (change.scope.region.as_str(), place.kind.as_str(), place.target.as_str());
        match index.get(&key).and_then(|at| taken.get_mut(*at)) {
            Some(known) => known.later.push(one),
            None => {
                let setting =
                    run.registry.make(&place.kind, &change.setting).map_err(StepError::Replay)?;
                index.insert(key, taken.len());
                taken.push(Taken { setting, first: one, later: Vec::new() });
            }
        }
    }
    for taken in &mut taken {
        while taken.later.last().is_some_and(|last| last.change.is_given_back()) {
            taken.later.pop();
        }
    }
    Ok(taken)
}

async fn give_back_all<C: World>(
    run: &Run<C>,
    all: &[Taken<'_, C>],
    request: &Request,
    items: &mut Vec<Item>,
) -> Result<(), StepError> {
    for taken in all {
        go_on(run)?;
        let outcome = give_back(run, taken, request).await?;
        let (step, place) = (taken.last().step.to_owned(), taken.last().place.clone());
        items.push(tell(run, step, place, outcome.clone()).await?);
        // The latest first: if this is interrupted, the rest still begins with the oldest `before`.
        for one in taken.latest_first().skip(1) {
            let (step, place) = (one.step.to_owned(), one.place.clone());
            run.append(Record::ReleaseOutcome { step, place, outcome: outcome.clone() }).await?;
        }
    }
    Ok(())
}

async fn give_back<C: World>(
    run: &Run<C>,
    taken: &Taken<'_, C>,
    request: &Request,
) -> Result<Released, StepError> {
    let Taken { setting, first, .. } = taken;
    let One { step, place, change: last, .. } = taken.last();
    let before = &first.change.before;
    if first.change.how == How::Retained && !last.is_given_back() {
        let caveat = setting.caveat(before);
        // A caveat names what nobody can give back, whether or not it is wanted.
        if !request.discard || caveat.is_some() {
            let what = caveat.unwrap_or("kept on purpose").to_owned();
            return Ok(Released::Retained { what });
        }
    }
    let world = run.world.in_region(&first.change.scope.region);
    let now = match read_settled(&world, &**setting, last).await {
        Ok(now) => now,
        // Its container was removed after it had been given back: the bucket after its policy.
        Err(e) if e.class == Class::Gone && last.is_given_back() => {
            return Ok(last.released.clone().unwrap_or(Released::AlreadyBefore));
        }
        Err(e) => return Ok(Released::Failed { error: e.to_string() }),
    };
    let hidden = run.journal.redact(now.clone());
    if setting.agrees(before, &now) || setting.agrees(before, &hidden) || *before == hidden {
        return Ok(Released::AlreadyBefore);
    }
    if let Some(outcome) = last.released.clone().filter(|_| last.is_given_back()) {
        // Given back by an earlier release; its current value is someone else's.
        return Ok(outcome);
    }
    let forced =
        request.force.iter().any(|force| *force == format!("{} {}", place.kind, place.target));
    if !forced && !is_ours(taken, &now) && !is_ours(taken, &hidden) {
        let (before, after) = (before.clone(), last.ours().clone());
        // Without the secret it is unknown whose value this is, and it may be the secret itself.
        let held = after.to_string().contains(REDACTED);
        let now = if held { REDACTED.into() } else { hidden };
        return Ok(Released::Conflict { before, after, now });
    }
    if before.to_string().contains(REDACTED) {
        let error =
            "the value before held a sensitive value, which no journal keeps; set it by hand";
        return Ok(Released::Failed { error: error.into() });
    }
    let (id, to) = (step.to_owned(), before.clone());
    let secret = last.ours().to_string().contains(REDACTED);
    let from = if secret { last.ours().clone() } else { now.clone() };
    run.append(Record::ReleaseIntent { step: id, place: place.clone(), from, to }).await?;
    Ok(match write_and_read_back(&world, place, &**setting, &now, before).await {
        Ok(_) => Released::GivenBack,
        Err(e) => Released::Failed { error: e.to_string() },
    })
}

/// Whether the value now is one that this run made: the last it read back, or, while its last
/// intent is not settled, what that write leads to or could have left halfway; or what an earlier
/// release left halfway.
fn is_ours<C: World>(taken: &Taken<'_, C>, now: &Value) -> bool {
    let setting = &*taken.setting;
    let last = taken.last().change;
    let ended = |change: &Change| {
        change.closed && change.until.as_ref().is_some_and(|until| setting.agrees(until, now))
    };
    let before = &taken.first.change.before;
    let cut_off = |from: &Value| setting.halfway(from, before, now);
    if ended(last) || taken.latest_first().any(|one| one.change.releasing.iter().any(cut_off)) {
        return true;
    }
    if setting.agrees(last.ours(), now) || last.ours() == now {
        return true;
    }
    let earlier = taken.latest_first().nth(1).map(|one| one.change);
    last.outcome.is_none()
        && (setting.halfway(&last.before, &last.after, now)
            || earlier.is_some_and(|earlier| setting.agrees(earlier.ours(), now) || ended(earlier)))
}

async fn tell<C: World>(
    run: &Run<C>,
    step: String,
    place: Place,
    outcome: Released,
) -> Result<Item, StepError> {
    run.append(Record::ReleaseOutcome {
        step: step.clone(),
        place: place.clone(),
        outcome: outcome.clone(),
    })
    .await?;
    run.events.send(Event::Released {
        step: step.clone(),
        place: place.clone(),
        outcome: outcome.clone(),
    });
    Ok(Item { step, place, outcome })
}
