//! The network interfaces of one instance, with their groups and public addresses.
//!
//! What the instance's own description lists and what DescribeNetworkInterfaces lists are merged:
//! an interface that only the first knows belongs to another account or service.
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInterface.html>

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types;

use super::{instance, lookup::attached, permissions::*, some, trunk::branches};
use crate::aws::kit::*;

fact! {
    #[derive(PartialEq, Eq)]
    pub struct Interfaces {
        pub instance: String,
    }
    // By device index; branches of a trunk last.
    "ec2.interfaces" = Vec<Interface>, target "{instance}";
    reads [DESCRIBE_INSTANCES, DESCRIBE_NETWORK_INTERFACES, DESCRIBE_TRUNK_INTERFACE_ASSOCIATIONS];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Interface {
    pub interface: String,
    /// Device index on the instance.
    pub index: i32,
    pub vpc: Option<String>,
    pub subnet: Option<String>,
    pub groups: BTreeSet<String>,
    /// Private IPv4 and IPv6 addresses.
    pub addresses: BTreeSet<String>,
    pub public: Vec<PublicAddress>,
    /// Why its groups may not be ours to see or change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_by: Option<String>,
    /// The run whose closed or open group it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<String>,
    /// `trunk`, `branch`, `efa`, ...; none for a plain one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Of a branch: the id of its trunk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trunk: Option<String>,
    /// Of a trunk: why it may have branches that are not listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unseen_branches: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PublicAddress {
    pub address: String,
    pub private: String,
    /// Allocation id of an Elastic IP; `None` for an address that AWS assigned by itself.
    pub allocation: Option<String>,
}

impl Interfaces {
    pub fn of(instance: impl AsRef<str>) -> Self {
        Self { instance: instance.as_ref().into() }
    }
}

impl Fact<Aws> for Interfaces {
    async fn read(&self, aws: &Aws) -> Result<Vec<Interface>, CallError> {
        let (listed, described) =
            futures::join!(instance(aws, &self.instance), attached(aws, &self.instance));
        let listed = listed?.network_interfaces.into_iter().flatten();
        let mut all = merge(listed, described?);
        let mut more = Vec::new();
        for trunk in all.iter_mut().filter(|one| one.kind.as_deref() == Some("trunk")) {
            let branches = branches(aws, &trunk.interface).await?;
            trunk.unseen_branches = branches.unseen;
            let of = Some(trunk.interface.clone());
            let found = branches.found.into_iter().filter_map(seen);
            more.extend(found.map(|one| Interface { trunk: of.clone(), ..one }));
        }
        all.extend(more);
        Ok(all)
    }
}

fn merge(
    listed: impl Iterator<Item = types::InstanceNetworkInterface>,
    described: Vec<types::NetworkInterface>,
) -> Vec<Interface> {
    let mut all: BTreeMap<String, Interface> = described
        .into_iter()
        .filter_map(seen)
        .map(|interface| (interface.interface.clone(), interface))
        .collect();
    for interface in listed.filter_map(unseen) {
        all.entry(interface.interface.clone()).or_insert(interface);
    }
    let mut all: Vec<_> = all.into_values().collect();
    all.sort_by_key(|interface| interface.index);
    all
}

fn seen(found: types::NetworkInterface) -> Option<Interface> {
    let operator = found.operator.and_then(|o| o.managed?.then(|| o.principal.unwrap_or_default()));
    let requester = found.requester_managed.unwrap_or_default().then_some(found.requester_id);
    let v4 = found.private_ip_addresses.unwrap_or_default();
    let v6 = found.ipv6_addresses.into_iter().flatten().filter_map(|a| a.ipv6_address);
    let mut public: Vec<_> = v4
        .iter()
        .filter_map(|private| public(private.association.as_ref()?, private.private_ip_address()?))
        .collect();
    // Local endpoints put the association on the interface alone.
    if let (true, Some(association), Some(private)) =
        (public.is_empty(), &found.association, &found.private_ip_address)
    {
        public.extend(self::public(association, private));
    }
    public.sort();
    let held_by = holder(found.groups.as_deref());
    Some(Interface {
        interface: found.network_interface_id?,
        index: found.attachment.and_then(|a| a.device_index).unwrap_or_default(),
        vpc: some(found.vpc_id),
        subnet: some(found.subnet_id),
        groups: groups(found.groups),
        addresses: v4.into_iter().filter_map(|a| some(a.private_ip_address)).chain(v6).collect(),
        public,
        managed_by: operator.or(requester.map(Option::unwrap_or_default)),
        held_by,
        kind: found.interface_type.and_then(|kind| special(kind.as_str())),
        trunk: None,
        unseen_branches: None,
    })
}

fn special(kind: &str) -> Option<String> {
    (!kind.is_empty() && kind != "interface").then(|| kind.to_owned())
}

/// The run in the name of a group that a containment built.
fn holder(groups: Option<&[types::GroupIdentifier]>) -> Option<String> {
    let names = groups.into_iter().flatten().filter_map(|group| group.group_name());
    names.into_iter().find_map(held)
}

fn held(name: &str) -> Option<String> {
    let rest = ["backburn-closed-", "backburn-open-"].iter().find_map(|p| name.strip_prefix(p))?;
    let run = rest.get(..26).filter(|run| ulid::Ulid::from_string(run).is_ok())?;
    let after = rest.get(26..)?;
    (after.is_empty() || after.starts_with('-')).then(|| run.to_owned())
}

fn unseen(listed: types::InstanceNetworkInterface) -> Option<Interface> {
    let owner = listed.owner_id.unwrap_or_default();
    let v4 = listed.private_ip_addresses.into_iter().flatten();
    let held_by = holder(listed.groups.as_deref());
    Some(Interface {
        interface: listed.network_interface_id?,
        index: listed.attachment.and_then(|a| a.device_index).unwrap_or_default(),
        vpc: some(listed.vpc_id),
        subnet: some(listed.subnet_id),
        groups: groups(listed.groups),
        addresses: v4.filter_map(|a| some(a.private_ip_address)).collect(),
        public: Vec::new(),
        managed_by: Some(format!(
            "account `{owner}`, not listed by `{}`",
            DESCRIBE_NETWORK_INTERFACES.action
        )),
        held_by,
        kind: listed.interface_type.as_deref().and_then(special),
        trunk: None,
        unseen_branches: None,
    })
}

fn groups(groups: Option<Vec<types::GroupIdentifier>>) -> BTreeSet<String> {
    groups.into_iter().flatten().filter_map(|group| group.group_id).collect()
}

fn public(
    association: &types::NetworkInterfaceAssociation,
    private: &str,
) -> Option<PublicAddress> {
    Some(PublicAddress {
        address: some(association.public_ip.clone())?,
        private: private.into(),
        allocation: some(association.allocation_id.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_that_only_the_instance_lists_is_managed_by_another() {
        let listed = ["eni-1", "eni-2"].map(|id| {
            types::InstanceNetworkInterface::builder()
                .network_interface_id(id)
                .owner_id("999999999999")
                .build()
        });
        let described = types::NetworkInterface::builder()
            .network_interface_id("eni-1")
            .requester_managed(false)
            .build();
        let merged = merge(listed.into_iter(), vec![described]);
        assert_eq!(merged[0].managed_by, None);
        assert!(merged[1].managed_by.as_deref().is_some_and(|m| m.contains("999999999999")));
    }

    #[test]
    fn elastic_ips_of_secondary_addresses_are_found() {
        let address = |private: &str, allocation: Option<&str>| {
            let association = types::NetworkInterfaceAssociation::builder()
                .public_ip("198.51.100.1")
                .set_allocation_id(allocation.map(Into::into))
                .build();
            types::NetworkInterfacePrivateIpAddress::builder()
                .private_ip_address(private)
                .association(association)
                .build()
        };
        let described = types::NetworkInterface::builder()
            .network_interface_id("eni-1")
            .private_ip_addresses(address("10.0.0.4", None))
            .private_ip_addresses(address("10.0.0.5", Some("eipalloc-1")))
            .build();
        let merged = merge(std::iter::empty(), vec![described]);
        assert_eq!(merged[0].public.len(), 2);
        let elastic = merged[0].public.iter().find(|p| p.allocation.is_some()).expect("one");
        assert_eq!(elastic.private, "10.0.0.5");
    }
}
