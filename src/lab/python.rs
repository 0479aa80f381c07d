//! Finds a Python that an upstream can run on. Installs nothing.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::LabError;

/// Major and minor version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(pub u8, pub u8);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// Accepted versions, both ends included. `to` is none if nothing newer is known to fail.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub from: Version,
    pub to: Option<Version>,
}

impl Wanted {
    fn has(self, version: Version) -> bool {
        version >= self.from && self.to.is_none_or(|to| version <= to)
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to {
            Some(to) => write!(f, "{} to {to}", self.from),
            None => write!(f, "{} or newer", self.from),
        }
    }
}

/// What a candidate reports: its version, and the module that it lacks to create a virtual environment.
const PROBE: &str = "import sys
lacks = ''
for module in ('ensurepip', 'venv'):
    try: __import__(module)
    except ImportError: lacks = module
print(sys.version_info[0], sys.version_info[1], lacks)";

/// The first Python of PATH, then of pyenv, that is `wanted` and can make a virtual environment.
pub(super) async fn find(wanted: Wanted) -> Result<PathBuf, LabError> {
    let mut lacking = None;
    let mut looked = Vec::new();
    for candidate in candidates() {
        // Being there is not enough: pyenv's shims are there for versions that they refuse to run.
        let Some((version, lacks)) = probe(&candidate).await else { continue };
        looked.push(format!("{} ({version})", candidate.display()));
        match lacks {
            _ if !wanted.has(version) => {}
            None => return Ok(candidate),
            Some(module) => lacking = lacking.or(Some((candidate.display().to_string(), module))),
        }
    }
    Err(match lacking {
        Some((python, module)) => LabError::NoVenv { python, module },
        None if looked.is_empty() => {
            LabError::NoPython { wanted: wanted.to_string(), looked: "PATH and pyenv".into() }
        }
        None => LabError::NoPython { wanted: wanted.to_string(), looked: looked.join(", ") },
    })
}

fn candidates() -> Vec<PathBuf> {
    let names: Vec<String> = std::iter::once("python3".to_owned())
        .chain((10..=14).rev().map(|minor| format!("python3.{minor}")))
        .collect();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> =
        std::env::split_paths(&path).filter(|folder| folder.is_absolute()).collect();
    let on_path = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    let mut found: Vec<PathBuf> =
        on_path.chain(pyenv()).filter(|python| python.is_file()).collect();
    let mut seen = std::collections::HashSet::new();
    found.retain(|python| seen.insert(python.clone()));
    found
}

/// Every version of pyenv, newest name first.
fn pyenv() -> Vec<PathBuf> {
    let root = std::env::var_os("PYENV_ROOT")
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".pyenv")));
    let versions = root.and_then(|root| std::fs::read_dir(root.join("versions")).ok());
    let mut pythons: Vec<PathBuf> = versions
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin/python3"))
        .collect();
    pythons.sort();
    pythons.reverse();
    pythons
}

async fn probe(python: &Path) -> Option<(Version, Option<String>)> {
    let answer = Command::new(python)
        .args(["-I", "-c", PROBE])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let answer =
        tokio::time::timeout(std::time::Duration::from_secs(10), answer).await.ok()?.ok()?;
    answer.status.success().then(|| parse(&String::from_utf8_lossy(&answer.stdout)))?
}

fn parse(answer: &str) -> Option<(Version, Option<String>)> {
    let mut words = answer.split_whitespace();
    let version = Version(words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some((version, words.next().map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        assert_eq!(parse("3 11 \n"), Some((Version(3, 11), None)));
        assert_eq!(parse("3 12 ensurepip\n"), Some((Version(3, 12), Some("ensurepip".into()))));
        for broken in ["", "3", "Python 3.11", "3 eleven"] {
            assert_eq!(parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn versions_compare_by_number() {
        let wanted = Wanted { from: Version(3, 10), to: Some(Version(3, 13)) };
        let has = |minor| wanted.has(Version(3, minor));
        assert!(has(10) && has(13) && !has(9) && !has(14) && !wanted.has(Version(2, 11)));
        assert_eq!(wanted.to_string(), "3.10 to 3.13");
    }
}
