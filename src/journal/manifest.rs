//! What a run keeps beside its journal: `evidence/manifest.json`, one line a file with its SHA-256,
//! made at the end of each part of a run and recorded in the chain. Owns what is listed, and the
//! comparison with what is there; who shows it is `cli`'s.

use std::{collections::BTreeMap, fs, io, path::Path};

use serde::{Deserialize, Serialize};

use super::{
    Head, Line, Record, RunDir, RunDirError,
    line::{hash, hash_all},
};

/// Name of the manifest, relative to the run's directory.
pub const MANIFEST: &str = "evidence/manifest.json";

/// The chain itself, locks and notes between processes: no artefacts.
const WORKING: [&str; 4] = [RunDir::JOURNAL, RunDir::LOCK, RunDir::STOP, MANIFEST];

/// Made from the journal, and made again whenever it is wanted.
const DERIVED: [&str; 3] = [RunDir::REPORT, RunDir::SCORECARD, RunDir::STATE];

/// The files of a run and what they were when it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub run: String,
    /// Records that the journal had before the manifest's own.
    pub records: u64,
    /// SHA-256 of the last of them: where in the chain the manifest belongs.
    pub head: String,
    /// By name.
    pub files: Vec<Artefact>,
}

/// One file of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artefact {
    /// Relative to the run's directory, with `/`.
    pub file: String,
    pub sha256: String,
    pub bytes: u64,
    /// What it is, and for evidence the step that kept it.
    pub origin: String,
}

/// How a file compares with its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stock {
    AsRecorded,
    Changed,
    Missing,
    /// In the directory, but no record mentions it.
    NotListed,
    /// A manifest that fits its place in the chain, whose record a crash cut off.
    NotRecorded,
}

impl Stock {
    /// Whether it is untouched, as far as the chain can show.
    pub fn is_good(self) -> bool {
        matches!(self, Self::AsRecorded | Self::NotRecorded)
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::AsRecorded => "as recorded",
            Self::Changed => "CHANGED",
            Self::Missing => "MISSING",
            Self::NotListed => "NOT LISTED",
            Self::NotRecorded => "not in the chain yet: the process was cut off before its record",
        }
    }
}

/// A file with how it compares.
pub type Stocked = (String, Stock);

/// Where the files of a run come from, by name.
#[derive(Clone)]
pub struct Origins(BTreeMap<String, String>);

impl Default for Origins {
    fn default() -> Self {
        let own = [
            (RunDir::PLAYBOOK, "the playbook or simulation as it was run"),
            (
                RunDir::INPUTS,
                "the inputs, without the sensitive ones, and the files that a drill names",
            ),
            (RunDir::PLAN, "the plan that the run is held to"),
        ];
        Self(own.map(|(file, origin)| (file.to_owned(), origin.to_owned())).into())
    }
}

impl Origins {
    /// Takes in a record of the run's journal.
    pub fn add(&mut self, record: &Record) {
        if let Record::Evidence { step, place, file, .. } = record {
            self.0.insert(file.clone(), format!("evidence of step `{step}`: {place}"));
        }
    }
}

/// Writes the manifest of the current files and returns the record that puts it into the chain,
/// whose head so far is `head`.
///
/// # Errors
/// A file cannot be read, or the disk refuses the manifest.
pub fn take_stock(dir: &RunDir, head: &Head, origins: &Origins) -> Result<Record, RunDirError> {
    let at = |error: io::Error| RunDirError::Io { path: dir.path().display().to_string(), error };
    let mut files = Vec::new();
    for file in listed(dir).map_err(at)? {
        let path = dir.path().join(&file);
        let sha256 = hash_file(dir, &file).map_err(at)?;
        let bytes = fs::metadata(&path).map_err(at)?.len();
        let origin = origins.0.get(file.as_str()).cloned();
        let origin = origin.unwrap_or_else(|| "not made by the run".into());
        files.push(Artefact { file, sha256, bytes, origin });
    }
    let (records, head) = (head.next, head.hash.clone());
    let manifest = Manifest { run: dir.id().into(), records, head, files };
    let text = serde_json::to_string_pretty(&manifest).map_err(|e| at(io::Error::other(e)))?;
    dir.write(MANIFEST, text.as_bytes())?;
    let (sha256, files) = (hash(text.as_bytes()), manifest.files.len() as u64);
    Ok(Record::Manifest { file: MANIFEST.into(), sha256, files })
}

/// What the chain records about the files of a run, collected from its lines one by one.
pub struct Recorded {
    /// The manifest as it lies there, and the SHA-256 of its bytes.
    manifest: Option<Manifest>,
    found: Option<String>,
    /// SHA-256 of the last manifest in the chain.
    last: Option<String>,
    /// Of the line that follows what the manifest was made of: whether it is a manifest's record, and
    /// the hash of the line before it.
    next: Option<(bool, String)>,
    /// SHA-256 of each piece of evidence and of a drill's scorecard, by name.
    evidence: BTreeMap<String, String>,
}

