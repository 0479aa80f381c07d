//! Facts by service: what actions read and decide by, and never write.

pub mod backup;
pub mod cloudtrail;
pub mod cloudwatch;
pub mod drill;
pub mod dynamodb;
pub mod ec2;
pub mod fis;
pub mod iam;
pub mod s3;
