//! AWS as the engine's world: clients, classes of errors, the clock, and the settings, facts and
//! operations by service. Owns every AWS call; knows no playbook, no step order and no terminal.

mod attempts;
pub mod belts;
mod client;
mod clock;
mod denial;
pub mod digest;
pub mod error;
pub mod facts;
mod gate;
mod guard;
pub mod operations;
mod pacing;
pub mod publish;
mod registry;
mod renewal;
#[cfg(test)]
pub(crate) mod replay;
pub mod settings;

pub use client::{Aws, ConnectOptions, Haste, session_name};
pub use error::call_error;
pub(crate) use gate::OnlyRefused;
pub use registry::registry;
