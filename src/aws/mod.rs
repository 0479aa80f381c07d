//! AWS as the engine's world: clients, classes of errors, the clock, and the settings, facts and
//! operations by service. Owns every AWS call; knows no playbook, no step order and no terminal.

pub mod account;
mod attempts;
pub mod backup;
pub mod belts;
mod client;
mod clock;
pub mod cloudtrail;
pub mod cloudwatch;
mod denial;
pub mod detection;
pub mod digest;
pub mod drill;
pub mod dynamodb;
pub mod ec2;
pub mod error;
pub mod events;
pub mod fis;
mod gate;
mod guard;
pub mod guardduty;
pub mod iam;
pub(crate) mod kit;
pub mod lambda;
pub(crate) mod owned;
mod pacing;
pub(crate) mod policy_document;
pub mod publish;
mod renewal;
#[cfg(test)]
pub(crate) mod replay;
pub mod s3;
mod service;
pub mod sqs;
pub mod ssm;
pub mod thing;

pub use client::{Aws, ConnectOptions, Haste, session_name};
pub use error::call_error;
pub(crate) use gate::OnlyRefused;
pub use service::{ALL as SERVICES, is_global, of as service_of, registry};
