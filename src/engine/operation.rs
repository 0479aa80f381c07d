//! The second primitive: one long job that the world does for us, started once and awaited.
//! Owns the traits and their erased form; the kinds live in `aws`.

#![warn(missing_docs)]

use std::future::Future;

use futures::future::BoxFuture;
use serde::{Serialize, de::DeserializeOwned};

use super::{CallError, Permission, Reach, World, permission::at_work};

/// Identifies one start of one operation: sent as client token or tag, so that a job that an
/// interrupted run had already started is recognised. At most 64 ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The ULID of the run.
    pub run: String,
    /// Id of the step, with its item where it has several.
    pub step: String,
    /// Unique for the run: the hash of run, step and place.
    pub id: String,
}

/// Where a job stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress<T> {
    /// It is still running.
    Running {
        /// Where AWS tells it.
        percent: Option<u8>,
        /// For people.
        note: String,
    },
    /// It has ended well.
    Done(T),
    /// It has ended otherwise; why, in AWS's words.
    Failed(String),
}

impl<T> Progress<T> {
    /// The same, with an output made from what is done.
    pub fn map<U>(self, output: impl FnOnce(T) -> U) -> Progress<U> {
        match self {
            Self::Running { percent, note } => Progress::Running { percent, note },
            Self::Done(done) => Progress::Done(output(done)),
            Self::Failed(why) => Progress::Failed(why),
        }
    }
}

/// The head of an operation: what it is called, what it needs and touches, and what it leaves. Written
/// by `operation!` for the kinds of AWS.
pub trait OperationHead<C: World>:
    Serialize + DeserializeOwned + Clone + Send + Sync + 'static
{
    /// `service.verb-noun`, such as `ec2.create-snapshots`. Kept on disk, so it never changes.
    const KIND: &'static str;
    /// What [`Operation::find`], [`Operation::start`] and [`Operation::poll`] call, at most.
    const USES: &'static [Permission];
    /// Of these, those without which the job still does what it is for, such as tags.
    const SPARES: &'static [Permission] = &[];
    /// What [`Operation::discard`] needs, and what [`Operation::find`] needs before it.
    const DISCARDS: &'static [Permission] = &[];
    /// What the job ends in. Kept in journals.
    type Output: Serialize + DeserializeOwned + Clone + Send + Sync + 'static;

    /// Whether the belts count and look at what it touches.
    const REACH: Reach;
    /// What looking at the things that it touches needs, a table for each class of them.
    const LOOKUPS: &'static [&'static [Permission]] = &[];

    /// What the job works on, unique within its kind and step.
    fn target(&self) -> String;
    /// The things in the account that the job changes or reads in a way that they notice. An id that
    /// AWS assigns later may be in it as a placeholder. Makes no call.
    fn touches(&self) -> Vec<C::Thing>;
    /// What it leaves in the account, for the plan and for release.
    fn leaves(&self) -> String;
    /// The output as far as it is known before the run, with placeholders for what AWS assigns.
    fn planned(&self) -> Self::Output;
}

/// One job that AWS runs for us.
pub trait Operation<C: World>: OperationHead<C> {
    /// The job that this token started, if it did.
    ///
    /// # Errors
    /// The call that failed: then nobody knows, and the job is not started again.
    fn find(
        &self,
        world: &C,
        token: &Token,
    ) -> impl Future<Output = Result<Option<String>, CallError>> + Send;

    /// Starts the job and returns its id. A call that got no answer is not repeated before the job was
    /// looked for by its token, unless AWS itself takes the token.
    ///
    /// # Errors
    /// The call that failed. After [`Class::Unreachable`](super::Class) the engine looks for the job.
    fn start(
        &self,
        world: &C,
        token: &Token,
    ) -> impl Future<Output = Result<String, CallError>> + Send;

    /// Where the job stands. Changes nothing and may be repeated at any time.
    ///
    /// # Errors
    /// The call that failed. A job that failed is no error but [`Progress::Failed`].
    fn poll(
        &self,
        world: &C,
        job: &str,
    ) -> impl Future<Output = Result<Progress<Self::Output>, CallError>> + Send;

    /// The things that `job` is or made, as far as its id has them. They are the run's own, also where they could not
    /// be tagged.
    fn made(&self, _job: &str) -> Vec<C::Thing> {
        Vec::new()
    }

    /// Whether what it leaves goes on costing where [`Operation::discard`] cannot remove it.
    fn costs(&self) -> bool {
        false
    }

    /// Removes what `job` left, for drills: what a drill leaves is litter, not evidence. True
    /// when nothing is left of it now, false for a kind whose effect cannot be taken back. Must be
    /// safe to call again.
    ///
    /// # Errors
    /// The call that failed; something may be left.
    fn discard(
        &self,
        _world: &C,
        _job: &str,
    ) -> impl Future<Output = Result<bool, CallError>> + Send {
        async { Ok(false) }
    }
}

/// An [`Operation`] with its types erased, as far as a release needs one that an earlier process
/// started.
pub trait AnyOperation<C: World>: Send + Sync {
    /// See [`OperationHead::REACH`].
    fn reach(&self) -> Reach;
    /// What it touches; empty unless it changes what it names.
    fn touches(&self) -> Vec<C::Thing>;
    /// See [`Operation::made`].
    fn made(&self, job: &str) -> Vec<C::Thing>;
    /// See [`Operation::costs`].
    fn costs(&self) -> bool;
    /// See [`Operation::find`].
    fn find<'a>(
        &'a self,
        world: &'a C,
        token: &'a Token,
    ) -> BoxFuture<'a, Result<Option<String>, CallError>>;
    /// See [`Operation::discard`].
    fn discard<'a>(&'a self, world: &'a C, job: &'a str) -> BoxFuture<'a, Result<bool, CallError>>;
}

pub(crate) struct ErasedOperation<O>(pub O);

/// What an operation touches; empty unless it changes what it names.
pub(crate) fn touched<C: World, O: Operation<C>>(operation: &O) -> Vec<C::Thing> {
    match O::REACH {
        Reach::Changes => operation.touches(),
        Reach::Makes | Reach::Looks => Vec::new(),
    }
}

impl<C: World, O: Operation<C>> AnyOperation<C> for ErasedOperation<O> {
    fn reach(&self) -> Reach {
        O::REACH
    }
    fn touches(&self) -> Vec<C::Thing> {
        touched(&self.0)
    }
    fn made(&self, job: &str) -> Vec<C::Thing> {
        self.0.made(job)
    }
    fn costs(&self) -> bool {
        self.0.costs()
    }
    fn find<'a>(
        &'a self,
        world: &'a C,
        token: &'a Token,
    ) -> BoxFuture<'a, Result<Option<String>, CallError>> {
        Box::pin(at_work(O::KIND, &[O::USES, O::DISCARDS], self.0.find(world, token)))
    }
    fn discard<'a>(&'a self, world: &'a C, job: &'a str) -> BoxFuture<'a, Result<bool, CallError>> {
        Box::pin(at_work(O::KIND, &[O::USES, O::DISCARDS], self.0.discard(world, job)))
    }
}
