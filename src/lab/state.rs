//! `lab.json`: what the last `up` started, so that a later command finds it again. Owns the file and
//! whether it still holds true; starts and ends nothing.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::process::{Birth, birth};
use super::{LabError, chosen::Chosen, file};

/// How the endpoint was started, hence how it is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    Moto,
    LocalStackHost,
    LocalStackDocker,
    MiniStack,
    Url,
}

impl Kind {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Moto => "moto 5.2.5",
            Self::LocalStackHost => "LocalStack 4.14.0 (host mode)",
            Self::LocalStackDocker => "LocalStack 4.14.0 (Docker)",
            Self::MiniStack => "ministack 1.5.33 (IAM enforced)",
            Self::Url => "an endpoint that runs already",
        }
    }
}

/// The file's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    pub version: u32,
    pub kind: Kind,
    pub endpoint: String,
    pub port: u16,
    /// The process that we started; none for Docker and URLs.
    pub process: Option<Process>,
    pub venv: Option<PathBuf>,
    /// The front before it: then that is what callers are given.
    #[serde(default)]
    pub front: Option<FrontState>,
    pub started: jiff::Timestamp,
}

/// A front that we started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FrontState {
    pub endpoint: String,
    pub port: u16,
    pub process: Process,
    /// None of a front that an earlier version started.
    #[serde(default)]
    pub chosen: Option<Chosen>,
}

/// A process that can be distinguished from a later one with the same pid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Process {
    pub pid: u32,
    pub birth: Birth,
}

impl Process {
    /// Whether it still runs. False for another process that was given the same pid.
    pub(super) fn is_ours(&self) -> bool {
        birth(self.pid).as_ref() == Some(&self.birth)
    }
}

impl State {
    /// Where callers go: the front, or the upstream where there is none.
    pub(super) fn public(&self) -> (&str, u16) {
        match &self.front {
            Some(front) => (&front.endpoint, front.port),
            None => (&self.endpoint, self.port),
        }
    }

    pub(super) const VERSION: u32 = 1;

    pub(super) fn path(home: &Path) -> PathBuf {
        home.join("lab.json")
    }

    /// The last state, if what it describes can still exist. Unreadable, foreign and stale files are `None`.
    pub(super) fn read(home: &Path) -> Option<Self> {
        let text = fs::read_to_string(Self::path(home)).ok()?;
        let state: Self = serde_json::from_str(&text).ok()?;
        let alive = state.process.as_ref().is_none_or(Process::is_ours);
        (state.version == Self::VERSION && alive).then_some(state)
    }

    pub(super) fn write(&self, home: &Path) -> Result<(), LabError> {
        let path = Self::path(home);
        let text = serde_json::to_string_pretty(self).expect("strings, numbers and no map");
        file::replace(&path, &text)
    }

    pub(super) fn remove(home: &Path) {
        // Best effort: a left-over file is recognised as stale.
        let _ = fs::remove_file(Self::path(home));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(process: Option<Process>) -> State {
        State {
            version: State::VERSION,
            kind: Kind::Moto,
            endpoint: "http://127.0.0.1:1".into(),
            port: 1,
            process,
            venv: None,
            front: None,
            started: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_running_process_is_found_again() {
        let home = tempfile::tempdir().expect("temporary directory");
        let pid = std::process::id();
        let written = state(Some(Process { pid, birth: birth(pid).expect("we run") }));
        written.write(home.path()).expect("written");
        assert_eq!(State::read(home.path()), Some(written));
    }

    #[test]
    fn another_process_with_the_same_pid_is_stale() {
        let home = tempfile::tempdir().expect("temporary directory");
        let process = Process { pid: std::process::id(), birth: Birth("another time".into()) };
        state(Some(process)).write(home.path()).expect("written");
        assert_eq!(State::read(home.path()), None);
    }

    #[test]
    fn a_dead_process_is_stale() {
        let mut child = std::process::Command::new("true").spawn().expect("spawned");
        let pid = child.id();
        let born = birth(pid);
        child.wait().expect("waited");
        assert_eq!(birth(pid).filter(|b| Some(b) == born.as_ref()), None);
    }

    #[test]
    fn broken_and_foreign_files_are_stale() {
        let home = tempfile::tempdir().expect("temporary directory");
        assert_eq!(State::read(home.path()), None);
        for text in ["", "{", "[]", r#"{"version":1}"#] {
            fs::write(State::path(home.path()), text).expect("written");
            assert_eq!(State::read(home.path()), None, "{text}");
        }
        let newer = State { version: 99, ..state(None) };
        newer.write(home.path()).expect("written");
        assert_eq!(State::read(home.path()), None);
    }
}
