//! The records of a run and the line that each is kept on. Owns the format on disk
//! (docs/journal.md); writing, reading and folding are beside it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::{Class, How, Scope, Verdict, Who};

/// Version of the format, in the first record of each journal. A reader refuses a newer one.
/// Format 2 has `manifest` records; format 3 signed lines, `adopted` records, the hash of the inputs, and an object that
/// stands for a sensitive value that the engine goes by; before, it was the text `(sensitive)`. Format 4 has `scored`
/// records.
pub const FORMAT: u32 = 4;

/// Whether sensitive values of such a journal are texts everywhere.
pub(super) fn has_texts_for_secrets(format: u32) -> bool {
    format < 3
}

/// Where in a step something was read, set or started: the n-th use of one target of one kind.
/// Identifies its place even if a step's calls run concurrently.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    pub kind: String,
    pub target: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub nth: u32,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.target)?;
        if self.nth > 0 {
            write!(f, " #{}", self.nth + 1)?;
        }
        Ok(())
    }
}

/// The lab that answered instead of AWS: readers of a run must know what it proves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct InLab {
    /// What answered behind the lab's front: `moto 5.2.5`.
    pub upstream: String,
    /// How many times faster than AWS the stand-ins waited.
    pub clock: f64,
    /// Services that the lab's front stood in for, by signing name.
    pub stand_ins: Vec<String>,
}

impl fmt::Display for InLab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.upstream)?;
        if !self.stand_ins.is_empty() {
            write!(f, "; its front stands in for {}", self.stand_ins.join(", "))?;
        }
        // Compared with the default value.
        if self.clock > 1.0 {
            write!(f, "; its clock runs {}x", self.clock)?;
        }
        Ok(())
    }
}

