//! Settings of AWS FIS: the template of an experiment, and the experiment that was started from it.
//! Owns how each is made, found again and taken away; what an experiment does is decided by
//! `actions::fis`.

mod design;
mod experiment;
mod experiment_template;
mod mark;

pub use design::{Design, DesignedAction, DesignedFilter, DesignedTarget};
pub use experiment::{Experiment, Started};
pub use experiment_template::{ExperimentTemplate, Template};
pub use mark::Mark;
