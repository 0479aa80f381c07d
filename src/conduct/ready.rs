//! A run that this process can work on, new or taken up again, and what it comes to. Drills end in
//! `drill`.

use std::sync::Arc;

use futures::FutureExt;

use crate::{
    drill::Outline,
    engine::{
        self, RunEnd,
        release::{Item, Request, is_left_over},
    },
    journal::{self, Ledger, RunDir},
    notify::Outcome,
    program::{bind::RunFactsOwned, prepare::Prepared},
};

use super::{
    Exit, Failure,
    session::{Session, release_failed},
    stopping::Doing,
};

/// Nothing runs until it is started: by [`run`](Self::run), or for a drill by [`drill`](Self::drill).
#[must_use = "the run has begun; it continues only when it is run"]
pub struct Ready {
    pub(super) session: Session,
    /// The program with its inputs.
    pub prepared: Arc<Prepared>,
    pub(super) facts: RunFactsOwned,
    /// A drill has one.
    pub outline: Option<Outline>,
}

impl Ready {
    /// The directory of the run.
    pub fn dir(&self) -> &RunDir {
        &self.session.dir
    }

    /// Runs or resumes to the end, `parallel` steps side by side, and releases when a failed step asks
    /// for it. With `accept_presumed` a containment that is only presumed counts as a success.
    ///
    /// # Errors
    /// The journal cannot be read or written. How the steps ended is in what is returned.
    pub async fn run(self, parallel: usize, accept_presumed: bool) -> Result<Ended, Failure> {
        let Self { mut session, prepared, facts, .. } = self;
        let (end, mut ledger) = session.execute(&prepared, facts, parallel, Doing::Steps).await?;
        let mut released = Vec::new();
        // Who asked it to stop decides whether it continues or is given back.
        if end.walked.release && end.journal.is_none() && !session.is_stopping() {
            let request = Request {
                by: "on-failure: release".into(),
                discard: ledger.drill().is_some(),
                ..Request::default()
            };
            session.stopping.is(Doing::Release);
            let mut kept = session.kept().await?;
            let items = engine::release::release(&session.run, &mut kept, &request).boxed().await;
            session.stopping.is(Doing::Closing);
            released = match items {
                Ok(items) => items,
                Err(error) => {
                    let failed = release_failed(error, session.dir.id());
                    session.close().await?;
                    return Err(failed);
                }
            };
            ledger = session.fold().await?;
        }
        let told = session.told(end.status, &ledger, None).await;
        let exit = exit(&end, &ledger, accept_presumed, &released);
        Ok(Ended { session, prepared, end, ledger, released, told, exit })
    }
}

/// A run whose steps have ended. [`close`](Self::close) lets go of it.
#[must_use = "the run's manifest and report are written when it is closed"]
pub struct Ended {
    session: Session,
    prepared: Arc<Prepared>,
    /// How the steps ended.
    pub end: RunEnd,
    /// What was done.
    pub ledger: Ledger,
    /// What was given back because a failed step asks for it.
    pub released: Vec<Item>,
    /// What came of the notifications.
    pub told: Vec<Outcome>,
    /// The exit code that fits.
    pub exit: Exit,
}

/// A run that nobody works on any more.
pub struct Closed {
    /// SHA-256 of the journal's last line.
    pub head: String,
    /// Whether the manifest of the run's files could be written.
    pub stock: Result<(), Failure>,
}

impl Ended {
    /// The directory of the run.
    pub fn dir(&self) -> &RunDir {
        &self.session.dir
    }

    /// Ends this process's work on the run: manifest and report are written, the lock is let go.
    ///
    /// # Errors
    /// The journal cannot be read. The run itself has still ended.
    pub async fn close(self) -> Result<Closed, Failure> {
        let Self { session, prepared, ledger, .. } = self;
        // The report makes a fold of its own, and a long run need not be in memory twice.
        drop(ledger);
        let dir = session.dir.clone();
        let (head, stock) = session.close_knowing(Some(&prepared)).await;
        let head = match head {
            Some(head) => head,
            None => journal::each(&dir.journal(), drop)?.head,
        };
        Ok(Closed { head: head.hash, stock })
    }
}

fn exit(end: &RunEnd, ledger: &Ledger, accept_presumed: bool, released: &[Item]) -> Exit {
    let exit = Exit::of(end, ledger, accept_presumed);
    match exit {
        Exit::Internal => exit,
        _ if released.iter().any(is_left_over) => Exit::Drift,
        _ => exit,
    }
}
