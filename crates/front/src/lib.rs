//! The front: a gateway before the lab's upstream. It passes every call through unchanged, except those that the
//! upstream lacks: these its stand-ins answer, with effects that are real in the upstream account.
//!
//! ```text
//! client -> server -> faults -> quotas -> stand-in -> answer
//!                                     \-> upstream -> answer      (then: CloudTrail record, EventBridge)
//! ```
//! Owns the gateway. Starting it, and the upstream behind it, is `lab`'s business.

pub mod alarms;
mod all;
pub mod answer;
pub mod backup;
pub mod body;
pub mod call;
pub mod clock;
mod cloudtrail;
mod control;
mod events;
pub mod faults;
pub mod fis;
mod forward;
pub mod guardduty;
mod handle;
mod identity;
pub mod ids;
mod observe;
mod options;
mod quotas;
mod s3;
mod server;
pub mod ssm;
mod stand_in;
mod state;
pub mod store;
pub mod upstream;
pub mod wire;

pub use all::full;
pub use answer::{Answer, AwsError};
pub use call::{Call, Identity, Scope};
pub use clock::Clock;
pub use cloudtrail::Record;
pub use events::{Event, pattern};
pub use options::Options;
pub use server::serve;
pub use stand_in::StandIn;
pub use state::{Builder, Front};
pub use store::Store;
pub use upstream::Session;
pub use wire::Route;

#[cfg(test)]
mod killable;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;
