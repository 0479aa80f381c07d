//! The way to the upstream: pooled connections, requests as they are, and a small client for stand-ins.

mod client;
mod error;
mod session;

pub(crate) use client::{Down, Upstream};
pub(crate) use error::error_of;
pub(crate) use session::Session;
pub(super) use session::form;
