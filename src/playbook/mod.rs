//! Text to typed document: YAML with spans, the words a playbook may use, expressions, input types.
//!
//! Owns everything that can be checked in a playbook file alone. Does not know which actions exist beyond the
//! plain data in [`catalogue`], never calls AWS, never prints.

pub mod catalogue;
pub mod choices;
pub mod codes;
pub mod diagnostic;
pub mod document;
mod events;
pub mod expr;
pub mod inputs;
mod principals;
pub mod read;
pub mod render;
pub mod schema;
pub mod source;
pub mod span;
pub(crate) mod suggest;
#[cfg(test)]
pub mod testing;
pub mod tree;
pub mod types;

pub use catalogue::{ActionInfo, Catalogue, Effect, Schema};
pub use choices::{OnFailure, Phase, Responsibility, Severity};
pub use diagnostic::{Diagnostic, Level};
pub use document::{
    Accept, Actor, ActorKind, Approval, FirstOf, Input, Limits, Playbook, Retry, Role, Step,
};
pub use principals::Principals;
pub use read::parse;
pub use span::{Span, Spanned};
pub(crate) use suggest::{closest, did_you_mean, listed};
