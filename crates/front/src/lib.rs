//! The front: a gateway before the lab's upstream. It passes every call through unchanged, except those that the
//! upstream lacks: these its stand-ins answer, with effects that are real in the upstream account.
//!
//! ```text
//! client -> server -> faults -> policies -> state of the thing -> quotas -> stand-in -> answer
//!                                                                       \-> upstream -> answer  (then: CloudTrail record, EventBridge)
//! ```
//! Owns the gateway. Starting the upstream behind it, and the process that a front runs in, is the program's business.
//! What is public is what starts a front and what its fault rules say; all else is the front's own.

mod alarms;
mod all;
mod answer;
mod backup;
mod body;
mod call;
mod clock;
mod cloudtrail;
mod control;
mod enforce;
mod error;
mod events;
pub mod faults;
mod fis;
mod foreign;
mod forward;
mod guard;
mod guardduty;
mod handle;
mod identity;
mod ids;
mod interfaces;
mod kept;
mod loopback;
mod metadata;
mod observe;
mod options;
mod quotas;
mod record;
mod s3;
mod server;
mod snapshot_locks;
mod ssm;
mod stand_in;
mod standing;
mod state;
mod store;
mod upstream;
mod webhooks;
mod wire;

pub use all::full;
pub use clock::Clock;
pub use error::{Error, NotLoopback};
pub use loopback::check as check_loopback;
pub use options::Options;
pub use server::serve;
pub use state::{Builder, Front};

use answer::{Answer, AwsError};
use call::{Call, Identity, Scope};
use events::Event;
use stand_in::StandIn;
use store::Store;
use upstream::Session;
use wire::Route;

#[cfg(test)]
mod killable;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