impl Recorded {
    /// Reads the manifest; the lines of the chain are still to be added.
    pub fn of(dir: &RunDir) -> Self {
        let bytes = dir.read(MANIFEST).ok();
        Self {
            manifest: bytes.as_ref().and_then(|bytes| serde_json::from_slice(bytes).ok()),
            found: bytes.as_ref().map(|bytes| hash(bytes)),
            last: None,
            next: None,
            evidence: BTreeMap::new(),
        }
    }

    /// Whether a run in progress has made another manifest meanwhile: then what was added does not
    /// belong to this one.
    pub fn is_outdated(&self, dir: &RunDir) -> bool {
        hash_file(dir, MANIFEST).ok() != self.found
    }

    /// Takes in a line of the run's journal; in their order.
    pub fn add(&mut self, line: &Line) {
        if self.manifest.as_ref().is_some_and(|manifest| manifest.records == line.seq) {
            let is_manifest = matches!(line.record, Record::Manifest { .. });
            self.next = Some((is_manifest, line.prev.clone()));
        }
        match &line.record {
            Record::Manifest { sha256, .. } => self.last = Some(sha256.clone()),
            Record::Evidence { file, sha256, .. } => {
                self.evidence.insert(file.clone(), sha256.clone());
            }
            Record::Scored { sha256, .. } => {
                self.evidence.insert(RunDir::SCORECARD.into(), sha256.clone());
            }
            _ => {}
        }
    }

    /// Compares every file of the run with the last manifest in the chain and with the evidence that
    /// was kept since. `head` is that of the whole chain.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn stock(self, dir: &RunDir, head: &Head) -> io::Result<Vec<Stocked>> {
        let is = |file: &str, sha256: &str| match hash_file(dir, file) {
            Ok(found) if found == sha256 => Stock::AsRecorded,
            Ok(_) => Stock::Changed,
            Err(_) => Stock::Missing,
        };
        let own = match (&self.last, &self.found) {
            (None, None) => None,
            (Some(last), Some(found)) if last == found => Some(Stock::AsRecorded),
            (Some(_), None) => Some(Stock::Missing),
            (_, Some(_)) if self.fits(head) => Some(Stock::NotRecorded),
            (None, Some(_)) => Some(Stock::NotListed),
            (Some(_), Some(_)) => Some(Stock::Changed),
        };
        let mut found: BTreeMap<String, Stock> = BTreeMap::new();
        found.extend(own.map(|own| (MANIFEST.to_owned(), own)));
        let listed_in = self.manifest.iter().flat_map(|manifest| &manifest.files);
        let listed_in = listed_in.map(|one| (&one.file, &one.sha256));
        // The chain's own word counts more than the manifest's.
        for (file, sha256) in listed_in.chain(&self.evidence) {
            found.insert(file.clone(), is(file, sha256));
        }
        let unrecorded = [RunDir::PLAYBOOK, RunDir::INPUTS, RunDir::PLAN];
        for file in listed(dir)? {
            // A run that was cut off before its first manifest has these three from its start.
            let known = self.manifest.is_none() && unrecorded.contains(&file.as_str());
            if !known {
                found.entry(file).or_insert(Stock::NotListed);
            }
        }
        // No manifest lists it: it would vouch for whatever lies there.
        if dir.path().join(RunDir::SCORECARD).symlink_metadata().is_ok() {
            found.entry(RunDir::SCORECARD.into()).or_insert(Stock::NotListed);
        }
        Ok(found.into_iter().collect())
    }

    /// Whether the manifest was made where the chain ended then, and its record is not in the chain.
    fn fits(&self, head: &Head) -> bool {
        let Some(manifest) = &self.manifest else { return false };
        match &self.next {
            Some((is_manifest, prev)) => !is_manifest && *prev == manifest.head,
            None => manifest.records <= head.next && head.hash == manifest.head,
        }
    }
}

fn hash_file(dir: &RunDir, file: &str) -> io::Result<String> {
    hash_all(dir.open(file)?)
}

/// Names of the artefacts in the directory, sorted.
fn listed(dir: &RunDir) -> io::Result<Vec<String>> {
    fn walk(root: &Path, prefix: &str, found: &mut Vec<String>) -> io::Result<()> {
        for entry in fs::read_dir(root.join(prefix))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let file = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            match entry.file_type()?.is_dir() {
                true => walk(root, &file, found)?,
                false => found.push(file),
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    walk(dir.path(), "", &mut found)?;
    let working = |file: &str| WORKING.contains(&file) || DERIVED.contains(&file);
    // A half-written file of a process that was killed, and questions that wait for an answer.
    let passing = |file: &str| {
        let name = file.rsplit('/').next().unwrap_or(file);
        name.starts_with(".tmp") || (name == file && RunDir::is_approval(name))
    };
    found.retain(|file| !working(file) && !passing(file));
    found.sort_unstable();
    Ok(found)
}
