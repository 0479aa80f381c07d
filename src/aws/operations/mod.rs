//! Operations by service: the jobs that AWS runs for us.

pub mod backup;
pub mod detection;
pub mod ec2;
pub mod fis;
pub mod guardduty;
pub mod ssm;
