//! Reads a journal and checks its chain. Owns what is tolerated (a torn last line) and what is not
//! (a gap, a broken hash, a newer format).

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Seek, SeekFrom},
    path::Path,
};

use serde_json::Value;

use super::{
    FORMAT, Line, Record,
    line::hash,
    marker::{may_have_marks, received, shown},
    private,
    record::has_texts_for_secrets,
};

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
    /// The text of the last line, without its newline: what says whose the journal is.
    pub last: Vec<u8>,
}

#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ReadError {
    #[error("the journal cannot be read: {0}")]
    #[diagnostic(code("journal::unreadable"))]
    Io(#[from] io::Error),
    #[error("line {line} of the journal is not a record: {why}")]
    #[diagnostic(code("journal::not-a-record"), help("{}", by_hand(run)))]
    NotARecord {
        line: usize,
        why: String,
        /// Id of the run, where the file is a run's.
        run: String,
    },
    #[error("the journal's chain is broken at line {line}: {why}")]
    #[diagnostic(code("journal::broken-chain"), help("{}", by_hand(run)))]
    Broken {
        line: usize,
        why: String,
        /// As of a line that is not a record.
        run: String,
    },
    #[error("the journal has format {found}, this program reads up to {FORMAT}")]
    #[diagnostic(
        code("journal::newer-format"),
        help("use the version that made the run, or a newer one")
    )]
    Newer { found: u32 },
}

/// What to do about a run whose journal does not hold: nothing of it is followed, so the program gives nothing back.
fn by_hand(run: &str) -> String {
    format!(
        "the file was changed or damaged after it was written. No command follows the run, and the account is as the run left it. \
         `backburn runs show {run}` lists the settings that the records before that line changed, with their values before: give them back by hand, and doubt the last of these records, which may be the one that was changed. \
         What later records changed is unknown: look in CloudTrail for calls whose user agent has `app/backburn-{run}`. \
         With a whole copy of the journal in place of this one, `backburn release {run}` works again"
    )
}

impl ReadError {
    /// With the run that the journal at `path` is of: its folder has its name.
    pub(crate) fn at(mut self, path: &Path) -> Self {
        if let Self::Broken { run, .. } | Self::NotARecord { run, .. } = &mut self
            && let Some(name) = path.parent().and_then(Path::file_name)
        {
            *run = name.to_string_lossy().into_owned();
        }
        self
    }

    /// Whether what was written is not what is there.
    pub(crate) fn is_tampered(&self) -> bool {
        matches!(self, Self::Broken { .. } | Self::NotARecord { .. })
    }
}

/// Where the run is not known.
const RUN: &str = "RUN";

/// The rest of a journal after its lines were handed out one by one.
#[derive(Debug)]
pub struct Tail {
    pub head: Head,
    /// As [`Read::torn`].
    pub torn: Option<String>,
    /// As [`Read::last`].
    pub last: Vec<u8>,
}

/// Bytes that are read from a file at once.
const BLOCK: usize = 64 * 1024;

/// A journal for people: `(sensitive)` stands where something is hidden. What works on the run reads it by
/// [`read_kept`].
///
/// # Errors
/// See [`ReadError`].
pub fn read(path: &Path) -> Result<Read, ReadError> {
    read_as(path, For::People)
}

/// A journal for the engine: what is hidden in a value that it goes by is a marker, which no text of AWS or of
/// a file is.
///
/// # Errors
/// See [`ReadError`].
pub fn read_kept(path: &Path) -> Result<Read, ReadError> {
    read_as(path, For::Engine)
}

/// What stands where something is hidden.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    People,
    Engine,
}

fn read_as(path: &Path, whom: For) -> Result<Read, ReadError> {
    let mut file = private::regular(path)?;
    // A line is large, and a vector that grows has room for twice as many.
    let lines = newlines(BufReader::with_capacity(BLOCK, &file))?;
    file.seek(SeekFrom::Start(0))?;
    let read = collect(BufReader::with_capacity(BLOCK, file), Head::default(), lines, whom);
    read.map_err(|error| error.at(path))
}

