//! Templates and experiments in the shapes of the FIS API, and what the front keeps beside them.

mod experiment;
mod moment;
mod template;
mod undo;

pub(super) use experiment::{
    ActionState, ActionStatus, Experiment, ExperimentAction, ExperimentState, Failure, Halt,
    Record, ResolvedTarget, Status,
};
pub(super) use moment::Moment;
pub(super) use template::{
    AccountConfiguration, Action, Filter, StopCondition, Target, Template, TemplateOptions,
    TemplateRecord,
};
pub(super) use undo::{Disruption, Undo};

/// Kinds of values in the store.
pub(super) const TEMPLATE: &str = "fis.template";
pub(super) const EXPERIMENT: &str = "fis.experiment";
pub(super) const LEVER: &str = "fis.lever";

/// Tags and parameters.
pub(super) type Texts = indexmap::IndexMap<String, String>;