/// One line of `journal.jsonl`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Line {
    /// 0, 1, 2 without a gap.
    pub seq: u64,
    pub time: Timestamp,
    /// SHA-256, in hex, of the line before without its newline; 64 zeros in the first.
    pub prev: String,
    #[serde(flatten)]
    pub record: Record,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Record {
    RunStarted {
        format: u32,
        program: String,
        run: String,
        playbook: String,
        /// Id of the simulation, where the run is a drill.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        drill: Option<String>,
        playbook_sha256: String,
        plan_sha256: String,
        /// SHA-256 of `inputs.json`; none in earlier formats.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        inputs_sha256: Option<String>,
        scope: Scope,
        endpoint: Option<String>,
        /// Where the endpoint is a lab.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lab: Option<InLab>,
        operator: String,
        /// What AWS and the system say of the operator.
        #[serde(default, skip_serializing_if = "Who::is_unknown")]
        who: Who,
        /// The endpoint's time.
        clock: Option<Timestamp>,
    },
    Resumed {
        operator: String,
        #[serde(default, skip_serializing_if = "Who::is_unknown")]
        who: Who,
    },
    /// A user who did not write what comes before has looked at it and vouches for it.
    Adopted {
        by: String,
    },
    /// A for-each fanned out: `items` in order, so that a resumed run fans out the same.
    Expanded {
        step: String,
        items: Vec<Value>,
    },
    StepStarted {
        step: String,
        attempt: u32,
    },
    StepSkipped {
        step: String,
        why: String,
    },
    StepFinished {
        step: String,
        outputs: Value,
    },
    StepFailed {
        step: String,
        attempt: u32,
        word: String,
        error: String,
        /// A failed call's class, where the error was a call's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class: Option<Class>,
        /// No further attempt follows in this run.
        last: bool,
    },
    Read {
        step: String,
        place: Place,
        scope: Scope,
        value: Value,
    },
    /// Written and synced before the call that makes the change.
    Intent {
        step: String,
        place: Place,
        scope: Scope,
        setting: Value,
        how: How,
        before: Value,
        after: Value,
        /// The value that must follow soon: `after` is an exposed state in between.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
        until: Option<Value>,
    },
    /// `after` as read back.
    Outcome {
        step: String,
        place: Place,
        after: Value,
    },
    /// Recovery ended an exposed state: the setting now has the intent's `until` value.
    Closed {
        step: String,
        place: Place,
        value: Value,
    },
    OperationIntent {
        step: String,
        place: Place,
        scope: Scope,
        operation: Value,
        token: String,
        leaves: String,
    },
    OperationStarted {
        step: String,
        place: Place,
        job: String,
    },
    OperationEnded {
        step: String,
        place: Place,
        output: Value,
    },
    /// The job ended in failure: trying the step again starts a new one.
    OperationFailed {
        step: String,
        place: Place,
        message: String,
    },
    /// A wait that ends at `until`, so that a resumed run waits for the rest only.
    Wait {
        step: String,
        place: Place,
        until: Timestamp,
    },
    Answer {
        step: String,
        place: Place,
        question: String,
        /// Whom it was asked of, with the way to reach them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<String>,
        /// Id of the question: a hash of what was shown, and of the run, step, place and attempt that it was for.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        asked: String,
        /// As whoever answered calls themselves.
        by: String,
        /// What AWS and the system say of them.
        #[serde(default, skip_serializing_if = "Who::is_unknown")]
        who: Who,
        /// When it was given, where that was earlier than the record.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Timestamp>,
        /// By which way it came: `terminal`, `command line`, `approve` or `live page`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        via: Option<String>,
        yes: bool,
        reason: String,
    },
    Evidence {
        step: String,
        place: Place,
        file: String,
        sha256: String,
        bytes: u64,
    },
    Verdict {
        step: String,
        subject: String,
        #[serde(flatten)]
        verdict: Verdict,
        /// What the verdict was read from.
        facts: Value,
    },
    Note {
        step: String,
        text: String,
    },
    /// `event` was delivered to a notification target; `id` is the notification's.
    Notified {
        target: String,
        event: String,
        id: String,
    },
    /// It was not, and another process of this run may try again.
    NotNotified {
        target: String,
        event: String,
        id: String,
        why: String,
    },
    Interrupted {},
    /// The files of the run as they were when a part of it ended: `file` has the hash of each.
    Manifest {
        file: String,
        sha256: String,
        files: u64,
    },
    /// The scorecard of a drill was saved: the SHA-256 of its bytes, and how the drill came out in a word. The last
    /// one counts.
    Scored {
        sha256: String,
        outcome: String,
    },
    RunFinished {
        status: RunStatus,
    },
    Aborted {
        by: String,
        /// None where nobody gave one, and in earlier formats.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// What AWS and the system say of whoever did it.
        #[serde(default, skip_serializing_if = "Who::is_unknown")]
        who: Who,
    },
    ReleaseStarted {
        by: String,
        steps: Option<Vec<String>>,
        force: Vec<String>,
        /// What operations left and settings retain is removed too.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        discard: bool,
    },
    /// Of an operation whose leavings are discarded, `from` is the ids of its jobs and `to` null.
    ReleaseIntent {
        step: String,
        place: Place,
        from: Value,
        to: Value,
    },
    ReleaseOutcome {
        step: String,
        place: Place,
        #[serde(flatten)]
        outcome: Released,
    },
    ReleaseFinished {
        complete: bool,
    },
}

/// A field that is there has a value, and `null` is one: a setting that must become absent.
pub(crate) fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

impl Record {
    /// The step that the record is about.
    pub fn step(&self) -> Option<&str> {
        match self {
            Self::Expanded { step, .. }
            | Self::StepStarted { step, .. }
            | Self::StepSkipped { step, .. }
            | Self::StepFinished { step, .. }
            | Self::StepFailed { step, .. }
            | Self::Read { step, .. }
            | Self::Intent { step, .. }
            | Self::Outcome { step, .. }
            | Self::Closed { step, .. }
            | Self::OperationIntent { step, .. }
            | Self::OperationStarted { step, .. }
            | Self::OperationEnded { step, .. }
            | Self::OperationFailed { step, .. }
            | Self::Wait { step, .. }
            | Self::Answer { step, .. }
            | Self::Evidence { step, .. }
            | Self::Verdict { step, .. }
            | Self::Note { step, .. }
            | Self::ReleaseIntent { step, .. }
            | Self::ReleaseOutcome { step, .. } => Some(step),
            Self::RunStarted { .. }
            | Self::Resumed { .. }
            | Self::Adopted { .. }
            | Self::Notified { .. }
            | Self::NotNotified { .. }
            | Self::Interrupted {}
            | Self::Manifest { .. }
            | Self::Scored { .. }
            | Self::RunFinished { .. }
            | Self::Aborted { .. }
            | Self::ReleaseStarted { .. }
            | Self::ReleaseFinished { .. } => None,
        }
    }

