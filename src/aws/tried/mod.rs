//! Calls that are tried with the credentials of somebody who should be refused. Owns the operation that tries them until
//! they are, and what the answers come to; which calls, as whom and when is decided by whoever asks.
//!
//! It changes nothing: the calls read, or write what is there already.

mod answer;
mod calls;
mod watch;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use schemars::JsonSchema;
use tokio::time::Instant;

use super::{kit::*, s3::GET_BUCKET_PUBLIC_ACCESS_BLOCK};

pub use answer::{Answer, Holder};
pub use calls::{Call, Name, Own, Reads, all};
pub use watch::{TriedCall, Until, Watch, detail, outcome};

operation! {
    /// Calls made as the principal of the step, again and again.
    #[serde(rename_all = "kebab-case")]
    pub struct Tries {
        pub name: String,
        pub calls: Vec<Call>,
        pub until: Until,
        /// RFC 3339, on AWS's clock: when the response ended.
        #[serde(default)]
        pub since: Option<String>,
        pub within: Duration,
        /// The calls that worked before the response; a plan cannot know how many.
        #[serde(skip)]
        pub before: Option<Vec<String>>,
        /// Whoever runs the drill.
        #[serde(skip)]
        pub runner: Option<Aws>,
        #[serde(skip)]
        pub memory: Memory,
    }
    "drill.tries" = Tried, target "{name}";
    uses [GET_BUCKET_PUBLIC_ACCESS_BLOCK];
    leaves "nothing: what it writes was there before", planned Tried::planned(since.clone());
    looks;
}

/// What this process has seen so far. Not journaled: what counts is tried again.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<(Option<Instant>, Watch)>>);

impl Memory {
    fn seen(&self) -> MutexGuard<'_, (Option<Instant>, Watch)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of the calls. Times are RFC 3339 on AWS's clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Tried {
    /// `pass` when each call is refused, `still-works`, or `unknown`.
    pub outcome: String,
    pub calls: Vec<TriedCall>,
    /// Names of the calls that worked at least once.
    pub worked: Vec<String>,
    /// When the response had ended.
    pub since: Option<String>,
    /// When the last of the calls was refused first, of the refusals that hold.
    pub refused_at: Option<String>,
    /// From `since` to `refused-at`.
    pub seconds_to_refused: Option<f64>,
    /// The outcome in a sentence.
    pub detail: String,
}

impl Tried {
    fn planned(since: Option<String>) -> Self {
        let after = || AFTER_RUN.to_owned();
        Self {
            outcome: after(),
            calls: Vec::new(),
            worked: vec![after()],
            since,
            refused_at: Some(after()),
            seconds_to_refused: None,
            detail: after(),
        }
    }
}

impl Operation<Aws> for Tries {
    /// There is nothing to find: a start that was cut off is made again.
    async fn find(&self, _: &Aws, _: &Token) -> Result<Option<String>, CallError> {
        Ok(Some(self.name.clone()))
    }

    async fn start(&self, _: &Aws, _: &Token) -> Result<String, CallError> {
        Ok(self.name.clone())
    }

    async fn poll(&self, attacker: &Aws, _: &str) -> Result<Progress<Tried>, CallError> {
        let Some(runner) = &self.runner else {
            let text = "whoever runs the drill is not known, so nothing is tried";
            return Err(CallError::local(Self::KIND, Class::Invalid, text));
        };
        let begun = *self.memory.seen().0.get_or_insert_with(Instant::now);
        let at = runner.now().await?;
        let is_over = |session: super::Session| at >= session.ends;
        let holder = match attacker.session_taken().is_some_and(is_over) {
            true => Holder::Over,
            false => Holder::Ours,
        };
        let answers = calls::all(&self.calls, attacker, runner, holder).await;
        let (at, now) = (runner.now().await?, Instant::now());
        let over = match self.since()? {
            Some(since) => at.duration_since(since).as_secs_f64() > self.within.as_secs_f64(),
            None => begun.elapsed() > self.within,
        };
        let mut seen = self.memory.seen();
        seen.1.saw(answers, at, now);
        if !seen.1.settled(self.until, over, now) {
            let open = seen.1.open(&self.calls, self.until);
            let open: Vec<_> = open.into_iter().map(|call| format!("`{}`", call.shown())).collect();
            let wanted = match self.until {
                Until::Works => "works",
                Until::Refused => "refused twice in a row",
            };
            let note = format!("not yet {wanted}: {}", open.join(", "));
            return Ok(Progress::Running { percent: None, note });
        }
        Ok(Progress::Done(self.tried(&seen.1, &attacker.scope().principal)?))
    }

    async fn discard(&self, _: &Aws, _: &str) -> Result<bool, CallError> {
        Ok(true)
    }
}

impl Tries {
    fn since(&self) -> Result<Option<Timestamp>, CallError> {
        let Some(since) = &self.since else { return Ok(None) };
        since.parse().map(Some).map_err(|e| {
            let text = format!("`since` is `{since}`, which is no moment: {e}");
            CallError::local(Self::KIND, Class::Invalid, text)
        })
    }

    fn tried(&self, watch: &Watch, principal: &str) -> Result<Tried, CallError> {
        let calls = watch.ends(&self.calls, principal, self.before.as_deref());
        let outcome = outcome(&calls);
        let last = calls.iter().filter_map(|call| call.refused_at).max();
        let last = last.filter(|_| outcome == "pass");
        let took = match (self.since()?, last) {
            (Some(since), Some(last)) => Some(last.duration_since(since).as_secs_f64().max(0.0)),
            _ => None,
        };
        Ok(Tried {
            outcome: outcome.into(),
            detail: detail(&calls),
            worked: watch.worked(&self.calls),
            since: self.since.clone(),
            refused_at: last.map(|at| at.to_string()),
            seconds_to_refused: took,
            calls,
        })
    }
}
