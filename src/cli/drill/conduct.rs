//! A drill from its first step to its scorecard: run, give everything back on every path, score.
//! Owns that order; `drill run`, `resume`, `release` and `drill halt` end here.

use crate::{
    drill::{
        Outline,
        score::{Objective, Outcome, Scorecard},
    },
    engine::release::{Item, Request, is_left_over},
    journal::{Ledger, Released, RunDir, RunStatus},
    notify::Score,
    program::{bind::RunFactsOwned, prepare::Prepared},
    report,
};

use super::{
    super::{
        notify,
        prepare::{Sources, checked},
        session::{Frozen, Session},
    },
    Context, Exit, Failure,
};

/// What a drill's release takes away: all of it, also what its operations left.
pub fn everything(by: impl Into<String>) -> Request {
    Request { by: by.into(), discard: true, ..Request::default() }
}

/// Runs the drill to its end and releases it, whether it passed, failed or was stopped. Only a
/// drill that waits for a human stays as it is.
pub async fn conduct(
    context: &Context,
    mut session: Session,
    prepared: &Prepared,
    facts: RunFactsOwned,
    outline: &Outline,
    parallel: usize,
) -> Result<Exit, Failure> {
    let dir = session.dir.clone();
    let (end, mut ledger) = session.execute(prepared, facts, parallel).await?;
    if end.status == RunStatus::Waiting {
        let told = session.told(end.status, &ledger, None).await;
        if !told.is_empty() {
            context.say(notify::summary(&told).trim_end());
        }
        session.close().await?;
        let waiting = end.walked.waiting.iter().map(|(_, error)| error.to_string());
        let waiting: Vec<_> = waiting.collect();
        return Err(Failure::new(Exit::Waiting, waiting.join("\n       ")).help(format!(
            "`backburn resume {0}` goes on with the drill, `backburn release {0}` ends it",
            dir.id()
        )));
    }
    if let Some(journal) = end.journal {
        // It takes no manifest either.
        let _ = session.close().await;
        return Err(Failure::from(journal)
            .help(format!("`backburn release {}` takes the drill away", dir.id())));
    }
    let items = session.give_back(&mut ledger, &everything("the end of the drill")).await;
    let ledger = session.fold().await?;
    if let Ok(items) = &items {
        let left = left_over(items);
        let card = Scorecard::fold(outline, dir.id(), &ledger, Some(&left));
        let told = session.told(end.status, &ledger, Some(scored(&card))).await;
        if !told.is_empty() {
            context.say(notify::summary(&told).trim_end());
        }
    }
    let closed = session.close().await;
    let items = items.map_err(|error| {
        Failure::from(error).help(format!("`backburn release {}` goes on with it", dir.id()))
    })?;
    let exit = score(context, &dir, outline, &ledger, &items)?;
    closed?;
    Ok(if end.status == RunStatus::Interrupted && exit != Exit::Drift {
        Exit::Interrupted
    } else {
        exit
    })
}

/// Keeps and prints the scorecard.
fn score(
    context: &Context,
    dir: &RunDir,
    outline: &Outline,
    ledger: &Ledger,
    items: &[Item],
) -> Result<Exit, Failure> {
    let card = keep(context, dir, outline, ledger, items)?;
    let place = dir.path().display().to_string();
    context.data(|look| report::scorecard::scorecard(&card, &place, look), &card)?;
    Ok(exit(card.outcome))
}

/// What is told of the scorecard.
fn scored(card: &Scorecard) -> Score {
    let row = |one: &Objective| {
        let took = one.took.map(|took| format!(" after {took:.1} s")).unwrap_or_default();
        (format!("{} {}", one.part.word(), one.name), format!("{}{took}", one.outcome.word()))
    };
    Score {
        outcome: card.outcome.word().into(),
        passed: exit(card.outcome) == Exit::Ok,
        rows: card.objectives.iter().map(row).collect(),
    }
}

fn left_over(items: &[Item]) -> Vec<String> {
    let left = items.iter().filter(|item| is_left_over(item)).map(|item| match &item.outcome {
        Released::Failed { error } => format!("`{}`: {}: {error}", item.step, item.place),
        other => format!("`{}`: {}: {}", item.step, item.place, other.word()),
    });
    left.collect()
}

fn keep(
    context: &Context,
    dir: &RunDir,
    outline: &Outline,
    ledger: &Ledger,
    items: &[Item],
) -> Result<Scorecard, Failure> {
    let left = left_over(items);
    let card = Scorecard::fold(outline, dir.id(), ledger, Some(&left));
    dir.write_json("drill.json", &card)?;
    // Once more, now with the scorecard.
    super::super::report::keep(context, dir, None);
    Ok(card)
}

/// Scores a drill from what its run kept.
pub fn score_kept(context: &Context, dir: &RunDir, items: &[Item]) -> Result<Exit, Failure> {
    let (outline, ledger) = kept(context, dir)?;
    score(context, dir, &outline, &ledger, items)
}

/// Keeps the scorecard anew after a release, and prints nothing.
pub fn rescore(context: &Context, dir: &RunDir, items: &[Item]) -> Result<(), Failure> {
    let (outline, ledger) = kept(context, dir)?;
    keep(context, dir, &outline, &ledger, items).map(drop)
}

fn kept(context: &Context, dir: &RunDir) -> Result<(Outline, Ledger), Failure> {
    let frozen: Frozen = dir.read_json("inputs.json")?;
    let text = dir.read_text("playbook.yaml")?;
    let found = checked(context, &frozen.name, &text, Sources::Kept(&frozen.files))?;
    let outline = found.outline.ok_or_else(|| {
        Failure::new(Exit::Internal, format!("run {} kept no simulation", dir.id()))
    })?;
    Ok((outline, Ledger::read(&dir.journal())?))
}

/// By the worst outcome that the simulation does not accept.
pub fn exit(outcome: Outcome) -> Exit {
    match outcome {
        Outcome::Pass | Outcome::Unverified => Exit::Ok,
        Outcome::Refused => Exit::Refused,
        Outcome::Failed | Outcome::NotRun => Exit::StepFailed,
        Outcome::LeftOver => Exit::Drift,
        Outcome::PlumbingOnly
        | Outcome::Late
        | Outcome::WrongResource
        | Outcome::Missed
        | Outcome::Damaged
        | Outcome::Missing
        | Outcome::Broken
        | Outcome::Stopped => Exit::Missed,
    }
}
