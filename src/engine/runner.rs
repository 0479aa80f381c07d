//! Runs and resumes: walks the units with a step handle that journals and acts. Owns attempts,
//! approvals, records around a step, and how a run ends.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::FutureExt;
use serde_json::Value;
use tokio::time::Instant;
use tracing::{Instrument, field::Empty, info_span};

use crate::journal::{Ledger, Record, RunStatus, StepLedger, StepState};

use super::{
    Event, Question, Run, StepError, World, exposed,
    step::{Ledgers, Live, Mode, Step},
    unit::Unit,
    walk::{Drive, Settled, Walked, walk},
    withheld::{LEFT_OUT, Withheld},
    work::Work,
};

/// How a run, or this part of it, ended.
#[derive(Debug)]
pub struct RunEnd {
    pub status: RunStatus,
    pub walked: Walked,
    /// The journal failed: everything done so far is on disk, the end of the run is not.
    pub journal: Option<StepError>,
}

struct Runner<C: World> {
    run: Arc<Run<C>>,
    ledgers: Arc<Ledgers>,
}

/// Runs the units to their end. `earlier` is the fold of the journal: empty for a new run, what was
/// done so far for a resumed one; exposed states that it left are closed before anything else.
///
/// # Errors
/// The journal cannot be written, or an exposed state cannot be closed.
pub async fn run<C: World>(
    units: &Arc<Vec<Unit<C>>>,
    run: Arc<Run<C>>,
    mut earlier: Ledger,
    parallel: usize,
) -> Result<RunEnd, StepError> {
    if earlier.aborted || earlier.released.is_some() {
        let what = if earlier.aborted { "aborted" } else { "released" };
        return Err(StepError::Refused(format!("this run was {what}; start a new one")));
    }
    if let Some(left) = exposed::close_all(&run, &mut earlier).await?.into_iter().next() {
        return Err(left.error);
    }
    let ledgers = Arc::new(Ledgers::after(earlier));
    let runner = Arc::new(Runner { run: run.clone(), ledgers });
    let walked = walk(units, runner, parallel).await;
    let stopped = *run.stop.borrow();
    let status = if !walked.failed.is_empty() {
        RunStatus::Failed
    } else if !walked.interrupted.is_empty() {
        RunStatus::Interrupted
    } else if !walked.waiting.is_empty() {
        RunStatus::Waiting
    } else {
        RunStatus::Succeeded
    };
    let mut journal = None;
    if stopped && let Err(e) = run.journal.append(Record::Interrupted {}).await {
        journal = Some(StepError::Journal(e.to_string()));
    }
    if let Err(e) = run.journal.append(Record::RunFinished { status }).await {
        journal = Some(StepError::Journal(e.to_string()));
    }
    run.events.send(Event::Finished { status });
    Ok(RunEnd { status, walked, journal })
}

impl<C: World> Runner<C> {
    fn earlier(&self) -> &Ledger {
        &self.ledgers.earlier
    }

    async fn append(&self, record: Record) -> Result<(), StepError> {
        self.run.append(record).await
    }

    async fn attempt(
        &self,
        unit: &Unit<C>,
        id: &str,
        inputs: Value,
        ledger: &Arc<Mutex<StepLedger>>,
    ) -> Result<Value, StepError> {
        let (run, ledgers) = (self.run.clone(), self.ledgers.clone());
        let live = Live::new(run, ledgers, ledger.clone(), &unit.policy);
        let step =
            Step::new(id.into(), self.run.id.clone(), self.run.world.clone(), Mode::Run(live));
        if let Some(approval) = &unit.policy.approval {
            step.ask(Question {
                step: id.into(),
                role: approval.role.clone(),
                text: approval.reason.clone(),
                rule: approval.rule.clone(),
                id: String::new(),
            })
            .await?;
        }
        let (step_id, urgent, events) = (id.into(), unit.policy.urgent, self.run.events.clone());
        let work = Work { step: step_id, urgent, events };
        let body = std::panic::AssertUnwindSafe(work.scope(unit.body.run(step, inputs)));
        let bug = || StepError::Failed("the step ended in a bug of the program".into());
        let outputs = body.catch_unwind().await.unwrap_or_else(|_| Err(bug()))?;
        match exposed::exposed(&ledger.lock().unwrap_or_else(PoisonError::into_inner)).first() {
            Some((place, _)) => Err(StepError::Failed(format!(
                "{place} was opened for a while and never closed: a bug of the action"
            ))),
            None => Ok(outputs),
        }
    }

    /// Ends what an attempt that did not finish left exposed. Both errors are kept.
    async fn close(
        &self,
        id: &str,
        error: StepError,
        ledger: &Arc<Mutex<StepLedger>>,
    ) -> StepError {
        match exposed::close_step(&self.run, id, ledger).await {
            Ok(()) => error,
            // It was still closed, and the next record shows that the journal is broken.
            Err(StepError::Journal(_)) => error,
            Err(close) => StepError::LeftOpen { why: Box::new(error), close: Box::new(close) },
        }
    }

