//! This user's own key: outside of any project, so that nobody who may write to a working folder knows it.
//! Owns where it is kept and who may read it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::journal::{self, Seal, create_private_dirs, foreign, hex};

use super::{Exit, Failure, places};

/// Length of the key in bytes.
const LENGTH: usize = journal::KEY;

/// The salt of this user's plans of one document: the same each time, so that the same plan has the same
/// hash. Where no key can be kept, it is random.
///
/// # Errors
/// There is neither a key nor randomness on this machine.
pub(super) fn salt(document_sha256: &str) -> Result<String, Failure> {
    let key = path().and_then(|path| key(&path).map_err(|error| unkept(&path, &error)).ok());
    let key = match key {
        Some(key) => key,
        None => random().map_err(|error| Failure::new(Exit::Internal, error.to_string()))?,
    };
    let bad = |_| Failure::new(Exit::Internal, "the key of this user has a wrong length");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(bad)?;
    mac.update(b"plan\0");
    mac.update(document_sha256.as_bytes());
    Ok(hex(&mac.finalize().into_bytes()))
}

fn unkept(path: &Path, error: &Unusable) {
    tracing::warn!(
        %error,
        path = %path.display(),
        "the key of this user cannot be used, so plans with sensitive inputs have another hash each time"
    );
}

/// What this user's runs are signed with; the ends of their journals are noted beside the key. `Ok(Err)` says why no
/// key can be kept here: nothing is signed then.
///
/// # Errors
/// There is a key that others may read or write, or that is somebody else's.
pub(super) fn seal() -> Result<Result<Seal, String>, (String, String)> {
    let Some(path) = path() else {
        return Ok(Err("the system knows no home directory of this user".into()));
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    if let Some(foreign) = foreign(folder) {
        return Err(foreign);
    }
    match key(&path) {
        Ok(key) => Ok(Ok(Seal::new(key, folder.join("heads")))),
        Err(Unusable::Unkept(error)) => Ok(Err(format!("{}: {error}", path.display()))),
        Err(Unusable::Refused(why)) => Err((
            format!("the key of this user, {}, is not used: {why}", path.display()),
            "runs that were signed with the key that was there are asked about from then on".into(),
        )),
    }
}

/// The key in this user's state directory, by whatever name the home goes.
fn path() -> Option<PathBuf> {
    Some(places::state()?.join("key"))
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    /// None can be kept here, such as on a file system that is only read.
    #[error("{0}")]
    Unkept(#[from] io::Error),
    /// There is one, and it is not this user's own secret.
    #[error("{0}")]
    Refused(&'static str),
}

/// The key at `path`, made when there is none.
fn key(path: &Path) -> Result<[u8; LENGTH], Unusable> {
    loop {
        match File::open(path) {
            Ok(file) => return read(file),
            Err(e) if e.kind() == io::ErrorKind::NotFound => make(path)?,
            Err(e) => return Err(e.into()),
        }
    }
}

fn read(mut file: File) -> Result<[u8; LENGTH], Unusable> {
    let refuse = |why| Err(Unusable::Refused(why));
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let about = file.metadata()?;
        if about.uid() != rustix::process::geteuid().as_raw() {
            return refuse("it belongs to another user");
        }
        if about.mode() & 0o077 != 0 {
            return refuse("others may read it; `chmod 600` it, or delete it for a new one");
        }
    }
    let mut key = [0; LENGTH];
    match file.read_exact(&mut key) {
        Ok(()) => Ok(key),
        Err(_) => refuse("it is too short; delete it for a new one"),
    }
}

/// Whoever is first makes it: a link, so that nobody reads half a key.
fn make(path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    create_private_dirs(folder)?;
    let draft = folder.join(format!(".key-{}", hex(&random()?[..8])));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    let key = random()?;
    let written = file.write_all(&key).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| fs::hard_link(&draft, path));
    let _ = fs::remove_file(&draft);
    match linked {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn random() -> io::Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    let why = |error| format!("this machine has no source of random numbers: {error}");
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(why(error)))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("state/backburn/key");
        let first = key(&path).expect("a key");
        assert_eq!(key(&path).expect("the same"), first);
        assert_ne!(first, [0; LENGTH]);
        let entries = fs::read_dir(path.parent().expect("a folder")).expect("read").count();
        assert_eq!(entries, 1, "no draft stays");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("set");
            let why = key(&path).expect_err("others may read it").to_string();
            assert!(why.contains("chmod 600"), "{why}");
        }
    }
}
