//! Who uses what several steps of a run share. Owns that question, which a release of some steps asks
//! before it takes scaffolding away.

use crate::journal::{How, Kept, Ledger, Place, StepLedger};

/// The steps that used the scaffolding at `place`: the one that made it, and those that found it made.
pub(super) fn users<'a>(ledger: &'a Ledger, place: &'a Place) -> impl Iterator<Item = &'a str> {
    let uses = |step: &StepLedger| {
        step.places.iter().any(|(one, kept)| {
            is_same(one, place) && matches!(kept, Kept::Read(_) | Kept::Change(_))
        })
    };
    ledger.steps.iter().filter(move |(_, step)| uses(step)).map(|(id, _)| id.as_str())
}

/// Whether a user has changes that were not given back and may lean on the scaffolding. Other
/// scaffolding of the step does not.
pub(super) fn leans(ledger: &Ledger, user: &str) -> bool {
    let Some(step) = ledger.steps.get(user) else { return false };
    step.places.values().any(|kept| match kept {
        Kept::Change(change) => change.how != How::Removed && !change.is_given_back(),
        _ => false,
    })
}

fn is_same(one: &Place, other: &Place) -> bool {
    one.kind == other.kind && one.target == other.target
}
