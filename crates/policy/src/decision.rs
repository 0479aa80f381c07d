//! The answer to a request, and the statements behind it.

use std::{collections::BTreeSet, fmt};

use crate::{Effect, Kind, Missing};

/// What AWS would answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Something allows it, and nothing denies it.
    Allowed,
    /// A statement denies it.
    ExplicitlyDenied,
    /// A kind of policy that must allow it does not.
    ImplicitlyDenied,
    /// It depends on what is missing.
    Unknown,
}

impl Answer {
    /// Whether the request is refused, for whichever reason.
    pub fn is_denied(self) -> bool {
        matches!(self, Self::ExplicitlyDenied | Self::ImplicitlyDenied)
    }

    /// `Allowed`, `ExplicitlyDenied`, `ImplicitlyDenied` or `Unknown`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allowed => "Allowed",
            Self::ExplicitlyDenied => "ExplicitlyDenied",
            Self::ImplicitlyDenied => "ImplicitlyDenied",
            Self::Unknown => "Unknown",
        }
    }
}

/// One statement of one policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementRef {
    /// The kind of its policy.
    pub kind: Kind,
    /// Which level, counted from the root of the organization, for control policies.
    pub level: Option<usize>,
    /// The policy's name.
    pub policy: String,
    /// Its place in the document, from zero.
    pub index: usize,
    /// Its `Sid`, if it has one.
    pub sid: Option<String>,
    /// What it does where it applies.
    pub effect: Effect,
}

impl fmt::Display for StatementRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "statement {}", self.index + 1)?;
        if let Some(sid) = &self.sid {
            write!(f, " (`{sid}`)")?;
        }
        let kind = match self.kind {
            Kind::Identity => "identity policy",
            Kind::Scp => "service control policy",
            Kind::Rcp => "resource control policy",
            Kind::Boundary => "permissions boundary",
            Kind::Session => "session policy",
            Kind::Resource => "resource policy",
        };
        write!(f, " of {kind} `{}`", self.policy)
    }
}

/// The answer to a request, with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The answer.
    pub answer: Answer,
    /// The statements that decide: those that deny, those that allow, or those that may.
    pub because: Vec<StatementRef>,
    /// The kinds that would have to allow the request and do not, when nothing denies it explicitly.
    pub lacking: Vec<Kind>,
    /// What is missing, when the answer is unknown.
    pub missing: BTreeSet<Missing>,
    /// What AWS's rules say beside the policies, such as that a root user assumes no role.
    pub rule: Option<&'static str>,
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed =
            |f: &mut fmt::Formatter<'_>, items: Vec<String>| f.write_str(&items.join(", "));
        let because = || self.because.iter().map(ToString::to_string).collect::<Vec<_>>();
        match self.answer {
            Answer::Allowed => {
                f.write_str("allowed by ")?;
                match self.rule {
                    Some(rule) => f.write_str(rule),
                    None => listed(f, because()),
                }
            }
            Answer::ExplicitlyDenied => {
                f.write_str("denied by ")?;
                listed(f, because())
            }
            Answer::ImplicitlyDenied => match self.rule {
                Some(rule) => write!(f, "denied: {rule}"),
                None => {
                    f.write_str("denied: not allowed by the ")?;
                    listed(f, self.lacking.iter().map(ToString::to_string).collect())
                }
            },
            Answer::Unknown => {
                f.write_str("unknown without ")?;
                listed(f, self.missing.iter().map(ToString::to_string).collect())
            }
        }
    }
}
