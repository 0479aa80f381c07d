//! The scorecard that a drill's run keeps, read back. Owns whether it is the one that the run's journal has the hash of;
//! whose the journal is, its readers ask.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::journal::{RunDir, hash};

use super::score::Scorecard;

/// Why a scorecard counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// No record of the journal has its hash: an earlier version wrote it, or anybody.
    Unsigned,
    /// The journal has a hash, and there is no such file, or none that can be read.
    Missing,
    /// It is not the file that the journal has the hash of.
    Changed,
}

impl Unfit {
    pub fn word(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::Missing => "missing",
            Self::Changed => "changed",
        }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsigned => {
                "no record of its journal has the scorecard's hash: an earlier version wrote it, or somebody else did"
            }
            Self::Missing => "its scorecard is missing or cannot be read",
            Self::Changed => "its scorecard was changed after it was saved",
        })
    }
}

/// A run whose scorecard says something and counts for nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotCounted {
    pub run: String,
    /// For people.
    pub why: String,
}

impl Scorecard {
    /// The bytes of its file.
    ///
    /// # Errors
    /// It is no JSON, which it always is.
    pub fn to_bytes(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec_pretty(self)
    }

    /// The scorecard of a run whose journal has the SHA-256 `journaled` of it. None where there is neither.
    ///
    /// # Errors
    /// It is not the one that was saved.
    pub fn kept(dir: &RunDir, journaled: Option<&str>) -> Result<Option<Self>, Unfit> {
        let Some(journaled) = journaled else {
            let lies_there = dir.path().join(RunDir::SCORECARD).symlink_metadata().is_ok();
            return if lies_there { Err(Unfit::Unsigned) } else { Ok(None) };
        };
        // Hashed and read at once: what lies there may be exchanged in between.
        let bytes = dir.read(RunDir::SCORECARD).map_err(|_| Unfit::Missing)?;
        if hash(&bytes) != journaled {
            return Err(Unfit::Changed);
        }
        serde_json::from_slice(&bytes).map(Some).map_err(|_| Unfit::Changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::score::Outcome;

    fn card(outcome: Outcome) -> Scorecard {
        let text = serde_json::json!({ "simulation": "s", "title": "t", "version": "1.0.0",
            "hypothesis": "h", "attack": [], "run": "r", "account": "1", "region": "r",
            "endpoint": null, "started": null, "outcome": outcome, "objectives": [] });
        serde_json::from_value(text).expect("a scorecard")
    }

    #[test]
    fn only_the_card_that_was_journaled_counts() {
        let home = tempfile::tempdir().expect("a folder");
        let dir = RunDir::create(home.path(), "01JD0000000000000000000000").expect("made");
        assert_eq!(Scorecard::kept(&dir, None), Ok(None), "no drill");
        let missed = card(Outcome::Missed).to_bytes().expect("bytes");
        let sha256 = hash(&missed);
        assert_eq!(Scorecard::kept(&dir, Some(&sha256)), Err(Unfit::Missing));
        dir.write(RunDir::SCORECARD, &missed).expect("written");
        assert_eq!(Scorecard::kept(&dir, Some(&sha256)), Ok(Some(card(Outcome::Missed))));
        assert_eq!(Scorecard::kept(&dir, None), Err(Unfit::Unsigned));
        let pass = card(Outcome::Pass).to_bytes().expect("bytes");
        dir.write(RunDir::SCORECARD, &pass).expect("written");
        assert_eq!(Scorecard::kept(&dir, Some(&sha256)), Err(Unfit::Changed));
    }
}
