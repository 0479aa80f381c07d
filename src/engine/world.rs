//! What the engine needs of the world that settings live in. Owns the trait and the scope of a
//! call; knows nothing of AWS.

use std::{future::Future, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::CallError;

/// Where a call goes: journaled with every change, operation and read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Scope {
    pub account: String,
    pub region: String,
    /// ARN of the principal that calls.
    pub principal: String,
}

/// The world that settings are read from and written to; cheap to clone.
pub trait World: Clone + Send + Sync + 'static {
    fn scope(&self) -> &Scope;
    /// The same world, calling in another Region.
    fn in_region(&self, region: &str) -> Self;
    /// The world's own time (AWS's `Date` header), never the laptop's clock.
    fn now(&self) -> impl Future<Output = Result<Timestamp, CallError>> + Send;
    fn patience(&self) -> Patience;
}

/// How long a written setting may take to read back as written, and how often to look.
/// IAM is eventually consistent: <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html>.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub first: Duration,
    pub longest: Duration,
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
            deadline: Duration::from_secs(60),
            poll: Duration::from_secs(5),
            wait: Duration::MAX,
        }
    }
}
