//! The engine: settings and operations, the step handle, the run loop, plans and release. Generic
//! over its world: knows no YAML, no AWS and no terminal.

mod append;
mod discard;
mod error;
mod event;
mod exposed;
mod human;
mod operation;
mod permission;
pub mod plan;
mod planner;
pub mod races;
mod registry;
pub mod release;
mod runner;
mod setting;
mod step;
#[cfg(test)]
mod tests;
pub mod unit;
mod walk;
mod work;
mod world;

pub use crate::journal::{Class, How, Place, Scope, Verdict};
pub use error::{CallError, StepError, show};
pub use event::{Event, Events};
pub use exposed::{LeftOpen, close_all as close_exposed};
pub use human::{Answer, Human, Nobody, Question};
pub use operation::{AnyOperation, Operation, OperationHead, Progress, Token};
pub use permission::{Permission, on};
pub use planner::{plan, plan_ahead};
pub use registry::Registry;
pub use runner::{RunEnd, run};
pub use setting::{AnySetting, Fact, FactHead, Order, Reach, Rule, Setting, SettingHead};
pub use step::{AFTER_RUN, Run, Step, is_open, is_open_text, settled};
pub use walk::Walked;
pub use work::{is_urgent, paced};
pub use world::{Patience, Touch, World};
