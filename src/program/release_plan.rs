//! The plan of a release: what it would do, and its hash, which an approval names. Owns the format; what becomes
//! of each setting is `engine`'s.

use indexmap::IndexMap;
use serde::Serialize;

use crate::{
    engine::{
        MayBeOpen, Scope,
        foresee::{Fate, Foreseen},
    },
    journal::{Released, hash},
};

use super::planfile::without_session;

/// What a release would do now, for whoever approves it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReleasePlan {
    pub run: String,
    pub scope: Scope,
    /// As in the plan of a run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub endpoints: IndexMap<String, String>,
    /// Every service that it would call is on this machine.
    pub local: bool,
    /// The run was released completely before: that is final.
    pub released: bool,
    /// What may stand open now, and is closed before all else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub may_be_open: Vec<MayBeOpen>,
    pub steps: Vec<String>,
    pub force: Vec<String>,
    pub discard: bool,
    pub items: Vec<Foreseen>,
    /// SHA-256 of everything above, without the session name of an assumed role.
    pub sha256: String,
}

impl ReleasePlan {
    /// Fills in the hash.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        let mut shown = self.clone();
        shown.sha256.clear();
        shown.scope.principal = without_session(&shown.scope.principal).to_owned();
        let mut value = serde_json::to_value(shown).unwrap_or_default();
        value.sort_all_objects();
        self.sha256 = hash(value.to_string().as_bytes());
        self
    }

    /// How much it would change: only that has to be approved.
    pub fn changes(&self) -> usize {
        let changes = |item: &&Foreseen| !matches!(item.fate, Fate::Leave { .. });
        self.items.iter().filter(changes).count()
    }

    /// Whether something of it would stay as it is though it should not.
    pub fn is_left_over(&self) -> bool {
        self.items.iter().any(|item| {
            matches!(
                &item.fate,
                Fate::Leave { why: Released::Conflict { .. } | Released::Failed { .. } }
            )
        })
    }
}
