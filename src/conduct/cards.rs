//! The scorecards of past drills that count: those that a run of this user's own vouches for. Owns which do, and why
//! the others do not.

use crate::{
    drill::{NotCounted, score::Scorecard},
    journal::{RunDir, Signature},
};

use super::{Context, Failure};

/// The scorecards of a home.
#[derive(Debug, Default)]
pub(crate) struct Cards {
    /// Oldest first.
    pub counted: Vec<Scorecard>,
    pub not_counted: Vec<NotCounted>,
}

impl Cards {
    /// What to do about those that do not count.
    pub(crate) const HELP: &str = "run the drill again for a scorecard that counts; somebody else's counts once `backburn trust` has taken its run over";

    /// # Errors
    /// The home cannot be read, or the key of this user is not one's own.
    pub(crate) fn of(context: &Context) -> Result<Self, Failure> {
        let mut cards = Self::default();
        for dir in RunDir::list(context.home())? {
            match card(context, &dir)? {
                Ok(card) => cards.counted.extend(card),
                Err(why) => cards.not_counted.push(NotCounted { run: dir.id().into(), why }),
            }
        }
        Ok(cards)
    }

    /// One line for each scorecard that does not count, for people.
    pub(crate) fn said(&self) -> Vec<String> {
        let line =
            |one: &NotCounted| format!("not counted: the drill of run {}: {}", one.run, one.why);
        let lines = self.not_counted.iter().map(line);
        let help = (!self.not_counted.is_empty()).then(|| Self::HELP.to_owned());
        lines.chain(help).collect()
    }
}

/// The scorecard of one run, or why it is not counted.
fn card(context: &Context, dir: &RunDir) -> Result<Result<Option<Scorecard>, String>, Failure> {
    let state = match dir.state(context.seal()?) {
        Ok(state) => state.map(|(_, state)| state).unwrap_or_default(),
        // A run without a scorecard has nothing that could count.
        Err(_) if !dir.path().join(RunDir::SCORECARD).exists() => return Ok(Ok(None)),
        Err(error) => return Ok(Err(error.to_string())),
    };
    let card = match Scorecard::kept(dir, state.scored.as_deref()) {
        Ok(None) => return Ok(Ok(None)),
        card => card,
    };
    let signature = state.signature.unwrap_or(Signature::Unsigned);
    Ok(match (signature.words(), card) {
        (Some(words), _) => Err(format!("its journal is {words}")),
        (None, Err(unfit)) => Err(unfit.to_string()),
        // The id of the run is part of what is signed; the card has to name the same one.
        (None, Ok(Some(card))) if card.run != dir.id() => {
            Err(format!("its scorecard is that of run {}", card.run))
        }
        (None, Ok(card)) => Ok(card),
    })
}
