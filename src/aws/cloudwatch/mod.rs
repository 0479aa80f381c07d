//! CloudWatch: alarms that a run makes, and the state of alarms. Owns their reads and writes.

mod alarm;
mod alarm_state;

pub(crate) use alarm::describe;
pub use alarm::{Alarm, Watched};
pub use alarm_state::{AlarmIs, AlarmState};

pub(crate) const ALARMS: &str = "arn:aws:cloudwatch:{region}:{account}:alarm:*";
