//! How many calls were judged, refused, and not judged for which reason. Owns the numbers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

/// Reasons told apart; all beyond are one.
const MOST: usize = 200;
const LONGEST: usize = 120;

#[derive(Default)]
pub(crate) struct Tally {
    judged: AtomicU64,
    refused: AtomicU64,
    not_judged: Mutex<BTreeMap<(String, String), u64>>,
}

impl Tally {
    /// A call that AWS would answer.
    pub(super) fn allowed(&self) {
        self.judged.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn refused(&self) {
        self.judged.fetch_add(1, Ordering::Relaxed);
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// A call that passed because nobody can say what AWS would answer.
    pub(super) fn passed(&self, service: &str, why: &str) {
        let mut all = self.not_judged.lock().unwrap_or_else(PoisonError::into_inner);
        let why: String = why.chars().take(LONGEST).collect();
        let at = (service.to_owned(), why);
        if all.len() < MOST || all.contains_key(&at) {
            *all.entry(at).or_default() += 1;
        } else {
            *all.entry(("other".into(), "other reasons".into())).or_default() += 1;
        }
    }

    /// Judged, refused, passed unjudged.
    pub(crate) fn counts(&self) -> [u64; 3] {
        let all = self.not_judged.lock().unwrap_or_else(PoisonError::into_inner);
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        [read(&self.judged), read(&self.refused), all.values().sum()]
    }

    pub(crate) fn told(&self) -> Value {
        let [judged, refused, passed] = self.counts();
        let all = self.not_judged.lock().unwrap_or_else(PoisonError::into_inner);
        let each = all.iter().map(
            |((service, why), calls)| json!({ "service": service, "without": why, "calls": calls }),
        );
        json!({
            "judged": judged,
            "refused": refused,
            "notJudged": passed,
            "reasons": each.collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_and_bounded() {
        let tally = Tally::default();
        tally.allowed();
        tally.refused();
        for n in 0..1000 {
            tally.passed("s3", &format!("key {n}"));
        }
        tally.passed("s3", "key 0");
        assert_eq!(tally.counts(), [2, 1, 1001]);
        let told = tally.told();
        let reasons = told["reasons"].as_array().expect("a list");
        assert_eq!(reasons.len(), MOST + 1);
        assert!(reasons.iter().any(|one| one["without"] == "key 0" && one["calls"] == 2));
    }
}
