//! Runs things without the command line: begins, resumes, stops and releases runs and drills, and
//! knows who holds what.

pub mod answer;
pub mod configured;
mod context;
pub mod desk;
pub mod drill;
mod exit;
mod failure;
pub mod held;
pub mod human;
pub mod page;
pub mod prepare;
pub mod reconnect;
mod secrets;
pub mod session;
pub mod standing;
pub mod stop;
pub mod telling;

pub use context::Context;
pub use exit::Exit;
pub use failure::Failure;
pub use secrets::Secrets;
