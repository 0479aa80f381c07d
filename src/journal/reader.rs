//! Reads a journal and checks its chain. Owns what is tolerated (a torn last line) and what is not
//! (a gap, a broken hash, a newer format).

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Seek, SeekFrom},
    path::Path,
};

use serde_json::Value;

use super::{FORMAT, Line, Record, line::hash};

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

/// The rest of a journal after its lines were handed out one by one.
#[derive(Debug)]
pub struct Tail {
    pub head: Head,
    /// As [`Read::torn`].
    pub torn: Option<String>,
}

/// Bytes that are read from a file at once.
const BLOCK: usize = 64 * 1024;

/// # Errors
/// See [`ReadError`].
pub fn read(path: &Path) -> Result<Read, ReadError> {
    let mut file = File::open(path)?;
    // A line is large, and a vector that grows has room for twice as many.
    let lines = newlines(BufReader::with_capacity(BLOCK, &file))?;
    file.seek(SeekFrom::Start(0))?;
    collect(BufReader::with_capacity(BLOCK, file), Head::default(), lines)
}

/// Reads and checks as [`read`] does and keeps no line: memory does not depend on the length of the
/// journal.
///
/// # Errors
/// See [`ReadError`]; what `take` was given before is part of a chain that holds that far.
pub fn each(path: &Path, take: impl FnMut(Line)) -> Result<Tail, ReadError> {
    each_of(BufReader::with_capacity(BLOCK, File::open(path)?), take)
}

/// The same of an open journal, from its beginning.
pub(super) fn each_of(from: impl BufRead, take: impl FnMut(Line)) -> Result<Tail, ReadError> {
    walk(from, Head::default(), take)
}

/// # Errors
/// See [`ReadError`].
pub fn parse(bytes: &[u8]) -> Result<Read, ReadError> {
    collect(bytes, Head::default(), newlines(bytes)?)
}

/// Reads on where an earlier read ended. A last line that is not whole yet is read the next time.
///
/// # Errors
/// See [`ReadError`].
pub fn read_on(path: &Path, head: Head) -> Result<Read, ReadError> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(head.bytes))?;
    collect(BufReader::with_capacity(BLOCK, file), head, 0)
}

fn newlines(mut from: impl BufRead) -> io::Result<usize> {
    let mut found = 0;
    loop {
        let block = from.fill_buf()?;
        if block.is_empty() {
            return Ok(found);
        }
        found += block.iter().filter(|byte| **byte == b'\n').count();
        let read = block.len();
        from.consume(read);
    }
}

fn collect(from: impl BufRead, head: Head, lines: usize) -> Result<Read, ReadError> {
    let mut lines = Vec::with_capacity(lines);
    let Tail { head, torn } = walk(from, head, |line| lines.push(line))?;
    Ok(Read { lines, head, torn })
}

fn walk(
    mut from: impl BufRead,
    mut head: Head,
    mut take: impl FnMut(Line),
) -> Result<Tail, ReadError> {
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        from.read_until(b'\n', &mut bytes)?;
        let Some(text) = bytes.strip_suffix(b"\n") else { break };
        let number = usize::try_from(head.next).unwrap_or(usize::MAX).saturating_add(1);
        let line: Line = match serde_json::from_slice(text) {
            Ok(line) => line,
            Err(e) => match serde_json::from_slice::<Value>(text) {
                // Data that the disk had not kept in full can be garbage with a newline in it.
                Err(_) if from.fill_buf()?.is_empty() => break,
                Ok(json) if newer(&json).is_some() => {
                    return Err(ReadError::Newer { found: newer(&json).unwrap_or_default() });
                }
                _ => return Err(ReadError::NotARecord { line: number, why: e.to_string() }),
            },
        };
        check(&line, &head, number)?;
        head.next += 1;
        head.hash = hash(text);
        head.bytes += bytes.len() as u64;
        take(line);
    }
    let torn = (!bytes.is_empty()).then(|| String::from_utf8_lossy(&bytes).into_owned());
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
