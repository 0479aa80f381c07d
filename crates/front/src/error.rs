//! Why a front cannot start. Owns the messages; the program that starts it adds what to do next.

use std::io;
use std::path::PathBuf;

/// Every way in which a front fails to start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    NotLoopback(#[from] NotLoopback),
    #[error("cannot read {}", .path.display())]
    Home {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// An address that is not on this machine, or no address.
#[derive(Debug, thiserror::Error)]
#[error("`{url}` is not a loopback address: {why}")]
pub struct NotLoopback {
    pub url: String,
    pub why: String,
}
