//! Filters: a path into a Describe call's answer, in the SDKs' terms, against the XML on the wire.
//!
//! `NetworkInterfaces.Groups.GroupId` is `networkInterfaceSet/item/groupSet/item/groupId` there. Rules:
//! <https://docs.aws.amazon.com/fis/latest/userguide/targets.html#target-filters>.

use crate::fis::model::Filter;
use crate::wire::Xml;

/// Members whose name on the wire is another word: EC2's model has a `locationName` for them.
const RENAMED: &[(&str, &str)] = &[
    ("State", "instanceState"),
    ("State", "status"),
    ("PublicDnsName", "dnsName"),
    ("PublicIpAddress", "ipAddress"),
    ("StateTransitionReason", "reason"),
    ("SecurityGroups", "groupSet"),
];

/// All filters match; of a filter's values and of the values found, any.
pub(super) fn matches(resource: &Xml, filters: &[Filter]) -> bool {
    filters.iter().all(|filter| {
        let found = values(resource, &filter.path);
        found.iter().any(|value| filter.values.iter().any(|wanted| wanted == value))
    })
}

/// Every value at a path.
pub(super) fn values<'a>(resource: &'a Xml, path: &str) -> Vec<&'a str> {
    let mut at = vec![resource];
    for part in path.split('.') {
        at = at.into_iter().flat_map(|xml| step(xml, part)).collect();
    }
    at.into_iter().flat_map(leaves).collect()
}

fn step<'a>(xml: &'a Xml, part: &str) -> Vec<&'a Xml> {
    let named: Vec<&Xml> = xml.children.iter().filter(|child| is(&child.name, part)).collect();
    if !named.is_empty() {
        return named;
    }
    // A list: its items are between the name and the next part.
    xml.children.iter().flat_map(|item| step(item, part)).collect()
}

fn is(name: &str, part: &str) -> bool {
    let plural =
        |stem: &str| part.strip_suffix('s').is_some_and(|single| single.eq_ignore_ascii_case(stem));
    name.eq_ignore_ascii_case(part)
        || plural(name)
        || name.strip_suffix("Set").is_some_and(plural)
        || RENAMED.iter().any(|(word, wire)| *word == part && *wire == name)
}

fn leaves(xml: &Xml) -> Vec<&str> {
    if xml.children.is_empty() {
        return vec![&xml.text];
    }
    xml.children.iter().filter(|child| child.children.is_empty()).map(|c| c.text.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTANCE: &str = "<item><instanceId>i-1</instanceId><instanceState><code>16</code><name>running</name>\
        </instanceState><placement><availabilityZone>us-east-1a</availabilityZone></placement>\
        <subnetId>subnet-1</subnetId><groupSet><item><groupId>sg-0</groupId></item></groupSet>\
        <networkInterfaceSet><item><groupSet><item><groupId>sg-1</groupId></item>\
        <item><groupId>sg-2</groupId></item></groupSet></item></networkInterfaceSet></item>";
    const CLUSTER: &str = "<DBCluster><Engine>aurora-mysql</Engine><AvailabilityZones>\
        <AvailabilityZone>us-east-2a</AvailabilityZone><AvailabilityZone>us-east-2b</AvailabilityZone>\
        </AvailabilityZones></DBCluster>";

    fn filter(path: &str, values: &[&str]) -> Filter {
        Filter { path: path.into(), values: values.iter().map(|v| (*v).to_owned()).collect() }
    }

    #[test]
    fn the_examples_of_the_guide_find_their_values() {
        let instance = Xml::parse(INSTANCE).expect("XML");
        assert_eq!(values(&instance, "Placement.AvailabilityZone"), ["us-east-1a"]);
        assert_eq!(values(&instance, "SubnetId"), ["subnet-1"]);
        assert_eq!(values(&instance, "State.Name"), ["running"]);
        assert_eq!(values(&instance, "NetworkInterfaces.Groups.GroupId"), ["sg-1", "sg-2"]);
        assert_eq!(values(&instance, "SecurityGroups.GroupId"), ["sg-0"]);
        let cluster = Xml::parse(CLUSTER).expect("XML");
        assert_eq!(values(&cluster, "Engine"), ["aurora-mysql"]);
        assert_eq!(values(&cluster, "AvailabilityZones"), ["us-east-2a", "us-east-2b"]);
        assert_eq!(values(&cluster, "Nothing.Here"), Vec::<&str>::new());
    }

    #[test]
    fn filters_are_and_their_values_are_or() {
        let instance = Xml::parse(INSTANCE).expect("XML");
        let groups = "NetworkInterfaces.Groups.GroupId";
        assert!(matches(&instance, &[filter(groups, &["sg-9", "sg-2"])]));
        assert!(matches(&instance, &[filter(groups, &["sg-1"]), filter(groups, &["sg-2"])]));
        assert!(!matches(&instance, &[filter(groups, &["sg-1"]), filter(groups, &["sg-9"])]));
        assert!(matches(&instance, &[]));
    }
}
