//! Document to program: a DAG of steps that is acyclic by construction, and everything that is wrong on the way.
//!
//! Owns names, types and order of steps. Does not run anything and knows actions only as [`crate::playbook::Catalogue`].

pub mod belts;
#[cfg(feature = "aws")]
pub mod bind;
mod check;
pub mod commitment;
mod compile;
mod confided;
mod critical;
mod cycles;
mod differences;
mod draw;
mod graph;
mod hazards;
pub mod kept;
mod kinds;
mod links;
pub mod planfile;
mod playbook_ref;
#[cfg(feature = "aws")]
pub mod policy;
#[cfg(feature = "aws")]
pub mod prepare;
pub mod release_plan;
#[cfg(feature = "aws")]
mod settle;
#[cfg(test)]
mod tests;
mod values;

pub use check::{Checked, check};
pub use compile::compile;
pub use draw::{dot, mermaid};
pub use graph::{Edge, Frame, Node, Program};
