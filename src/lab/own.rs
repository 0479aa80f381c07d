//! Whether what the lab is about to execute is this user's own, and still what pip installed. Owns what is looked at:
//! the folders' owner and mode, the interpreter that the environment links to, and, by the hashes that pip kept, every file
//! that a Python loads first. Runs nothing.
//!
//! pip writes a RECORD beside each package, with the SHA-256 of its files:
//! <https://packaging.python.org/en/latest/specifications/recording-installed-packages/>. What a Python runs when it
//! starts is described in <https://docs.python.org/3/library/site.html>.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::LabError;

/// Refuses a folder that somebody else owns or may write to.
///
/// # Errors
/// It is not this user's own.
pub(super) fn folder(path: &Path) -> Result<(), LabError> {
    by_others(path, false).map_or(Ok(()), |what| Err(foreign(path, what)))
}

fn foreign(path: &Path, what: &str) -> LabError {
    LabError::NotOwn { path: path.into(), what: what.into() }
}

fn is_shut(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(path).is_ok_and(|about| about.mode().trailing_zeros() >= 6)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// A system's own interpreter belongs to root.
fn by_others(path: &Path, or_root: bool) -> Option<&'static str> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let about = fs::metadata(path).ok()?;
        let user = rustix::process::geteuid().as_raw();
        if about.uid() != user && !(or_root && about.uid() == 0) {
            return Some("belongs to another user");
        }
        if about.mode() & 0o022 != 0 {
            return Some("may be written by other users");
        }
    }
    #[cfg(not(unix))]
    let _ = (path, or_root);
    None
}

/// Checks an environment before its Python is started.
///
/// Not every file is hashed: of moto's 78 MB, that would take as long as its start. Whoever can change a file in a
/// folder that only this user may write to can change its RECORD, too; what is looked at is what damage and a
/// careless hand leave.
///
/// # Errors
/// Something of it is another user's, may be written by others, or is not what pip installed.
pub(super) fn environment(venv: &Path, python: &Path) -> Result<(), LabError> {
    let bin = python.parent().unwrap_or(venv);
    folder(venv)?;
    // Below a folder that nobody else can enter, modes mean nothing: a umask may have let a group write.
    let inner = |path: &Path| if is_shut(venv) { Ok(()) } else { folder(path) };
    inner(bin)?;
    let real = python.canonicalize().map_err(LabError::io("cannot read", python))?;
    if let Some(what) = by_others(&real, true) {
        return Err(foreign(&real, what));
    }
    for packages in packages(venv) {
        inner(&packages)?;
        let known = recorded(&packages)?;
        let changed = |path: &Path| {
            let sha256 = known.get(path)?.as_ref()?;
            let same = fs::read(path).is_ok_and(|bytes| digest(&bytes) == *sha256);
            (!same).then(|| path.to_owned())
        };
        if let Some(path) = known
            .keys()
            .filter(|path| is_first(path, &packages, bin))
            .find_map(|path| changed(path))
        {
            return Err(LabError::Changed { path });
        }
        let tops: HashSet<_> = known.keys().filter_map(|path| top(path, &packages)).collect();
        for entry in fs::read_dir(&packages).map_err(LabError::io("cannot read", &packages))? {
            let path = entry.map_err(LabError::io("cannot read", &packages))?.path();
            // Python makes this one itself.
            if !tops.contains(&path) && !path.ends_with("__pycache__") {
                return Err(LabError::Changed { path });
            }
        }
    }
    Ok(())
}

/// `lib/python3.11/site-packages`, or as Windows has it.
fn packages(venv: &Path) -> Vec<PathBuf> {
    let libs = fs::read_dir(venv.join("lib")).into_iter().flatten().flatten();
    let found = libs.map(|lib| lib.path().join("site-packages"));
    found.chain([venv.join("Lib/site-packages")]).filter(|path| path.is_dir()).collect()
}

