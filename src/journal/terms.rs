//! What records say of calls and changes in a word: where a call went, how it failed, how a change is
//! released. Owns the words on disk; what the engine does by them is the engine's.

use serde::{Deserialize, Serialize};

/// Where a call goes: journaled with every change, operation and read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Scope {
    pub account: String,
    pub region: String,
    /// ARN of the principal that calls.
    pub principal: String,
}

/// What a failed call means for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// AWS asks for a slower pace.
    Throttled,
    /// The caller may not do this.
    Denied,
    /// The thing named does not exist, or no longer does.
    Gone,
    /// The account is already as the call would make it.
    AlreadySo,
    /// The request itself is wrong.
    Invalid,
    /// The caller's credentials have ended or are not accepted.
    Expired,
    /// No answer: nothing is known about the effect of the call.
    Unreachable,
    /// The endpoint does not have this call (local endpoints lack some).
    Missing,
    /// Anything else.
    Unknown,
}

/// What release does with a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// The value before is written back.
    Restored,
    /// Kept on purpose: evidence, or what AWS cannot take back.
    Retained,
    /// Scaffolding of the run: removed.
    Removed,
}
