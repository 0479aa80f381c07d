//! What can go wrong in a call and in a step. Owns the classes and their texts, not how a class is
//! recognised in an SDK error (`aws::error`) and not how a problem is shown (`report`).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::journal::{Class, Place};

/// A call to AWS that did not succeed.
#[derive(Clone, Debug, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[error("`{call}` {}: {message}", self.means())]
pub struct CallError {
    /// The permission-style name, such as `ec2:CreateSnapshots`.
    pub call: String,
    pub class: Class,
    /// AWS's error code, such as `InvalidInstanceID.NotFound`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl CallError {
    /// An error that no service answered: the program itself found `message`.
    pub fn local(call: &str, class: Class, message: impl Into<String>) -> Self {
        Self { call: call.into(), class, code: None, message: message.into(), request_id: None }
    }

    fn means(&self) -> &'static str {
        match self.class {
            Class::Throttled => "was throttled",
            Class::Denied => "was denied",
            Class::Gone => "found nothing",
            Class::AlreadySo => "is already so",
            Class::Invalid if self.code.is_none() => "cannot be made",
            Class::Invalid => "was refused as invalid",
            Class::Expired => "was refused: the credentials are expired or not accepted",
            Class::Unreachable => "got no answer",
            Class::Missing => "is not offered by this endpoint",
            Class::Unknown => "failed",
        }
    }
}

/// Why a step did not finish.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StepError {
    #[error(transparent)]
    Call(#[from] CallError),
    /// Someone else changed the setting while this run was between two of its own records.
    #[error(
        "drift at {place}: it was {}, this run set out to make it {}, and now it is {}; someone else changed it, so it is left alone",
        show(before),
        show(after),
        show(now)
    )]
    Drift { place: Place, before: Value, after: Value, now: Value },
    /// The account is no longer what the approved plan read.
    #[error(
        "{place} is not as planned: the plan has {}, now it is {}; nothing was written",
        show(planned),
        show(now)
    )]
    OffPlan { place: Place, planned: Value, now: Value },
    #[error("{place} does not read back as written after {} s: wrote {}, reads {}", waited.as_secs(), show(want), show(have))]
    NotAgreed { place: Place, want: Value, have: Value, waited: Duration },
    #[error("operation {place} failed: {message}")]
    Operation { place: Place, message: String },
    /// In a plan: what follows depends on something that is known only after a run.
    #[error("open until the run: {0}")]
    Open(String),
    /// The step must not run as requested: a safety check refused it.
    #[error("refused: {0}")]
    Refused(String),
    #[error("{0}")]
    Failed(String),
    /// The verdict on a containment is `failed`.
    #[error("{subject} is not contained: {reason}")]
    NotContained { subject: String, reason: String },
    /// Two errors: why the step failed, and why its exposed state could not be ended after it.
    #[error("{why}; also, the state it opened may still be open: {close}")]
    LeftOpen { why: Box<StepError>, close: Box<StepError> },
    #[error("the journal cannot be written, so no further call is made: {0}")]
    Journal(String),
    #[error(
        "the journal does not fit this step: {0}; the run was made by another version of the program or playbook"
    )]
    Replay(String),
    #[error("stopped before its next call, as asked")]
    Interrupted,
    #[error("gave up after its timeout of {} s", .0.as_secs())]
    TimedOut(Duration),
    /// A human's answer is needed and nobody could be asked.
    #[error("waits for a human: {0}")]
    Waiting(String),
    #[error("declined by {by}: {reason}")]
    Declined { by: String, reason: String },
}

impl StepError {
    /// Stable word for records and exit codes.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Call(e) if matches!(e.class, Class::Denied | Class::Expired) => "denied",
            Self::Call(e) if e.class == Class::Unreachable => "unreachable",
            Self::Call(_) => "call",
            Self::Drift { .. } => "drift",
            Self::OffPlan { .. } => "off-plan",
            Self::NotAgreed { .. } => "not-agreed",
            Self::Operation { .. } => "operation",
            Self::Open(_) => "open",
            Self::Refused(_) => "refused",
            Self::Failed(_) => "failed",
            Self::NotContained { .. } => "not-contained",
            Self::LeftOpen { .. } => "left-open",
            Self::Journal(_) => "journal",
            Self::Replay(_) => "replay",
            Self::Interrupted => "interrupted",
            Self::TimedOut(_) => "timed-out",
            Self::Waiting(_) => "waiting",
            Self::Declined { .. } => "declined",
        }
    }

    /// Whether trying the step again could end differently.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Call(e) => !matches!(e.class, Class::Denied | Class::Invalid | Class::Missing),
            Self::NotAgreed { .. }
            | Self::Failed(_)
            | Self::NotContained { .. }
            | Self::Operation { .. } => true,
            Self::LeftOpen { why, .. } => why.retryable(),
            _ => false,
        }
    }
}

/// A value as people read it: strings bare, the rest as compact JSON.
pub fn show(value: &Value) -> String {
    match value {
        Value::Null => "absent".into(),
        Value::String(s) => format!("`{s}`"),
        other => other.to_string(),
    }
}
