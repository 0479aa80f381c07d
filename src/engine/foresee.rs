//! What a release would do, and whether somebody has released the run already: both read the account and write
//! nothing. Owns how that is told; the decision on each setting is `release`'s own.

use futures::{StreamExt, stream};
use serde::Serialize;
use serde_json::Value;

use crate::journal::{Ledger, Place, Redactor, Released};

use super::{
    Events, How, Registry, StepError, World,
    release::{
        Next, Request, Taken, Target, gather, next, scaffolding, still_used, wanted, what_stays,
    },
    work::Work,
};

/// Reads that are under way at once; the world paces them.
const AT_ONCE: usize = 16;

/// What release would do with one setting or operation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Foreseen {
    pub step: String,
    pub place: Place,
    pub region: String,
    #[serde(flatten)]
    pub fate: Fate,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "would", rename_all = "kebab-case")]
pub enum Fate {
    /// Write the value before the run over the present one.
    GiveBack { now: Value, to: Value },
    /// Remove what an operation left.
    Remove { what: String },
    /// Leave it as it is.
    Leave {
        #[serde(flatten)]
        why: Released,
    },
}

impl Foreseen {
    /// As [`Request::shown`] names it, if it would be written.
    pub fn written(&self) -> Option<Target> {
        let Fate::GiveBack { .. } = self.fate else { return None };
        Some((self.region.clone(), self.place.kind.clone(), self.place.target.clone()))
    }
}

/// What [`release`](super::release::release) would do with this request, in its order.
///
/// # Errors
/// The journal has a setting that this version does not know. What cannot be read is told in its item.
pub async fn foresee<C: World>(
    world: &C,
    registry: &Registry<C>,
    ledger: &Ledger,
    request: &Request,
    by: &Redactor,
) -> Result<Vec<Foreseen>, StepError> {
    let (taken, used) = gather(registry, ledger, request)?;
    let look = async |taken: &Taken<'_, C>| {
        let fate = match next(world, taken, request, by).await {
            Next::Done(why) => Fate::Leave { why },
            Next::Write { now } => {
                let to = by.show(taken.first.change.before.clone());
                Fate::GiveBack { now: by.show(now), to }
            }
        };
        let (step, place) = (taken.last().step.to_owned(), taken.last().place.clone());
        Foreseen { step, place, region: taken.first.change.scope.region.clone(), fate }
    };
    let work = Work { step: "release".into(), urgent: false, events: Events::none() };
    let looks = stream::iter(taken.iter().map(look)).buffered(AT_ONCE).collect();
    let mut seen: Vec<_> = work.scope(looks).await;
    seen.extend(used.into_iter().map(|(one, users)| Foreseen {
        step: one.step.to_owned(),
        place: one.place.clone(),
        region: one.change.scope.region.clone(),
        fate: Fate::Leave { why: still_used(&users) },
    }));
    let operations = ledger.operations().filter(|(step, ..)| wanted(request, step));
    let left = operations.filter_map(|(step, place, operation)| {
        let fate = match what_stays(operation)? {
            Released::Retained { what, .. } if request.discard => Fate::Remove { what },
            why => Fate::Leave { why },
        };
        let region = operation.scope.region.clone();
        Some(Foreseen { step: step.to_owned(), place: place.clone(), region, fate })
    });
    match request.discard {
        true => {
            let at = scaffolding(&taken);
            seen.splice(at..at, left.collect::<Vec<_>>());
        }
        false => seen.extend(left),
    }
    Ok(seen)
}

/// The settings that this run changed for sure and that are all as before it: somebody has given them back,
/// such as another copy of this run's directory. None when one of them still is the run's, or when nothing can
/// be told from them. It reads until it finds the first that still is.
///
/// # Errors
/// The journal has a setting that this version does not know.
pub async fn given_back<C: World>(
    world: &C,
    registry: &Registry<C>,
    ledger: &Ledger,
) -> Result<Vec<Place>, StepError> {
    let (all, _) = gather(registry, ledger, &Request::default())?;
    let told = |taken: &&Taken<'_, C>| {
        let change = taken.last().change;
        let is_settled = change.outcome.is_some() || change.closed;
        let ours = if change.closed { change.until.as_ref() } else { Some(change.ours()) };
        let differs =
            ours.is_some_and(|ours| !taken.setting.agrees(&taken.first.change.before, ours));
        is_settled && differs && !change.is_given_back() && change.how != How::Retained
    };
    // The latest is the likeliest to be still there.
    let taken: Vec<_> = all.iter().rev().filter(told).collect();
    let patience = world.patience();
    let mut back = Vec::new();
    // A read may be late: what all seem to be is looked at again.
    for pause in [None, Some(patience.first), Some(patience.longest)] {
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
        back.clear();
        for taken in &taken {
            let there = world.in_region(&taken.first.change.scope.region);
            // What cannot be read tells nothing.
            let Ok(now) = taken.setting.read(&there).await else { continue };
            if !taken.setting.agrees(&taken.first.change.before, &now) {
                return Ok(Vec::new());
            }
            back.push(taken.first.place.clone());
        }
        if back.is_empty() {
            break;
        }
    }
    Ok(back)
}
