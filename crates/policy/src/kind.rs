//! The kinds of policies, and those that are in force for a request.

use std::{collections::BTreeSet, fmt};

use crate::Document;

/// A kind of policy.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#access_policy-types>
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Of the calling user, its groups or its role.
    Identity,
    /// The limit of what identity policies may give the caller.
    Boundary,
    /// Passed when the session was made.
    Session,
    /// Of the resource; of a role it is its trust policy.
    Resource,
    /// Service control policies, of the caller's account and the units above it.
    Scp,
    /// Resource control policies, of the resource's account and the units above it.
    Rcp,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity => "identity policies",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::Resource => "resource policy",
            Self::Scp => "service control policies",
            Self::Rcp => "resource control policies",
        })
    }
}

/// A policy with the name by which a [`StatementRef`](crate::StatementRef) speaks of it.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Any text: a name, an ARN, a number.
    pub name: String,
    /// What it says.
    pub document: Document,
}

impl Policy {
    /// A policy of this name.
    pub fn new(name: impl Into<String>, document: Document) -> Self {
        Self { name: name.into(), document }
    }
}

/// The policies that are in force for a request. A kind that is empty or `None` is not in force; one that may be in
/// force, but was not read, belongs in `unseen`.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    /// Of the caller and its groups.
    pub identity: Vec<Policy>,
    /// `None` for a caller without a permissions boundary.
    pub boundary: Option<Vec<Policy>>,
    /// `None` for a session that was made without a session policy, and for callers that are no session. The session
    /// of a federated user that was made without one has no permissions of its user: for such a session give an
    /// empty document.
    pub session: Option<Policy>,
    /// The policy of the resource, if it has one. Of a role it is its trust policy: without it the answer is only what the
    /// other policies say.
    pub resource: Option<Policy>,
    /// Those of the root of the organization, of each unit and of the account, each level by itself. A level must
    /// allow.
    pub scp: Vec<Vec<Policy>>,
    /// The same of the resource's account. `RCPFullAWSAccess` is attached everywhere and need not be given.
    pub rcp: Vec<Vec<Policy>>,
    /// Kinds of which not all were read.
    pub unseen: BTreeSet<Kind>,
}
