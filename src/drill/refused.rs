//! The score of what the attacker tried again: which calls are refused, and whether that agrees with what the response said
//! of itself. Owns both; what an answer means is `aws::tried`'s.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    outline::{Outline, Refusal},
    score::{Objective, Outcome, Part},
};
use crate::{engine::Verdict, journal::Ledger};

/// One call of the attacker, as `drill.try-again` reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TriedCall {
    /// The call, and what it was made on.
    pub call: String,
    /// ARN of whoever made it.
    pub principal: String,
    /// `refused`, `still-works` or `unknown`.
    pub outcome: String,
    /// AWS's code of the refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// What the response said of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    pub proven: usize,
    pub presumed: usize,
    pub failed: usize,
}

impl Said {
    /// The verdicts of the response's own steps.
    pub(super) fn of(outline: &Outline, ledger: &Ledger) -> Self {
        let Some(response) = &outline.response else { return Self::default() };
        let own = ledger.steps.iter().filter(|(id, _)| id.starts_with(&response.prefix));
        let mut said = Self::default();
        for (verdict, _) in own.flat_map(|(_, step)| step.verdicts.values()) {
            match verdict {
                Verdict::Proven => said.proven += 1,
                Verdict::Presumed { .. } => said.presumed += 1,
                Verdict::Failed { .. } => said.failed += 1,
            }
        }
        said
    }

    /// In words: `2 proven, 1 presumed`.
    pub fn words(self) -> String {
        let parts = [(self.proven, "proven"), (self.presumed, "presumed"), (self.failed, "failed")];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<_> = parts.map(|(count, word)| format!("{count} {word}")).collect();
        if parts.is_empty() { "no verdict".into() } else { parts.join(", ") }
    }
}

/// The objective of one entry of `refused`. `outputs` are those of its step, and `state` is how that ended otherwise.
pub(super) fn objective(
    refusal: &Refusal,
    outputs: Option<&Value>,
    state: (Outcome, String),
) -> Objective {
    let Some(outputs) = outputs else {
        let (outcome, note) = state;
        return Objective { note, ..Objective::new(Part::Refused, &refusal.name, outcome) };
    };
    let text = |key: &str| outputs.get(key).and_then(Value::as_str).unwrap_or_default();
    let calls = outputs.get("calls").cloned().unwrap_or_default();
    let calls: Vec<TriedCall> = serde_json::from_value(calls).unwrap_or_default();
    let outcome = match text("outcome") {
        // What names no call shows nothing.
        "pass" if calls.is_empty() => Outcome::Unknown,
        "pass" => Outcome::Pass,
        "still-works" => Outcome::StillWorks,
        _ => Outcome::Unknown,
    };
    let took = outputs.get("seconds-to-refused").and_then(Value::as_f64);
    let objective = Objective {
        calls,
        note: text("detail").to_owned(),
        ..Objective::new(Part::Refused, &refusal.name, outcome)
    };
    objective.timed(took, Some(refusal.within))
}

/// The worst that a drill can show: the response says `proven`, and a call of the attacker still works.
pub(super) fn contradiction(said: Said, objectives: &[Objective]) -> Option<String> {
    let refused = objectives.iter().filter(|one| one.part == Part::Refused);
    let mut open = refused.flat_map(|one| &one.calls).filter(|call| call.outcome == "still-works");
    let first = open.next().filter(|_| said.proven > 0)?;
    let more = match open.count() {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    Some(format!(
        "the response says `proven`, and `{}` as `{}` still works{more}",
        first.call, first.principal
    ))
}
