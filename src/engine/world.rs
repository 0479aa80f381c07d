//! What the engine needs of the world that settings live in. Owns the trait; knows nothing of AWS.

#![warn(missing_docs)]

use std::{future::Future, time::Duration};

use jiff::Timestamp;

use super::{CallError, Place, Scope, StepError};

/// The world that settings are read from and written to; cheap to clone.
pub trait World: Clone + Send + Sync + 'static {
    /// What a run may touch of it: what limits count and a tag may protect.
    type Thing: Clone + std::fmt::Debug + Send + Sync + 'static;

    /// Account, Region and principal.
    fn scope(&self) -> &Scope;
    /// The same world, calling in another Region.
    fn in_region(&self, region: &str) -> Self;
    /// The world's own time (AWS's `Date` header), never the laptop's clock.
    fn now(&self) -> impl Future<Output = Result<Timestamp, CallError>> + Send;
    /// How long a change may take to be seen.
    fn patience(&self) -> Patience;
    /// Asked before each change and each operation, in a plan and in a run alike: the one place where a
    /// limit or a protection can refuse. A resumed run asks again for an intent of which nothing was
    /// made yet, and not for what was done. Release does not ask.
    ///
    /// # Errors
    /// [`StepError::Refused`] when it must not be made; nothing was written.
    fn allows(
        &self,
        _touch: &Touch<'_, Self::Thing>,
    ) -> impl Future<Output = Result<(), StepError>> + Send {
        async { Ok(()) }
    }
    /// Told of what an operation of the run made, which [`allows`](Self::allows) need not guard.
    fn made(&self, _things: Vec<Self::Thing>) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// The change or operation about to be made.
#[derive(Clone, Copy, Debug)]
pub struct Touch<'a, T> {
    /// Id of the step.
    pub step: &'a str,
    /// What it is about to touch.
    pub place: &'a Place,
    /// What it touches, as its kind says.
    pub things: &'a [T],
    /// Whether it is only planned.
    pub planning: bool,
}

/// How long a written setting may take to read back as written, and how often to look.
/// IAM is eventually consistent: <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html>.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until the first read; doubles from then on.
    pub first: Duration,
    /// The longest wait between two reads.
    pub longest: Duration,
    /// When to give up.
    pub deadline: Duration,
    /// Between two looks at a running operation.
    pub poll: Duration,
    /// No step waits longer than this, whatever it asks for; shortened only in the lab.
    pub wait: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(150),
            longest: Duration::from_secs(3),
            deadline: Duration::from_mins(1),
            poll: Duration::from_secs(5),
            wait: Duration::MAX,
        }
    }
}
