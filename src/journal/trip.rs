//! What makes a writer fail at one record, on purpose: how the crash matrix puts a kill and a full
//! disk where it wants them. Owns the two ways; who may ask for one is the caller's to decide.

use std::{
    fs::File,
    io::{self, Write},
};

use serde::{Deserialize, Serialize};

/// Where this process's journal trips; records are counted from 1 in each process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trip {
    /// The process is killed, as by `kill -9`, once this record is written.
    KillAfter(u64),
    /// The disk takes half of this record and nothing after it.
    FullAt(u64),
}

impl Trip {
    /// Lets `bytes`, a line each record, pass; or writes what of them still gets to the disk and
    /// trips. `written` records went before.
    pub(super) fn pass(self, file: &mut File, bytes: &[u8], written: u64) -> io::Result<()> {
        let lines: Vec<_> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let last = written + lines.len() as u64;
        let (at, is_kill) = match self {
            Self::KillAfter(at) => (at, true),
            Self::FullAt(at) => (at, false),
        };
        if at <= written || at > last {
            return Ok(());
        }
        let (before, from) = lines.split_at((at - written - 1) as usize);
        let whole: usize = before.iter().map(|line| line.len()).sum();
        let own = from.first().map_or(0, |line| line.len());
        if is_kill {
            file.write_all(&bytes[..whole + own])?;
            die();
        }
        file.write_all(&bytes[..whole + own / 2])?;
        Err(io::Error::from(io::ErrorKind::StorageFull))
    }
}

#[cfg(unix)]
fn die() -> ! {
    use rustix::process::{Signal, getpid, kill_process};
    let _ = kill_process(getpid(), Signal::KILL);
    std::process::abort()
}

#[cfg(not(unix))]
fn die() -> ! {
    std::process::abort()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_keeps_what_went_before() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let trip = Trip::FullAt(4);
        let mut open = file.reopen().expect("open");
        assert!(trip.pass(&mut open, b"one\ntwo\n", 0).is_ok());
        let error = trip.pass(&mut open, b"three\nfour\nfive\n", 2).expect_err("full");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(std::fs::read_to_string(file.path()).expect("text"), "three\nfo");
        assert!(trip.pass(&mut open, b"six\n", 5).is_ok());
    }
}
