//! Actions that call no AWS service.

pub mod assert;
pub mod manual;
pub mod wait;