    /// Attempts until one succeeds or none is due any more.
    async fn tried(&self, unit: &Unit<C>, id: String, inputs: Value) -> Result<Value, StepError> {
        let ledger = self.ledgers.of(&id);
        let before = ledger.lock().unwrap_or_else(PoisonError::into_inner).attempts;
        let (started, mut backoff) = (Instant::now(), unit.policy.backoff);
        for tried in 1.. {
            let attempt = before + tried;
            self.append(Record::StepStarted { step: id.clone(), attempt }).await?;
            let tried = ledger.lock().unwrap_or_else(PoisonError::into_inner).failures + 1;
            self.run.events.send(Event::StepStarted { step: id.clone(), attempt: tried });
            let error = match self.attempt(unit, &id, inputs.clone(), &ledger).await {
                Ok(outputs) => {
                    let record =
                        Record::StepFinished { step: id.clone(), outputs: outputs.clone() };
                    self.append(record).await?;
                    let took = started.elapsed();
                    self.run.events.send(Event::StepFinished { step: id, took });
                    return Ok(outputs);
                }
                Err(error) => self.close(&id, error, &ledger).await,
            };
            if matches!(error, StepError::Journal(_) | StepError::Interrupted) {
                return Err(error);
            }
            let again = error.retryable() && tried < unit.policy.attempts;
            self.failed(&id, attempt, &error, &ledger, again.then_some(backoff)).await?;
            if !again {
                return Err(error);
            }
            tokio::select! {
                biased;
                () = self.run.stopped() => return Err(StepError::Interrupted),
                () = tokio::time::sleep(backoff) => {}
            }
            backoff = backoff.saturating_mul(2);
        }
        Err(StepError::Failed("no attempt was made".into()))
    }

    /// Journals the failure of an attempt.
    async fn failed(
        &self,
        id: &str,
        attempt: u32,
        error: &StepError,
        ledger: &Arc<Mutex<StepLedger>>,
        again_in: Option<Duration>,
    ) -> Result<(), StepError> {
        let record = Record::StepFailed {
            step: id.into(),
            attempt,
            word: error.word().into(),
            error: error.to_string(),
            class: match error {
                StepError::Call(e) => Some(e.class),
                _ => None,
            },
            last: again_in.is_none(),
        };
        self.append(record.clone()).await?;
        ledger.lock().unwrap_or_else(PoisonError::into_inner).apply(&record);
        self.run.events.send(Event::StepFailed {
            step: id.into(),
            word: error.word(),
            error: error.to_string(),
            again_in,
        });
        Ok(())
    }
}

impl<C: World> Drive<C> for Runner<C> {
    const PLANS: bool = false;

    fn known(&self, id: &str) -> Option<Settled> {
        let settled = match &self.earlier().steps.get(id)?.state {
            StepState::Finished(outputs) => {
                let by = self.run.journal.redactor();
                Settled::Finished(by.reveal_or_show(outputs.clone()))
            }
            StepState::Skipped(_) => Settled::Skipped,
            StepState::Failed { word, error, last: true } if word != "waiting" => {
                return Some(Settled::Failed(error.clone()));
            }
            _ => return None,
        };
        self.run.events.send(Event::StepReplayed { step: id.into() });
        Some(settled)
    }

    fn begun(&self, id: &str) -> bool {
        let begun = |step: &StepLedger| {
            let settled = matches!(step.state, StepState::Finished(_) | StepState::Skipped(_));
            step.attempts > 0 || settled
        };
        self.earlier().expanded.contains_key(id) || self.earlier().steps.get(id).is_some_and(begun)
    }

    fn withheld(&self) -> &Withheld {
        self.run.expected.withheld()
    }

    async fn leave_out(&self, id: &str) -> Result<(), StepError> {
        match self.earlier().steps.get(id).map(|step| &step.state) {
            Some(StepState::Skipped(_)) => Ok(()),
            _ => self.skip(id, LEFT_OUT).await,
        }
    }

    async fn skip(&self, id: &str, why: &str) -> Result<(), StepError> {
        self.run.events.send(Event::StepSkipped { step: id.into(), why: why.into() });
        self.append(Record::StepSkipped { step: id.into(), why: why.into() }).await
    }

    async fn expand(&self, id: &str, items: Vec<Value>) -> Result<Vec<Value>, StepError> {
        let items = match self.earlier().expanded.get(id) {
            Some(items) => {
                let by = self.run.journal.redactor();
                items.iter().map(|item| by.reveal_or_show(item.clone())).collect()
            }
            None => {
                let record = Record::Expanded { step: id.into(), items: items.clone() };
                self.append(record).await?;
                items
            }
        };
        self.run.events.send(Event::StepExpanded { step: id.into(), items: items.len() });
        Ok(items)
    }

    async fn perform(&self, unit: &Unit<C>, id: String, inputs: Value) -> Result<Value, StepError> {
        // What a step does has its name, its action and its verdict; inputs may be secrets.
        let span = info_span!(
            "step",
            otel.name = format!("step {id}"),
            step = id,
            action = Empty,
            verdict = Empty,
            outcome = Empty,
        );
        let result = self.tried(unit, id, inputs).instrument(span.clone()).await;
        span.record("outcome", result.as_ref().map_or_else(StepError::word, |_| "done"));
        result
    }

    async fn fail(&self, id: &str, error: &StepError) {
        let ledger = self.ledgers.of(id);
        // A journal that cannot be written shows at the next append.
        let _ = self.failed(id, 0, error, &ledger, None).await;
    }

    fn blocked(&self, id: &str, by: &str) {
        self.run.events.send(Event::StepBlocked { step: id.into(), by: by.into() });
    }

    fn stopping(&self) -> bool {
        *self.run.stop.borrow()
    }
}
