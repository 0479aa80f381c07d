//! What the run changed and started, with what became of it since.

use std::collections::HashMap;

use serde_json::Value;

use crate::{
    engine::{How, may_be_open_in},
    journal::{Ledger, Line, Place, Record, Released},
    program::planfile::PlanFile,
};

use super::{ChangeRow, OperationRow, Tone};

type Key<'a> = (&'a str, &'a Place);

/// Changes in the order in which they were made.
pub(super) fn changes(
    lines: &[Line],
    ledger: &Ledger,
    plan: Option<&PlanFile>,
    is_live: bool,
) -> Vec<ChangeRow> {
    // A step that still works closes what it opened.
    let open = if is_live { Vec::new() } else { may_be_open_in(ledger) };
    let mut times = HashMap::new();
    for line in lines {
        if let Record::Intent { step, place, .. } = &line.record {
            times.entry((step.as_str(), place)).or_insert(line.time);
        }
    }
    let mut caveats: HashMap<Key<'_>, &str> = HashMap::new();
    for entry in plan.iter().flat_map(|plan| &plan.steps) {
        for change in &entry.step.changes {
            if let Some(caveat) = &change.caveat {
                caveats.insert((&entry.step.id, &change.place), caveat);
            }
        }
    }
    let row = |(step, place, change): (&str, &Place, &crate::journal::Change)| {
        let (mut state, mut tone, mut note) = match (&change.released, &change.outcome) {
            (Some(released), _) => of_release(released),
            (None, None) => ("not settled".into(), Tone::Bad, None),
            (None, Some(_)) => ("stands".into(), Tone::Quiet, None),
        };
        if change.closed && change.released.is_none() {
            (state, tone) = ("closed by recovery".into(), Tone::Care);
        }
        if open.iter().any(|one| one.step == step && one.place == *place) {
            state = "open, for all that is known".into();
            tone = Tone::Bad;
            note = Some(
                "its step was cut off before it closed it; `backburn abort` closes it at once"
                    .into(),
            );
        }
        if note.is_none() {
            note = caveats.get(&(step, place)).map(|caveat| (*caveat).to_owned());
        }
        if change.how == How::Retained && change.released.is_none() {
            note.get_or_insert("release keeps it".into());
        }
        Some(ChangeRow {
            step: step.into(),
            kind: place.kind.clone(),
            target: place.target.clone(),
            region: change.scope.region.clone(),
            at: *times.get(&(step, place))?,
            before: change.before.clone(),
            after: change.ours().clone(),
            how: change.how,
            state,
            tone,
            note,
        })
    };
    ledger.changes().filter_map(row).collect()
}

fn of_release(released: &Released) -> (String, Tone, Option<String>) {
    let (tone, note) = match released {
        Released::GivenBack | Released::AlreadyBefore => (Tone::Good, None),
        Released::Retained { what, .. } | Released::Gone { what } => {
            (Tone::Quiet, Some(what.clone()))
        }
        Released::Conflict { now, .. } => {
            (Tone::Bad, Some(format!("someone else changed it; it is {} now", short(now))))
        }
        Released::Failed { error } => (Tone::Bad, Some(error.clone())),
    };
    (released.word().into(), tone, note)
}

fn short(value: &Value) -> String {
    crate::report::look::value(value, 400)
}

/// Jobs in the order in which they were started.
pub(super) fn operations(lines: &[Line]) -> Vec<OperationRow> {
    let mut rows: Vec<(Key<'_>, OperationRow)> = Vec::new();
    for line in lines {
        let (Some(step), Some(place)) = (line.record.step(), line.record.place()) else { continue };
        let key = (step, place);
        let known = rows.iter_mut().rev().find(|(of, _)| *of == key).map(|(_, row)| row);
        match (&line.record, known) {
            (Record::OperationIntent { leaves, .. }, known) => {
                if known.is_some_and(|row| row.state != "failed") {
                    continue;
                }
                let row = OperationRow {
                    step: step.into(),
                    kind: place.kind.clone(),
                    target: place.target.clone(),
                    leaves: leaves.clone(),
                    job: None,
                    started: line.time,
                    ended: None,
                    state: "no answer to its start".into(),
                    tone: Tone::Care,
                };
                rows.push((key, row));
            }
            (Record::OperationStarted { job, .. }, Some(row)) => {
                row.job = Some(job.clone());
                row.state = "started, its end was not seen".into();
            }
            (Record::OperationEnded { .. }, Some(row)) => {
                (row.state, row.tone) = ("completed".into(), Tone::Good);
                row.ended = Some(line.time);
            }
            (Record::OperationFailed { message, .. }, Some(row)) => {
                (row.state, row.tone) = ("failed".into(), Tone::Bad);
                row.leaves = message.clone();
                row.ended = Some(line.time);
            }
            (Record::ReleaseOutcome { outcome, .. }, Some(row)) => {
                let (state, tone, note) = of_release(outcome);
                (row.state, row.tone) = (state, tone);
                row.leaves = note.unwrap_or_else(|| row.leaves.clone());
            }
            _ => {}
        }
    }
    rows.into_iter().map(|(_, row)| row).collect()
}
