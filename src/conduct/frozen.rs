//! What a run keeps of what it was started with, so that it can be gone on with.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{drill::Files, program::prepare::Prepared};

/// What a run keeps of its inputs; sensitive ones are named, their values are nowhere.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Frozen {
    pub name: String,
    pub started: String,
    pub values: IndexMap<String, Value>,
    pub sensitive: Vec<String>,
    /// The files that a simulation names.
    #[serde(default, skip_serializing_if = "Files::is_empty")]
    pub files: Files,
}

impl Frozen {
    pub(super) fn of(name: &str, started: &str, prepared: &Prepared) -> Self {
        let sensitive = prepared.playbook.inputs.iter().filter(|(_, input)| input.sensitive);
        let sensitive: Vec<_> = sensitive.map(|(name, _)| name.clone()).collect();
        let mut values = prepared.inputs.clone();
        values.retain(|name, _| !sensitive.contains(name));
        Self {
            name: name.into(),
            started: started.into(),
            values,
            sensitive,
            files: prepared.files.clone(),
        }
    }
}
