//! The tags and the client token by which a template or an experiment of a step is found again.

use std::collections::{BTreeMap, HashMap};

use sha2::{Digest, Sha256};

use crate::aws::{
    kit::*,
    owned::{RUN_TAG, STEP_TAG},
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub run: String,
    pub step: String,
    /// Further tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

impl Mark {
    pub(super) fn target(&self) -> String {
        format!("{}/{}", self.run, self.step)
    }

    /// Tags for the creating call; none of the further ones stands in for what it is found by.
    pub(super) fn all(&self) -> HashMap<String, String> {
        let own = [(RUN_TAG, &self.run), (STEP_TAG, &self.step)];
        let own = own.map(|(key, value)| (key.to_owned(), value.clone()));
        self.tags.clone().into_iter().chain(own).collect()
    }

    pub(super) fn is_on(&self, tags: Option<&HashMap<String, String>>) -> bool {
        let has = |key: &str, value: &str| {
            tags.and_then(|tags| tags.get(key)).is_some_and(|have| have == value)
        };
        has(RUN_TAG, &self.run) && has(STEP_TAG, &self.step)
    }

    /// The same for the same call, so that FIS itself makes one of two requests.
    pub(super) fn token(&self, of: &str) -> String {
        let hash = Sha256::digest(format!("{of}\n{}\n{}", self.run, self.step));
        hash[..16].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
