//! The operations of the FIS API: what a call asks, checked, answered from the store.

pub mod accounts;
pub mod actions;
pub mod experiments;
pub mod lever;
mod page;
mod start;
pub mod tags;
pub mod templates;

pub use start::start;
