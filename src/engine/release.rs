//! Release: gives back what a run took, change by change, and nothing else. Owns the order, the
//! three-way comparison (before, ours, now) and what is reported of each change.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
};

use serde_json::Value;

use crate::journal::{Change, KeptOperation, Ledger, Place, Record, Redactor, Released, is_marked};

use super::{
    AnySetting, Class, Event, How, Order, Registry, Run, StepError, World,
    discard::discard,
    error::show,
    exposed,
    step::{read_settled, write_and_read_back},
    users::{leans, users},
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
    /// What was shown to whoever approved it, as Region, kind and target: only this is written. Everything
    /// when none.
    pub shown: Option<BTreeSet<Target>>,
    pub by: String,
}

/// Region, kind and target of a setting.
pub type Target = (String, String, String);

/// What release did with one setting or operation.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Item {
    pub step: String,
    pub place: Place,
    #[serde(flatten)]
    pub outcome: Released,
}

/// All changes of a run to one setting.
pub(super) struct Taken<'a, C: World> {
    pub(super) setting: Box<dyn AnySetting<C>>,
    pub(super) first: One<'a>,
    /// Those after the first that still stand: an earlier release may have given back the latest.
    later: Vec<One<'a>>,
}

#[derive(Clone, Copy)]
pub(super) struct One<'a> {
    pub(super) step: &'a str,
    pub(super) place: &'a Place,
    pub(super) change: &'a Change,
    position: usize,
}

/// What release does with one setting next.
pub(super) enum Next {
    /// Nothing, or nothing more.
    Done(Released),
    /// It writes the value before over this one.
    Write { now: Value },
}

