//! What a crash matrix asks of the runs that it starts, by an environment variable: hurry, and trip
//! at a record. Owns the variable, which is ignored unless the endpoint is on this machine.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{engine::Patience, journal::Trip};

const VARIABLE: &str = "BACKBURN_REHEARSAL";

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Rehearsal {
    /// For one attempt of one call, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u64>,
    /// No step waits longer, in milliseconds.
    pub wait: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trip: Option<Trip>,
}

impl Rehearsal {
    /// What this process was asked to do; invalid text is ignored.
    pub fn asked() -> Option<Self> {
        serde_json::from_str(&std::env::var(VARIABLE).ok()?).ok()
    }

    pub(super) fn variable(&self) -> (&'static str, String) {
        (VARIABLE, serde_json::to_string(self).unwrap_or_default())
    }

    /// An endpoint on this machine shows at once what was written.
    pub fn patience(&self) -> Patience {
        let ms = Duration::from_millis;
        Patience {
            first: ms(40),
            longest: ms(320),
            deadline: ms(20_000),
            poll: ms(300),
            wait: ms(self.wait),
        }
    }
}
