//! The step handle in a run: journal, act, read back, send events. Owns what a step may still do (stop,
//! timeout, exposed states) and its view of the journal; `change` and `operation` hold the two
//! primitives.

use std::{
    borrow::Cow,
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use serde_json::Value;
use tokio::{sync::watch, time::Instant};

use crate::{
    engine::{Answer, Event, Events, Human, Reply, plan::Expected, unit::Policy},
    journal::{Journal, Kept, REDACTED, Record, RunDir, StepLedger},
};

use super::{Ledgers, Place, Question, Registry, Step, StepError, Touch, Verdict, World};

/// What every step of one run shares.
pub struct Run<C: World> {
    /// The ULID of the run.
    pub id: String,
    /// The account.
    pub world: C,
    /// Where intents and outcomes go, before and after each call.
    pub journal: Journal,
    /// The directory of the run.
    pub dir: RunDir,
    /// The kinds that may be met.
    pub registry: Arc<Registry<C>>,
    /// Whom to tell.
    pub events: Events,
    /// True once no new call may start.
    pub stop: watch::Receiver<bool>,
    /// What was planned, compared before each change.
    pub expected: Expected,
    /// Who answers questions.
    pub human: Arc<dyn Human>,
}

impl<C: World> Run<C> {
    /// Returns once no new call may start; never returns if nobody is left to request that.
    pub(crate) async fn stopped(&self) {
        if self.stop.clone().wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

type Exposure = (String, String, String);

/// One step's live state.
pub(crate) struct Live<C: World> {
    pub(super) run: Arc<Run<C>>,
    pub(super) ledger: Arc<Mutex<StepLedger>>,
    /// Of all steps: what they share is in the ledger of one of them.
    pub(super) ledgers: Arc<Ledgers>,
    deadline: Option<(Instant, Duration)>,
    owner: Option<String>,
    /// Exposed states that must still be closed, by Region, kind and target.
    pub(super) open: Mutex<HashMap<Exposure, Place>>,
}

impl<C: World> Live<C> {
    pub(crate) fn new(
        run: Arc<Run<C>>,
        ledgers: Arc<Ledgers>,
        ledger: Arc<Mutex<StepLedger>>,
        policy: &Policy,
    ) -> Self {
        let deadline = policy.timeout.map(|timeout| (Instant::now() + timeout, timeout));
        let owner = policy.owner.clone();
        Self { run, ledger, ledgers, deadline, owner, open: Mutex::default() }
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, StepLedger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn kept(&self, place: &Place) -> Option<Kept> {
        let mut kept = self.ledger().places.get(place).cloned()?;
        // What the step makes of its inputs is known only now.
        kept.reveal(self.run.journal.redactor());
        Some(kept)
    }

    pub(super) fn exposed(&self) -> MutexGuard<'_, HashMap<Exposure, Place>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a record into the step's own ledger and journals it. In this order: a body that gives
    /// up a branch while it waits here has still sent the record, and the two must agree.
    pub(super) async fn append(&self, record: Record) -> Result<(), StepError> {
        self.ledger().apply(&record);
        self.run.journal.append(record).await.map_err(|e| StepError::Journal(e.to_string()))
    }

    /// Whether another call may start. An exposed state is always ended first.
    pub(super) fn check(&self) -> Result<(), StepError> {
        if !self.exposed().is_empty() {
            return Ok(());
        }
        if *self.run.stop.borrow() {
            return Err(StepError::Interrupted);
        }
        match self.deadline {
            Some((deadline, timeout)) if Instant::now() >= deadline => {
                Err(StepError::TimedOut(timeout))
            }
            _ => Ok(()),
        }
    }

    /// Asks the run's own world, even if the step acts as another principal.
    pub(super) async fn allowed(
        &self,
        step: &Step<C>,
        place: &Place,
        things: &[C::Thing],
    ) -> Result<(), StepError> {
        let touch = Touch { step: step.id(), place, things, planning: false };
        self.run.world.in_region(&step.world.scope().region).allows(&touch).await
    }

    /// Sleeps, but not past a stop or the step's deadline.
    pub(super) async fn sleep(&self, time: Duration) -> Result<(), StepError> {
        let end = Instant::now() + time;
        let deadline = self.deadline.map_or(end, |(at, _)| at.min(end));
        if self.exposed().is_empty() {
            tokio::select! {
                () = tokio::time::sleep_until(deadline) => {}
                () = self.run.stopped() => {}
            }
            self.check()?;
        }
        // Another branch of the step may have opened something meanwhile: the wait is still whole.
        tokio::time::sleep_until(end).await;
        Ok(())
    }

    pub(crate) fn replayed_read(&self, place: &Place) -> Result<Option<Value>, StepError> {
        match self.kept(place) {
            None => Ok(None),
            Some(Kept::Read(value)) => Ok(Some(self.run.journal.redactor().reveal_or_show(value))),
            Some(other) => Err(unfit(place, "a read", &other)),
        }
    }

    pub(crate) async fn journal_read(
        &self,
        step: &Step<C>,
        place: Place,
        value: &Value,
    ) -> Result<(), StepError> {
        let scope = step.world.scope().clone();
        self.append(Record::Read { step: step.id().into(), place, scope, value: value.clone() })
            .await
    }

    pub(crate) async fn moment(
        &self,
        step: &Step<C>,
        place: Place,
        ahead: Duration,
    ) -> Result<String, StepError> {
        if let Some(Value::String(kept)) = self.replayed_read(&place)? {
            return Ok(kept);
        }
        self.check()?;
        let seconds = step.world.now().await?.as_second().saturating_add(ahead.as_secs() as i64);
        let moment = Timestamp::from_second(seconds)
            .map_err(|e| StepError::Failed(format!("AWS's clock is out of range: {e}")))?
            .to_string();
        self.journal_read(step, place, &Value::String(moment.clone())).await?;
        Ok(moment)
    }

    pub(crate) async fn wait(
        &self,
        step: &Step<C>,
        place: Place,
        time: Duration,
        why: &str,
    ) -> Result<(), StepError> {
        let time = time.min(step.world.patience().wait);
        let until = match self.kept(&place) {
            Some(Kept::Wait(until)) => until,
            Some(other) => return Err(unfit(&place, "a wait", &other)),
            None => {
                self.check()?;
                let until = Timestamp::now()
                    .checked_add(jiff::SignedDuration::try_from(time).unwrap_or_default())
                    .map_err(|e| StepError::Failed(format!("cannot wait that long: {e}")))?;
                self.append(Record::Wait { step: step.id().into(), place, until }).await?;
                until
            }
        };
        let rest = until.duration_since(Timestamp::now());
        // A clock that was set back must not make the wait longer than it is.
        let rest = Duration::try_from(rest).unwrap_or_default().min(time);
        let event = Event::Waiting { step: step.id().into(), why: why.into(), time: rest };
        self.run.events.send(event);
        self.sleep(rest).await
    }

    pub(crate) async fn verify<F>(
        &self,
        step: &Step<C>,
        subject: &str,
        check: F,
    ) -> Result<(), StepError>
    where
        F: Future<Output = Result<(Verdict, Value), StepError>> + Send,
    {
        let (verdict, facts) = match check.await {
            Ok(found) => found,
            Err(StepError::Call(e)) => {
                let reason = format!("the state after the change cannot be read: {e}");
                (Verdict::Presumed { reason }, Value::Null)
            }
            Err(other) => return Err(other),
        };
        let (id, subject) = (step.id().to_owned(), subject.to_owned());
        tracing::Span::current().record("verdict", verdict.word());
        self.append(Record::Verdict {
            step: id.clone(),
            subject: subject.clone(),
            verdict: verdict.clone(),
            facts,
        })
        .await?;
        let event = Event::Verdict { step: id, subject: subject.clone(), verdict: verdict.clone() };
        self.run.events.send(event);
        match verdict {
            Verdict::Failed { reason } => Err(StepError::NotContained { subject, reason }),
            _ => Ok(()),
        }
    }

    pub(crate) async fn ask(
        &self,
        step: &Step<C>,
        place: Place,
        mut question: Question,
    ) -> Result<(), StepError> {
        question.role = question.role.or_else(|| self.owner.clone());
        // It is shown, kept in a file until it is answered, and journaled.
        question.text = self.run.journal.redact_text(question.text);
        question.role = question.role.map(|role| self.run.journal.redact_text(role));
        if let Some(Kept::Answer { yes: true }) = self.kept(&place) {
            return Ok(());
        }
        let failures = self.ledger().failures;
        let question = question.identified(&self.run.id, &place, failures);
        self.check()?;
        self.run.events.send(Event::Asking { step: step.id().into() });
        let answer = match self.heard(&question).await {
            Ok(answer) => answer,
            Err(error) => {
                self.run.events.send(Event::Answered { step: step.id().into(), yes: false });
                return Err(error);
            }
        };
        let (yes, Reply { by, who, reason, at, via }) = match answer {
            Answer::Yes(reply) => (true, reply),
            Answer::No(reply) => (false, reply),
            Answer::Unreachable(how) => {
                self.run.events.send(Event::Answered { step: step.id().into(), yes: false });
                // A question may have several lines, and an error is a sentence.
                let asked = question.text.split_whitespace().collect::<Vec<_>>().join(" ");
                return Err(StepError::Waiting(format!("{asked} ({how})")));
            }
        };
        self.run.events.send(Event::Answered { step: step.id().into(), yes });
        self.append(Record::Answer {
            step: step.id().into(),
            place,
            question: question.text.clone(),
            role: question.role.clone(),
            asked: question.id.clone(),
            by: by.clone(),
            who,
            at,
            via,
            yes,
            reason: reason.clone(),
        })
        .await?;
        self.run.human.settled(&question);
        if yes { Ok(()) } else { Err(StepError::Declined { by, reason }) }
    }

    /// An answer, unless the run stops or the step's time ends first.
    async fn heard(&self, question: &Question) -> Result<Answer, StepError> {
        let asked = self.run.human.ask(question);
        if !self.exposed().is_empty() {
            return Ok(asked.await);
        }
        let deadline = async {
            match self.deadline {
                Some((at, _)) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            answer = asked => return Ok(answer),
            () = self.run.stopped() => {}
            () = deadline => {}
        }
        match self.check() {
            Err(error) => Err(error),
            Ok(()) => Err(StepError::Interrupted),
        }
    }

    pub(crate) async fn keep(
        &self,
        step: &Step<C>,
        place: Place,
        name: &str,
        bytes: &[u8],
    ) -> Result<String, StepError> {
        if let Some(Kept::Evidence { sha256 }) = self.kept(&place) {
            return Ok(sha256);
        }
        // A second piece of one name must not take the place of the first.
        let file = if place.nth == 0 { name.into() } else { format!("{name}-{}", place.nth + 1) };
        // What a playbook was given in confidence comes back in what a command prints.
        let hidden = self.run.journal.redact_bytes(bytes);
        if let Cow::Owned(_) = &hidden {
            let text = format!(
                "evidence `{name}` held a sensitive input: `{REDACTED}` stands in its place, and the hash is that of the file with it"
            );
            self.run.events.send(Event::Note { step: step.id().into(), text: text.clone() });
            self.append(Record::Note { step: step.id().into(), text }).await?;
        }
        let kept = self
            .run
            .dir
            .keep_evidence(step.id(), &file, &hidden)
            .map_err(|e| StepError::Failed(format!("evidence `{name}` cannot be kept: {e}")))?;
        self.append(Record::Evidence {
            step: step.id().into(),
            place,
            file: kept.file.clone(),
            sha256: kept.sha256.clone(),
            bytes: hidden.len() as u64,
        })
        .await?;
        let sha256 = kept.sha256.clone();
        self.run.events.send(Event::Evidence {
            step: step.id().into(),
            file: kept.file,
            sha256: sha256.clone(),
        });
        Ok(sha256)
    }

    pub(crate) async fn note(
        &self,
        step: &Step<C>,
        place: Place,
        text: String,
    ) -> Result<(), StepError> {
        if self.kept(&place).is_some() {
            return Ok(());
        }
        self.ledger().places.insert(place, Kept::Note);
        self.run.events.send(Event::Note { step: step.id().into(), text: text.clone() });
        self.append(Record::Note { step: step.id().into(), text }).await
    }
}

pub(super) fn unfit(place: &Place, asked: &str, kept: &Kept) -> StepError {
    StepError::Replay(format!(
        "at {place} the step asks for {asked}, the journal has {}",
        kept.word()
    ))
}
