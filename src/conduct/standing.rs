//! Where a run stands, in a word.

use serde_json::Value;

use crate::journal::{Ledger, RunDir};

/// One word for where a run stands.
pub fn state(dir: &RunDir, ledger: &Ledger) -> String {
    let word = |value: Value| value.as_str().unwrap_or_default().to_owned();
    match (ledger.released, ledger.aborted, ledger.status) {
        (Some(true), _, _) => "released".into(),
        (Some(false), _, _) => "released in part".into(),
        (None, true, _) => "aborted".into(),
        (None, false, Some(status)) => word(serde_json::to_value(status).unwrap_or_default()),
        (None, false, None) if dir.lock().is_err() => "running".into(),
        (None, false, None) => "cut off".into(),
    }
}
