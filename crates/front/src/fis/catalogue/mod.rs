//! What `ListActions` and `ListTargetResourceTypes` show: exactly the actions that have effect here.

mod actions;
pub(super) mod duration;
mod elsewhere;
mod parameter;
mod resources;

pub(super) use actions::{ACTIONS, ActionSpec, Kind, find};
pub(super) use elsewhere::ELSEWHERE;
pub(super) use parameter::{document, list};
pub(super) use resources::{RESOURCE_TYPES, ResourceType, resource_type};
