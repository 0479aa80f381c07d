//! One process's work on one run: its journal, its notifications, its view, and being stopped. Owns
//! what a run, its release and its end share.

use std::{sync::Arc, time::Duration};

use futures::FutureExt;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    aws::Aws,
    engine::{
        self, LeftOpen, RunEnd, StepError,
        release::{Item, Request},
    },
    journal::{self, Head, Ledger, Origins, Record, RunDir, RunLock, RunStatus, Who},
    notify::{CLOSING, Notification, Office, Outcome, Score},
    program::{
        bind::{RunFactsOwned, bind},
        prepare::Prepared,
    },
};

use super::{
    Context, Exit, Failure,
    desk::{Desk, Late},
    operator,
    order::Order,
    page,
    stopping::{Doing, Stopping},
    telling,
};

/// What a terminal may need for the last lines.
const TO_SHOW: Duration = Duration::from_secs(5);

/// A run that this process works on.
pub(super) struct Session {
    pub(super) dir: RunDir,
    pub(super) ledger: Ledger,
    pub(super) order: Order,
    pub(super) run: Arc<engine::Run<Aws>>,
    /// Where its questions are answered.
    pub(super) desk: Desk,
    /// Ends once every event has been shown.
    pub(super) view: JoinHandle<()>,
    pub(super) stop: watch::Sender<bool>,
    pub(super) stopping: Stopping,
    pub(super) office: Arc<Office>,
    /// Notifications that an earlier process of the run may not have sent.
    pub(super) missed: Vec<Notification>,
    /// What the responder should know of the notifications.
    pub(super) lines: Vec<String>,
    pub(super) context: Context,
    pub(super) _lock: RunLock,
}

impl Session {
    pub(super) async fn append(&self, record: Record) -> Result<(), Failure> {
        let kept = self.run.journal.append(record).await;
        kept.map_err(|e| {
            Failure::new(Exit::Internal, format!("the journal cannot be written: {e}"))
        })
    }

    /// Reports who cannot be notified, and sends what an earlier process of the run may not have sent.
    pub(super) fn introduce(&self, context: &Context) {
        for line in &self.lines {
            context.say(line);
        }
        for told in &self.missed {
            self.office.put(told);
        }
    }

    /// Notifies of the run's end and of a drill's result; waits briefly for deliveries in progress.
    pub(super) async fn told(
        &self,
        end: RunStatus,
        ledger: &Ledger,
        score: Option<Score>,
    ) -> Vec<Outcome> {
        // The last verdicts may not have been sent yet.
        for (step, kept) in &ledger.steps {
            for (subject, (verdict, _)) in &kept.verdicts {
                telling::not_proven(&self.office, step, subject, verdict);
            }
        }
        self.office.tell(|about| Notification::run_end(about, end, ledger, ledger.ends));
        if let Some(score) = score {
            self.office.tell(|about| Notification::drill_score(about, &score, ledger.ends));
        }
        self.office.finish(CLOSING).await
    }

    /// Runs or resumes to the end. Afterwards a request to stop is heard, and what follows is finished.
    pub(super) async fn execute(
        &mut self,
        prepared: &Prepared,
        facts: RunFactsOwned,
        parallel: usize,
        doing: Doing,
    ) -> Result<(RunEnd, Ledger), Failure> {
        let units = bind(prepared, facts);
        let earlier = std::mem::take(&mut self.ledger);
        self.stopping.is(doing);
        let end = engine::run(&units, self.run.clone(), earlier, parallel).boxed().await;
        self.stopping.is(Doing::Closing);
        drop(units);
        Ok((end?, self.fold().await?))
    }

    /// Whether somebody asked it to stop.
    pub(super) fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Gives back what a drill took, whatever stopped it. No request stops this.
    pub(super) async fn give_back(
        &mut self,
        ledger: &mut Ledger,
        request: &Request,
    ) -> Result<Vec<Item>, StepError> {
        self.stop.send_replace(false);
        engine::release::release(&self.run, ledger, request).boxed().await
    }

