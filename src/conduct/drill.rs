//! A drill from its first step to its scorecard: run, give everything back on every path, score.
//! Owns that order; `drill run`, `resume`, `release` and `drill halt` end here.

use crate::{
    drill::{
        Outline,
        score::{Objective, Outcome, Scorecard},
    },
    engine::release::{Item, Request, is_left_over},
    journal::{self, Record, Released, RunDir, RunStatus},
    notify::Score,
};

use super::{
    Context, Exit, Failure, Ready, Sources, checked, session::Session, stopping::Doing, telling,
    whose,
};

/// What a drill's release removes: everything, including what its operations left.
pub(super) fn everything(by: impl Into<String>) -> Request {
    Request { by: by.into(), discard: true, ..Request::default() }
}

/// A drill that was given back and scored.
pub struct Scored {
    /// The directory of its run.
    pub dir: RunDir,
    /// How it went.
    pub card: Scorecard,
    /// The exit code that fits.
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
        let (end, ledger) = session.execute(&prepared, facts, parallel, Doing::Drill).await?;
        if end.status == RunStatus::Waiting {
            let told = session.told(end.status, &ledger, None).await;
            if !told.is_empty() {
                context.show(telling::summary(&told).trim_end());
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
        drop(ledger);
        let mut kept = session.kept().await?;
        let items = session.give_back(&mut kept, &everything("the end of the drill")).await;
        let ledger = session.fold().await?;
        let card =
            match items {
                Ok(items) => {
                    let card = Scorecard::fold(
                        &outline,
                        dir.id(),
                        &ledger,
                        Some(&left_over(&items, &outline)),
                    );
                    let kept = keep(&session, &card).await;
                    let told = session.told(end.status, &ledger, Some(scored(&card))).await;
                    if !told.is_empty() {
                        context.show(telling::summary(&told).trim_end());
                    }
                    kept.map(|()| card)
                }
                Err(error) => Err(Failure::from(error)
                    .help(format!("`backburn release {}` continues it", dir.id()))),
            };
        let stock = session.close().await;
        let card = card?;
        let exit = ended(&card, end.status);
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
        passed: exit(card) == Exit::Ok,
        rows: card.objectives.iter().map(row).collect(),
    }
}

/// What should be gone and is not, with what stays and costs unless the simulation accepts that.
fn left_over(items: &[Item], outline: &Outline) -> Vec<String> {
    let accepted = outline.recovery.as_ref().is_some_and(|recovery| recovery.accepts_left_over);
    let costs = |item: &Item| matches!(item.outcome, Released::Retained { costs: true, .. });
    let is_left = |item: &&Item| is_left_over(item) || costs(item) && !accepted;
    let left = items.iter().filter(is_left).map(|item| match &item.outcome {
        Released::Failed { error } => format!("`{}`: {}: {error}", item.step, item.place),
        Released::Retained { what, .. } => {
            format!(
                "`{}`: {}: it goes on costing until you delete it: {what}",
                item.step, item.place
            )
        }
        other => format!("`{}`: {}: {}", item.step, item.place, other.word()),
    });
    left.collect()
}

/// Saves a scorecard with its run, whose journal vouches for it from then on. Before the session is closed: nobody
/// else may write to a journal.
async fn keep(session: &Session, card: &Scorecard) -> Result<(), Failure> {
    let bytes = card.to_bytes();
    let bytes = bytes.map_err(|error| Failure::new(Exit::Internal, error.to_string()))?;
    session.dir.write(RunDir::SCORECARD, &bytes)?;
    let (sha256, outcome) = (journal::hash(&bytes), card.outcome.word().to_owned());
    session.append(Record::Scored { sha256, outcome }).await
}

/// What came of a later release.
pub(super) struct Again {
    pub(super) items: Vec<Item>,
    /// None where the run is not scored by it.
    pub(super) card: Option<Result<Scorecard, Failure>>,
}

/// Releases a run after its own process has ended, and ends this process's work on it. With `scores`, the run is a
/// drill, and its scorecard is saved again.
///
/// # Errors
/// The release failed or was stopped, or the run cannot be closed. A scorecard that cannot be saved is no error of it.
pub(super) async fn released(
    mut session: Session,
    request: &Request,
    doing: Doing,
    scores: bool,
) -> Result<Again, Failure> {
    let items = session.release(request, doing).await;
    let card = match &items {
        Ok(items) if scores => Some(scored_again(&session, items).await),
        _ => None,
    };
    let closed = session.close().await;
    let items = items?;
    closed?;
    Ok(Again { items, card })
}

/// The scorecard after a release, from the run's own files.
async fn scored_again(session: &Session, items: &[Item]) -> Result<Scorecard, Failure> {
    let (context, dir) = (&session.context, &session.dir);
    let ledger = session.fold().await?;
    let kept = whose::document(dir, ledger.started.as_ref())?;
    let found = checked(context, &kept.name, &kept.text, Sources::Kept(&kept.files))?;
    let outline = found.outline.ok_or_else(|| no_simulation(dir))?;
    let card = Scorecard::fold(&outline, dir.id(), &ledger, Some(&left_over(items, &outline)));
    keep(session, &card).await?;
    Ok(card)
}

pub(super) fn no_simulation(dir: &RunDir) -> Failure {
    Failure::new(Exit::Internal, format!("run {} kept no simulation", dir.id()))
}

/// A drill that was stopped ends so, unless something was left over.
pub(super) fn ended(card: &Scorecard, status: RunStatus) -> Exit {
    match exit(card) {
        Exit::Drift => Exit::Drift,
        _ if status == RunStatus::Interrupted => Exit::Interrupted,
        exit => exit,
    }
}

/// By the worst outcome that the simulation does not accept; what is left over has to be removed, whatever else there is.
pub(super) fn exit(card: &Scorecard) -> Exit {
    if card.left_over() { Exit::Drift } else { by(card.outcome) }
}

fn by(outcome: Outcome) -> Exit {
    match outcome {
        Outcome::Pass => Exit::Ok,
        Outcome::Refused => Exit::Refused,
        Outcome::Failed => Exit::StepFailed,
        Outcome::LeftOver => Exit::Drift,
        Outcome::Unknown
        | Outcome::StillWorks
        | Outcome::Unverified
        | Outcome::PlumbingOnly
        | Outcome::Late
        | Outcome::CutOff
        | Outcome::WrongResource
        | Outcome::Missed
        | Outcome::Damaged
        | Outcome::Missing
        | Outcome::Broken
        | Outcome::Stopped
        | Outcome::Unproven
        | Outcome::NotRun => Exit::Missed,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        actions::catalogue,
        aws::tried::Call,
        drill::{READS, Recovery, STEPS},
        journal::Place,
    };

    fn item(outcome: Released) -> Item {
        let place = Place { kind: "backup.restore".into(), target: "point".into(), nth: 1 };
        Item { step: "restore".into(), place, outcome }
    }

    fn outline(accepts_left_over: bool) -> Outline {
        let recovery = Recovery {
            start: "recovering".into(),
            end: "recovered".into(),
            steps: Vec::new(),
            rto: None,
            rpo: None,
            accepts_unverified: false,
            accepts_left_over,
            own_points: false,
        };
        Outline { recovery: Some(recovery), ..Outline::default() }
    }

    #[test]
    fn what_stays_and_costs_is_left_over_unless_that_is_accepted() {
        let database = item(Released::Retained { what: "orders".into(), costs: true });
        let evidence = item(Released::kept("a command"));
        let items = [item(Released::GivenBack), database, evidence];
        let left = left_over(&items, &outline(false));
        assert_eq!(left.len(), 1, "{left:?}");
        assert!(left[0].contains("it goes on costing until you delete it: orders"), "{left:?}");
        assert_eq!(left_over(&items, &outline(true)), Vec::<String>::new());
        assert_eq!(left_over(&items, &Outline::default()).len(), 1, "no recovery accepts anything");
    }

    #[test]
    fn what_proves_nothing_is_no_success() {
        for outcome in [Outcome::Unproven, Outcome::NotRun, Outcome::Unverified] {
            assert_eq!(by(outcome), Exit::Missed, "{outcome:?}");
        }
        assert_eq!(by(Outcome::Pass), Exit::Ok);
    }

    #[test]
    fn what_a_simulation_tries_again_is_what_the_action_knows() {
        for name in READS {
            serde_json::from_value::<Call>(json!({ "call": name })).expect(name);
        }
        for (action, call, on) in STEPS {
            serde_json::from_value::<Call>(json!({ "call": call })).expect(call);
            let inputs = (catalogue::find(action).expect("an action").inputs)();
            assert!(on.is_none_or(|on| inputs["properties"].get(on).is_some()), "{action}");
        }
        let schema = (catalogue::find("drill.try-again").expect("an action").inputs)();
        let names = &schema["properties"]["calls"]["items"]["properties"]["call"]["anyOf"];
        assert_eq!(names[0]["enum"], json!(READS), "{schema:#}");
    }
}
