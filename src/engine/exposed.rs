//! Exposed states: a change whose journaled intent requires another value to follow soon. Owns how any
//! recovery (a failed step, resume, release, abort) ends them before it does anything else.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;

use crate::journal::{Change, Kept, Ledger, Place, Record, StepLedger};

use super::{
    AnySetting, Event, Run, StepError, World,
    step::{read_settled, write_and_read_back},
    work::Work,
};

/// An exposed state that could not be ended.
#[derive(Debug)]
pub struct LeftOpen {
    pub step: String,
    pub place: Place,
    pub error: StepError,
}

/// The changes of a step that may still be exposed.
pub(crate) fn exposed(ledger: &StepLedger) -> Vec<(Place, Change)> {
    let mut found: Vec<_> = ledger
        .places
        .iter()
        .filter_map(|(place, kept)| match kept {
            Kept::Change(change) if !change.closed && !change.is_given_back() => {
                let until = change.until.as_ref()?;
                (!superseded(ledger, place, change, until))
                    .then(|| (place.clone(), Change::clone(change)))
            }
            _ => None,
        })
        .collect();
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    found
}

/// Whether something may be exposed that a step of the run opened.
pub fn is_exposed(ledger: &Ledger) -> bool {
    ledger.steps.values().any(|step| !exposed(step).is_empty())
}

/// A setting that may stand open: a step opened it, and the journal does not say that it was closed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MayBeOpen {
    pub step: String,
    pub place: Place,
}

/// What may stand open by the journal alone, in the order of the steps.
pub fn may_be_open_in(ledger: &Ledger) -> Vec<MayBeOpen> {
    let of = |(step, ledger): (&String, &StepLedger)| {
        let step = step.clone();
        let places = exposed(ledger).into_iter().map(|(place, _)| place);
        places.map(|place| MayBeOpen { step: step.clone(), place }).collect::<Vec<_>>()
    };
    ledger.steps.iter().flat_map(of).collect()
}

/// A later change of the same setting that is known to have happened, or that was found to be made
/// already, ended the exposed state. A mere read of it did not.
fn superseded(ledger: &StepLedger, place: &Place, change: &Change, until: &Value) -> bool {
    ledger.places.iter().any(|(later, kept)| {
        later.kind == place.kind
            && later.target == place.target
            && later.nth > place.nth
            && match kept {
                Kept::Change(later) => {
                    later.outcome.is_some() && later.scope.region == change.scope.region
                }
                Kept::Read(value) => value == until,
                _ => false,
            }
    })
}

/// Closes what the steps of an interrupted run left exposed; returns what could not be closed, so
/// that one of them does not keep the others open.
///
/// # Errors
/// The journal cannot be written.
pub async fn close_all<C: World>(
    run: &Run<C>,
    ledger: &mut Ledger,
) -> Result<Vec<LeftOpen>, StepError> {
    let mut left = Vec::new();
    let steps: Vec<_> = ledger.steps.keys().cloned().collect();
    for step in steps {
        let Some(entry) = ledger.steps.get_mut(&step) else { continue };
        for (place, change) in exposed(entry) {
            match close(run, &step, &place, change).await {
                Ok(record) => record.iter().for_each(|record| entry.apply(record)),
                Err(error @ StepError::Journal(_)) => return Err(error),
                Err(error) => left.push(LeftOpen { step: step.clone(), place, error }),
            }
        }
    }
    Ok(left)
}

/// Closes what one step of the present run left exposed.
///
/// # Errors
/// The first of those that could not be closed; the others were still tried.
pub(crate) async fn close_step<C: World>(
    run: &Run<C>,
    step: &str,
    ledger: &Arc<Mutex<StepLedger>>,
) -> Result<(), StepError> {
    let found = exposed(&ledger.lock().unwrap_or_else(PoisonError::into_inner));
    let mut result = Ok(());
    for (place, change) in found {
        match close(run, step, &place, change).await {
            Ok(Some(record)) => {
                ledger.lock().unwrap_or_else(PoisonError::into_inner).apply(&record);
            }
            Ok(None) => {}
            Err(error) => result = result.and(Err(error)),
        }
    }
    result
}

/// The intent of the exposed state is also the licence to end it, so the write comes first here: it
/// is made even when the journal takes nothing any more.
async fn close<C: World>(
    run: &Run<C>,
    step: &str,
    place: &Place,
    change: Change,
) -> Result<Option<Record>, StepError> {
    let work = Work { step: step.into(), urgent: true, events: run.events.clone() };
    work.scope(close_now(run, step, place, change)).await
}

async fn close_now<C: World>(
    run: &Run<C>,
    step: &str,
    place: &Place,
    change: Change,
) -> Result<Option<Record>, StepError> {
    let mut kept = Kept::Change(Box::new(change));
    kept.reveal(run.journal.redactor());
    let Kept::Change(change) = kept else { return Ok(None) };
    let Some(until) = &change.until else { return Ok(None) };
    let world = run.world.in_region(&change.scope.region);
    let setting = run.registry.make(&place.kind, &change.setting).map_err(StepError::Replay)?;
    let now = read_settled(&world, &*setting, &change).await?;
    if !setting.agrees(until, &now) {
        if !may_be_open(&*setting, &change, until, &now) {
            // Never opened, or someone else has set it since: not ours to close.
            return Ok(None);
        }
        write_and_read_back(&world, place, &*setting, &now, until).await?;
    }
    let record = Record::Closed { step: step.into(), place: place.clone(), value: until.clone() };
    run.append(record.clone()).await?;
    run.events.send(Event::Closed { step: step.into(), place: place.clone() });
    Ok(Some(record))
}

/// Whether the value is the exposed one, or what a write to or from it leaves when it is cut off.
pub(super) fn may_be_open<C: World>(
    setting: &dyn AnySetting<C>,
    change: &Change,
    until: &Value,
    now: &Value,
) -> bool {
    let ours = change.ours();
    setting.agrees(ours, now)
        || setting.halfway(ours, until, now)
        || change.outcome.is_none()
            && (setting.halfway(&change.before, ours, now) || setting.halfway(until, ours, now))
}
