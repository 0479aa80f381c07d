//! How an account of the lab is read to be compared, and what someone else writes to a setting, as each
//! service says it. Owns the shapes and what all readers share; the services' own parts are their
//! `account.rs` and `rival.rs`, and the crash matrix puts them together.
//!
//! Neither uses a setting, a fact or an operation: what checks a run shares no code with what runs and
//! releases it. They make their own calls with their own clients, in the lab only.

use std::error::Error;

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::{display::DisplayErrorContext, metadata::ProvideErrorMetadata};
use futures::future::BoxFuture;
use serde_json::{Map, Value};

use crate::engine::Place;

/// A collection of a service's part of an account, and what of one thing in it; nothing is the whole thing.
pub type Shown = (&'static str, &'static str);

/// What a service says of its part of an account.
pub struct Account {
    /// Kinds of settings and operations of this service of which the reader sees every effect. A
    /// playbook that uses a kind that stands in no such list is refused by the crash matrix. With each
    /// kind where it shows: what is missing there, and nothing else, may be tolerated of a run to which a
    /// call for it was denied. Without a place nothing of it is.
    pub covers: &'static [(&'static str, &'static [Shown])],
    /// Collections of what operations leave: what is new in them stays after a release, and what
    /// was there before says nothing of a run.
    pub evidence: &'static [&'static str],
    pub open: fn(&Lens) -> Box<dyn Reads>,
}

/// Where an account is read.
pub struct Lens {
    /// Past the lab's front: what reads an account is no call of a run.
    pub upstream: SdkConfig,
    /// Through the front, for what it alone has.
    pub front: SdkConfig,
    /// Twelve digits.
    pub account: String,
}

/// Why a part of an account was not read.
#[derive(Debug)]
pub enum Unread {
    /// The endpoint does not have this service, so nothing of it can be there.
    Missing,
    /// In words.
    Failed(String),
}

pub type Read = Result<Value, Unread>;

/// Reads one service's part of one account. Keeps its clients: making them takes longer than a call.
pub trait Reads: Send + Sync {
    /// Collections by name; in each, things by their ids or names. No times, and no list whose order
    /// means something. Two reads are equal exactly when nothing has changed.
    fn read(&self) -> BoxFuture<'_, Read>;

    /// A word for what a release leaves on purpose or cannot give back, where the difference at
    /// `path` is that. What [`Account::evidence`] names needs none.
    fn kept(&self, _path: &[&str], _was: &Value, _is: &Value) -> Option<&'static str> {
        None
    }

    /// Makes the account as `before` again in what [`Reads::kept`] has a word for, as its owner
    /// would, and says so in `now`.
    fn renew<'a>(
        &'a self,
        _before: &'a Value,
        _now: &'a mut Value,
    ) -> BoxFuture<'a, Result<(), Unread>> {
        Box::pin(async { Ok(()) })
    }
}

/// How a value of someone else's relates to what the run found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theirs {
    /// It is neither the value before nor ours: a conflict.
    Third,
    /// The setting has two values only, so theirs is the one before.
    Before,
}

/// Sets a setting to a value of someone else's, by calls of their own; `None` for a kind that has no
/// other value in the lab. The last argument is the service's part of the account.
pub type Rival = for<'a> fn(
    &'a SdkConfig,
    &'a Place,
    &'a Value,
) -> BoxFuture<'a, Result<Option<Theirs>, Unread>>;

/// Why a call failed, with the cause that the SDK hides in its chain.
pub(crate) fn why<E>(error: SdkError<E, HttpResponse>) -> Unread
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    if error.raw_response().is_some_and(|answer| answer.status().as_u16() == 501) {
        return Unread::Missing;
    }
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    Unread::Failed(match (error.code(), error.message(), status) {
        (Some(code), text, _) => format!("{code}: {}", text.unwrap_or_default()),
        // The whole answer may be a page of markup, which belongs into no report.
        (None, _, Some(status)) => format!("HTTP status {status} without an error of AWS"),
        (None, _, None) => DisplayErrorContext(&error).to_string(),
    })
}

/// What may not be there: `None` where the service answers with one of `codes`.
pub(crate) fn unless<T, E>(
    codes: &[&str],
    answer: Result<T, SdkError<E, HttpResponse>>,
) -> Result<Option<T>, Unread>
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.code().is_some_and(|code| codes.contains(&code)) => Ok(None),
        Err(error) => Err(why(error)),
    }
}

/// Things by their ids.
pub(crate) fn by_id(found: impl IntoIterator<Item = (Option<String>, Value)>) -> Value {
    let with_id = found.into_iter().filter_map(|(id, value)| Some((id?, value)));
    Value::Object(with_id.collect::<Map<_, _>>())
}

impl std::fmt::Display for Unread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => f.write_str("this endpoint does not have the service"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}
