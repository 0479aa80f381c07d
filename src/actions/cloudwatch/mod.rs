//! Actions on CloudWatch alarms: one that a drill makes, and the check of a state. One file an action.

pub mod check_alarm;
pub mod create_alarm;
