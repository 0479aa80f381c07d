//! What a report is folded from: the files of a run's directory. Owns what happens where one of
//! them is missing or no longer fits; the fold itself reads no file.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::Deserialize;

use crate::{
    drill::{self, document::Simulation, score::Scorecard},
    journal::{self, Read, ReadError, Record, RunDir, hash},
    playbook::{Catalogue, Playbook, Role},
    program::{
        Program, check,
        planfile::{PlanFile, sources_sha256},
    },
};

use super::Law;

/// What the reader of the report chose.
#[derive(Clone, Debug)]
pub struct Options {
    pub now: Timestamp,
    /// When the clocks of regulations begin; the start of the run when none is given.
    pub t0: Option<Timestamp>,
    pub laws: Vec<Law>,
    /// A process works on the run right now.
    pub live: bool,
}

/// A question that a step has left for whoever answers it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Asked {
    pub step: String,
    pub role: Option<String>,
    pub question: String,
    pub since: Timestamp,
}

/// The files of one run.
pub struct Sources {
    pub id: String,
    pub read: Read,
    pub plan: Option<PlanFile>,
    pub playbook: Option<Arc<Playbook>>,
    /// None where this version cannot compile what an earlier one ran.
    pub program: Option<Arc<Program>>,
    pub simulation: Option<Simulation>,
    /// The playbook that answers a drill.
    pub response: Option<Arc<Playbook>>,
    pub card: Option<Scorecard>,
    /// SHA-256 of each kept file as it is now.
    pub evidence: HashMap<String, String>,
    /// In the order in which they were asked; they mean something only while the run is worked on.
    pub asked: Vec<Asked>,
    pub files_match: bool,
}

/// A playbook that this process has compiled already.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    pub text: &'a str,
    pub playbook: &'a Arc<Playbook>,
    pub program: &'a Arc<Program>,
}

/// Of `inputs.json`, what a report needs.
#[derive(Default, Deserialize)]
struct Frozen {
    #[serde(default)]
    name: String,
    #[serde(default)]
    files: IndexMap<String, String>,
}

impl Sources {
    /// Reads the run's directory; only the journal must exist.
    ///
    /// # Errors
    /// The journal cannot be read, or its chain does not hold.
    pub fn read(dir: &RunDir, catalogue: &Catalogue) -> Result<Self, ReadError> {
        let (mut sources, frozen, text) = Self::files(dir)?;
        sources.compile(&frozen, &text, catalogue);
        Ok(sources)
    }

    /// The same, sooner: where the run has the text of `known`, nothing is compiled.
    ///
    /// # Errors
    /// As [`Sources::read`].
    pub fn read_knowing(
        dir: &RunDir,
        known: Known<'_>,
        catalogue: impl FnOnce() -> Catalogue,
    ) -> Result<Self, ReadError> {
        let (mut sources, frozen, text) = Self::files(dir)?;
        if text == known.text && !drill::is_simulation(&text) {
            sources.playbook = Some(known.playbook.clone());
            sources.program = Some(known.program.clone());
        } else {
            sources.compile(&frozen, &text, &catalogue());
        }
        Ok(sources)
    }

    fn files(dir: &RunDir) -> Result<(Self, Frozen, String), ReadError> {
        let read = journal::read(&dir.journal())?;
        let text = dir.read_text(RunDir::PLAYBOOK).unwrap_or_default();
        let frozen: Frozen = dir.read_json(RunDir::INPUTS).unwrap_or_default();
        let plan: Option<PlanFile> = dir.read_json(RunDir::PLAN).ok();
        let files_match = match read.lines.first().map(|line| &line.record) {
            Some(Record::RunStarted { playbook_sha256, plan_sha256, .. }) => {
                sources_sha256(&text, &frozen.files) == *playbook_sha256
                    && plan
                        .as_ref()
                        .is_some_and(|plan| plan.is_intact() && plan.sha256 == *plan_sha256)
            }
            _ => false,
        };
        let kept = read.lines.iter().filter_map(|line| match &line.record {
            Record::Evidence { file, .. } => {
                let bytes = std::fs::read(dir.path().join(file)).ok()?;
                Some((file.clone(), hash(&bytes)))
            }
            _ => None,
        });
        let evidence = kept.collect();
        let sources = Self {
            id: dir.id().to_owned(),
            plan,
            card: dir.read_json(RunDir::SCORECARD).ok(),
            evidence,
            asked: asked(dir),
            files_match,
            playbook: None,
            program: None,
            simulation: None,
            response: None,
            read,
        };
        Ok((sources, frozen, text))
    }

    /// The same with the organisation's contacts of roles, which take precedence over a playbook's.
    #[must_use]
    pub fn with_contacts(mut self, contacts: &BTreeMap<String, String>) -> Self {
        for playbook in self.playbook.iter_mut().chain(&mut self.response) {
            let is_known =
                |(name, role): (&String, &Role)| match (contacts.get(name), &role.contact) {
                    (Some(contact), known) => known.as_ref() == Some(contact),
                    (None, _) => true,
                };
            // A playbook that a run shares has them already, and is large.
            if playbook.roles.iter().all(is_known) {
                continue;
            }
            for (name, role) in &mut Arc::make_mut(playbook).roles {
                if let Some(contact) = contacts.get(name) {
                    role.contact = Some(contact.clone());
                }
            }
        }
        self
    }

    fn compile(&mut self, frozen: &Frozen, text: &str, catalogue: &Catalogue) {
        if !drill::is_simulation(text) {
            let checked = check(&frozen.name, text, catalogue);
            self.playbook = checked.playbook.map(Arc::new);
            self.program = checked.program.map(Arc::new);
            return;
        }
        let file = |name: &str| {
            frozen.files.get(name).cloned().ok_or_else(|| "the run did not keep it".to_owned())
        };
        let found = drill::check(&frozen.name, text, catalogue, &file);
        self.playbook = found.checked.playbook.map(Arc::new);
        self.program = found.checked.program.map(Arc::new);
        self.response = found.response.and_then(|response| response.playbook).map(Arc::new);
        self.simulation = found.simulation;
    }
}

fn asked(dir: &RunDir) -> Vec<Asked> {
    let asked = dir.questions();
    // One may be gone by now, because it was just answered.
    let asked = asked.iter().filter_map(|name| dir.read_json(name).ok());
    let mut asked: Vec<Asked> = asked.collect();
    asked.sort_by(|a, b| (a.since, &a.step).cmp(&(b.since, &b.step)));
    asked
}
