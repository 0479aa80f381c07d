//! Facts that a drill asks for before it touches anything, beside those of FIS.

mod alarm_states;
mod aws_time;

pub use alarm_states::AlarmStates;
pub use aws_time::AwsTime;
