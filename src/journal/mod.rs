//! The append-only, hash-chained log of a run, and the directory it lives in. Owns the format and
//! what the records add up to; who writes them is `engine`.

mod fold;
#[cfg(test)]
pub(crate) mod hook;
mod line;
mod manifest;
mod private;
mod reader;
pub(crate) mod record;
mod redact;
mod rundir;
mod state;
#[cfg(test)]
mod tampering;
mod terms;
#[cfg(test)]
mod tests;
mod trip;
mod verdict;
mod writer;

pub use fold::{Change, Kept, KeptOperation, Ledger, StepLedger, StepState};
pub use line::{JournalError, hash, hex};
pub use manifest::{Artefact, MANIFEST, Manifest, Origins, Recorded, Stock, Stocked, take_stock};
pub use reader::{Head, Read, ReadError, Tail, each, parse, read, read_on};
pub use record::{FORMAT, InLab, Line, Place, Record, Released, RunStatus};
pub use redact::{REDACTED, forms, redact, redact_bytes, redact_text};
pub use rundir::{KeptFile, RunDir, RunDirError, RunLock};
pub use state::{Held, RunState, Started, StateKey};
pub use terms::{Class, How, Scope};
pub use trip::Trip;
pub use verdict::Verdict;
pub use writer::{Journal, Known};
