//! Release: gives back what a run took, change by change, and nothing else. Owns the order, the
//! three-way comparison (before, ours, now) and what is reported of each change.

use std::collections::HashMap;

use serde_json::Value;

use crate::journal::{Change, Ledger, Place, Record, Released};

use super::{AnySetting, Event, How, Run, StepError, World, exposed, step::write_and_read_back};

/// What to release.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Only these steps (a for-each's items with their parent); all when none.
    pub steps: Option<Vec<String>>,
    /// Conflicts to overwrite all the same, each as `kind target`.
    pub force: Vec<String>,
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
    first: &'a Change,
    ours: Vec<&'a Change>,
    /// Step and place of the last change.
    step: &'a str,
    place: &'a Place,
    position: usize,
}

/// # Errors
/// The journal cannot be written, or has a setting that this version does not know. What concerns
/// one setting only is in its item, and does not keep the others from being given back.
pub async fn release<C: World>(
    run: &Run<C>,
    ledger: &mut Ledger,
    request: &Request,
) -> Result<Vec<Item>, StepError> {
    append(
        run,
        Record::ReleaseStarted {
            by: request.by.clone(),
            steps: request.steps.clone(),
            force: request.force.clone(),
        },
    )
    .await?;
    exposed::close_all(run, ledger).await?;
    let mut taken = gather(run, ledger, request)?;
    taken.sort_by_key(|taken| (taken.setting.rule().order, std::cmp::Reverse(taken.position)));
    let mut items = Vec::new();
    for taken in &taken {
        let outcome = give_back(run, taken, request).await?;
        let (step, place) = (taken.step.to_owned(), taken.place.clone());
        items.push(tell(run, step, place, outcome).await?);
    }
    for (step, place, operation) in ledger.operations() {
        if wanted(request, step) && (operation.job.is_some() || operation.output.is_some()) {
            let outcome = Released::Retained { what: operation.leaves.clone() };
            items.push(tell(run, step.into(), place.clone(), outcome).await?);
        }
    }
    let complete = request.steps.is_none() && !items.iter().any(is_left_over);
    append(run, Record::ReleaseFinished { complete }).await?;
    Ok(items)
}

/// Whether something that should have been given back was not.
pub fn is_left_over(item: &Item) -> bool {
    matches!(item.outcome, Released::Conflict { .. } | Released::Failed { .. })
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
        let key = (change.scope.region.as_str(), place.kind.as_str(), place.target.as_str());
        match index.get(&key).and_then(|at| taken.get_mut(*at)) {
            Some(known) => {
                known.ours.push(change);
                (known.step, known.place, known.position) = (step, place, position);
            }
            None => {
                let setting =
                    run.registry.make(&place.kind, &change.setting).map_err(StepError::Replay)?;
                index.insert(key, taken.len());
                let ours = vec![change];
                taken.push(Taken { setting, first: change, ours, step, place, position });
            }
        }
    }
    Ok(taken)
}

async fn give_back<C: World>(
    run: &Run<C>,
    taken: &Taken<'_, C>,
    request: &Request,
) -> Result<Released, StepError> {
    let Taken { setting, first, ours, step, place, .. } = taken;
    if first.how == How::Retained {
        let what = setting.caveat(&first.before).unwrap_or("kept on purpose").to_owned();
        return Ok(Released::Retained { what });
    }
    let world = run.world.in_region(&first.scope.region);
    let now = match setting.read(&world).await {
        Ok(now) => now,
        Err(e) => return Ok(Released::Failed { error: e.to_string() }),
    };
    let before = &first.before;
    if setting.agrees(before, &now) {
        return Ok(Released::AlreadyBefore);
    }
    let forced =
        request.force.iter().any(|force| *force == format!("{} {}", place.kind, place.target));
    if !forced && !is_ours(&**setting, ours, &now) {
        let last =
            ours.last().map_or(&first.after, |last| last.outcome.as_ref().unwrap_or(&last.after));
        return Ok(Released::Conflict { before: before.clone(), after: last.clone(), now });
    }
    append(
        run,
        Record::ReleaseIntent {
            step: (*step).into(),
            place: (*place).clone(),
            from: now,
            to: before.clone(),
        },
    )
    .await?;
    Ok(match write_and_read_back(&world, place, &**setting, before).await {
        Ok(_) => Released::GivenBack,
        Err(e) => Released::Failed { error: e.to_string() },
    })
}

/// Whether the value now is one that this run made: the last it read back, or, while its last
/// intent is not settled, what that write leads to or could have left halfway.
fn is_ours<C: World>(setting: &dyn AnySetting<C>, ours: &[&Change], now: &Value) -> bool {
    let Some(last) = ours.last() else { return false };
    if last.closed && last.until.as_ref().is_some_and(|until| setting.agrees(until, now)) {
        return true;
    }
    match &last.outcome {
        Some(outcome) => setting.agrees(outcome, now),
        None => {
            setting.agrees(&last.after, now)
                || setting.halfway(&last.before, &last.after, now)
                || ours.iter().rev().nth(1).is_some_and(|earlier| {
                    setting.agrees(earlier.outcome.as_ref().unwrap_or(&earlier.after), now)
                        || earlier.until.as_ref().is_some_and(|until| setting.agrees(until, now))
                })
        }
    }
}

async fn tell<C: World>(
    run: &Run<C>,
    step: String,
    place: Place,
    outcome: Released,
) -> Result<Item, StepError> {
    append(
        run,
        Record::ReleaseOutcome {
            step: step.clone(),
            place: place.clone(),
            outcome: outcome.clone(),
        },
    )
    .await?;
    run.events.send(Event::Released {
        step: step.clone(),
        place: place.clone(),
        outcome: outcome.clone(),
    });
    Ok(Item { step, place, outcome })
}

async fn append<C: World>(run: &Run<C>, record: Record) -> Result<(), StepError> {
    run.journal.append(record).await.map_err(|e| StepError::Journal(e.to_string()))
}
