//! Settings by service: the readable, writable pieces of account state.

pub mod backup;
pub mod ec2;
pub mod fis;
pub mod iam;
