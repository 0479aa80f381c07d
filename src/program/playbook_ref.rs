//! Which playbook a plan is of, and how its roles are reached. Owns what of a playbook's head is under the plan's
//! hash; the steps are `planfile`'s.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::playbook::{Playbook, Role};

/// The head of a plan's playbook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlaybookRef {
    pub id: String,
    pub title: String,
    pub version: String,
    pub sha256: String,
    /// How its roles are reached, by role: whoever approves has to know whom a run asks.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub contacts: IndexMap<String, String>,
}

impl PlaybookRef {
    pub(super) fn of(playbook: &Playbook, sha256: String) -> Self {
        let contact = |(name, role): (&String, &Role)| Some((name.clone(), role.contact.clone()?));
        Self {
            id: playbook.id.value.clone(),
            title: playbook.title.clone(),
            version: playbook.version.to_string(),
            sha256,
            contacts: playbook.roles.iter().filter_map(contact).collect(),
        }
    }
}
