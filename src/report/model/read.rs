//! What a report is folded from: the files of a run's directory. Owns what happens where one of
//! them is missing or no longer fits; the fold itself reads no file.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::Timestamp;
use serde::Deserialize;

use crate::{
    drill::{self, Unfit, document::Simulation, score::Scorecard},
    engine::Approvers,
    journal::{self, Read, ReadError, Record, RunDir, hash},
    playbook::{Catalogue, Playbook, Role},
    program::{Program, check, kept::KeptDocument, planfile::PlanFile},
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
    /// What an answer is bound to.
    #[serde(default)]
    pub id: String,
    #[serde(default)]
    pub rule: Approvers,
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
    /// Why a scorecard that lies there is not shown.
    pub card_unfit: Option<Unfit>,
    /// SHA-256 of each kept file as it is now.
    pub evidence: HashMap<String, String>,
    /// In the order in which they were asked; they mean something only while the run is worked on.
    pub asked: Vec<Asked>,
    /// `playbook.yaml` and `plan.json` are those that the journal names. One that is not is not used.
    pub files_match: bool,
}

/// A playbook that this process has compiled already.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    pub text: &'a str,
    pub playbook: &'a Arc<Playbook>,
    pub program: &'a Arc<Program>,
}

impl Sources {
    /// Reads the run's directory; only the journal must exist.
    ///
    /// # Errors
    /// The journal cannot be read, or its chain does not hold.
    pub fn read(dir: &RunDir, catalogue: &Catalogue) -> Result<Self, ReadError> {
        let (mut sources, kept) = Self::files(dir)?;
        if let Some(kept) = kept {
            sources.compile(&kept, catalogue);
        }
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
        let (mut sources, kept) = Self::files(dir)?;
        let Some(kept) = kept else { return Ok(sources) };
        if kept.text == known.text && !drill::is_simulation(&kept.text) {
            sources.playbook = Some(known.playbook.clone());
            sources.program = Some(known.program.clone());
        } else {
            sources.compile(&kept, &catalogue());
        }
        Ok(sources)
    }

    /// The document is none where it is not the one that the run began with.
    fn files(dir: &RunDir) -> Result<(Self, Option<KeptDocument>), ReadError> {
        let read = journal::read(&dir.journal())?;
        let (mut document, mut plan) = (None, None);
        if let Some(Record::RunStarted { playbook_sha256, plan_sha256, .. }) =
            read.lines.first().map(|line| &line.record)
        {
            document = KeptDocument::read(dir).ok().filter(|kept| kept.is(playbook_sha256));
            plan = dir.read_json(RunDir::PLAN).ok();
            plan = plan.filter(|plan: &PlanFile| plan.is_intact() && plan.sha256 == *plan_sha256);
        }
        let files_match = document.is_some() && plan.is_some();
        let scored = read.lines.iter().rev().find_map(|line| match &line.record {
            Record::Scored { sha256, .. } => Some(sha256.as_str()),
            _ => None,
        });
        let (card, card_unfit) = match Scorecard::kept(dir, scored) {
            Ok(card) => (card, None),
            Err(unfit) => (None, Some(unfit)),
        };
        let kept = read.lines.iter().filter_map(|line| match &line.record {
            Record::Evidence { file, .. } => Some((file.clone(), hash(&dir.read(file).ok()?))),
            _ => None,
        });
        let evidence = kept.collect();
        let sources = Self {
            id: dir.id().to_owned(),
            plan,
            card,
            card_unfit,
            evidence,
            asked: asked(dir),
            files_match,
            playbook: None,
            program: None,
            simulation: None,
            response: None,
            read,
        };
        Ok((sources, document))
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

    fn compile(&mut self, kept: &KeptDocument, catalogue: &Catalogue) {
        let KeptDocument { name, text, files } = kept;
        if !drill::is_simulation(text) {
            let checked = check(name, text, catalogue);
            self.playbook = checked.playbook.map(Arc::new);
            self.program = checked.program.map(Arc::new);
            return;
        }
        let file = |name: &str| {
            files.get(name).cloned().ok_or_else(|| "the run did not keep it".to_owned())
        };
        let found = drill::check(name, text, catalogue, &file);
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
