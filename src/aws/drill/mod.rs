//! What a drill reads of AWS before it touches anything, beside FIS: states of alarms, and the time.

mod alarm_states;
mod aws_time;
mod permissions;

pub use alarm_states::AlarmStates;
pub use aws_time::AwsTime;
