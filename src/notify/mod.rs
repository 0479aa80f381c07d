//! Notifies people and programs of a run: the content, its form, and its delivery. Never
//! blocks a run and never fails one. Owns the notifications; reaches SNS through whoever calls it.

pub mod http;
mod notification;
mod office;
pub mod payload;
mod resolve;
pub mod sign;
#[cfg(test)]
mod tests;

pub use notification::{Notification, Score, missed};
pub use office::{CLOSING, Deliver, Office, Outcome, Refusal, Rhythm};
pub use resolve::{Address, Resolved, resolve};
