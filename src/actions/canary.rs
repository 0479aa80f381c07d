//! Canaries: small writes of which the time is known, by which a restore shows how much was lost. Owns what they are
//! called and how those that came back are judged; writing and reading them is each service's.
//!
//! The recovery point is "a point in time, prior to a disruption" to which data can be recovered (NIST SP 800-34,
//! section 3.2.1): the last write that came back, with all before it, is that point.

use std::{collections::BTreeMap, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    aws::Aws,
    engine::{Setting, Step, StepError},
    playbook::types,
};

/// Writes of one step: the journal has each of them.
pub(super) const MOST: u32 = 100;

/// One write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// Id of the item, or key of the object.
    pub id: String,
    /// When it was written, RFC 3339 on AWS's clock, in whole seconds; it is its content, too.
    pub at: String,
}

/// Outputs of the actions that write them.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Written {
    /// The canaries, in the order of their writing.
    pub canaries: Vec<Canary>,
}

/// What became of the canaries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Canaries {
    /// How many were written.
    pub written: u64,
    /// How many are not there any more, or changed.
    pub lost: u64,
    /// When the last one was written that is there with all before it; null when the first is lost.
    pub last_kept: Option<String>,
    /// When the first one was written that is lost.
    pub first_lost: Option<String>,
}

/// # Errors
/// The text of a refusal.
pub(super) fn check(count: u32) -> Result<(), StepError> {
    match count {
        1..=MOST => Ok(()),
        _ => Err(StepError::Refused(format!("`count` is {count}; give 1 to {MOST}"))),
    }
}

/// Writes so many, with a pause between two. `of` is what holds the one of this id.
pub(super) async fn write<S: Setting<Aws, Value = Option<String>>>(
    step: &Step<Aws>,
    count: u32,
    every: Option<&types::Duration>,
    of: impl Fn(String) -> S,
) -> Result<Written, StepError> {
    let every = every.map(types::Duration::as_std).unwrap_or_default();
    let prefix = super::naming::own(step, 200).replacen("backburn-", "backburn-canary-", 1);
    let mut canaries = Vec::new();
    for nth in 0..count {
        if nth > 0 {
            step.wait(every, &format!("before canary {}", nth + 1)).await?;
        }
        let (id, at) = (format!("{prefix}-{nth}"), step.moment(Duration::ZERO).await?);
        step.set(of(id.clone()), Some(at.clone())).await?;
        canaries.push(Canary { id, at });
    }
    Ok(Written { canaries })
}

/// Ids of the canaries that steps wrote.
pub(super) fn ids(written: &[Vec<Canary>]) -> Vec<String> {
    written.iter().flatten().map(|canary| canary.id.clone()).collect()
}

/// `found` has the content of each that is there. `None` when none was written.
pub(super) fn judge(written: &[Vec<Canary>], found: &BTreeMap<String, String>) -> Option<Canaries> {
    let mut all: Vec<&Canary> = written.iter().flatten().collect();
    // All are UTC with whole seconds, so their order is that of their texts.
    all.sort_by(|a, b| (&a.at, &a.id).cmp(&(&b.at, &b.id)));
    let kept = |canary: &&Canary| found.get(&canary.id) == Some(&canary.at);
    let lost = all.iter().filter(|canary| !kept(canary)).count() as u64;
    let whole = all.iter().take_while(|canary| kept(canary)).last();
    let first_lost = all.iter().find(|canary| !kept(canary));
    (!all.is_empty()).then(|| Canaries {
        written: all.len() as u64,
        lost,
        last_kept: whole.map(|canary| canary.at.clone()),
        first_lost: first_lost.map(|canary| canary.at.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canary(id: &str, second: u32) -> Canary {
        Canary { id: id.into(), at: format!("2026-11-24T10:00:{second:02}Z") }
    }

    fn found(canaries: &[Canary]) -> BTreeMap<String, String> {
        canaries.iter().map(|one| (one.id.clone(), one.at.clone())).collect()
    }

    #[test]
    fn what_comes_after_the_first_loss_is_no_recovery_point() {
        let all = [canary("a", 1), canary("b", 2), canary("c", 3)];
        let written = [vec![all[2].clone()], vec![all[0].clone(), all[1].clone()]];
        let judged = judge(&written, &found(&all)).expect("canaries");
        assert_eq!((judged.lost, judged.last_kept.as_deref()), (0, Some(all[2].at.as_str())));
        let judged = judge(&written, &found(&[all[0].clone(), all[2].clone()])).expect("canaries");
        assert_eq!((judged.written, judged.lost), (3, 1));
        assert_eq!(judged.last_kept.as_deref(), Some(all[0].at.as_str()));
        assert_eq!(judged.first_lost.as_deref(), Some(all[1].at.as_str()));
        assert_eq!(judge(&[], &found(&all)), None);
    }

    #[test]
    fn one_that_was_changed_is_lost() {
        let written = [vec![canary("a", 1)]];
        let changed = BTreeMap::from([("a".to_owned(), "noise".to_owned())]);
        let judged = judge(&written, &changed).expect("canaries");
        assert_eq!((judged.lost, judged.last_kept), (1, None));
    }
}
