//! Drills: a simulation file to a program of the same engine, and a finished run to a scorecard.
//! Owns the simulation format and the order of a drill; its steps are actions like any others, and
//! what they do to AWS is theirs.

mod check;
pub mod document;
mod experiment;
pub mod formats;
pub mod history;
mod lower;
mod make;
mod outline;
pub mod read;
pub mod schedule;
pub mod schema;
pub mod score;
#[cfg(test)]
mod tests;

pub use check::{CheckedDrill, Files, beside, check};
pub use document::Simulation;
pub use experiment::template_json;
pub use lower::{Lowered, RESPOND_PREFIX, lower};
pub use outline::{Attack, Detection, Outline, Recovery, Response};
pub use read::{is_simulation, parse};
