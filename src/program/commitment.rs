//! What binds a plan to the values that it hides. A plan shows `(sensitive)` where a sensitive value stands,
//! so that two plans for two targets may read the same; keyed hashes of what is hidden are part of a plan's
//! hash, and tell them apart. Owns the hashes, not the key, and what a plan may not hide.

use hmac::{Hmac, KeyInit, Mac};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;

use crate::{engine::plan::PlannedStep, journal::hex};

use super::planfile::canonical;

/// Commits a plan to hidden values without showing them. Who has the salt can try values, so a plan file
/// is its owner's alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Commitment {
    /// The key of the two hashes, in hexadecimal digits. No part of the plan's hash, and left out where
    /// a plan is printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    /// HMAC-SHA256 of the sensitive inputs.
    pub inputs: String,
    /// HMAC-SHA256 of the steps with every value in them.
    pub steps: String,
}

impl Commitment {
    /// `neutral` takes out of a text what differs between two plans of the same.
    pub(super) fn new(
        salt: &str,
        inputs: &IndexMap<String, Value>,
        steps: &[PlannedStep],
        neutral: impl Fn(&str) -> String,
    ) -> Self {
        let mut sum = mac(salt);
        for step in steps {
            let mut step = step.clone();
            step.sort();
            sum.update(neutral(&canonical(&step).to_string()).as_bytes());
            sum.update(b"\n");
        }
        let steps = hex(&sum.finalize().into_bytes());
        Self { salt: Some(salt.into()), inputs: of_inputs(salt, inputs), steps }
    }

    /// Whether these are the sensitive inputs that it was made of.
    pub fn fits(&self, inputs: &IndexMap<String, Value>) -> bool {
        self.salt.as_ref().is_some_and(|salt| self.inputs == of_inputs(salt, inputs))
    }
}

/// Targets in which a sensitive value stands: the journal would have another target, and a release would not
/// find what to give back.
pub(super) fn hidden_places(steps: &[PlannedStep], secrets: &[String]) -> Vec<String> {
    let is_hidden = |target: &str| secrets.iter().any(|secret| target.contains(secret.as_str()));
    let mut found = Vec::new();
    for step in steps {
        let changes = step.changes.iter().map(|change| &change.place);
        let mut places = changes.chain(step.operations.iter().map(|one| &one.place));
        if let Some(place) = places.find(|place| is_hidden(&place.target)) {
            found.push(format!(
                "step `{}` would use a sensitive value as the target of `{}`, which the journal must name; names and ids of resources are no secrets: take `sensitive` off that input",
                step.id, place.kind
            ));
        }
    }
    found
}

fn of_inputs(salt: &str, inputs: &IndexMap<String, Value>) -> String {
    let mut sum = mac(salt);
    sum.update(canonical(inputs).to_string().as_bytes());
    hex(&sum.finalize().into_bytes())
}

fn mac(salt: &str) -> Hmac<Sha256> {
    // HMAC takes a key of any length: RFC 2104.
    Hmac::new_from_slice(salt.as_bytes()).unwrap_or_else(|_| Hmac::new(&Default::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(salt: &str, token: &str, note: &str) -> Commitment {
        let inputs = IndexMap::from([("token".to_owned(), Value::from(token))]);
        let step = PlannedStep { notes: vec![note.into()], ..PlannedStep::default() };
        Commitment::new(salt, &inputs, &[step], str::to_owned)
    }

    #[test]
    fn each_hidden_value_and_the_salt_count() {
        let one = of("s", "a", "n");
        assert_eq!(one, of("s", "a", "n"));
        assert_ne!(one.inputs, of("s", "b", "n").inputs);
        assert_ne!(one.steps, of("s", "a", "m").steps);
        assert_ne!(one.inputs, of("t", "a", "n").inputs);
        assert!(one.fits(&IndexMap::from([("token".to_owned(), "a".into())])));
        assert!(!one.fits(&IndexMap::from([("token".to_owned(), "b".into())])));
        assert!(!format!("{one:?}").contains("\"a\""));
    }
}
