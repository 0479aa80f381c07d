//! One process's work on one run: its journal, its notifications, its view, and being stopped. Owns
//! what a run, its release and its end share.

use std::{sync::Arc, time::Duration};

use futures::FutureExt;
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use crate::{
    aws::Aws,
    engine::{
        self, Event, LeftOpen, RunEnd, StepError,
        release::{Item, Request},
    },
    journal::{self, Head, Ledger, Origins, Record, RunDir, RunLock, RunStatus},
    notify::{CLOSING, Notification, Office, Outcome, Score},
    program::{
        bind::{RunFactsOwned, bind},
        prepare::Prepared,
    },
};

use super::{Context, Exit, Failure, operator, order::Order, page, telling};

/// A run that this process works on.
pub(super) struct Session {
    pub(super) dir: RunDir,
    pub(super) ledger: Ledger,
    pub(super) order: Order,
    pub(super) run: Arc<engine::Run<Aws>>,
    /// Ends once every event has been shown.
    pub(super) view: JoinHandle<()>,
    pub(super) stop: watch::Sender<bool>,
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

    /// Runs or resumes to the end.
    pub(super) async fn execute(
        &mut self,
        prepared: &Prepared,
        facts: RunFactsOwned,
        parallel: usize,
    ) -> Result<(RunEnd, Ledger), Failure> {
        let units = bind(&prepared.playbook, &prepared.program, prepared.inputs.clone(), facts);
        let watcher = self.watch(true);
        let earlier = std::mem::take(&mut self.ledger);
        let end = engine::run(&units, self.run.clone(), earlier, parallel).boxed().await;
        drop(watcher);
        drop(units);
        Ok((end?, self.fold().await?))
    }

    /// Gives back what the run took, whatever stopped it. A second Ctrl-C ends this as well; a stop
    /// asked for from elsewhere does not, since whoever asks keeps asking until this has ended.
    pub(super) async fn give_back(
        &mut self,
        ledger: &mut Ledger,
        request: &Request,
    ) -> Result<Vec<Item>, StepError> {
        self.stop.send_replace(false);
        let watcher = self.watch(false);
        let items = engine::release::release(&self.run, ledger, request).boxed().await;
        drop(watcher);
        items
    }

    /// Gives back what the run took. Ctrl-C stops it between two changes.
    pub(super) async fn release(mut self, request: &Request) -> Result<Vec<Item>, Failure> {
        let mut ledger = std::mem::take(&mut self.ledger);
        let watcher = self.watch(true);
        let items = engine::release::release(&self.run, &mut ledger, request).boxed().await;
        drop(watcher);
        let run = self.dir.id().to_owned();
        let closed = self.close().await;
        let items = items.map_err(|error| match error {
            StepError::Interrupted => {
                Failure::new(Exit::Interrupted, "the release was stopped between two changes")
                    .help(format!("`backburn release {run}` continues it"))
            }
            other => Failure::from(other),
        })?;
        closed?;
        Ok(items)
    }

    /// Ends exposed states and journals that the run is permanently over; returns what stayed exposed.
    pub(super) async fn abort(mut self) -> Result<(Ledger, Vec<LeftOpen>), Failure> {
        let mut ledger = std::mem::take(&mut self.ledger);
        let closed = engine::close_exposed(&self.run, &mut ledger).boxed().await;
        let appended = self.append(Record::Aborted { by: operator() }).await;
        let ended = self.close().await;
        let left = closed?;
        appended?;
        ended?;
        Ok((ledger, left))
    }

    /// The state of the journal so far.
    pub(super) async fn fold(&self) -> Result<Ledger, Failure> {
        let mut ledger = match self.run.journal.ledger().await {
            Some(ledger) => ledger,
            // A write failed: the file has the last word.
            None => Ledger::read(&self.dir.journal())?,
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
        let stock = self.take_stock().await;
        let Self { run, view, dir, office, context, .. } = self;
        let journal = run.journal.clone();
        drop((run, office));
        // A view that broke must not keep the run from ending.
        let _ = view.await;
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

    /// Asked to stop on the console, or with `requests` from elsewhere: nothing new starts. Asked on
    /// the console once more: the console may end the process. Watches until it is dropped.
    fn watch(&self, requests: bool) -> JoinSet<()> {
        let (stop, events) = (self.stop.clone(), self.run.events.clone());
        let (request, console) = (self.dir.stop_request(), self.context.console().clone());
        let mut watcher = JoinSet::new();
        watcher.spawn(async move {
            let mut asked = false;
            loop {
                tokio::select! {
                    pressed = console.stop() => {
                        if !pressed {
                            return;
                        }
                        if asked {
                            console.stop_at_once();
                        }
                        asked = true;
                    }
                    () = tokio::time::sleep(Duration::from_millis(300)), if requests && !asked => {
                        if !request.exists() {
                            continue;
                        }
                        asked = true;
                    }
                }
                if !stop.send_replace(true) {
                    events.send(Event::Stopping);
                }
            }
        });
        watcher
    }
}