impl<'a, C: World> Taken<'a, C> {
    pub(super) fn last(&self) -> One<'a> {
        self.later.last().copied().unwrap_or(self.first)
    }

    pub(super) fn target(&self) -> Target {
        let One { place, change, .. } = self.first;
        (change.scope.region.clone(), place.kind.clone(), place.target.clone())
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
    ledger.reveal(run.journal.redactor());
    // What cannot be closed here is read again below, and reported there.
    let left = exposed::close_all(run, ledger).await?;
    let (taken, used) = gather(&run.registry, ledger, request)?;
    let mut items = Vec::new();
    for open in left.into_iter().filter(|open| !wanted(request, &open.step)) {
        let error = format!("it may still be open: {}", open.error);
        items.push(tell(run, open.step, open.place, Released::Failed { error }).await?);
    }
    let (taken, scaffolding) = taken.split_at(scaffolding(&taken));
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
    for (one, users) in used {
        let (step, place) = (one.step.to_owned(), one.place.clone());
        items.push(tell(run, step, place, still_used(&users)).await?);
    }
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
pub(super) fn what_stays(operation: &KeptOperation) -> Option<Released> {
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
    (started || operation.failed == 0).then_some(Released::kept(what))
}

pub(super) fn wanted(request: &Request, step: &str) -> bool {
    let Some(steps) = &request.steps else { return true };
    let parent = step.split('[').next().unwrap_or(step);
    steps.iter().any(|wanted| wanted == step || wanted == parent)
}

/// Where in the order of release the scaffolding begins, which what operations left may lean on.
pub(super) fn scaffolding<C: World>(taken: &[Taken<'_, C>]) -> usize {
    taken.partition_point(|taken| taken.setting.rule().order < Order::Stores)
}

/// Scaffolding that the release of some steps leaves there, with the steps that still use it.
pub(super) type Used<'a> = Vec<(One<'a>, Vec<&'a str>)>;

pub(super) fn still_used(users: &[&str]) -> Released {
    Released::kept(format!("still used by {}", users.join(", ")))
}

/// What the run took, in the order in which it is given back, and what stays for its other users.
pub(super) fn gather<'a, C: World>(
    registry: &Registry<C>,
    ledger: &'a Ledger,
    request: &Request,
) -> Result<(Vec<Taken<'a, C>>, Used<'a>), StepError> {
    let mut taken: Vec<Taken<'a, C>> = Vec::new();
    let mut used = Vec::new();
    let mut index: HashMap<(&str, &str, &str), usize> = HashMap::new();
    for (position, (step, place, change)) in ledger.changes().enumerate() {
        let one = One { step, place, change, position };
        match concerns(registry, ledger, request, one)? {
            Concern::Not => continue,
            Concern::Used(users) => {
                used.push((one, users));
                continue;
            }
            Concern::Wanted => {}
        }
        let key = (change.scope.region.as_str(), place.kind.as_str(), place.target.as_str());
        match index.get(&key).and_then(|at| taken.get_mut(*at)) {
            Some(known) => known.later.push(one),
            None => {
                let setting = made(registry, one)?;
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
    taken.sort_by_key(|taken| (taken.setting.rule().order, Reverse(taken.last().position)));
    Ok((taken, used))
}

/// The setting of a change. Where something of it stays hidden, it is good for its rule alone.
fn made<C: World>(
    registry: &Registry<C>,
    one: One<'_>,
) -> Result<Box<dyn AnySetting<C>>, StepError> {
    let setting = Redactor::default().show(one.change.setting.clone());
    registry.make(&one.place.kind, &setting).map_err(StepError::Replay)
}

enum Concern<'a> {
    Not,
    /// Other steps still use it.
    Used(Vec<&'a str>),
    Wanted,
}

/// Whether a release is about this change. Scaffolding goes with the last step that used it, whichever
/// step made it.
fn concerns<'a, C: World>(
    registry: &Registry<C>,
    ledger: &'a Ledger,
    request: &Request,
    one: One<'a>,
) -> Result<Concern<'a>, StepError> {
    let asked = wanted(request, one.step);
    if request.steps.is_none() || one.change.how != How::Removed {
        return Ok(if asked { Concern::Wanted } else { Concern::Not });
    }
    let users: Vec<_> = match made(registry, one)?.rule().order {
        Order::Stores | Order::Scaffolding => users(ledger, one.place).collect(),
        _ => vec![one.step],
    };
    let left = |user: &&str| !wanted(request, user) && leans(ledger, user);
    let left: Vec<_> = users.iter().copied().filter(left).collect();
    Ok(match (users.iter().any(|user| wanted(request, user)), left.is_empty()) {
        (true, true) => Concern::Wanted,
        (true, false) if asked => Concern::Used(left),
        _ => Concern::Not,
    })
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
    let now = match next(&run.world, taken, request, run.journal.redactor()).await {
        Next::Done(outcome) => return Ok(outcome),
        Next::Write { now } => now,
    };
    let (id, to) = (step.to_owned(), before.clone());
    // What the run wrote is not known, and may be what is there.
    let from = if is_marked(last.ours()) { last.ours().clone() } else { now.clone() };
    run.append(Record::ReleaseIntent { step: id, place: place.clone(), from, to }).await?;
    let world = run.world.in_region(&first.change.scope.region);
    Ok(match write_and_read_back(&world, place, &**setting, &now, before).await {
        Ok(_) => Released::GivenBack,
        Err(StepError::Call(e)) if setting.ended_by(&e) => Released::Gone { what: e.message },
        Err(e) => match still_gone(&world, &**setting).await {
            // It ended while it was written. What the value before names may be gone as well, while
            // the thing itself is there: that is a failure.
            Some(what) => Released::Gone { what },
            None => Released::Failed { error: e.to_string() },
        },
    })
}

/// So often a thing is not found before it counts as gone: what is new is not known everywhere yet.
const LOOKS: u32 = 3;

/// What the world says of a thing that is not there any more: there is nothing to give it back to.
async fn still_gone<C: World>(world: &C, setting: &dyn AnySetting<C>) -> Option<String> {
    let mut pause = world.patience().first;
    let mut said = None;
    for _ in 0..LOOKS {
        tokio::time::sleep(pause).await;
        pause *= 2;
        match setting.read(world).await {
            Ok(now) if setting.is_gone(&now) => said = Some(format!("it is {}", show(&now))),
            Err(e) if e.class == Class::Gone => said = Some(e.message),
            _ => return None,
        }
    }
    said
}

/// Reads one setting and decides what release does with it.
pub(super) async fn next<C: World>(
    world: &C,
    taken: &Taken<'_, C>,
    request: &Request,
    by: &Redactor,
) -> Next {
    let Taken { setting, first, .. } = taken;
    let One { place, change: last, .. } = taken.last();
    let before = &first.change.before;
    if is_marked(&first.change.setting) {
        return Next::Done(Released::Failed { error: hidden("what it is named by", place) });
    }
    if first.change.how == How::Retained && !last.is_given_back() {
        let caveat = setting.caveat(before);
        // A caveat names what nobody can give back, whether or not it is wanted.
        if !request.discard || caveat.is_some() {
            let what = caveat.unwrap_or("kept on purpose").to_owned();
            return Next::Done(Released::kept(what));
        }
    }
    let world = world.in_region(&first.change.scope.region);
    let now = match read_settled(&world, &**setting, last).await {
        Ok(now) => now,
        // Its container was removed after it had been given back: the bucket after its policy.
        Err(e) if e.class == Class::Gone && last.is_given_back() => {
            return Next::Done(last.released.clone().unwrap_or(Released::AlreadyBefore));
        }
        Err(e) if e.class == Class::Gone => {
            return Next::Done(match still_gone(&world, &**setting).await {
                Some(what) => Released::Gone { what },
                None => Released::Failed { error: e.to_string() },
            });
        }
        Err(e) => return Next::Done(Released::Failed { error: e.to_string() }),
    };
    if setting.is_gone(&now) {
        let what = format!("it is {}, for good", show(&now));
        return Next::Done(Released::Gone { what });
    }
    if setting.agrees(before, &now) || *before == now {
        return Next::Done(Released::AlreadyBefore);
    }
    if let Some(outcome) = last.released.clone().filter(|_| last.is_given_back()) {
        // Given back by an earlier release; its current value is someone else's.
        return Next::Done(outcome);
    }
    let forced =
        request.force.iter().any(|force| *force == format!("{} {}", place.kind, place.target));
    if !forced && !is_ours(taken, &now, by) {
        // Nobody can tell then whose the value is, and it may be the sensitive one itself.
        if is_marked(last.ours()) {
            return Next::Done(Released::Failed { error: hidden("what the run set", place) });
        }
        let (before, after) = (by.show(before.clone()), by.show(last.ours().clone()));
        return Next::Done(Released::Conflict { before, after, now: by.show(now) });
    }
    if is_marked(before) {
        return Next::Done(Released::Failed { error: hidden("the value before the run", place) });
    }
    if request.shown.as_ref().is_some_and(|shown| !shown.contains(&taken.target())) {
        let error = "it changed since the release was shown, which did not have it; look at it again with `release --plan`";
        return Next::Done(Released::Failed { error: error.into() });
    }
    Next::Write { now }
}

/// What release says of a setting that it must leave alone, because the journal has a marker in `what`.
fn hidden(what: &str, place: &Place) -> String {
    format!(
        "{what} has a sensitive value in it, which no journal keeps, so {place} was left as it is; release again and give the run's sensitive inputs with `-i`, or set it by hand"
    )
}

/// Whether the value now is one that this run made: the last it read back, or, while its last
/// intent is not settled, what that write leads to or could have left halfway; or what an earlier
/// release left halfway.
fn is_ours<C: World>(taken: &Taken<'_, C>, now: &Value, by: &Redactor) -> bool {
    let setting = &*taken.setting;
    let last = taken.last().change;
    // The end of an exposed state is the run's own, also where the journal could not take it any more.
    let ended = |change: &Change| {
        change.until.as_ref().is_some_and(|until| {
            setting.agrees(until, now) || exposed::may_be_open(setting, change, until, now)
        })
    };
    let before = &taken.first.change.before;
    let cut_off = |from: &Value| setting.halfway(from, before, now);
    if ended(last) || taken.latest_first().any(|one| one.change.releasing.iter().any(cut_off)) {
        return true;
    }
    if setting.agrees(last.ours(), now) || by.is_same(last.ours(), now) {
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
