//! Settings by service: the readable, writable pieces of account state.

pub mod cloudtrail;
pub mod cloudwatch;
pub mod dynamodb;
pub mod ec2;
pub mod guardduty;
pub mod iam;
mod made;
pub mod s3;

pub use made::{Made, SCAFFOLDING, not_ours, open};
