//! Notifies people and programs of a run: the content, its form, and its delivery. Never
//! blocks a run and never fails one. Owns the notifications; reaches SNS through whoever calls it.

pub(crate) mod http;
mod notification;
mod office;
pub(crate) mod payload;
mod resolve;
pub(crate) mod sign;
#[cfg(test)]
mod tests;

pub(crate) use notification::{Notification, Score, missed};
pub(crate) use office::{CLOSING, Deliver, Office, Outcome, Refusal, Rhythm};
pub(crate) use resolve::{Address, Resolved, resolve};
