//! Operations by service: the jobs that AWS runs for us.

pub mod ec2;
pub mod guardduty;
pub mod ssm;
