//! Whose a journal is: each line ends in a MAC by the key of the user whose program wrote it, and the place up to which
//! a journal was written is noted outside of its home. Owns the form of both and the judgement; where the key
//! is kept is `conduct`'s.
//!
//! A line carries the hash of the one before it, so the MAC of the last line stands for the whole chain.
//! HMAC-SHA256 is RFC 2104's: <https://www.rfc-editor.org/rfc/rfc2104>.

use std::{
    fmt,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::text::{argument, plural};

use super::{Head, hex, private};

/// Length of the key in bytes.
pub const KEY: usize = 32;

/// What stands before the MAC at the end of a line: its last field.
const MARK: &str = ",\"mac\":\"";
/// Digits of the key's name, before the MAC.
const NAME: usize = 16;
/// Of a line's end: name, colon, MAC, quotation mark, bracket.
const END: usize = MARK.len() + NAME + 1 + 64 + 2;

/// This user's key, and where the ends of this user's journals are noted. Cheap to clone.
#[derive(Clone)]
pub struct Seal(Arc<Inner>);

struct Inner {
    key: [u8; KEY],
    name: String,
    heads: PathBuf,
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seal({})", self.0.name)
    }
}

/// Whose a journal is, as far as it shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signature {
    /// This user's program wrote it, to its end.
    ThisUser,
    /// By an earlier version, or where no key could be kept, or by anybody.
    Unsigned,
    /// By a user of another machine or name.
    AnotherKey,
    /// This user's program did not write it as it is; why that is known.
    Tampered(String),
}

impl Signature {
    pub fn is_own(&self) -> bool {
        *self == Self::ThisUser
    }

    /// For people; nothing where it is as it should be.
    pub fn words(&self) -> Option<String> {
        match self {
            Self::ThisUser => None,
            Self::Unsigned => Some("unsigned".into()),
            Self::AnotherKey => Some("signed by another key".into()),
            Self::Tampered(why) => Some(format!("TAMPERED: {why}")),
        }
    }

    /// For programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::ThisUser => "this-user",
            Self::Unsigned => "unsigned",
            Self::AnotherKey => "another-key",
            Self::Tampered(_) => "tampered",
        }
    }
}

impl Seal {
    /// `heads` is a folder that whoever may write to a home cannot write to, unless it is the user.
    pub fn new(key: [u8; KEY], heads: PathBuf) -> Self {
        let name = hex(&mac(&key, &[b"name"]).finalize().into_bytes());
        Self(Arc::new(Inner { key, name: name[..NAME].into(), heads }))
    }

    /// The MAC of a text in its domain, in hexadecimal digits. A domain keeps texts of different kinds apart.
    pub fn sign(&self, domain: &str, text: &[u8]) -> String {
        hex(&mac(&self.0.key, &[domain.as_bytes(), b"\0", text]).finalize().into_bytes())
    }

    /// Whether [`sign`](Self::sign) made `given`. Takes the same time whatever differs.
    pub fn has_signed(&self, domain: &str, text: &[u8], given: &str) -> bool {
        let mac = mac(&self.0.key, &[domain.as_bytes(), b"\0", text]);
        unhex(given).is_some_and(|given| mac.verify_slice(&given).is_ok())
    }

    /// Ends a line of a run's journal with its MAC. `line` is a JSON object without a newline.
    pub(super) fn end(&self, run: &str, line: &mut Vec<u8>, from: usize) {
        line.pop();
        let mac = self.sign(&domain(run), &line[from..]);
        let end = format!("{MARK}{}:{mac}\"}}", self.0.name);
        line.extend_from_slice(end.as_bytes());
    }

    fn path(&self, run: &str) -> PathBuf {
        self.0.heads.join(run)
    }

    /// Opens the note of where a run's journal ends. None where it cannot be kept: a journal that was cut short
    /// then looks like one of a process that was killed.
    pub(super) fn note(&self, run: &str) -> Option<Note> {
        let open = || {
            private::dirs(&self.0.heads)?;
            private::file(&self.path(run), File::options().create(true).truncate(false).write(true))
        };
        open()
            .map(Note)
            .map_err(|error| tracing::warn!(%error, "the end of the journal is not noted"))
            .ok()
    }

    fn noted(&self, run: &str) -> Option<(u64, String)> {
        let text = std::fs::read_to_string(self.path(run)).ok()?;
        let (next, hash) = text.trim_end().split_once(' ')?;
        Some((next.parse().ok()?, hash.to_owned()))
    }
}

/// Where this user's program last knew a journal to be on the disk, noted beside its key. It is not synced: it is
/// there after a `kill -9`, and may be older after a loss of power, which is harmless.
pub(super) struct Note(File);

