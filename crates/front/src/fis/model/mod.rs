//! Templates and experiments in the shapes of the FIS API, and what the front keeps beside them.

mod experiment;
mod moment;
mod template;
mod undo;

pub use experiment::{
    ActionState, ActionStatus, Experiment, ExperimentAction, ExperimentState, Failure, Halt,
    Record, ResolvedTarget, Status,
};
pub use moment::Moment;
pub use template::{
    AccountConfiguration, Action, Filter, StopCondition, Target, Template, TemplateOptions,
    TemplateRecord,
};
pub use undo::{Disruption, Undo};

/// Kinds of values in the store.
pub const TEMPLATE: &str = "fis.template";
pub const EXPERIMENT: &str = "fis.experiment";
pub const LEVER: &str = "fis.lever";

/// Tags and parameters.
pub type Texts = indexmap::IndexMap<String, String>;
