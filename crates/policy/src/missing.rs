//! What keeps a request from an answer.

use std::fmt;

use crate::Kind;

/// Something without which a request cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// The value of a condition key, or that the request does not have it.
    Key(String),
    /// Policies of a kind, which were not read.
    Policies(Kind),
    /// Which principal of an account or which session of a role it is; the text names the entry that asks for it.
    Principal(String),
    /// Which resource it is.
    Resource,
    /// The account that owns the resource.
    ResourceAccount,
    /// AWS's documents do not say what happens; the text says in which case.
    Undocumented(String),
    /// A part of a document that AWS would not accept; the text names it.
    Malformed(String),
    /// The request and the policies are larger than what is judged in a bounded time.
    TooLarge,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, "the value of `{key}`"),
            Self::Policies(kind) => write!(f, "the {kind}, which were not read"),
            Self::Principal(entry) => write!(f, "whether the principal is `{entry}`"),
            Self::Resource => f.write_str("the resource"),
            Self::ResourceAccount => f.write_str("the account that owns the resource"),
            Self::Undocumented(text) => {
                write!(f, "what AWS does with {text}: its documents do not say")
            }
            Self::Malformed(text) => write!(f, "what is meant by a malformed document: {text}"),
            Self::TooLarge => f.write_str("a request and policies of a size that can be judged"),
        }
    }
}
