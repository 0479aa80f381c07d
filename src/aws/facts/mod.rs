//! Facts by service: what actions read and decide by, and never write.

pub mod backup;
pub mod ec2;
pub mod fis;
pub mod iam;
