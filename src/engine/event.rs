//! What the engine tells its subscribers while it works. Progress bars, plain lines and reports
//! are subscribers: a lost event or a slow subscriber can never fail a run.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use tokio::sync::mpsc;

use crate::journal::{Place, Released, RunStatus, redact, redact_text};

use super::Verdict;

#[derive(Clone, Debug)]
pub enum Event {
    StepStarted {
        step: String,
        attempt: u32,
    },
    /// The step finished in an earlier part of this run.
    StepReplayed {
        step: String,
    },
    StepExpanded {
        step: String,
        items: usize,
    },
    StepSkipped {
        step: String,
        why: String,
    },
    /// A step it needs did not finish.
    StepBlocked {
        step: String,
        by: String,
    },
    StepFinished {
        step: String,
        took: Duration,
    },
    StepFailed {
        step: String,
        word: &'static str,
        error: String,
        again_in: Option<Duration>,
    },
    Changed {
        step: String,
        place: Place,
        before: Value,
        after: Value,
    },
    AlreadySo {
        step: String,
        place: Place,
    },
    OperationStarted {
        step: String,
        place: Place,
        job: String,
    },
    OperationProgress {
        step: String,
        place: Place,
        percent: Option<u8>,
        note: String,
    },
    OperationEnded {
        step: String,
        place: Place,
    },
    Waiting {
        step: String,
        why: String,
        time: Duration,
    },
    Verdict {
        step: String,
        subject: String,
        verdict: Verdict,
    },
    Evidence {
        step: String,
        file: String,
        sha256: String,
    },
    Note {
        step: String,
        text: String,
    },
    /// A question is about to be asked on the terminal: bars must be still until it is answered.
    Asking {
        step: String,
    },
    Answered {
        step: String,
        yes: bool,
    },
    /// Recovery ended an exposed state that an interrupted step had left.
    Closed {
        step: String,
        place: Place,
    },
    Released {
        step: String,
        place: Place,
        outcome: Released,
    },
    Stopping,
    Finished {
        status: RunStatus,
    },
}

impl Event {
    /// Without these values. Before anybody shortens a text: half of a secret is found nowhere.
    fn redacted(mut self, secrets: &[String]) -> Self {
        let text = |text: &mut String| *text = redact_text(std::mem::take(text), secrets);
        let value = |value: &mut Value| *value = redact(std::mem::take(value), secrets);
        match &mut self {
            Self::StepSkipped { why, .. } | Self::Waiting { why, .. } => text(why),
            Self::StepFailed { error, .. } => text(error),
            Self::Changed { before, after, .. } => {
                value(before);
                value(after);
            }
            Self::OperationStarted { job, .. } => text(job),
            Self::OperationProgress { note, .. } => text(note),
            Self::Note { text: note, .. } => text(note),
            Self::Verdict { subject, verdict, .. } => {
                text(subject);
                if let Verdict::Presumed { reason } | Verdict::Failed { reason } = verdict {
                    text(reason);
                }
            }
            Self::Released { outcome, .. } => match outcome {
                Released::Conflict { before, after, now } => {
                    value(before);
                    value(after);
                    value(now);
                }
                Released::Failed { error } => text(error),
                Released::Retained { what } => text(what),
                Released::GivenBack | Released::AlreadyBefore => {}
            },
            _ => {}
        }
        self
    }
}

/// Where events go.
#[derive(Clone, Default)]
pub struct Events {
    tx: Option<mpsc::UnboundedSender<Event>>,
    secrets: Arc<Vec<String>>,
}

impl Events {
    pub fn channel() -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (tx, rx) = mpsc::unbounded_channel();
        (Self { tx: Some(tx), secrets: Arc::default() }, rx)
    }

    /// From now on no event has one of these values.
    #[must_use]
    pub fn hiding(mut self, secrets: Vec<String>) -> Self {
        self.secrets = Arc::new(secrets);
        self
    }

    /// For callers that look at nothing but the result.
    pub fn none() -> Self {
        Self::default()
    }

    pub fn send(&self, event: Event) {
        if let Some(tx) = &self.tx {
            let event = match self.secrets.is_empty() {
                true => event,
                false => event.redacted(&self.secrets),
            };
            // A subscriber that is gone is not the run's concern.
            let _ = tx.send(event);
        }
    }
}
