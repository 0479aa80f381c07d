//! Operations of AWS FIS: waiting for an experiment's effect and for its end. Owns how an experiment is
//! followed and halted; starting one is a setting, since release has to stop it.

mod await_effect;
mod await_experiment;
mod halt;

pub use await_effect::{AwaitEffect, Effect};
pub use await_experiment::{AwaitExperiment, Ended};
pub use halt::{engage_safety_lever, stop_experiment};
