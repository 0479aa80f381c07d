//! The events on disk, a line each, so that a front that was killed still knows them. The last moments may be missing.

use std::io::{self, BufRead};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt;
use tokio::sync::{mpsc, oneshot};

use super::{Record, Trail};
use crate::Scope;

const FILE: &str = "trail.jsonl";
/// A longer file is rewritten from memory.
const LONGEST: u64 = 256 << 20;
const BEHIND: usize = 10_000;

/// What is to be written.
pub(super) enum Entry {
    Record(Arc<Record>),
    Clear,
    /// Everything before it is written when this is answered.
    Flush(oneshot::Sender<()>),
}

pub(super) fn channel() -> (mpsc::Sender<Entry>, mpsc::Receiver<Entry>) {
    mpsc::channel(BEHIND)
}

/// Reads the events of an earlier front into `trail`; returns how many lines were no event.
pub(super) fn load(home: &Path, trail: &Trail) -> io::Result<usize> {
    let file = match std::fs::File::open(home.join(FILE)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut broken = 0;
    for line in io::BufReader::new(file).lines() {
        match serde_json::from_str::<Value>(&line?) {
            Ok(event) => {
                let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
                trail.keep(&Scope::new(text("recipientAccountId"), text("awsRegion")), &event);
            }
            // The line that was being written when the front was killed.
            Err(_) => broken += 1,
        }
    }
    Ok(broken)
}

/// Writes until the trail is gone, or its front's runtime. An error stops the writing, not the front.
pub(super) async fn run(home: PathBuf, trail: &Trail, mut entries: mpsc::Receiver<Entry>) {
    if let Err(error) = write(&home.join(FILE), trail, &mut entries).await {
        tracing::error!(%error, "CloudTrail events are no longer written to disk");
    }
}

async fn write(path: &Path, trail: &Trail, entries: &mut mpsc::Receiver<Entry>) -> io::Result<()> {
    let mut how = OpenOptions::new();
    how.create(true).append(true);
    // Calls may carry secrets in what CloudTrail shows.
    #[cfg(unix)]
    how.mode(0o600);
    let mut file = how.open(path).await?;
    let mut length = file.metadata().await?.len();
    if length > 0 {
        // A line that was cut off must not swallow the next.
        file.write_all(b"\n").await?;
    }
    let mut batch = Vec::new();
    while entries.recv_many(&mut batch, 1000).await > 0 {
        let mut text = String::new();
        let mut waiting = Vec::new();
        for entry in batch.drain(..) {
            match entry {
                Entry::Record(record) => {
                    text.push_str(record.json());
                    text.push('\n');
                }
                Entry::Clear => {
                    text.clear();
                    file = File::create(path).await?;
                    length = 0;
                }
                Entry::Flush(answer) => waiting.push(answer),
            }
        }
        if length > LONGEST {
            text =
                trail.all().iter().fold(String::new(), |text, record| text + record.json() + "\n");
            file = File::create(path).await?;
            length = 0;
        }
        file.write_all(text.as_bytes()).await?;
        file.flush().await?;
        length += text.len() as u64;
        for answer in waiting {
            // Who asked may have gone.
            let _ = answer.send(());
        }
    }
    Ok(())
}
