//! The directory of a run: frozen inputs, plan, journal, evidence and the lock that keeps two
//! processes off one run. Owns the layout; what the files mean is their writers'.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read as _, Write},
    path::{Component, Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};
use ulid::Ulid;

use super::{
    line::hash,
    private,
    seal::{foreign, foreign_to},
};

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
    #[error("{what}; nothing was changed")]
    #[diagnostic(code("run::foreign"), help("{fix}"))]
    Foreign { what: String, fix: String },
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

    /// The file of the answer to one question of a step, until the answer is in the journal. `question` is
    /// its id: each question has a file of its own, so that its first answer is the only one.
    pub fn answer(step: &str, question: &str) -> String {
        approval(step, &format!("{}.given", question.get(..32).unwrap_or(question)))
    }

    /// The file of an answer that does not count, until that is in the journal. `answer` is its SHA-256.
    pub fn ignored(step: &str, answer: &str) -> String {
        approval(step, &format!("{}.ignored", answer.get(..32).unwrap_or(answer)))
    }

    /// Whether a file is an answer.
    pub fn is_answer(name: &str) -> bool {
        Self::is_approval(name) && name.ends_with(".given.json")
    }

    /// Whether a file is a question or an answer.
    pub fn is_approval(name: &str) -> bool {
        name.starts_with(APPROVAL)
    }

    /// The files of the questions that wait, as far as the directory can be read.
    pub fn questions(&self) -> Vec<String> {
        self.names(|name| Self::is_approval(name) && name.ends_with(".asked.json"))
    }

    /// The files of the answers that are not in the journal yet, as far as the directory can be read.
    pub fn answers(&self) -> Vec<String> {
        self.names(Self::is_answer)
    }

    /// The files of the answers that do not count, as far as the directory can be read.
    pub fn all_ignored(&self) -> Vec<String> {
        self.names(|name| Self::is_approval(name) && name.ends_with(".ignored.json"))
    }

    fn names(&self, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter(|name| wanted(name)).collect()
    }
}

const APPROVAL: &str = "approval-";

/// Ids of steps are words; anything else is kept out of a file name. Two steps never share one: a word that is
/// not the whole id, or that a file name has no room for, is followed by the id's hash.
fn approval(step: &str, what: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-[]".contains(c);
    let word: String = step.chars().filter(|c| plain(*c)).take(100).collect();
    let word = match word == step {
        true => word,
        false => format!("{word}_{}", hash(step.as_bytes()).get(..32).unwrap_or_default()),
    };
    format!("{APPROVAL}{word}.{what}.json")
}

impl RunDir {
    /// Makes the directory of a new run.
    ///
    /// # Errors
    /// The disk refuses it, or it is there already.
    pub fn create(home: &Path, run: &str) -> Result<Self, RunDirError> {
        own(home)?;
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
        own(home)?;
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
    /// None or several match; the home or the run's directory cannot be read, is another user's, or may be
    /// written by others.
    pub fn find(home: &Path, asked: &str) -> Result<Self, RunDirError> {
        let found = Self::matching(home, asked)?;
        not_foreign(&found.path)?;
        Ok(found)
    }

    /// The same for the machine's administrator, who may answer in the run of an ordinary user.
    ///
    /// # Errors
    /// As [`find`](Self::find), and several users own the home.
    pub fn find_as_administrator(home: &Path, asked: &str) -> Result<Self, RunDirError> {
        let found = Self::among(Self::all(home)?, home, asked)?;
        let owner = found.owner().unwrap_or_default();
        for path in [home, &home.join("runs"), &found.path] {
            if let Some((what, fix)) = foreign_to(path, owner) {
                return Err(RunDirError::Foreign { what, fix });
            }
        }
        Ok(found)
    }

    /// The system user to whom the run belongs; none where the system does not tell.
    pub fn owner(&self) -> Option<u32> {
        #[cfg(unix)]
        {
            Some(std::os::unix::fs::MetadataExt::uid(&fs::metadata(&self.path).ok()?))
        }
        #[cfg(not(unix))]
        None
    }

    fn matching(home: &Path, asked: &str) -> Result<Self, RunDirError> {
        Self::among(Self::list(home)?, home, asked)
    }

    fn among(runs: Vec<Self>, home: &Path, asked: &str) -> Result<Self, RunDirError> {
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
    /// The directory cannot be read, is another user's, or may be written by others; one that is not there has
    /// no runs.
    pub fn list(home: &Path) -> Result<Vec<Self>, RunDirError> {
        own(home)?;
        Self::all(home)
    }

    fn all(home: &Path) -> Result<Vec<Self>, RunDirError> {
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

    /// Opens the journal to be read and appended to. A link is not followed, and none is made.
    ///
    /// # Errors
    /// There is none, or the disk refuses it.
    pub fn open_journal(&self) -> Result<File, RunDirError> {
        let path = self.journal();
        private::file(&path, File::options().read(true).append(true)).map_err(at(&path))
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
        let path = self.path.join(name);
        private::replace(&path, bytes).map_err(at(&path))
    }

    /// # Errors
    /// The disk refuses it.
    pub fn write_json<T: Serialize>(&self, name: &str, value: &T) -> Result<(), RunDirError> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|e| at(&self.path.join(name))(io::Error::other(e)))?;
        self.write(name, text.as_bytes())
    }

    /// Writes a file whole or not at all, if there is none of that name; whether it did.
    ///
    /// # Errors
    /// The disk refuses it.
    pub fn create_json<T: Serialize>(&self, name: &str, value: &T) -> Result<bool, RunDirError> {
        let path = self.path.join(name);
        let create = || {
            let mut file = tempfile::NamedTempFile::new_in(&self.path)?;
            private::own(file.as_file())?;
            private::readable_by_owner_of(&self.path, file.as_file())?;
            file.write_all(&serde_json::to_vec_pretty(value)?)?;
            file.as_file().sync_all()?;
            match file.persist_noclobber(&path) {
                Ok(_) => File::open(&self.path)?.sync_all().map(|()| true),
                Err(e) if e.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
                Err(e) => Err(e.error),
            }
        };
        create().map_err(at(&path))
    }

    /// Writes a file whole or not at all, but without waiting for the disk: after a loss of power it may
    /// be empty or not there. For what can be made again.
    pub(super) fn write_unsynced(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.path)?;
        private::own(file.as_file())?;
        file.write_all(bytes)?;
        file.persist(self.path.join(name)).map_err(|e| e.error)?;
        Ok(())
    }

