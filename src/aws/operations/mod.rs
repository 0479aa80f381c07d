//! Operations by service: the jobs that AWS runs for us.

pub mod detection;
pub mod backup;
pub mod ec2;
pub mod fis;
pub mod guardduty;
pub mod ssm;
