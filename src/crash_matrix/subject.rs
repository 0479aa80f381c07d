//! The playbook that a matrix tries. Owns the refusal of one whose effects the compared account would not
//! show: `no difference` would say nothing of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::{Trouble, account, tolerance::Steps};
use crate::{
    actions::catalogue,
    engine::Reach,
    playbook::{OnFailure, Playbook, Step},
};

/// A playbook of which the account's readers see all that it changes.
#[derive(Debug)]
pub struct Subject {
    path: PathBuf,
    steps: Steps,
}

impl Subject {
    /// `after` has, for each step, all that comes before it.
    ///
    /// # Errors
    /// [`Trouble::Unseen`] names what no reader sees, by kind with the actions that use it.
    pub fn of(
        path: &Path,
        playbook: &Playbook,
        after: BTreeMap<String, BTreeSet<String>>,
    ) -> Result<Self, Trouble> {
        let actions = playbook.steps.values().map(|step| step.uses.value.as_str());
        let unseen = unseen(actions, account::covers);
        if unseen.is_empty() {
            let lets_fail = |step: &&Step| step.on_failure == OnFailure::Continue;
            let lenient = |step: &&Step| {
                catalogue::find(&step.uses.value).is_some_and(|entry| entry.spec.lenient)
            };
            let ids = |wanted: &dyn Fn(&&Step) -> bool| {
                let found = playbook.steps.values().filter(|step| wanted(step));
                found.map(|step| step.id.value.clone()).collect()
            };
            let steps = Steps { lets_fail: ids(&lets_fail), lenient: ids(&lenient), after };
            Ok(Self { path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()), steps })
        } else {
            Err(Trouble::Unseen(unseen))
        }
    }

    pub(super) fn steps(&self) -> &Steps {
        &self.steps
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// The kinds that some of the actions can change or make and no reader sees, each with those actions.
/// An action that is not in the catalogue is none of a checked playbook.
fn unseen<'a>(
    actions: impl Iterator<Item = &'a str>,
    covers: impl Fn(&str) -> bool,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::<String, BTreeSet<String>>::new();
    for action in actions {
        let access = catalogue::find(action).into_iter().flat_map(|entry| entry.spec.access);
        for one in access.filter(|one| one.reach != Reach::Looks && !covers(one.kind)) {
            found.entry(one.kind.to_owned()).or_default().insert(action.to_owned());
        }
    }
    found
}

/// `kind` (used by `action`, ..), and so on.
pub(super) fn listed(unseen: &BTreeMap<String, BTreeSet<String>>) -> String {
    let each = unseen.iter().map(|(kind, actions)| {
        let actions: Vec<_> = actions.iter().map(|action| format!("`{action}`")).collect();
        format!("`{kind}` (used by {})", actions.join(", "))
    });
    each.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws;

    /// What no reader sees. A kind that comes here is refused by the matrix from then on.
    const UNSEEN: &[&str] = &[
        "backup.back-up",
        "backup.restore",
        "backup.restore-validation",
        "backup.vault",
        "ec2.copy-snapshot",
        "fis.experiment",
        "fis.experiment-template",
        "fis.preview",
        "guardduty.create-sample-findings",
        "guardduty.detector",
    ];
    /// Operations that wait or read and leave nothing.
    const LOOKS: &[&str] = &[
        "drill.detection",
        "drill.tries",
        "ec2.await-state",
        "fis.await-effect",
        "fis.await-experiment",
    ];

    #[test]
    fn every_kind_of_the_registry_is_seen_or_refused_by_name() {
        let (settings, operations) = aws::registry().kinds();
        let all: Vec<_> = settings.into_iter().chain(operations).collect();
        let not_seen: BTreeSet<_> =
            all.iter().copied().filter(|kind| !account::covers(kind)).collect();
        let listed: BTreeSet<_> = UNSEEN.iter().chain(LOOKS).copied().collect();
        assert_eq!(not_seen, listed);
        let every = catalogue::ALL.iter().map(|entry| entry.spec.name);
        let refused = unseen(every, account::covers);
        for entry in catalogue::ALL {
            for one in entry.spec.access.iter().filter(|one| UNSEEN.contains(&one.kind)) {
                let by = refused.get(one.kind).expect("it is refused");
                assert!(by.contains(entry.spec.name), "{} by `{}`", one.kind, entry.spec.name);
            }
        }
        assert!(refused.keys().all(|kind| UNSEEN.contains(&kind.as_str())), "{refused:?}");
        for service in aws::SERVICES {
            for (kind, _) in service.account.iter().flat_map(|account| account.covers) {
                assert!(all.contains(kind), "`{kind}` is no kind");
                assert_eq!(kind.split('.').next(), Some(service.name), "{kind}");
            }
        }
    }

    #[test]
    fn without_its_reader_a_playbook_is_refused_with_kind_and_action() {
        let actions = ["cloudtrail.start-logging", "cloudtrail.check-logging", "core.manual"];
        let without = |kind: &str| account::covers(kind) && !kind.starts_with("cloudtrail.");
        let refused = unseen(actions.into_iter(), without);
        let text = "`cloudtrail.logging` (used by `cloudtrail.start-logging`)";
        assert_eq!(super::listed(&refused), text);
        assert!(unseen(actions.into_iter(), account::covers).is_empty());
    }
}
