//! Actions of drills: the guard before anything is touched, the clocks, and the detections that a
//! drill waits for. What injects faults and what recovers is elsewhere.

pub mod begin_recovery;
pub mod begin_response;
mod cost;
pub mod detect;
pub mod guard;
pub mod mark;
pub mod source;
pub mod try_again;
pub mod watch;
mod window;
