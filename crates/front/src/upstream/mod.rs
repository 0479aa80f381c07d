//! The way to the upstream: pooled connections, requests as they are, and a small client for stand-ins.

mod client;
mod error;
mod session;

pub use client::{Down, Upstream};
pub use error::error_of;
pub use session::Session;
pub(super) use session::form;
