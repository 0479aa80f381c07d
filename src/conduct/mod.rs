//! Runs things without the command line: plans, begins, resumes, stops and releases runs and drills,
//! knows who holds what, takes answers, and tells people. Prints nothing: what there is to say goes to
//! a [`Console`], what came of the work is returned.
//!
//! [`Loaded`] is a playbook with its inputs, [`Planned`] what it would do, [`Ready`] the run that has
//! begun, [`Ended`] what its steps came to. [`resume`], [`release`], [`abort`] and [`halt`] take up a
//! run by its id.

#![warn(missing_docs)]

mod access;
pub(crate) mod answer;
mod begin;
mod can;
mod cards;
mod confided;
mod configuration;
mod console;
mod context;
pub(crate) mod desk;
mod drill;
pub(crate) mod entitled;
mod exit;
mod failure;
mod frozen;
mod halt;
mod held;
mod human;
mod identity;
mod key;
mod live_page;
mod loaded;
mod operator;
mod order;
pub(crate) mod page;
mod places;
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
mod stopping;
pub(crate) mod telling;
mod whose;

pub use can::{Can, Judged, Question, can};
pub use configuration::Configuration;
pub use console::{Console, Silent, Watched};
pub use context::Context;
pub use drill::Scored;
pub use exit::Exit;
pub use failure::Failure;
pub use halt::{Halt, halt};
pub use human::Approvals;
pub use loaded::{Loaded, Sources};
pub use places::state as default_home;
pub use plan::{Planned, Planning};
pub use ready::{Closed, Ended, Ready};
pub use release::{PlannedRelease, Release, Released, plan_release, release};
pub use resume::resume;
pub use stop::{Aborted, abort};

pub(crate) use access::{as_account, connect};
pub(crate) use cards::Cards;
pub(crate) use frozen::Frozen;
pub(crate) use identity::{caller, is_administrator};
pub(crate) use live_page::LivePage;
pub(crate) use loaded::{checked, read};
pub(crate) use operator::operator;
pub(crate) use plan::{approved, save};
pub(crate) use secrets::Secrets;
pub(crate) use whose::{Looked, NOT_SIGNED, adopt, look};
