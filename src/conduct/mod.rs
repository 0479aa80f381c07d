//! Runs things without the command line: plans, begins, resumes, stops and releases runs and drills,
//! knows who holds what, takes answers, and tells people. Prints nothing: what there is to say goes to
//! a [`Console`], what came of the work is returned.
//!
//! [`Loaded`] is a playbook with its inputs, [`Planned`] what it would do, [`Ready`] the run that has
//! begun, [`Ended`] what its steps came to. [`resume`], [`release`], [`abort`] and [`halt`] take up a
//! run by its id.

mod access;
pub(crate) mod answer;
mod begin;
mod configuration;
mod console;
mod context;
pub(crate) mod desk;
mod drill;
mod exit;
mod failure;
mod frozen;
mod halt;
mod held;
mod human;
mod live_page;
mod loaded;
mod operator;
mod order;
pub(crate) mod page;
mod plan;
mod ready;
mod reconnect;
mod release;
mod resume;
mod secrets;
mod session;
pub(crate) mod standing;
mod start;
mod stop;
pub(crate) mod telling;

pub use configuration::Configuration;
pub use console::{Console, Silent, Watched};
pub use context::Context;
pub use drill::Scored;
pub use exit::Exit;
pub use failure::Failure;
pub use halt::{Halt, halt};
pub use human::Approvals;
pub use loaded::{Loaded, Sources};
pub use plan::{Planned, Planning};
pub use ready::{Closed, Ended, Ready};
pub use release::{Release, Released, release};
pub use resume::resume;
pub use stop::{Aborted, abort};

pub(crate) use access::{as_account, connect};
pub(crate) use frozen::Frozen;
pub(crate) use live_page::LivePage;
pub(crate) use loaded::{checked, read};
pub(crate) use operator::operator;
pub(crate) use plan::approved;
pub(crate) use secrets::Secrets;