    /// Gives back what the run took. A request to stop ends a release between two changes, unless the process is
    /// doing what is finished in any case. However it ends, the session is still to be closed.
    pub(super) async fn release(
        &mut self,
        request: &Request,
        doing: Doing,
    ) -> Result<Vec<Item>, Failure> {
        let mut ledger = std::mem::take(&mut self.ledger);
        self.stopping.is(doing);
        let items = engine::release::release(&self.run, &mut ledger, request).boxed().await;
        self.stopping.is(Doing::Closing);
        items.map_err(|error| release_failed(error, self.dir.id()))
    }

    /// Ends exposed states and journals that the run is permanently over, by whom and why; returns what stayed exposed.
    pub(super) async fn abort(
        mut self,
        who: Who,
        reason: Option<String>,
    ) -> Result<(Ledger, Vec<LeftOpen>), Failure> {
        let mut ledger = std::mem::take(&mut self.ledger);
        let closed = engine::close_exposed(&self.run, &mut ledger).boxed().await;
        ledger.show(self.run.journal.redactor());
        let appended = self.append(Record::Aborted { by: operator(), reason, who }).await;
        let ended = self.close().await;
        let left = closed?;
        appended?;
        ended?;
        Ok((ledger, left))
    }

    /// The state of the journal so far, as people read it.
    pub(super) async fn fold(&self) -> Result<Ledger, Failure> {
        let mut ledger = self.kept().await?;
        ledger.show(self.run.journal.redactor());
        Ok(ledger)
    }

    /// The state of the journal so far, for the engine.
    pub(super) async fn kept(&self) -> Result<Ledger, Failure> {
        let mut ledger = match self.run.journal.ledger().await {
            Some(ledger) => ledger,
            // A write failed: the file has the last word.
            None => {
                let read = journal::read_kept(&self.dir.journal())?;
                Ledger::fold(read.lines.iter().map(|line| &line.record))
            }
        };
        self.order.arrange(&mut ledger);
        Ok(ledger)
    }

    /// Ends this process's work on the run: the manifest goes into the chain, the report beside it.
    ///
    /// # Errors
    /// The manifest or its record cannot be written; the run itself has still ended.
    pub(super) async fn close(self) -> Result<(), Failure> {
        self.close_knowing(None).await.1
    }

    /// The same, with the document that was run where it is still there. Returns where the journal ends,
    /// unless a write to it failed.
    pub(super) async fn close_knowing(
        self,
        prepared: Option<&Prepared>,
    ) -> (Option<Head>, Result<(), Failure>) {
        // What is still on its way was waited for already.
        self.office.finish(Duration::ZERO).await;
        for Late { step, text } in self.desk.late() {
            // The manifest's record shows whether the journal can be written.
            let _ = self.run.journal.append(Record::Note { step, text }).await;
        }
        let stock = self.take_stock().await;
        let Self { run, mut view, dir, office, context, stopping, _lock, .. } = self;
        let journal = run.journal.clone();
        drop((run, office));
        // A view that broke must not keep the run from ending, nor must a terminal that takes nothing more
        // keep the process from being ended.
        if tokio::time::timeout(TO_SHOW, &mut view).await.is_err() {
            stopping.is(Doing::Nothing);
            let _ = view.await;
            stopping.is(Doing::Closing);
        }
        let head = journal.stock().await.map(|(head, _)| head);
        drop(journal);
        page::keep(&context, &dir, prepared);
        (head, stock)
    }

    async fn take_stock(&self) -> Result<(), Failure> {
        let (head, origins) = match self.run.journal.stock().await {
            Some(known) => known,
            None => {
                let mut origins = Origins::default();
                let tail = journal::each(&self.dir.journal(), |line| origins.add(&line.record))?;
                (tail.head, origins)
            }
        };
        self.append(journal::take_stock(&self.dir, &head, &origins)?).await
    }
}

/// Why a release of `run` ended before its end.
pub(super) fn release_failed(error: StepError, run: &str) -> Failure {
    match error {
        StepError::Interrupted => {
            Failure::new(Exit::Interrupted, "the release was stopped between two changes")
                .help(format!("`backburn release {run}` continues it"))
        }
        other => Failure::from(other),
    }
}
