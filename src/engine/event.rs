//! The events that the engine sends its subscribers while it works. Progress bars, plain lines and reports
//! are subscribers: a lost event or a slow subscriber can never fail a run.

use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;

use crate::journal::{Hidden, Place, Released, RunStatus, redact, redact_text};

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
    /// The step waits until AWS takes more calls of this sort; so many wait.
    Paced {
        step: String,
        /// `ec2 mutating calls`.
        calls: String,
        waiting: usize,
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
    /// A release begins to give back what the run took.
    Releasing,
    Released {
        step: String,
        place: Place,
        outcome: Released,
    },
    ReleaseEnded,
    Stopping,
    Finished {
        status: RunStatus,
    },
}

impl Event {
    /// Takes secrets out of everything that an action, a playbook or AWS put into it.
    pub fn redact(&mut self, secrets: &[String]) {
        if secrets.is_empty() {
            return;
        }
        let hide = |text: &mut String| *text = redact_text(std::mem::take(text), secrets);
        match self {
            Self::StepSkipped { why: text, .. }
            | Self::StepFailed { error: text, .. }
            | Self::Waiting { why: text, .. }
            | Self::Evidence { file: text, .. }
            | Self::Note { text, .. } => hide(text),
            Self::Changed { place, before, after, .. } => {
                hide(&mut place.target);
                for value in [before, after] {
                    *value = redact(value.take(), secrets);
                }
            }
            Self::AlreadySo { place, .. }
            | Self::OperationEnded { place, .. }
            | Self::Closed { place, .. } => hide(&mut place.target),
            Self::OperationStarted { place, job: text, .. }
            | Self::OperationProgress { place, note: text, .. } => {
                hide(&mut place.target);
                hide(text);
            }
            Self::Verdict { subject, verdict, .. } => {
                hide(subject);
                if let Verdict::Presumed { reason } | Verdict::Failed { reason } = verdict {
                    hide(reason);
                }
            }
            Self::Released { place, outcome, .. } => {
                hide(&mut place.target);
                match outcome {
                    Released::Failed { error: text }
                    | Released::Retained { what: text, .. }
                    | Released::Gone { what: text } => {
                        hide(text);
                    }
                    Released::Conflict { before, after, now } => {
                        for value in [before, after, now] {
                            *value = redact(value.take(), secrets);
                        }
                    }
                    Released::GivenBack | Released::AlreadyBefore => {}
                }
            }
            Self::StepStarted { .. }
            | Self::StepReplayed { .. }
            | Self::StepExpanded { .. }
            | Self::StepBlocked { .. }
            | Self::StepFinished { .. }
            | Self::Paced { .. }
            | Self::Asking { .. }
            | Self::Answered { .. }
            | Self::Releasing
            | Self::ReleaseEnded
            | Self::Stopping
            | Self::Finished { .. } => {}
        }
    }
}

/// Where events go.
#[derive(Clone, Default)]
pub struct Events {
    tx: Option<mpsc::UnboundedSender<Event>>,
    hidden: Hidden,
}

impl Events {
    pub fn channel() -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (tx, rx) = mpsc::unbounded_channel();
        (Self { tx: Some(tx), hidden: Hidden::default() }, rx)
    }

    /// From now on no event has one of these values.
    #[must_use]
    pub fn hiding(mut self, hidden: Hidden) -> Self {
        self.hidden = hidden;
        self
    }

    /// For callers that look at nothing but the result.
    pub fn none() -> Self {
        Self::default()
    }

    pub fn send(&self, mut event: Event) {
        if let Some(tx) = &self.tx {
            // Before anybody shortens a text: half of a secret is found nowhere.
            event.redact(&self.hidden.all());
            // A subscriber that is gone is not the run's concern.
            let _ = tx.send(event);
        }
    }
}
