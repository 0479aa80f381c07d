//! Settings by service: the readable, writable pieces of account state.

pub mod backup;
pub mod cloudtrail;
pub mod cloudwatch;
pub mod dynamodb;
pub mod ec2;
pub mod events;
pub mod fis;
pub mod guardduty;
pub mod iam;
mod made;
mod owner;
pub mod s3;
pub mod sqs;

pub use made::{Made, SCAFFOLDING, not_ours, open};
pub(crate) use owner::Owner;
