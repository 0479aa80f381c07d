//! Reads a journal and checks its chain. Owns what is tolerated (a torn last line) and what is not
//! (a gap, a broken hash, a newer format).

use std::{
    fs,
    io::{self, Read as _, Seek, SeekFrom},
    path::Path,
};

use serde_json::Value;

use super::{FORMAT, Line, Record, writer::hash};

/// Where the next record goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub next: u64,
    pub hash: String,
    /// Length of the valid part of the file.
    pub bytes: u64,
}

impl Default for Head {
    fn default() -> Self {
        Self { next: 0, hash: "0".repeat(64), bytes: 0 }
    }
}

/// A journal whose chain holds.
#[derive(Debug)]
pub struct Read {
    pub lines: Vec<Line>,
    pub head: Head,
    /// The part of a last line that a crash cut off, if there is one. Dropped: nothing acted on it.
    pub torn: Option<String>,
}

#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ReadError {
    #[error("the journal cannot be read: {0}")]
    #[diagnostic(code("journal::unreadable"))]
    Io(#[from] io::Error),
    #[error("line {line} of the journal is not a record: {why}")]
    #[diagnostic(
        code("journal::not-a-record"),
        help(
            "the file was changed after it was written; compare it with a copy, and treat the account's state as unknown"
        )
    )]
    NotARecord { line: usize, why: String },
    #[error("the journal's chain is broken at line {line}: {why}")]
    #[diagnostic(
        code("journal::broken-chain"),
        help(
            "a record was changed, removed or inserted after it was written; treat what follows as unproven"
        )
    )]
    Broken { line: usize, why: String },
    #[error("the journal has format {found}, this program reads up to {FORMAT}")]
    #[diagnostic(
        code("journal::newer-format"),
        help("use the version that made the run, or a newer one")
    )]
    Newer { found: u32 },
}

/// What is left of a journal when its lines were given away one by one.
#[derive(Debug)]
pub struct Tail {
    pub head: Head,
    /// As [`Read::torn`].
    pub torn: Option<String>,
}

/// # Errors
/// See [`ReadError`].
pub fn read(path: &Path) -> Result<Read, ReadError> {
    parse(&fs::read(path)?)
}

/// Reads and checks as [`read`] does and keeps no line: a long run has many, and a fold needs each
/// only once.
///
/// # Errors
/// See [`ReadError`]; what `take` was given before is part of a chain that holds that far.
pub fn each(path: &Path, take: impl FnMut(Line)) -> Result<Tail, ReadError> {
    walk(&fs::read(path)?, Head::default(), take)
}

/// # Errors
/// See [`ReadError`].
pub fn parse(bytes: &[u8]) -> Result<Read, ReadError> {
    parse_on(bytes, Head::default())
}

/// Reads on where an earlier read ended. A last line that is not whole yet is read the next time.
///
/// # Errors
/// See [`ReadError`].
pub fn read_on(path: &Path, head: Head) -> Result<Read, ReadError> {
    let mut file = fs::File::open(path)?;
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(head.bytes))?;
    file.read_to_end(&mut bytes)?;
    parse_on(&bytes, head)
}

fn parse_on(bytes: &[u8], head: Head) -> Result<Read, ReadError> {
    // A line is large, and a vector that grows has room for twice as many.
    let mut lines = Vec::with_capacity(bytes.iter().filter(|byte| **byte == b'\n').count());
    let Tail { head, torn } = walk(bytes, head, |line| lines.push(line))?;
    Ok(Read { lines, head, torn })
}

fn walk(bytes: &[u8], mut head: Head, mut take: impl FnMut(Line)) -> Result<Tail, ReadError> {
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (text, after) = (&rest[..end], &rest[end + 1..]);
        let number = usize::try_from(head.next).unwrap_or(usize::MAX).saturating_add(1);
        let line: Line = match serde_json::from_slice(text) {
            Ok(line) => line,
            Err(e) => match serde_json::from_slice::<Value>(text) {
                // Data that the disk had not kept in full can be garbage with a newline in it.
                Err(_) if after.is_empty() => break,
                Ok(json) if newer(&json).is_some() => {
                    return Err(ReadError::Newer { found: newer(&json).unwrap_or_default() });
                }
                _ => return Err(ReadError::NotARecord { line: number, why: e.to_string() }),
            },
        };
        check(&line, &head, number)?;
        head.next += 1;
        head.hash = hash(text);
        head.bytes += text.len() as u64 + 1;
        take(line);
        rest = after;
    }
    let torn = (!rest.is_empty()).then(|| String::from_utf8_lossy(rest).into_owned());
    Ok(Tail { head, torn })
}

/// The format of a first record that this version cannot read as a whole.
fn newer(json: &Value) -> Option<u32> {
    let found = u32::try_from(json.get("format")?.as_u64()?).ok()?;
    (json.get("record")? == "run-started" && found > FORMAT).then_some(found)
}

fn check(line: &Line, head: &Head, number: usize) -> Result<(), ReadError> {
    let broken = |why: String| Err(ReadError::Broken { line: number, why });
    if line.seq != head.next {
        return broken(format!("its number is {}, {} should come here", line.seq, head.next));
    }
    if line.prev != head.hash {
        return broken("it does not carry the hash of the line before".into());
    }
    match &line.record {
        Record::RunStarted { format, .. } if *format > FORMAT => {
            Err(ReadError::Newer { found: *format })
        }
        Record::RunStarted { .. } if head.next > 0 => broken("a second run starts here".into()),
        Record::RunStarted { .. } => Ok(()),
        _ if head.next == 0 => broken("the first record is not the start of a run".into()),
        _ => Ok(()),
    }
}
