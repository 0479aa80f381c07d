//! An upstream's virtual environment in the cache directory: made once, whole or not at all, from pinned
//! and hashed packages. Does not choose what is installed, and does not run it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use super::own;
use super::process::tail;
use super::python::{self, Wanted};
use super::{LabError, Progress};

/// What one upstream installs.
pub(super) struct Recipe {
    pub name: &'static str,
    /// A requirements file in which every package has a version and hashes, and none is missing.
    pub requirements: &'static str,
    pub python: Wanted,
    /// All packages have wheels, so that no package's own code runs while it is installed.
    pub wheels_only: bool,
}

impl Recipe {
    /// Other requirements make another environment; the old one stays until the cache is cleared.
    fn folder(&self, cache: &Path) -> PathBuf {
        let digest = Sha256::digest(self.requirements.as_bytes());
        let key: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let cache = std::path::absolute(cache).unwrap_or_else(|_| cache.into());
        cache.join(format!("lab-{}-{key}", self.name))
    }

    fn packages(&self) -> u64 {
        let names = self.requirements.lines().filter_map(|line| Some(line.split_once("==")?.0));
        names.collect::<std::collections::BTreeSet<_>>().len() as u64
    }
}

/// A complete environment.
#[derive(Debug, Clone)]
pub(super) struct Venv {
    pub folder: PathBuf,
}

impl Venv {
    /// Written last: an environment without it was interrupted.
    const COMPLETE: &'static str = ".complete";

    /// Run modules with this; an environment's scripts break when its folder moves.
    pub(super) fn python(&self) -> PathBuf {
        self.folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" })
    }

    fn is_complete(&self) -> bool {
        // The interpreter is a link to one that may have been removed since.
        self.folder.join(Self::COMPLETE).is_file() && self.python().is_file()
    }
}

/// The environment of a recipe, made when it is not there yet. One process makes it, others wait.
pub(super) async fn ensure(
    recipe: &Recipe,
    cache: &Path,
    progress: &dyn Progress,
) -> Result<Venv, LabError> {
    let venv = Venv { folder: recipe.folder(cache) };
    own::folder(cache)?;
    if venv.is_complete() {
        own::environment(&venv.folder, &venv.python())?;
        return Ok(venv);
    }
    let python = python::find(recipe.python).await?;
    make_private(cache).map_err(LabError::io("cannot make", cache))?;
    let held = venv.folder.with_added_extension("lock");
    let lock = lock(&held, "another process installs the endpoint", progress).await?;
    if venv.is_complete() {
        own::environment(&venv.folder, &venv.python())?;
        return Ok(venv);
    }
    if venv.folder.exists() {
        fs::remove_dir_all(&venv.folder).map_err(LabError::io("cannot remove", &venv.folder))?;
    }
    progress.say(&format!(
        "installing {} with {} into {} (once)",
        recipe.name,
        python.display(),
        venv.folder.display()
    ));
    make(&python, &venv, &lock).await?;
    install(recipe, &venv, &lock, progress).await?;
    let complete = venv.folder.join(Venv::COMPLETE);
    fs::write(&complete, "").map_err(LabError::io("cannot write", &complete))?;
    Ok(venv)
}

/// Keeps everybody else out of a folder.
fn shut(folder: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    let _ = folder;
    Ok(())
}

