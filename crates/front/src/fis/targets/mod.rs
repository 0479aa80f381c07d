//! From the targets of a template to the resources of the account, frozen when the experiment starts.

mod describe;
mod path;
mod resolve;
mod select;

pub(super) use resolve::{Unresolved, ids, resolve};
pub(super) use select::Selection;