impl Note {
    /// What is noted must be on the disk.
    pub(super) fn write(&self, head: &Head) {
        let text = format!("{:020} {}\n", head.next, head.hash);
        #[cfg(unix)]
        let written = std::os::unix::fs::FileExt::write_all_at(&self.0, text.as_bytes(), 0);
        #[cfg(not(unix))]
        let written = {
            use std::io::{Seek, Write};
            let mut file = &self.0;
            file.seek(io::SeekFrom::Start(0)).and_then(|_| file.write_all(text.as_bytes()))
        };
        if let Err(error) = written {
            let error: io::Error = error;
            tracing::debug!(%error, "the end of the journal is not noted");
        }
    }
}

/// Judges one journal. Made before the journal is read: a run in progress may write on meanwhile.
#[derive(Debug)]
pub struct Witness {
    seal: Option<Seal>,
    run: String,
    noted: Option<(u64, String)>,
}

impl Witness {
    /// Without a seal, nothing is this user's.
    pub fn of(seal: Option<&Seal>, run: &str) -> Self {
        let noted = seal.and_then(|seal| seal.noted(run));
        Self { seal: seal.cloned(), run: run.into(), noted }
    }

    /// Whether a journal with so many records has all that this user's program is known to have written.
    pub(super) fn has_all(&self, records: u64) -> bool {
        self.noted.as_ref().is_none_or(|(next, _)| *next <= records)
    }

    /// Whose a journal is that ends at `head` with the line `last`, and whose chain holds.
    pub fn judge(&self, head: &Head, last: &[u8]) -> Signature {
        let signature = self.of_line(last);
        let Some((next, hash)) = &self.noted else { return signature };
        let why = match &signature {
            Signature::Tampered(_) => return signature,
            _ if *next > head.next => {
                let missing = usize::try_from(next - head.next).unwrap_or(usize::MAX);
                let missing = plural(missing, "record");
                format!("its end is missing: {missing} that this user's program wrote")
            }
            Signature::ThisUser if *next == head.next && *hash != head.hash => {
                "this user's program went on with another copy of it".into()
            }
            Signature::ThisUser | Signature::AnotherKey => return signature,
            Signature::Unsigned => "this user's program wrote it, and not its last record".into(),
        };
        Signature::Tampered(why)
    }

    fn of_line(&self, last: &[u8]) -> Signature {
        let Some((signed, name, mac)) = split(last) else { return Signature::Unsigned };
        match &self.seal {
            Some(seal) if seal.0.name == name => {
                match seal.has_signed(&domain(&self.run), signed, mac) {
                    true => Signature::ThisUser,
                    false => Signature::Tampered(
                        "its last record was changed, or belongs to another run".into(),
                    ),
                }
            }
            _ => Signature::AnotherKey,
        }
    }
}

/// What a line's MAC covers, the name of its key, and the MAC.
fn split(line: &[u8]) -> Option<(&[u8], &str, &str)> {
    let at = line.len().checked_sub(END)?;
    let (signed, end) = line.split_at(at);
    let end = std::str::from_utf8(end).ok()?.strip_prefix(MARK)?.strip_suffix("\"}")?;
    let (name, mac) = end.split_once(':')?;
    (name.len() == NAME).then_some((signed, name, mac))
}

/// The id of a run is its folder's name: a journal that was put under another is not that run's.
fn domain(run: &str) -> String {
    format!("journal {run}")
}

fn mac(key: &[u8; KEY], parts: &[&[u8]]) -> Hmac<Sha256> {
    // HMAC takes a key of any length: RFC 2104.
    let mac = Hmac::<Sha256>::new_from_slice(key);
    let mut mac = mac.unwrap_or_else(|_| Hmac::new(&Default::default()));
    parts.iter().for_each(|part| mac.update(part));
    mac
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit =
        |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    rest.is_empty().then(|| bytes.collect())?
}

/// Why a folder or file that decides what is done must not: somebody else owns it, or may write to it. With what
/// to do. None where it is the user's own, is not there, or the system does not tell.
///
/// As `sshd` does under `StrictModes`: <https://man.openbsd.org/sshd_config#StrictModes>.
pub fn foreign(path: &Path) -> Option<(String, String)> {
    #[cfg(unix)]
    {
        foreign_to(path, rustix::process::geteuid().as_raw())
    }
    #[cfg(not(unix))]
    foreign_to(path, 0)
}

/// The same for what is to be this user's.
pub(super) fn foreign_to(path: &Path, user: u32) -> Option<(String, String)> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let about = std::fs::metadata(path).ok()?;
        let (typed, path) = (argument(path), path.display());
        if about.uid() != user {
            return Some((
                format!("{path} belongs to another user (uid {}, this is {user})", about.uid()),
                format!(
                    "work as its owner, name another home with `--home`, or make it yours: `chown -R {user} {typed}`"
                ),
            ));
        }
        if about.mode() & 0o022 != 0 {
            return Some((
                format!("{path} may be written by other users (mode {:o})", about.mode() & 0o7777),
                format!("look at what is in it, then `chmod go-w {typed}`"),
            ));
        }
    }
    #[cfg(not(unix))]
    let _ = (path, user);
    None
}
