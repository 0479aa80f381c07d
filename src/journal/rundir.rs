//! The directory of a run: frozen inputs, plan, journal, evidence and the lock that keeps two
//! processes off one run. Owns the layout; what the files mean is their writers'.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};
use ulid::Ulid;

use super::{line::hash, private};

/// `<home>/runs/<ULID>/`.
#[derive(Clone, Debug)]
pub struct RunDir {
    path: PathBuf,
}

/// Held while a process works on a run; the operating system frees it when the process ends.
#[derive(Debug)]
pub struct RunLock(#[allow(dead_code, reason = "held for its drop")] File);

/// A file kept as evidence.
pub struct KeptFile {
    /// Relative to the run directory.
    pub file: String,
    pub sha256: String,
}

#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum RunDirError {
    #[error("no run matches `{asked}` in {home}")]
    #[diagnostic(
        code("run::unknown"),
        help("`backburn runs` lists the runs; `BACKBURN_HOME` is where they are kept")
    )]
    Unknown { asked: String, home: String },
    #[error("`{asked}` matches {} runs: {}", found.len(), found.join(", "))]
    #[diagnostic(code("run::ambiguous"), help("give more of the id, or `last`"))]
    Ambiguous { asked: String, found: Vec<String> },
    #[error("run {run} is being worked on by another process")]
    #[diagnostic(code("run::locked"), help("wait for it, or stop it with `backburn abort {run}`"))]
    Locked { run: String },
    #[error("{path}: {error}")]
    #[diagnostic(code("run::io"), help("the run directory must be readable and writable"))]
    Io { path: String, error: io::Error },
}

/// The names of its files, relative to it.
impl RunDir {
    /// The chain of records.
    pub const JOURNAL: &str = "journal.jsonl";
    /// The playbook or simulation, as it was run.
    pub const PLAYBOOK: &str = "playbook.yaml";
    /// The inputs without the sensitive ones, and the files that a simulation names.
    pub const INPUTS: &str = "inputs.json";
    /// The plan that the run is held to.
    pub const PLAN: &str = "plan.json";
    /// A drill's scorecard.
    pub const SCORECARD: &str = "drill.json";
    /// The after-action report.
    pub const REPORT: &str = "report.html";
    /// How the run stands, kept from its journal.
    pub const STATE: &str = "state.json";
    /// What a process that works on the run holds.
    pub const LOCK: &str = "lock";
    /// There once that process was asked to stop.
    pub const STOP: &str = "stop";
    /// What is kept for investigators, in a folder a step.
    pub const EVIDENCE: &str = "evidence";

    /// The file of a step's question, while it waits.
    pub fn question(step: &str) -> String {
        approval(step, "asked")
    }

    /// The file of an answer to it, until the run takes it up.
    pub fn answer(step: &str) -> String {
        approval(step, "given")
    }

    /// Whether a file is one of the two.
    pub fn is_approval(name: &str) -> bool {
        name.starts_with(APPROVAL)
    }

    /// The files of the questions that wait, as far as the directory can be read.
    pub fn questions(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter(|name| Self::is_approval(name) && name.ends_with(".asked.json")).collect()
    }
}

const APPROVAL: &str = "approval-";

/// Ids of steps are words; anything else is kept out of a file name.
fn approval(step: &str, what: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-[]".contains(c);
    let word: String = step.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    format!("{APPROVAL}{word}.{what}.json")
}

impl RunDir {
    /// Makes the directory of a new run.
    ///
    /// # Errors
    /// The disk refuses it, or it is there already.
    pub fn create(home: &Path, run: &str) -> Result<Self, RunDirError> {
        let path = home.join("runs").join(run);
        private::dirs(&home.join("runs")).map_err(at(&path))?;
        private::dir(&path).map_err(at(&path))?;
        private::dir(&path.join(Self::EVIDENCE)).map_err(at(&path))?;
        File::open(home.join("runs")).and_then(|runs| runs.sync_all()).map_err(at(&path))?;
        Ok(Self { path })
    }

    /// Waits until no other run of this home begins; the lock ends with the file.
    ///
    /// # Errors
    /// The disk refuses it.
    pub fn turn(home: &Path) -> Result<File, RunDirError> {
        let path = home.join("runs").join("turn.lock");
        let open = || {
            private::dirs(&home.join("runs"))?;
            let mut options = File::options();
            let file = private::file(&path, options.create(true).truncate(false).write(true))?;
            file.lock()?;
            Ok(file)
        };
        open().map_err(at(&path))
    }

