//! Yes, no, or open for a reason.

use std::collections::BTreeSet;

use crate::Missing;

/// Whether something holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    Yes,
    No,
    /// It depends on these.
    Open(BTreeSet<Missing>),
}

impl Truth {
    pub(crate) fn open(missing: Missing) -> Self {
        Self::Open(BTreeSet::from([missing]))
    }

    /// An open question about what AWS does.
    pub(crate) fn undocumented(text: impl Into<String>) -> Self {
        Self::open(Missing::Undocumented(text.into()))
    }

    pub(crate) fn negated(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            open @ Self::Open(_) => open,
        }
    }

    /// Whether all hold: one that does not decides, whatever is open beside it. All of none hold.
    pub(crate) fn all(truths: impl IntoIterator<Item = Self>) -> Self {
        let mut missing = BTreeSet::new();
        for truth in truths {
            match truth {
                Self::Yes => {}
                Self::No => return Self::No,
                Self::Open(more) => missing.extend(more),
            }
        }
        if missing.is_empty() { Self::Yes } else { Self::Open(missing) }
    }

    /// Whether at least one holds.
    pub(crate) fn any(truths: impl IntoIterator<Item = Self>) -> Self {
        Self::all(truths.into_iter().map(Self::negated)).negated()
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self::all([self, other])
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self::any([self, other])
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}
