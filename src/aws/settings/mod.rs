//! Settings by service: the readable, writable pieces of account state.

pub mod ec2;
pub mod events;
pub mod iam;
mod owner;
pub mod sqs;

pub(crate) use owner::Owner;