/// Folders that only this user may write to, whatever the umask.
pub(super) fn make_private(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Holds `path` locked until it is dropped. Reports once that it waits, and for what.
pub(super) async fn lock(
    path: &Path,
    why: &str,
    progress: &dyn Progress,
) -> Result<fs::File, LabError> {
    let file = fs::File::create(path).map_err(LabError::io("cannot lock", path))?;
    let mut waits = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(fs::TryLockError::WouldBlock) => {
                if !std::mem::replace(&mut waits, true) {
                    progress.say(&format!("waiting: {why}"));
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(fs::TryLockError::Error(error)) => {
                return Err(LabError::io("cannot lock", path)(error));
            }
        }
    }
}

async fn make(python: &Path, venv: &Venv, lock: &fs::File) -> Result<(), LabError> {
    let made =
        isolated(Command::new(python), lock).args(["-m", "venv"]).arg(&venv.folder).output().await;
    let made = made.map_err(LabError::io("cannot start", python))?;
    if made.status.success() {
        return shut(&venv.folder).map_err(LabError::io("cannot shut", &venv.folder));
    }
    let said =
        String::from_utf8_lossy(&made.stdout).into_owned() + &String::from_utf8_lossy(&made.stderr);
    Err(failure(&said, venv))
}

async fn install(
    recipe: &Recipe,
    venv: &Venv,
    lock: &fs::File,
    progress: &dyn Progress,
) -> Result<(), LabError> {
    let list = venv.folder.join("requirements.txt");
    fs::write(&list, recipe.requirements).map_err(LabError::io("cannot write", &list))?;
    let mut pip = isolated(Command::new(venv.python()), lock);
    // The machine's own index, mirror and proxy settings are left alone.
    pip.args(["-m", "pip", "install", "--require-hashes", "--no-deps", "--no-input"]).args([
        "--progress-bar",
        "off",
        "--disable-pip-version-check",
    ]);
    if recipe.wheels_only {
        pip.args(["--only-binary", ":all:"]);
    }
    pip.arg("-r").arg(&list).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pip.spawn().map_err(LabError::io("cannot start", venv.python()))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let total = recipe.packages();
    let outputs = async {
        let mut done = 0;
        let mut lines = stdout.map(|out| BufReader::new(out).lines());
        while let Some(Ok(Some(line))) = next(&mut lines).await {
            if line.starts_with("Collecting ") {
                done += 1;
                progress.bar("downloading packages", done.min(total), total);
            } else if line.starts_with("Installing collected packages") {
                progress.bar("downloading packages", total, total);
                progress.say("unpacking");
            }
        }
    };
    let errors = async {
        let mut said = String::new();
        let mut lines = stderr.map(|out| BufReader::new(out).lines());
        while let Some(Ok(Some(line))) = next(&mut lines).await {
            if line.contains("Retrying") {
                progress.say("the package index does not answer, pip tries again");
            }
            said.push_str(&line);
            said.push('\n');
        }
        said
    };
    let ((), said, status) = tokio::join!(outputs, errors, child.wait());
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(failure(&said, venv)),
        Err(error) => Err(LabError::io("cannot wait for pip in", &venv.folder)(error)),
    }
}

async fn next<R: tokio::io::AsyncBufRead + Unpin>(
    lines: &mut Option<tokio::io::Lines<R>>,
) -> Option<std::io::Result<Option<String>>> {
    match lines {
        Some(lines) => Some(lines.next_line().await),
        None => None,
    }
}

/// Without the settings that would make Python or pip write or read elsewhere than in the environment.
fn isolated(mut command: Command, lock: &fs::File) -> Command {
    for name in
        ["PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIREMENT"]
    {
        command.env_remove(name);
    }
    command.env("PIP_USER", "0").kill_on_drop(true);
    // An empty file to read, and the lock with it: when we are killed, it lasts as long as what we started.
    command.stdin(lock.try_clone().map_or_else(|_| Stdio::null(), Stdio::from));
    command
}

/// The cause of a pip failure, recognised by its output: it has one exit code for all failures.
fn failure(said: &str, venv: &Venv) -> LabError {
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let short = tail(said, 8);
    if has(&["No space left on device", "Errno 28", "Disk quota exceeded"]) {
        LabError::NoSpace { path: venv.folder.clone() }
    } else if has(&["DO NOT MATCH THE HASHES"]) {
        LabError::HashMismatch { tail: tail(said, 12) }
    } else if has(&["ensurepip is not available", "No module named ensurepip"]) {
        LabError::NoVenv { python: venv.python().display().to_string(), module: "ensurepip".into() }
    } else if has(&[
        "Failed to establish a new connection",
        "NewConnectionError",
        "NameResolutionError",
        "name resolution",
        "ConnectTimeoutError",
        "ReadTimeoutError",
        "ProxyError",
        "Cannot connect to proxy",
        "Connection refused",
        "Network is unreachable",
        "SSLError",
    ]) {
        LabError::NoNetwork { tail: short }
    } else {
        LabError::Pip { tail: short }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_apart() {
        let venv = Venv { folder: "/nowhere".into() };
        let code = |said: &str| {
            miette::Diagnostic::code(&failure(said, &venv)).map(|code| code.to_string())
        };
        assert_eq!(
            code("OSError: [Errno 28] No space left on device").as_deref(),
            Some("lab::no_space")
        );
        assert_eq!(
            code("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE")
                .as_deref(),
            Some("lab::hash_mismatch")
        );
        assert_eq!(
            code("WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError'\nERROR: No matching distribution found for moto==5.2.5")
                .as_deref(),
            Some("lab::no_network")
        );
        assert_eq!(code("ERROR: something else").as_deref(), Some("lab::pip_failed"));
    }

    #[test]
    fn an_interrupted_environment_is_not_used() {
        let cache = tempfile::tempdir().expect("temporary directory");
        let venv = Venv { folder: cache.path().join("lab-x") };
        fs::create_dir_all(venv.python().parent().expect("bin")).expect("made");
        fs::write(venv.python(), "").expect("written");
        assert!(!venv.is_complete());
        fs::write(venv.folder.join(Venv::COMPLETE), "").expect("written");
        assert!(venv.is_complete());
        fs::remove_file(venv.python()).expect("removed");
        assert!(!venv.is_complete());
    }
}
