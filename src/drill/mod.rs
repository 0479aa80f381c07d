//! Drills: a simulation file to a program of the same engine, and a finished run to a scorecard.
//! Owns the simulation format and the order of a drill; its steps are actions like any others, and
//! what they do to AWS is theirs.

mod beside;
mod card;
mod check;
pub mod document;
mod experiment;
mod fis_template;
pub mod formats;
pub mod history;
mod lower;
mod make;
mod outline;
pub mod read;
pub mod refused;
pub mod schedule;
pub mod schema;
pub mod score;
#[cfg(test)]
mod tests;

pub use beside::{beside, named};
pub use card::{NotCounted, Unfit};
pub use check::{CheckedDrill, Files, check};
pub use document::Simulation;
pub use experiment::template_json;
pub use lower::{Lowered, RESPOND_PREFIX, lower};
#[cfg(all(test, feature = "aws"))]
pub(crate) use lower::{READS, STEPS};
pub use outline::{Attack, Detection, Effect, Outline, Recovery, Refusal, Response};
pub use read::{is_simulation, parse};
