//! The operations of the FIS API: what a call asks, checked, answered from the store.

pub(super) mod accounts;
pub(super) mod actions;
pub(super) mod experiments;
pub(super) mod lever;
mod page;
mod start;
pub(super) mod tags;
pub(super) mod templates;

pub(super) use start::start;
