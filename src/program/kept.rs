//! The document that a run keeps: its playbook or simulation, and the files that a simulation names. Owns whether it is
//! the one that the run began with; what a changed one means is its readers'.

use indexmap::IndexMap;
use serde::Deserialize;

use crate::journal::{RunDir, RunDirError};

use super::planfile::sources_sha256;

/// A document as it lies in a run's folder, whoever wrote it.
#[derive(Clone, Debug, Default)]
pub struct KeptDocument {
    /// How the file was named when the run began.
    pub name: String,
    pub text: String,
    /// The files that a simulation names, by name.
    pub files: IndexMap<String, String>,
}

/// Of `inputs.json`, what belongs to the document.
#[derive(Default, Deserialize)]
struct Beside {
    #[serde(default)]
    name: String,
    #[serde(default)]
    files: IndexMap<String, String>,
}

impl KeptDocument {
    /// # Errors
    /// The run has no such file, or it cannot be read.
    pub fn read(dir: &RunDir) -> Result<Self, RunDirError> {
        let text = dir.read_text(RunDir::PLAYBOOK)?;
        let Beside { name, files } = dir.read_json(RunDir::INPUTS)?;
        Ok(Self { name, text, files })
    }

    /// Whether it has this hash, which a plan and the first record of a journal name.
    pub fn is(&self, sha256: &str) -> bool {
        sources_sha256(&self.text, &self.files) == sha256
    }
}
