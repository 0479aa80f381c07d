//! An operation in a run: journal the intent, start, journal the job, await its output. Owns that
//! sequence and how a start that was cut off is settled.

use std::{future::Future, time::Duration};

use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::{
    engine::{
        CallError, Class, Event, Operation, Progress, StepError, Token, operation::touched,
        permission::at_work, setting::json,
    },
    journal::{Kept, Record},
};

use super::{Live, Place, Step, World, decode, live::unfit};

/// So long a start is repeated that the world is too busy for, unless the step's timeout is shorter.
const BUSY: Duration = Duration::from_hours(6);

async fn found<C: World, O: Operation<C>>(
    operation: &O,
    world: &C,
    token: &Token,
) -> Result<Option<String>, CallError> {
    at_work(O::KIND, &[O::USES], operation.find(world, token)).await
}

impl<C: World> Live<C> {
    pub(crate) async fn start<O: Operation<C>>(
        &self,
        step: &Step<C>,
        place: &Place,
        operation: &O,
    ) -> Result<O::Output, StepError> {
        let kept = self.kept(place);
        let failed = match &kept {
            Some(Kept::Operation(kept)) => kept.failed,
            _ => 0,
        };
        // What another user's journal names may be anybody's.
        let claimed = matches!(&kept, Some(Kept::Operation(kept)) if kept.claimed);
        let token = token(&self.run.id, step.id(), place, failed);
        let job = match kept {
            None => {
                self.check()?;
                let shown = self.run.journal.redact(json(operation));
                self.run.expected.allows_operation(step.id(), place, &shown)?;
                self.allowed(step, place, &touched(operation)).await?;
                self.append(Record::OperationIntent {
                    step: step.id().into(),
                    place: place.clone(),
                    scope: step.world.scope().clone(),
                    operation: json(operation),
                    token: token.id.clone(),
                    leaves: operation.leaves(),
                })
                .await?;
                self.launch(step, place, operation, &token).await?
            }
            Some(Kept::Operation(kept)) => match (kept.output, kept.job) {
                (Some(output), _) => {
                    let output = self.run.journal.redactor().reveal_or_show(output);
                    return decode(place, output);
                }
                (None, Some(job)) => job,
                (None, None) => {
                    self.check()?;
                    let found = find(&step.world, || found(operation, &step.world, &token)).await?;
                    match found {
                        Some(job) => self.started(step, place, job).await?,
                        None => {
                            self.allowed(step, place, &touched(operation)).await?;
                            self.launch(step, place, operation, &token).await?
                        }
                    }
                }
            },
            Some(other) => return Err(unfit(place, "an operation", &other)),
        };
        if !claimed {
            step.world.made(operation.made(&job)).await;
        }
        self.run.events.send(Event::OperationStarted {
            step: step.id().into(),
            place: place.clone(),
            job: job.clone(),
        });
        self.until_done(step, place, operation, &job).await
    }

    async fn launch<O: Operation<C>>(
        &self,
        step: &Step<C>,
        place: &Place,
        operation: &O,
        token: &Token,
    ) -> Result<String, StepError> {
        let begun = Instant::now();
        let longest = step.world.patience().poll;
        let mut pause = step.world.patience().first.min(longest);
        let made = loop {
            let start = operation.start(&step.world, token);
            match at_work(O::KIND, &[O::USES], start).await {
                // Nothing was started. Other jobs have to end first, which may take hours: so long a stop
                // and the step's timeout still end the wait.
                Err(e) if e.class == Class::Throttled && begun.elapsed() < BUSY => {
                    self.run.events.send(Event::OperationProgress {
                        step: step.id().into(),
                        place: place.clone(),
                        percent: None,
                        note: format!("waits until it can start: {e}"),
                    });
                    self.sleep(pause).await?;
                    pause = (pause * 2).min(longest);
                    let begun = find(&step.world, || found(operation, &step.world, token)).await?;
                    if let Some(job) = begun {
                        break Ok(job);
                    }
                }
                made => break made,
            }
        };
        match made {
            Ok(job) => self.started(step, place, job).await,
            // No answer: it may still have started.
            Err(e) if e.class == Class::Unreachable => {
                match find(&step.world, || found(operation, &step.world, token)).await {
                    Ok(Some(job)) => self.started(step, place, job).await,
                    _ => Err(e.into()),
                }
            }
            Err(e) => Err(e.into()),
        }
    }

    async fn started(
        &self,
        step: &Step<C>,
        place: &Place,
        job: String,
    ) -> Result<String, StepError> {
        self.append(Record::OperationStarted {
            step: step.id().into(),
            place: place.clone(),
            job: job.clone(),
        })
        .await?;
        Ok(job)
    }

    async fn until_done<O: Operation<C>>(
        &self,
        step: &Step<C>,
        place: &Place,
        operation: &O,
        job: &str,
    ) -> Result<O::Output, StepError> {
        let longest = step.world.patience().poll;
        let mut pause = Duration::from_millis(200).min(longest);
        let started = Instant::now();
        loop {
            let poll = operation.poll(&step.world, job);
            match at_work(O::KIND, &[O::USES], poll).await {
                Ok(Progress::Done(output)) => {
                    self.append(Record::OperationEnded {
                        step: step.id().into(),
                        place: place.clone(),
                        output: json(&output),
                    })
                    .await?;
                    self.run.events.send(Event::OperationEnded {
                        step: step.id().into(),
                        place: place.clone(),
                    });
                    return Ok(output);
                }
                Ok(Progress::Failed(message)) => {
                    self.append(Record::OperationFailed {
                        step: step.id().into(),
                        place: place.clone(),
                        message: message.clone(),
                    })
                    .await?;
                    return Err(StepError::Operation { place: place.clone(), message });
                }
                Ok(Progress::Running { percent, note }) => {
                    self.run.events.send(Event::OperationProgress {
                        step: step.id().into(),
                        place: place.clone(),
                        percent,
                        note,
                    });
                }
                // The job continues whether or not it can be read at the moment.
                Err(e)
                    if matches!(e.class, Class::Throttled | Class::Unreachable)
                        // A job that has just started may not be visible yet.
                        || e.class == Class::Gone
                            && started.elapsed() < step.world.patience().deadline =>
                {
                    self.run.events.send(Event::OperationProgress {
                        step: step.id().into(),
                        place: place.clone(),
                        percent: None,
                        note: e.to_string(),
                    });
                }
                Err(e) => return Err(e.into()),
            }
            self.sleep(pause).await?;
            pause = (pause * 2).min(longest);
        }
    }
}

/// Looks for the job of a start whose answer is not known, for as long as a job that did start may
/// take to become visible: a second start would make a second job.
pub(crate) async fn find<C: World, F>(
    world: &C,
    look: impl Fn() -> F,
) -> Result<Option<String>, CallError>
where
    F: Future<Output = Result<Option<String>, CallError>> + Send,
{
    let patience = world.patience();
    let (started, mut pause) = (Instant::now(), patience.first);
    loop {
        let found = look().await?;
        if found.is_some() || started.elapsed() + pause > patience.longest {
            return Ok(found);
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
}

/// A job that failed is started again under a token of its own.
pub(crate) fn token(run: &str, step: &str, place: &Place, failed: u32) -> Token {
    let hash = Sha256::digest(format!("{run}\n{step}\n{place}\n{failed}"));
    let id = hash[..16].iter().map(|b| format!("{b:02x}")).collect();
    Token { run: run.into(), step: step.into(), id }
}
