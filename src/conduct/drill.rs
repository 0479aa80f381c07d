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
};

use super::{Context, Exit, Failure, Ready, Sources, checked, frozen::Frozen, page, telling};

/// What a drill's release removes: everything, including what its operations left.
pub(super) fn everything(by: impl Into<String>) -> Request {
    Request { by: by.into(), discard: true, ..Request::default() }
}

/// A drill that was given back and scored.
pub struct Scored {
    pub dir: RunDir,
    pub card: Scorecard,
    pub exit: Exit,
    /// Whether the manifest of the run's files could be written.
    pub stock: Result<(), Failure>,
}

impl Ready {
    /// Runs the drill to its end and releases it, whether it passed, failed or was stopped. Only a
    /// drill that waits for a human stays as it is.
    ///
    /// # Errors
    /// It is no drill, it waits, the journal cannot be written, or the release was stopped.
    pub async fn drill(self, context: &Context, parallel: usize) -> Result<Scored, Failure> {
        let Self { mut session, prepared, facts, outline } = self;
        let dir = session.dir.clone();
        let Some(outline) = outline else { return Err(no_simulation(&dir)) };
        let (end, mut ledger) = session.execute(&prepared, facts, parallel).await?;
        if end.status == RunStatus::Waiting {
            let told = session.told(end.status, &ledger, None).await;
            if !told.is_empty() {
                context.say(telling::summary(&told).trim_end());
            }
            session.close().await?;
            let waiting = end.walked.waiting.iter().map(|(_, error)| error.to_string());
            let waiting: Vec<_> = waiting.collect();
            return Err(Failure::new(Exit::Waiting, waiting.join("\n       ")).help(format!(
                "`backburn resume {0}` continues the drill, `backburn release {0}` ends it",
                dir.id()
            )));
        }
        if let Some(journal) = end.journal {
            // It takes no manifest either.
            let _ = session.close().await;
            return Err(Failure::from(journal).help(format!(
                "`backburn release {}` removes everything the drill made",
                dir.id()
            )));
        }
        let items = session.give_back(&mut ledger, &everything("the end of the drill")).await;
        let ledger = session.fold().await?;
        if let Ok(items) = &items {
            let left = left_over(items);
            let card = Scorecard::fold(&outline, dir.id(), &ledger, Some(&left));
            let told = session.told(end.status, &ledger, Some(scored(&card))).await;
            if !told.is_empty() {
                context.say(telling::summary(&told).trim_end());
            }
        }
        let stock = session.close().await;
        let items = items.map_err(|error| {
            Failure::from(error).help(format!("`backburn release {}` continues it", dir.id()))
        })?;
        let card = keep(context, &dir, &outline, &ledger, &items)?;
        let exit = ended(card.outcome, end.status);
        Ok(Scored { dir, card, exit, stock })
    }
}

/// What a notification contains of the scorecard.
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
    dir.write_json(RunDir::SCORECARD, &card)?;
    // Once more, now with the scorecard.
    page::keep(context, dir, None);
    Ok(card)
}

/// Saves the scorecard again after a release, from the run's files.
pub(super) fn rescored(
    context: &Context,
    dir: &RunDir,
    items: &[Item],
) -> Result<Scorecard, Failure> {
    let frozen: Frozen = dir.read_json(RunDir::INPUTS)?;
    let text = dir.read_text(RunDir::PLAYBOOK)?;
    let found = checked(context, &frozen.name, &text, Sources::Kept(&frozen.files))?;
    let outline = found.outline.ok_or_else(|| no_simulation(dir))?;
    let ledger = Ledger::read(&dir.journal())?;
    keep(context, dir, &outline, &ledger, items)
}

fn no_simulation(dir: &RunDir) -> Failure {
    Failure::new(Exit::Internal, format!("run {} kept no simulation", dir.id()))
}

/// A drill that was stopped ends so, unless something was left over.
pub(super) fn ended(outcome: Outcome, status: RunStatus) -> Exit {
    match exit(outcome) {
        Exit::Drift => Exit::Drift,
        _ if status == RunStatus::Interrupted => Exit::Interrupted,
        exit => exit,
    }
}

/// By the worst outcome that the simulation does not accept.
pub(super) fn exit(outcome: Outcome) -> Exit {
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
