//! AWS as the engine's world: clients, classes of errors, the clock, and the settings, facts and
//! operations by service. Owns every AWS call; knows no playbook, no step order and no terminal.

pub mod account;
mod attempts;
pub mod backup;
mod batch;
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
#[cfg(test)]
mod gone_tests;
mod guard;
pub mod guardduty;
pub mod iam;
pub(crate) mod kit;
pub mod lambda;
mod new_role;
pub(crate) mod owned;
mod pacing;
pub(crate) mod pages;
pub mod partition;
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
pub mod tried;

pub use client::{
    ASSUME_ROLE, AskCode, Aws, ConnectOptions, Endpoints, Haste, Session, Used, session_name,
};
pub use error::call_error;
pub(crate) use gate::OnlyRefused;
pub use guard::Place;
pub use service::{ALL as SERVICES, denial, is_global, of as service_of, registry};
