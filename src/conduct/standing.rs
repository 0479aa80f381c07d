//! Where a run stands, in a word and as an exit code, as far as its directory tells.

use serde_json::Value;

use crate::{
    drill::score::Scorecard,
    journal::{Ledger, RunDir, RunStatus, StepState},
    report::model::State,
};

use super::{Context, Exit, Failure, drill, page::of_ended};

/// One word for where a run stands.
pub(crate) fn state(dir: &RunDir, ledger: &Ledger) -> String {
    word(dir, ledger.released, ledger.aborted, ledger.status)
}

/// The same of what a [`Ledger`] or a [`RunState`](crate::journal::RunState) knows.
pub(crate) fn word(
    dir: &RunDir,
    released: Option<bool>,
    aborted: bool,
    status: Option<RunStatus>,
) -> String {
    let word = |value: Value| value.as_str().unwrap_or_default().to_owned();
    match (released, aborted, status) {
        (Some(true), _, _) => "released".into(),
        (Some(false), _, _) => "released in part".into(),
        (None, true, _) => "aborted".into(),
        (None, false, Some(status)) => word(serde_json::to_value(status).unwrap_or_default()),
        (None, false, None) if dir.lock().is_err() => "running".into(),
        (None, false, None) => "cut off".into(),
    }
}

/// The exit code of the run's own process, as far as its files show. One that was killed
/// or aborted was interrupted.
pub(crate) fn exit(
    context: &Context,
    dir: &RunDir,
    ledger: &Ledger,
    presumed: bool,
) -> Result<Exit, Failure> {
    let Some(status) = ledger.status.filter(|_| !ledger.aborted) else {
        return Ok(Exit::Interrupted);
    };
    if ledger.drill().is_some() && status != RunStatus::Waiting {
        let no_card = |why: String| {
            Failure::new(
                Exit::Internal,
                format!("how the drill {} came out is not known: {why}", dir.id()),
            )
            .help("run the drill again")
        };
        return match Scorecard::kept(dir, ledger.scored.as_deref()) {
            Ok(Some(card)) => Ok(drill::ended(&card, status)),
            Ok(None) => Err(no_card("it has no scorecard".into())),
            Err(unfit) => Err(no_card(unfit.to_string())),
        };
    }
    let report = of_ended(context, dir, None)?;
    let failed = report.steps.iter().filter(|step| step.state == State::Failed);
    let words = failed.filter_map(|step| match &ledger.steps.get(&step.id)?.state {
        StepState::Failed { word, .. } => Some(word.as_str()),
        _ => None,
    });
    let exit = Exit::by(&words.collect::<Vec<_>>(), status, ledger, presumed);
    Ok(match ledger.released {
        Some(false) if exit != Exit::Internal => Exit::Drift,
        _ => exit,
    })
}
