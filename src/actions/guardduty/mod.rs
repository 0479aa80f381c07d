//! Actions on GuardDuty for drills: the detector, and sample findings. One file an action.

pub mod create_sample_findings;
pub mod enable;
