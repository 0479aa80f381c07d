//! What runs make for themselves: the tags by which it is known, whose it is, and the value that such
//! settings share. Owns these; how a thing is made and found is its service's.

mod made;
mod owner;

pub(crate) use made::{Made, not_ours, open};
pub(crate) use owner::Owner;

/// The run that made a thing.
pub(crate) const RUN_TAG: &str = "backburn:run";
/// The step that made it.
pub(crate) const STEP_TAG: &str = "backburn:step";
/// Unique for one start of one operation.
pub(crate) const TOKEN_TAG: &str = "backburn:token";
