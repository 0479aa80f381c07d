//! Settings of CloudWatch: alarms that a run makes. Owns their reads and writes.

mod alarm;

pub(crate) use alarm::describe;
pub use alarm::{Alarm, Watched};

pub(crate) const ALARMS: &str = "arn:aws:cloudwatch:{region}:{account}:alarm:*";
