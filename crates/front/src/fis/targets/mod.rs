//! From the targets of a template to the resources of the account, frozen when the experiment starts.

mod describe;
mod path;
mod resolve;
mod select;

pub use resolve::{Unresolved, ids, resolve};
pub use select::Selection;
