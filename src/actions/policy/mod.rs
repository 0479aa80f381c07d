//! The IAM policies that actions need: to run them, and to release what they did. Owns the fold of the
//! permission tables, which are the settings' own, and what every run needs besides.

mod document;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

pub use document::{Condition, Fill, Grant, document, too_large};

use crate::{
    aws::belts,
    engine::{How, Permission, on},
};

/// What becomes of what a run made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A playbook: `release` comes later, by anyone permitted, and leaves the evidence.
    Evidence,
    /// A drill: it releases itself, and also removes what its jobs left.
    Nothing,
}

/// The two policies of a playbook.
#[derive(Clone, Debug, Serialize)]
pub struct Policies {
    /// To plan, run and resume.
    pub run: Value,
    /// To release; less than `run`.
    pub release: Value,
}

/// Every program start asks who it is.
pub const ALWAYS: Permission = on("sts:GetCallerIdentity", "*");
/// A plan shows whether an experiment is running, since the incident may be a drill, and which of its
/// permissions the caller has.
pub const PLANNING: &[Permission] = &[
    on("fis:ListExperiments", "*"),
    belts::probe::GET_ROLE,
    belts::probe::SIMULATE_USER,
    belts::probe::SIMULATE_ROLE,
];

pub fn for_run(access: &[super::Access], kept: Kept) -> BTreeSet<Permission> {
    // The belts look at what a write touches before it is made.
    let belts = access.iter().flat_map(|a| a.lookups).copied().flatten();
    let used = access.iter().flat_map(|a| a.reads.iter().chain(a.writes)).chain(belts).copied();
    match kept {
        Kept::Evidence => used.collect(),
        Kept::Nothing => used.chain(for_release(access, kept)).collect(),
    }
}

/// Release reads and writes the settings that it gives back; a drill's also what jobs left.
pub fn for_release(access: &[super::Access], kept: Kept) -> BTreeSet<Permission> {
    let given_back = access.iter().filter(|a| a.how.is_some_and(|how| how != How::Retained));
    let litter = access.iter().filter(|_| kept == Kept::Nothing).filter_map(|a| a.discards);
    let settings = given_back.flat_map(|a| a.reads.iter().chain(a.releases));
    settings.chain(litter.flatten()).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::{super::catalogue, *};

    fn run(name: &str, kept: Kept) -> BTreeSet<&'static str> {
        let access = catalogue::find(name).expect("known").spec.access;
        for_run(access, kept).into_iter().map(|one| one.action).collect()
    }

    fn release(name: &str, kept: Kept) -> BTreeSet<&'static str> {
        let access = catalogue::find(name).expect("known").spec.access;
        for_release(access, kept).into_iter().map(|one| one.action).collect()
    }

    #[test]
    fn release_needs_less() {
        let key = "iam.disable-access-key";
        assert!(run(key, Kept::Evidence).contains("sts:GetAccessKeyInfo"));
        assert!(release(key, Kept::Evidence).contains("iam:UpdateAccessKey"));
        assert!(!release(key, Kept::Evidence).contains("sts:GetAccessKeyInfo"));
        let console = "iam.disable-console-access";
        assert!(run(console, Kept::Evidence).contains("iam:DeleteLoginProfile"));
        assert!(!release(console, Kept::Evidence).contains("iam:DeleteLoginProfile"), "retained");
    }

    #[test]
    fn a_drill_takes_away_what_a_playbook_keeps() {
        let (name, delete) = ("ec2.snapshot-volumes", "ec2:DeleteSnapshot");
        let kept = Kept::Evidence;
        assert!(!run(name, kept).contains(delete) && !release(name, kept).contains(delete));
        assert!(run(name, Kept::Nothing).contains(delete), "it releases itself, as the same");
        assert!(release(name, Kept::Nothing).contains(delete), "after a kill -9 `release` does");
        assert!(run("ec2.isolate-instance", Kept::Nothing).contains("ec2:DeleteSecurityGroup"));
    }

    #[test]
    fn the_actions_of_all_playbooks_together_fit_a_managed_policy() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks");
        let files = std::fs::read_dir(folder).expect("the playbooks");
        let texts = files.map(|file| std::fs::read_to_string(file.expect("a file").path()));
        let all: String = texts.collect::<Result<_, _>>().expect("a playbook");
        let used = catalogue::ALL.iter().map(|entry| entry.spec);
        let used = used.filter(|spec| all.contains(&format!("uses: {}\n", spec.name)));
        let grants = used.flat_map(|spec| for_run(spec.access, Kept::Evidence));
        let grants = grants.chain([ALWAYS]).chain(PLANNING.iter().copied()).map(Grant::from);
        let fill = Fill { account: Some("111122223333"), region: Some("eu-central-1") };
        assert_eq!(too_large(&document(&grants.collect(), fill)), None);
    }
}
