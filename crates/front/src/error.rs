//! What keeps a front from starting. Owns the words; what to do next is said by the program that starts it.

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