/// The files that packages installed, each with its hash where it has one.
fn recorded(packages: &Path) -> Result<HashMap<PathBuf, Option<String>>, LabError> {
    let mut known = HashMap::new();
    for entry in fs::read_dir(packages).map_err(LabError::io("cannot read", packages))?.flatten() {
        let record = entry.path().join("RECORD");
        if entry.path().extension().is_none_or(|kind| kind != "dist-info") {
            continue;
        }
        known.insert(record.clone(), None);
        let text = fs::read_to_string(&record).map_err(LabError::io("cannot read", &record))?;
        for line in text.lines() {
            let mut fields = line.rsplitn(3, ',');
            let (_, hash, name) = (fields.next(), fields.next(), fields.next());
            let Some(name) = name else { continue };
            let hash = hash.and_then(|hash| hash.strip_prefix("sha256=")).map(str::to_owned);
            known.insert(plain(packages, name.trim_matches('"')), hash);
        }
    }
    Ok(known)
}

/// Without `..`: RECORD names scripts as `../../../bin/flask`.
fn plain(base: &Path, name: &str) -> PathBuf {
    Path::new(name).components().fold(base.to_owned(), |path, part| match part {
        std::path::Component::ParentDir => path.parent().map(Path::to_owned).unwrap_or_default(),
        part => path.join(part),
    })
}

fn top(path: &Path, packages: &Path) -> Option<PathBuf> {
    Some(packages.join(path.strip_prefix(packages).ok()?.components().next()?))
}

/// What runs before anything else of its package: scripts, `.pth` files, modules, the first file of a package.
fn is_first(path: &Path, packages: &Path, bin: &Path) -> bool {
    let depth = path.strip_prefix(packages).map_or(0, |rest| rest.components().count());
    path.starts_with(bin) || depth == 1 || (depth == 2 && path.ends_with("__init__.py"))
}

fn digest(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(bytes))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    /// An environment as pip leaves one, with one package.
    fn venv() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let venv = tempfile::tempdir().expect("a directory");
        let packages = venv.path().join("lib/python3.12/site-packages");
        let info = packages.join("flask-1.dist-info");
        for folder in [venv.path().join("bin"), packages.join("flask"), info.clone()] {
            fs::create_dir_all(folder).expect("made");
        }
        let python = venv.path().join("bin/python");
        symlink("/bin/sh", &python).expect("linked");
        let files =
            [("flask/__init__.py", "import x"), ("x.py", "1"), ("../../../bin/flask", "#!")];
        let mut record = "flask-1.dist-info/RECORD,,\n".to_owned();
        for (name, text) in files {
            fs::write(plain(&packages, name), text).expect("written");
            record += &format!("{name},sha256={},{}\n", digest(text.as_bytes()), text.len());
        }
        fs::write(info.join("RECORD"), record).expect("written");
        (venv, python, packages)
    }

    #[test]
    fn what_pip_installed_is_run() {
        let (venv, python, packages) = venv();
        fs::create_dir(packages.join("__pycache__")).expect("made");
        environment(venv.path(), &python).expect("it is as installed");
    }

    #[test]
    fn what_was_changed_or_added_is_not_run() {
        for name in
            ["flask/__init__.py", "x.py", "../../../bin/flask", "sitecustomize.py", "evil.pth"]
        {
            let (venv, python, packages) = venv();
            fs::write(plain(&packages, name), "import os").expect("written");
            let refused = environment(venv.path(), &python);
            assert!(matches!(refused, Err(LabError::Changed { .. })), "{name}: {refused:?}");
        }
    }

    #[test]
    fn what_others_may_write_is_not_run() {
        let (venv, python, packages) = venv();
        fs::set_permissions(venv.path(), fs::Permissions::from_mode(0o755)).expect("set");
        for folder in [venv.path(), &venv.path().join("bin"), &packages] {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).expect("set");
            let refused = environment(venv.path(), &python);
            assert!(matches!(refused, Err(LabError::NotOwn { .. })), "{folder:?}: {refused:?}");
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("set");
        }
        let theirs = venv.path().join("theirs");
        fs::write(&theirs, "").expect("written");
        fs::set_permissions(&theirs, fs::Permissions::from_mode(0o757)).expect("set");
        fs::remove_file(&python).expect("removed");
        symlink(&theirs, &python).expect("linked");
        let refused = environment(venv.path(), &python);
        assert!(matches!(refused, Err(LabError::NotOwn { .. })), "{refused:?}");
    }
}
