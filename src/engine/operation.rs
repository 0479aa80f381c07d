//! The second primitive: one long job that the world does for us, started once and awaited.
//! Owns the trait; the kinds live in `aws::operations`.

use std::future::Future;

use serde::{Serialize, de::DeserializeOwned};

use super::{CallError, Permission, World};

/// Identifies one start of one operation: sent as client token or tag, so that a job that an
/// interrupted run had already started is recognised. At most 64 ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub run: String,
    pub step: String,
    /// Unique for the run: the hash of run, step and place.
    pub id: String,
}

/// Where a job stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress<T> {
    Running { percent: Option<u8>, note: String },
    Done(T),
    Failed(String),
}

/// One job that AWS runs for us.
pub trait Operation<C: World>:
    Serialize + DeserializeOwned + Clone + Send + Sync + 'static
{
    /// Stable on disk, such as `ec2.create-snapshots`.
    const KIND: &'static str;
    const USES: &'static [Permission];
    type Output: Serialize + DeserializeOwned + Clone + Send + Sync + 'static;

    /// What the job works on, unique within its kind and step.
    fn target(&self) -> String;
    /// What it leaves in the account, for the plan and for release.
    fn leaves(&self) -> String;
    /// The output as far as it is known before the run, with placeholders for what AWS assigns.
    fn planned(&self) -> Self::Output;
    /// The job that this token started, if it did.
    fn find(
        &self,
        world: &C,
        token: &Token,
    ) -> impl Future<Output = Result<Option<String>, CallError>> + Send;
    /// Starts the job and returns its id.
    fn start(
        &self,
        world: &C,
        token: &Token,
    ) -> impl Future<Output = Result<String, CallError>> + Send;
    fn poll(
        &self,
        world: &C,
        job: &str,
    ) -> impl Future<Output = Result<Progress<Self::Output>, CallError>> + Send;

    /// Takes away what `job` left, for drills: what a drill leaves is litter, not evidence. True
    /// when nothing is left of it now, false for a kind whose effect cannot be taken back. Must be
    /// safe to call again.
    fn discard(
        &self,
        _world: &C,
        _job: &str,
    ) -> impl Future<Output = Result<bool, CallError>> + Send {
        async { Ok(false) }
    }
}