    /// The values that the engine goes by: what stands in them for a sensitive value is a marker.
    pub(super) fn kept_values(&mut self) -> Vec<&mut Value> {
        match self {
            Self::Expanded { items, .. } => items.iter_mut().collect(),
            Self::StepFinished { outputs: value, .. }
            | Self::Read { value, .. }
            | Self::Outcome { after: value, .. }
            | Self::Closed { value, .. }
            | Self::OperationIntent { operation: value, .. }
            | Self::OperationEnded { output: value, .. } => vec![value],
            Self::Intent { setting, before, after, until, .. } => {
                [setting, before, after].into_iter().chain(until).collect()
            }
            Self::ReleaseIntent { from, to, .. } => vec![from, to],
            _ => Vec::new(),
        }
    }

    /// The place that the record is about.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Read { place, .. }
            | Self::Intent { place, .. }
            | Self::Outcome { place, .. }
            | Self::Closed { place, .. }
            | Self::OperationIntent { place, .. }
            | Self::OperationStarted { place, .. }
            | Self::OperationEnded { place, .. }
            | Self::OperationFailed { place, .. }
            | Self::Wait { place, .. }
            | Self::Answer { place, .. }
            | Self::Evidence { place, .. }
            | Self::ReleaseIntent { place, .. }
            | Self::ReleaseOutcome { place, .. } => Some(place),
            _ => None,
        }
    }

    /// Whether the run may continue only once the record is on disk. A step that finished need not
    /// wait: without the record a resumed run goes through it again, by what it journaled before,
    /// and no effect of a later step comes before it, for that step's own record waits.
    pub fn must_wait(&self) -> bool {
        self.must_sync() && !matches!(self, Self::StepFinished { .. })
    }

    /// Whether the record must be on the disk soon: what comes before an effect, and what a resumed
    /// run could not find out again.
    pub fn must_sync(&self) -> bool {
        !matches!(
            self,
            Self::StepStarted { .. }
                | Self::StepSkipped { .. }
                | Self::Note { .. }
                | Self::Notified { .. }
                | Self::NotNotified { .. }
                | Self::Interrupted {}
                | Self::Read { .. }
        )
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunStatus {
    Succeeded,
    /// Steps failed whose failure the playbook does not tolerate.
    Failed,
    Interrupted,
    /// A step waits for a human who could not be asked.
    Waiting,
}

/// What release did with one change, or with what one operation left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "release", rename_all = "kebab-case")]
pub enum Released {
    /// Written back, and read back as before; what an operation left is gone.
    GivenBack,
    /// It already was as before; of an operation nothing was there.
    AlreadyBefore,
    /// Someone else changed it: left alone.
    Conflict {
        before: Value,
        after: Value,
        now: Value,
    },
    /// Kept on purpose.
    Retained {
        what: String,
        /// Of an operation: what it left goes on costing, and this program cannot remove it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        costs: bool,
    },
    /// The thing itself is not there any more: nothing is left to give back to.
    Gone {
        what: String,
    },
    Failed {
        error: String,
    },
}

impl Released {
    /// Kept on purpose, at no cost that a drill answers for.
    pub fn kept(what: impl Into<String>) -> Self {
        Self::Retained { what: what.into(), costs: false }
    }

    pub fn word(&self) -> &'static str {
        match self {
            Self::GivenBack => "given back",
            Self::AlreadyBefore => "already before",
            Self::Conflict { .. } => "conflict",
            Self::Retained { .. } => "retained",
            Self::Gone { .. } => "gone",
            Self::Failed { .. } => "failed",
        }
    }
}
