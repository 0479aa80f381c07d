//! What a verifier could show about a containment. Owns the three words and their order.

use serde::{Deserialize, Serialize};

/// `Proven` only from state read back after the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    Proven,
    /// Part of it cannot be seen; the reason names that part.
    Presumed {
        reason: String,
    },
    Failed {
        reason: String,
    },
}

impl Verdict {
    pub fn word(&self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Presumed { .. } => "presumed",
            Self::Failed { .. } => "failed",
        }
    }

    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Proven => None,
            Self::Presumed { reason } | Self::Failed { reason } => Some(reason),
        }
    }

    /// The weaker of two, with both reasons when both have one of the same strength.
    pub fn and(self, other: Self) -> Self {
        match (self.rank(), other.rank()) {
            (a, b) if a < b => self,
            (a, b) if a > b => other,
            _ => match (self, other) {
                (Self::Presumed { reason: a }, Self::Presumed { reason: b }) if a != b => {
                    Self::Presumed { reason: format!("{a}; {b}") }
                }
                (Self::Failed { reason: a }, Self::Failed { reason: b }) if a != b => {
                    Self::Failed { reason: format!("{a}; {b}") }
                }
                (a, _) => a,
            },
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Failed { .. } => 0,
            Self::Presumed { .. } => 1,
            Self::Proven => 2,
        }
    }
}
