//! AWS FIS: the template of an experiment, the experiment that was started from it, waiting for its effect
//! and its end, and the safety lever. Owns how each is made, followed, found again and taken away; what an
//! experiment does is decided by `actions::fis`.

mod await_effect;
mod await_experiment;
mod design;
mod experiment;
mod experiment_state;
mod experiment_template;
mod halt;
mod mark;
mod permissions;
mod preview;
mod running;
mod safety_lever;
mod target_tags;

pub use await_effect::{AwaitEffect, Effect};
pub use await_experiment::{AwaitExperiment, Ended};
pub use design::{Design, DesignedAction, DesignedFilter, DesignedTarget};
pub use experiment::{Experiment, Started};
pub(crate) use experiment_state::get;
pub use experiment_state::{ActionFacts, ExperimentFacts, ExperimentState, is_over};
pub use experiment_template::{ExperimentTemplate, Template};
pub use halt::{HALTS, Lever, engage_safety_lever, stop_experiment};
pub use mark::Mark;
pub use preview::{Preview, Resolved, ResolvedTargets};
pub(crate) use running::experiments;
pub use running::{ActiveExperiment, RunningExperiments};
pub(crate) use safety_lever::LEVER;
pub use safety_lever::{LeverFacts, SafetyLever};
pub use target_tags::TargetTags;

use super::{Aws, client::client, service::Service};
use crate::engine::Registry;

client!(fis, aws_sdk_fis);

pub(super) const SERVICE: Service = Service::new("fis", register);

fn register(registry: Registry<Aws>) -> Registry<Aws> {
    registry
        .with::<Experiment>()
        .with::<ExperimentTemplate>()
        .with_operation::<AwaitEffect>()
        .with_operation::<AwaitExperiment>()
        .with_operation::<Preview>()
}
