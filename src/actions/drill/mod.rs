//! Steps that a drill has by itself: guard, clocks, listening, detecting.

pub mod begin_recovery;
pub mod begin_response;
