//! Exposed states: a change whose journal says that another value must follow soon. Owns how any
//! recovery (a failed step, resume, release, abort) ends them before it does anything else.

use std::sync::{Arc, Mutex, PoisonError};

use crate::journal::{Change, Kept, Ledger, Place, Record, StepLedger};

use super::{Event, Run, StepError, World, step::write_and_read_back};

/// The changes of a step that may still be exposed.
fn exposed(ledger: &StepLedger) -> Vec<(Place, Change)> {
    let mut found: Vec<_> = ledger
        .places
        .iter()
        .filter_map(|(place, kept)| match kept {
            Kept::Change(change) if change.until.is_some() && !change.closed => {
                Some((place.clone(), change.clone()))
            }
            _ => None,
        })
        .filter(|(place, _)| !superseded(ledger, place))
        .collect();
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    found
}

/// A later change of the same setting that is known to have happened ended the exposed state.
fn superseded(ledger: &StepLedger, place: &Place) -> bool {
    ledger.places.iter().any(|(later, kept)| {
        later.kind == place.kind
            && later.target == place.target
            && later.nth > place.nth
            && match kept {
                Kept::Change(change) => change.outcome.is_some(),
                Kept::Read(_) => true,
                _ => false,
            }
    })
}

/// Closes what the steps of an interrupted run left exposed.
///
/// # Errors
/// A setting cannot be read or written, or the journal cannot.
pub async fn close_all<C: World>(run: &Run<C>, ledger: &mut Ledger) -> Result<(), StepError> {
    let steps: Vec<_> = ledger.steps.keys().cloned().collect();
    for step in steps {
        let Some(entry) = ledger.steps.get_mut(&step) else { continue };
        for (place, change) in exposed(entry) {
            if let Some(record) = close(run, &step, place, change).await? {
                entry.apply(&record);
            }
        }
    }
    Ok(())
}

/// Closes what one step of the present run left exposed.
pub(crate) async fn close_step<C: World>(
    run: &Run<C>,
    step: &str,
    ledger: &Arc<Mutex<StepLedger>>,
) -> Result<(), StepError> {
    let found = exposed(&ledger.lock().unwrap_or_else(PoisonError::into_inner));
    for (place, change) in found {
        if let Some(record) = close(run, step, place, change).await? {
            ledger.lock().unwrap_or_else(PoisonError::into_inner).apply(&record);
        }
    }
    Ok(())
}

async fn close<C: World>(
    run: &Run<C>,
    step: &str,
    place: Place,
    change: Change,
) -> Result<Option<Record>, StepError> {
    let Some(until) = change.until else { return Ok(None) };
    let world = run.world.in_region(&change.scope.region);
    let setting = run.registry.make(&place.kind, &change.setting).map_err(StepError::Replay)?;
    let now = setting.read(&world).await?;
    let ours = change.outcome.as_ref().unwrap_or(&change.after);
    if !setting.agrees(ours, &now) && !setting.agrees(&until, &now) {
        // Never opened, or someone else has set it since: not ours to close.
        return Ok(None);
    }
    if !setting.agrees(&until, &now) {
        write_and_read_back(&world, &place, &*setting, &until).await?;
    }
    let record = Record::Closed { step: step.into(), place: place.clone(), value: until };
    run.journal.append(record.clone()).await.map_err(|e| StepError::Journal(e.to_string()))?;
    run.events.send(Event::Closed { step: step.into(), place });
    Ok(Some(record))
}