    /// Finds a run by its id, a unique prefix of it (any case), or `last`.
    ///
    /// # Errors
    /// None or several match, or the directory cannot be read.
    pub fn find(home: &Path, asked: &str) -> Result<Self, RunDirError> {
        let runs = Self::list(home)?;
        let unknown =
            || RunDirError::Unknown { asked: asked.into(), home: home.display().to_string() };
        if asked == "last" {
            return runs.into_iter().next_back().ok_or_else(unknown);
        }
        let wanted = asked.to_uppercase();
        let mut found: Vec<_> =
            runs.into_iter().filter(|run| run.id().starts_with(&wanted)).collect();
        match (found.pop(), found.is_empty()) {
            (None, _) => Err(unknown()),
            (Some(run), true) => Ok(run),
            (Some(run), false) => {
                found.push(run);
                let found = found.iter().map(|run| run.id().to_owned()).collect();
                Err(RunDirError::Ambiguous { asked: asked.into(), found })
            }
        }
    }

    /// Every run, oldest first.
    ///
    /// # Errors
    /// The directory cannot be read; one that is not there has no runs.
    pub fn list(home: &Path) -> Result<Vec<Self>, RunDirError> {
        let path = home.join("runs");
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(at(&path)(e)),
        };
        let mut runs = Vec::new();
        for entry in entries {
            let path = entry.map_err(at(&path))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if Ulid::from_string(&name).is_ok() {
                runs.push(Self { path });
            }
        }
        runs.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(runs)
    }

    pub fn id(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn journal(&self) -> PathBuf {
        self.path.join(Self::JOURNAL)
    }

    /// There once the process that works on the run was asked to stop.
    pub fn stop_request(&self) -> PathBuf {
        self.path.join(Self::STOP)
    }

    /// Asks the process that works on the run to stop.
    ///
    /// # Errors
    /// The disk refuses it.
    pub fn ask_to_stop(&self) -> Result<(), RunDirError> {
        self.write(Self::STOP, b"stop\n")
    }

    /// # Errors
    /// Another process holds it.
    pub fn lock(&self) -> Result<RunLock, RunDirError> {
        let path = self.path.join(Self::LOCK);
        let mut options = File::options();
        let file = private::file(&path, options.create(true).truncate(false).write(true));
        let file = file.map_err(at(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(RunLock(file)),
            Err(TryLockError::WouldBlock) => Err(RunDirError::Locked { run: self.id().into() }),
            Err(TryLockError::Error(e)) => Err(at(&path)(e)),
        }
    }

    /// Writes a file of the run whole or not at all.
    ///
    /// # Errors
    /// The disk refuses it.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), RunDirError> {
        write_whole(&self.path.join(name), bytes)
    }

    /// # Errors
    /// The disk refuses it.
    pub fn write_json<T: Serialize>(&self, name: &str, value: &T) -> Result<(), RunDirError> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|e| at(&self.path.join(name))(io::Error::other(e)))?;
        self.write(name, text.as_bytes())
    }

    /// Writes a file whole or not at all, but without waiting for the disk: after a loss of power it may
    /// be empty or not there. For what can be made again.
    pub(super) fn write_unsynced<T: Serialize>(&self, name: &str, value: &T) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.path)?;
        private::own(file.as_file())?;
        file.write_all(&serde_json::to_vec(value)?)?;
        file.persist(self.path.join(name)).map_err(|e| e.error)?;
        Ok(())
    }

    /// # Errors
    /// The file cannot be read, or has unexpected content.
    pub fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<T, RunDirError> {
        let path = self.path.join(name);
        let bytes = fs::read(&path).map_err(at(&path))?;
        serde_json::from_slice(&bytes).map_err(|e| at(&path)(io::Error::other(e)))
    }

    /// # Errors
    /// The file cannot be read.
    pub fn read_text(&self, name: &str) -> Result<String, RunDirError> {
        let path = self.path.join(name);
        fs::read_to_string(&path).map_err(at(&path))
    }

    /// Keeps bytes under `evidence/<step>/<name>`; each part becomes a plain file name.
    ///
    /// # Errors
    /// The disk refuses it.
    pub fn keep_evidence(
        &self,
        step: &str,
        name: &str,
        bytes: &[u8],
    ) -> Result<KeptFile, RunDirError> {
        let file = format!("{}/{}/{}", Self::EVIDENCE, plain(step), plain(name));
        let path = self.path.join(&file);
        if let Some(parent) = path.parent() {
            private::dirs(parent).map_err(at(&path))?;
        }
        write_whole(&path, bytes)?;
        Ok(KeptFile { file, sha256: hash(bytes) })
    }
}

fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), RunDirError> {
    let write = || {
        let parent = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(parent)?;
        private::own(file.as_file())?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|e| e.error)?;
        // The name is on the disk only once its directory is.
        File::open(parent)?.sync_all()
    };
    write().map_err(at(path))
}

fn plain(name: &str) -> String {
    let kept: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-_.[]".contains(c) { c } else { '_' })
        .collect();
    if kept.chars().all(|c| c == '.') { "_".into() } else { kept }
}

fn at(path: &Path) -> impl Fn(io::Error) -> RunDirError {
    let path = path.display().to_string();
    move |error| RunDirError::Io { path: path.clone(), error }
}
