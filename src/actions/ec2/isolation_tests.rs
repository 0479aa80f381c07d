//! The verdict on an isolated instance: with any one of the paths still open it is not `proven`.

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
        kind: None,
        trunk: None,
        unseen_branches: None,
    }
}

fn wanted() -> Wanted {
    Wanted {
        closed: [("eni-1".to_string(), "sg-closed".to_string())].into(),
        uncut: BTreeSet::new(),
        foreign: BTreeSet::new(),
        disassociated: BTreeSet::new(),
        secondary: Vec::new(),
    }
}

fn groups(egress: &[&str]) -> BTreeMap<String, GroupFacts> {
    let egress = egress.iter().map(|cidr| NetworkRule::everything(cidr)).collect();
    let facts = GroupFacts { name: None, vpc: None, ingress: BTreeSet::new(), egress };
    [("sg-closed".to_string(), facts)].into()
}

fn judge(wanted: &Wanted, now: &[Interface], egress: &[&str]) -> &'static str {
    verdict(wanted, now, &groups(egress), &Paths::default()).word()
}

#[test]
fn proven_only_in_the_closed_group_alone_and_without_a_rule() {
    let now = [interface("eni-1", &["sg-closed"])];
    assert_eq!(judge(&wanted(), &now, &[]), "proven");
    assert_eq!(judge(&wanted(), &now, &["::/0"]), "failed");
    let unseen = verdict(&wanted(), &now, &BTreeMap::new(), &Paths::default());
    assert_eq!(unseen.word(), "presumed");
    let both = [interface("eni-1", &["sg-closed", "sg-2"])];
    assert_eq!(judge(&wanted(), &both, &[]), "failed");
}

#[test]
fn a_new_interface_fails_and_an_unseen_one_is_presumed() {
    let mut now = vec![interface("eni-1", &["sg-closed"]), interface("eni-2", &["sg-2"])];
    assert_eq!(judge(&wanted(), &now, &[]), "failed");
    now[1].managed_by = Some("account `999999999999`".into());
    assert_eq!(judge(&wanted(), &now, &[]), "presumed");
}

#[test]
fn with_any_other_path_open_it_is_presumed_and_the_path_is_named() {
    let now = [interface("eni-1", &["sg-closed"])];
    let trunk = Interface {
        kind: Some("trunk".into()),
        unseen_branches: Some("not offered".into()),
        ..interface("eni-1", &["sg-closed"])
    };
    let one = |text: &str| BTreeSet::from([text.to_owned()]);
    let tracked = Paths { tracked: one("NAT gateway `nat-1`"), ..Paths::default() };
    let unseen = Paths { unseen: one("routes of the subnet"), ..Paths::default() };
    let none = Paths::default();
    for (wanted, now, paths, named) in [
        (Wanted { uncut: one("no open group"), ..wanted() }, &now, &none, "no open group"),
        (Wanted { foreign: one("sg-theirs"), ..wanted() }, &now, &none, "sg-theirs"),
        (Wanted { secondary: vec!["x-1".into()], ..wanted() }, &now, &none, "x-1"),
        (wanted(), &now, &tracked, "NAT gateway `nat-1`"),
        (wanted(), &now, &unseen, "routes of the subnet"),
        (wanted(), &[trunk], &none, "not offered"),
    ] {
        let Verdict::Presumed { reason } = verdict(&wanted, now, &groups(&[]), paths) else {
            panic!("{named} is open");
        };
        assert!(reason.contains(named), "{reason}");
    }
}
