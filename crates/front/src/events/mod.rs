//! EventBridge's default bus for events that the upstream does not raise itself: matched against the rules that
//! the upstream holds, and delivered to their targets. Rules and targets stay the upstream's.

mod bus;
mod deliver;
mod ec2_state;
mod event;
mod input;
pub(crate) mod pattern;
mod rules;

pub(super) use bus::Bus;
pub(super) use ec2_state::{is_state_call, of_call as state_changes};
pub(crate) use event::Event;
