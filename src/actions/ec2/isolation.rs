//! What a verifier can show of an isolated instance, from fresh reads alone. Owns the judgement;
//! what is changed is `isolate_instance`'s.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    aws::ec2::{GroupFacts, Interface},
    engine::Verdict,
};

/// What the step set out to make.
pub(super) struct Wanted {
    /// Interface id to the id of the closed group of its VPC.
    pub closed: BTreeMap<String, String>,
    /// Connections that were open before have had no chance to be cut.
    pub uncut: bool,
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
) -> Verdict {
    let judged = now.iter().map(|interface| one(wanted, interface, groups));
    let mut all = judged.fold(Verdict::Proven, Verdict::and);
    if now.is_empty() {
        all = all.and(presumed("the instance shows no network interface".into()));
    }
    if wanted.uncut {
        let text = "connections that were open before keep flowing while they are tracked: `cut-connections-after` is zero";
        all = all.and(presumed(text.into()));
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
            return failed(format!("interface `{id}` was attached meanwhile; run the step again"));
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
mod tests {
    use super::*;
    use crate::aws::ec2::NetworkRule;

    fn interface(id: &str, groups: &[&str]) -> Interface {
        Interface {
            interface: id.into(),
            index: 0,
            vpc: Some("vpc-1".into()),
            subnet: None,
            groups: groups.iter().map(ToString::to_string).collect(),
            addresses: BTreeSet::new(),
            public: Vec::new(),
            managed_by: None,
            held_by: None,
        }
    }

    fn wanted() -> Wanted {
        Wanted {
            closed: [("eni-1".to_string(), "sg-closed".to_string())].into(),
            uncut: false,
            disassociated: BTreeSet::new(),
            secondary: Vec::new(),
        }
    }

    fn groups(egress: &[&str]) -> BTreeMap<String, GroupFacts> {
        let egress = egress.iter().map(|cidr| NetworkRule::everything(cidr)).collect();
        let facts = GroupFacts { name: None, vpc: None, ingress: BTreeSet::new(), egress };
        [("sg-closed".to_string(), facts)].into()
    }

    #[test]
    fn proven_only_in_the_closed_group_alone_and_without_a_rule() {
        let now = [interface("eni-1", &["sg-closed"])];
        assert_eq!(verdict(&wanted(), &now, &groups(&[])), Verdict::Proven);
        assert_eq!(verdict(&wanted(), &now, &groups(&["::/0"])).word(), "failed");
        assert_eq!(verdict(&wanted(), &now, &BTreeMap::new()).word(), "presumed");
        let both = [interface("eni-1", &["sg-closed", "sg-2"])];
        assert_eq!(verdict(&wanted(), &both, &groups(&[])).word(), "failed");
    }

    #[test]
    fn a_new_interface_fails_and_an_unseen_one_is_presumed() {
        let mut now = vec![interface("eni-1", &["sg-closed"]), interface("eni-2", &["sg-2"])];
        assert_eq!(verdict(&wanted(), &now, &groups(&[])).word(), "failed");
        now[1].managed_by = Some("account `999999999999`".into());
        assert_eq!(verdict(&wanted(), &now, &groups(&[])).word(), "presumed");
    }

    #[test]
    fn what_was_not_cut_or_not_seen_is_presumed() {
        let now = [interface("eni-1", &["sg-closed"])];
        let uncut = Wanted { uncut: true, ..wanted() };
        assert_eq!(verdict(&uncut, &now, &groups(&[])).word(), "presumed");
        let secondary = Wanted { secondary: vec!["x".into()], ..wanted() };
        assert_eq!(verdict(&secondary, &now, &groups(&[])).word(), "presumed");
    }
}
