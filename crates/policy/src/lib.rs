//! Judges a request by IAM policies. Owns what a policy document means; reads no account, no file and no clock.
//!
//! [`evaluate`] takes a [`Request`] and the [`Policies`] that are in force for it, and answers in three ways: allowed,
//! denied (explicitly, or because nothing allows it), or unknown, with what is missing for an answer. Unknown is never
//! a guess in either direction: a condition key that the caller does not know, policies that could not be read, or a
//! case that AWS's documents leave open.
//!
//! The work is bounded: a document or a request that would take too long is unknown too ([`Missing::TooLarge`]).
//!
//! Follows the IAM User Guide, each module the page that it names:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

#![warn(missing_docs)]

mod arn;
mod caller;
pub mod cases;
mod condition;
mod context;
mod decision;
mod document;
mod evaluate;
mod glob;
mod kind;
mod missing;
mod named;
mod operator;
mod request;
mod side;
mod statement;
mod strict;
mod template;
mod truth;
mod value;

pub use caller::{Caller, Who};
pub use context::{Context, Value};
pub use decision::{Answer, Decision, StatementRef};
pub use document::{Document, Effect, Fault};
pub use evaluate::evaluate;
pub use kind::{Kind, Policies, Policy};
pub use missing::Missing;
pub use named::is_unique_id;
pub use request::Request;
pub use statement::{Principal, Statement};