    /// # Errors
    /// The file cannot be read, or has unexpected content.
    pub fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<T, RunDirError> {
        let text = self.read_text(name)?;
        serde_json::from_str(&text).map_err(|e| at(&self.path.join(name))(io::Error::other(e)))
    }

    /// # Errors
    /// The file cannot be read.
    pub fn read_text(&self, name: &str) -> Result<String, RunDirError> {
        let text = |bytes| String::from_utf8(bytes).map_err(io::Error::other);
        self.read(name).and_then(text).map_err(at(&self.path.join(name)))
    }

    /// # Errors
    /// As [`open`](Self::open).
    pub fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open(name)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The system user who wrote a file of the run; none where the system has none.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn writer(&self, name: &str) -> io::Result<Option<u32>> {
        private::writer(&self.open(name)?)
    }

    /// Opens a file of the run by its name, such as `evidence/isolate/before.json`.
    ///
    /// # Errors
    /// It is not below the directory, links followed; is no regular file; or cannot be read.
    pub fn open(&self, name: &str) -> io::Result<File> {
        let outside = || io::Error::new(io::ErrorKind::InvalidInput, "it is outside of the run");
        let parts = Path::new(name).components();
        if !parts.into_iter().all(|part| matches!(part, Component::Normal(_))) {
            return Err(outside());
        }
        let path = self.path.join(name);
        let parent = path.parent().unwrap_or(&self.path);
        if parent != self.path && !parent.canonicalize()?.starts_with(self.path.canonicalize()?) {
            return Err(outside());
        }
        private::regular(&path)
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
        private::replace(&path, bytes).map_err(at(&path))?;
        Ok(KeptFile { file, sha256: hash(bytes) })
    }
}

/// A home that others may write to decides nothing: neither which runs there are nor what they did.
fn own(home: &Path) -> Result<(), RunDirError> {
    not_foreign(home)?;
    not_foreign(&home.join("runs"))
}

fn not_foreign(path: &Path) -> Result<(), RunDirError> {
    foreign(path).map_or(Ok(()), |(what, fix)| Err(RunDirError::Foreign { what, fix }))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_steps_share_no_file() {
        let long = "a".repeat(100);
        let ids = ["stop", "st.op", "st_op", "st op", "Stop", "st/op", "stop[1]", "../stop", &long];
        let longer = format!("{long}b");
        let all: Vec<_> = ids.iter().copied().chain([longer.as_str()]).collect();
        let names: std::collections::BTreeSet<_> =
            all.iter().map(|id| RunDir::question(id).to_lowercase()).collect();
        assert_eq!(names.len(), all.len(), "{names:?}");
        assert_eq!(RunDir::question("stop[1]"), "approval-stop[1].asked.json");
        assert!(names.iter().all(|name| !name.contains('/') && name.len() < 200));
    }
}
