//! Facts of AWS FIS: one experiment, those that are active, the safety lever, and the tags of what an
//! experiment would hit. Owns the readings and their canonical form.

mod experiment;
mod running;
mod safety_lever;
mod target_tags;

pub(crate) use experiment::get;
pub use experiment::{ActionFacts, Experiment, ExperimentFacts, is_over};
pub(crate) use running::experiments;
pub use running::{ActiveExperiment, RunningExperiments};
pub(crate) use safety_lever::LEVER;
pub use safety_lever::{LeverFacts, SafetyLever};
pub use target_tags::TargetTags;
