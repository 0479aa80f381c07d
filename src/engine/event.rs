//! What the engine tells its subscribers while it works. Progress bars, plain lines and reports
//! are subscribers: a lost event or a slow subscriber can never fail a run.

use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;

use crate::journal::{Place, Released, RunStatus};

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

/// Where events go.
#[derive(Clone, Default)]
pub struct Events(Option<mpsc::UnboundedSender<Event>>);

impl Events {
    pub fn channel() -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (tx, rx) = mpsc::unbounded_channel();
        (Self(Some(tx)), rx)
    }

    /// For callers that look at nothing but the result.
    pub fn none() -> Self {
        Self(None)
    }

    pub fn send(&self, event: Event) {
        if let Some(tx) = &self.0 {
            // A subscriber that is gone is not the run's concern.
            let _ = tx.send(event);
        }
    }
}
