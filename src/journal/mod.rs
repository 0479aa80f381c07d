//! The append-only, hash-chained log of a run, and the directory it lives in. Owns the format and
//! what the records add up to; who writes them is `engine`.

mod digits;
mod fold;
mod hidden;
#[cfg(test)]
pub(crate) mod hook;
mod line;
mod manifest;
mod marker;
mod private;
mod reader;
pub(crate) mod record;
mod redact;
mod rundir;
mod seal;
mod state;
#[cfg(test)]
mod tampering;
mod terms;
#[cfg(test)]
mod tests;
mod trip;
mod verdict;
mod which;
mod who;
mod writer;

pub use digits::hex;
pub(crate) use fold::WAITING;
pub use fold::{Change, Kept, KeptOperation, Ledger, StepLedger, StepState};
pub use hidden::{Hidden, Redactor, is_marked};
pub use line::{DIGITS, JournalError, hash, is_hash};
pub use manifest::{Artefact, MANIFEST, Manifest, Origins, Recorded, Stock, Stocked, take_stock};
pub use private::{dirs as create_private_dirs, write_private};
pub use reader::{Head, Read, ReadError, Tail, each, each_in, parse, read, read_kept, read_on};
pub use record::{FORMAT, InLab, Line, Place, Record, Released, RunStatus};
pub use redact::{REDACTED, forms, redact, redact_bytes, redact_text};
pub use rundir::{KeptFile, RunDir, RunDirError, RunLock};
pub use seal::{KEY, Seal, Signature, Witness, foreign};
pub use state::{Held, RunState, Started, StateKey};
pub use terms::{Class, How, Scope};
pub use trip::Trip;
pub use verdict::Verdict;
pub use which::Which;
pub use who::{SystemUser, Who};
pub use writer::{Journal, Known};
