//! Facts that a drill asks for before it touches anything.

mod alarm_states;
mod aws_time;
mod running_experiments;
mod safety_lever;

pub use alarm_states::AlarmStates;
pub use aws_time::AwsTime;
pub use running_experiments::RunningExperiments;
pub use safety_lever::{LeverIs, SafetyLever};
