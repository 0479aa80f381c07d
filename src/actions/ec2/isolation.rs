//! What a verifier can show of an isolated instance, from fresh reads alone. Owns the judgement;
//! what is changed is `isolate_instance`'s.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    aws::ec2::{GroupFacts, Interface, Paths},
    engine::Verdict,
};

/// What the step set out to make.
pub(super) struct Wanted {
    /// Interface id to the id of the closed group of its VPC.
    pub closed: BTreeMap<String, String>,
    /// Why connections that were open before have had no chance to be cut.
    pub uncut: BTreeSet<String>,
    /// Closed groups that are not the run's own.
    pub foreign: BTreeSet<String>,
    /// Allocation ids that must not be associated any more.
    pub disassociated: BTreeSet<String>,
    /// Interfaces of secondary networks.
    pub secondary: Vec<String>,
}

/// The weakest of what holds for the interfaces as they are now.
pub(super) fn verdict(
    wanted: &Wanted,
    now: &[Interface],
    groups: &BTreeMap<String, GroupFacts>,
    paths: &Paths,
) -> Verdict {
    let judged = now.iter().map(|interface| one(wanted, interface, groups));
    let mut all = judged.fold(Verdict::Proven, Verdict::and);
    if now.is_empty() {
        all = all.and(presumed("the instance shows no network interface".into()));
    }
    for why in &wanted.uncut {
        all = all.and(presumed(format!(
            "connections that were open before keep flowing while they are tracked: {why}"
        )));
    }
    for group in &wanted.foreign {
        all = all.and(presumed(format!(
            "group `{group}`, which closes it, is not the run's own: who may change it can open it again"
        )));
    }
    if !paths.tracked.is_empty() {
        let paths = paths.tracked.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        all = all.and(presumed(format!(
            "connections that were open before may go on until they are idle over {paths}: they are tracked whatever the groups say"
        )));
    }
    for path in &paths.unseen {
        all =
            all.and(presumed(format!("whether connections stay tracked cannot be seen of {path}")));
    }
    for trunk in now {
        if let Some(why) = &trunk.unseen_branches {
            all = all.and(presumed(format!(
                "trunk `{}` may have branch interfaces, which have groups of their own, that cannot be seen: {why}",
                trunk.interface
            )));
        }
    }
    if !wanted.secondary.is_empty() {
        let ids = wanted.secondary.join("`, `");
        all = all.and(presumed(format!(
            "security groups do not apply to secondary network interfaces `{ids}`"
        )));
    }
    all
}

fn one(wanted: &Wanted, now: &Interface, groups: &BTreeMap<String, GroupFacts>) -> Verdict {
    let id = &now.interface;
    let open = |group: &&String| {
        groups.get(*group).is_none_or(|facts| !facts.ingress.is_empty() || !facts.egress.is_empty())
    };
    let left = now.public.iter().filter_map(|public| public.allocation.as_ref());
    if let Some(allocation) = left.into_iter().find(|id| wanted.disassociated.contains(*id)) {
        return failed(format!("Elastic IP `{allocation}` is still associated with `{id}`"));
    }
    let Some(closed) = wanted.closed.get(id) else {
        let Some(owner) = &now.managed_by else {
            let what = if now.trunk.is_some() { "branch" } else { "interface" };
            return failed(format!("{what} `{id}` was attached meanwhile; run the step again"));
        };
        return match now.groups.iter().find(open) {
            None if now.groups.is_empty() => presumed(format!(
                "the groups of interface `{id}` cannot be seen: it is managed by {owner}"
            )),
            None => Verdict::Proven,
            Some(group) if groups.contains_key(group) => failed(format!(
                "interface `{id}` is managed by {owner} and still in the open group `{group}`"
            )),
            Some(group) => presumed(format!(
                "the rules of group `{group}` of interface `{id}`, which is managed by {owner}, cannot be seen"
            )),
        };
    };
    if now.groups != BTreeSet::from([closed.clone()]) {
        let have = now.groups.iter().map(String::as_str).collect::<Vec<_>>().join("`, `");
        return failed(format!("interface `{id}` is in `{have}` instead of `{closed}` alone"));
    }
    match groups.get(closed) {
        None => presumed(format!("the rules of group `{closed}` cannot be seen")),
        Some(facts) if facts.ingress.is_empty() && facts.egress.is_empty() => Verdict::Proven,
        Some(facts) => {
            let rule = facts.ingress.iter().chain(&facts.egress).next();
            let rule = rule.map(ToString::to_string).unwrap_or_default();
            failed(format!("group `{closed}` lets traffic through: `{rule}`"))
        }
    }
}

fn failed(reason: String) -> Verdict {
    Verdict::Failed { reason }
}

fn presumed(reason: String) -> Verdict {
    Verdict::Presumed { reason }
}

#[cfg(test)]
#[path = "isolation_tests.rs"]
mod tests;
