//! What `ListActions` and `ListTargetResourceTypes` show: exactly the actions that have effect here.

mod actions;
pub mod duration;
mod elsewhere;
mod parameter;
mod resources;

pub use actions::{ACTIONS, ActionSpec, Kind, find};
pub use elsewhere::ELSEWHERE;
pub use parameter::{document, list};
pub use resources::{RESOURCE_TYPES, ResourceType, resource_type};