/// Reads and checks as [`read`] does and keeps no line: memory does not depend on the length of the
/// journal.
///
/// # Errors
/// See [`ReadError`]; what `take` was given before is part of a chain that holds that far.
pub fn each(path: &Path, take: impl FnMut(Line)) -> Result<Tail, ReadError> {
    let from = BufReader::with_capacity(BLOCK, private::regular(path)?);
    each_of(from, take).map_err(|error| error.at(path))
}

/// The same of an open journal, from where it is read next.
///
/// # Errors
/// As [`each`].
pub fn each_in(file: &File, take: impl FnMut(Line)) -> Result<Tail, ReadError> {
    each_of(BufReader::with_capacity(BLOCK, file), take)
}

/// The same of any text, from its beginning.
pub(super) fn each_of(from: impl BufRead, take: impl FnMut(Line)) -> Result<Tail, ReadError> {
    walk(from, Head::default(), For::People, take)
}

/// # Errors
/// See [`ReadError`].
pub fn parse(bytes: &[u8]) -> Result<Read, ReadError> {
    collect(bytes, Head::default(), newlines(bytes)?, For::People)
}

/// Reads on where an earlier read ended. A last line that is not whole yet is read the next time.
///
/// # Errors
/// See [`ReadError`].
pub fn read_on(path: &Path, head: Head) -> Result<Read, ReadError> {
    let mut file = private::regular(path)?;
    file.seek(SeekFrom::Start(head.bytes))?;
    collect(BufReader::with_capacity(BLOCK, file), head, 0, For::People)
        .map_err(|error| error.at(path))
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

fn collect(from: impl BufRead, head: Head, lines: usize, whom: For) -> Result<Read, ReadError> {
    let mut lines = Vec::with_capacity(lines);
    let Tail { head, torn, last } = walk(from, head, whom, |line| lines.push(line))?;
    Ok(Read { lines, head, torn, last })
}

fn walk(
    mut from: impl BufRead,
    mut head: Head,
    whom: For,
    mut take: impl FnMut(Line),
) -> Result<Tail, ReadError> {
    let (mut bytes, mut last) = (Vec::new(), Vec::new());
    let mut old = false;
    loop {
        bytes.clear();
        from.read_until(b'\n', &mut bytes)?;
        let Some(text) = bytes.strip_suffix(b"\n") else { break };
        let number = usize::try_from(head.next).unwrap_or(usize::MAX).saturating_add(1);
        let mut line: Line = match serde_json::from_slice(text) {
            Ok(line) => line,
            Err(e) => match serde_json::from_slice::<Value>(text) {
                // Data that the disk had not kept in full can be garbage with a newline in it.
                Err(_) if from.fill_buf()?.is_empty() => break,
                Ok(json) if newer(&json).is_some() => {
                    return Err(ReadError::Newer { found: newer(&json).unwrap_or_default() });
                }
                _ => {
                    return Err(ReadError::NotARecord {
                        line: number,
                        why: e.to_string(),
                        run: RUN.into(),
                    });
                }
            },
        };
        check(&line, &head, number)?;
        head.next += 1;
        head.hash = hash(text);
        head.bytes += bytes.len() as u64;
        if let Record::RunStarted { format, .. } = &line.record {
            old = has_texts_for_secrets(*format);
        }
        if may_have_marks(text) {
            for value in line.record.kept_values() {
                let kept = received(value.take(), old && whom == For::Engine);
                *value = if whom == For::People { shown(kept) } else { kept };
            }
        }
        std::mem::swap(&mut bytes, &mut last);
        take(line);
    }
    let torn = (!bytes.is_empty()).then(|| String::from_utf8_lossy(&bytes).into_owned());
    if last.last() == Some(&b'\n') {
        last.pop();
    }
    Ok(Tail { head, torn, last })
}

/// The format of a first record that this version cannot read as a whole.
fn newer(json: &Value) -> Option<u32> {
    let found = u32::try_from(json.get("format")?.as_u64()?).ok()?;
    (json.get("record")? == "run-started" && found > FORMAT).then_some(found)
}

fn check(line: &Line, head: &Head, number: usize) -> Result<(), ReadError> {
    let broken = |why: String| Err(ReadError::Broken { line: number, why, run: RUN.into() });
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
