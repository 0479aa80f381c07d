//! The engine: settings and operations, the step handle, the run loop, plans and release. Generic
//! over its world: knows no YAML, no AWS and no terminal.

mod append;
mod discard;
mod error;
mod event;
mod exposed;
pub mod foresee;
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
mod users;
mod walk;
mod withheld;
mod work;
mod world;

pub use crate::journal::{Class, How, Place, Scope, Verdict};
pub use error::{CallError, StepError, show};
pub use event::{Event, Events};
pub use exposed::{LeftOpen, MayBeOpen, close_all as close_exposed, is_exposed, may_be_open_in};
pub use human::{Answer, Approvers, Human, Nobody, Question, Reply};
pub use operation::{AnyOperation, Operation, OperationHead, Progress, Token};
pub use permission::{Only, Permission, on};
pub use planner::{plan, plan_over, scout};
pub use registry::Registry;
pub use runner::{RunEnd, run};
pub use setting::{AnySetting, Fact, FactHead, Order, Reach, Rule, Setting, SettingHead};
pub(crate) use step::Reads;
pub use step::{AFTER_RUN, Run, Step, is_open, is_open_text, settled};
pub use walk::Walked;
pub use withheld::{LEFT_OUT, Withheld};
pub use work::{Exposure, exposure, is_urgent, paced, same_work};
pub use world::{Patience, Touch, World};
