//! Operations by service: the jobs that AWS runs for us.

pub mod backup;
pub mod ec2;
pub mod fis;
pub mod ssm;
