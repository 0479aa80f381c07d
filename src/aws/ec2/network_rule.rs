//! One rule of a security group in one line: `all 0.0.0.0/0`, `tcp 22 10.0.0.0/8`,
//! `udp 1000..2000 sg-0123`. Owns the form and the way from and to EC2's `IpPermission`.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html>

use std::{collections::BTreeSet, fmt};

use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range};

use crate::aws::kit::*;

/// One protocol, port range and peer; EC2 packs several peers into one permission.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NetworkRule(String);

impl fmt::Display for NetworkRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl NetworkRule {
    /// All traffic with a range of addresses.
    pub fn everything(cidr: &str) -> Self {
        Self(format!("all {cidr}"))
    }

    /// All IPv4 and all IPv6 traffic: the only rules under which flows are not tracked.
    pub fn wide_open() -> BTreeSet<Self> {
        ["0.0.0.0/0", "::/0"].map(Self::everything).into()
    }

    pub fn all(permissions: &[IpPermission]) -> BTreeSet<Self> {
        permissions.iter().flat_map(Self::split).map(|(rule, _)| rule).collect()
    }

    /// Each peer of a permission as a rule, with a permission for that peer alone.
    pub fn split(permission: &IpPermission) -> Vec<(Self, IpPermission)> {
        let head = head(permission);
        let alone = || {
            IpPermission::builder()
                .set_ip_protocol(permission.ip_protocol.clone())
                .set_from_port(permission.from_port)
                .set_to_port(permission.to_port)
        };
        let rule = |peer: &str| Self(format!("{head} {peer}"));
        let v4 = permission.ip_ranges().iter().map(|range| {
            (rule(range.cidr_ip().unwrap_or_default()), alone().ip_ranges(range.clone()).build())
        });
        let v6 = permission.ipv6_ranges().iter().map(|range| {
            let peer = range.cidr_ipv6().unwrap_or_default();
            (rule(peer), alone().ipv6_ranges(range.clone()).build())
        });
        let groups = permission.user_id_group_pairs().iter().map(|pair| {
            let peer = pair.group_id().or(pair.group_name()).unwrap_or_default();
            (rule(peer), alone().user_id_group_pairs(pair.clone()).build())
        });
        let lists = permission.prefix_list_ids().iter().map(|list| {
            let peer = list.prefix_list_id().unwrap_or_default();
            (rule(peer), alone().prefix_list_ids(list.clone()).build())
        });
        v4.chain(v6).chain(groups).chain(lists).collect()
    }

    /// `None` for a rule with another peer than a range of addresses: the program makes none.
    pub fn permission(&self) -> Option<IpPermission> {
        let mut words = self.0.split(' ');
        let (protocol, rest) = (words.next()?, words.next()?);
        let (ports, peer) = words.next().map_or((None, rest), |peer| (Some(rest), peer));
        let (from, to) = match ports {
            Some(ports) => {
                let (from, to) = ports.split_once("..").unwrap_or((ports, ports));
                (Some(from.parse().ok()?), Some(to.parse().ok()?))
            }
            None => (None, None),
        };
        let permission = IpPermission::builder()
            .ip_protocol(if protocol == "all" { "-1" } else { protocol })
            .set_from_port(from)
            .set_to_port(to);
        let (address, _) = peer.split_once('/')?;
        Some(if address.contains(':') {
            permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(peer).build()).build()
        } else {
            permission.ip_ranges(IpRange::builder().cidr_ip(peer).build()).build()
        })
    }
}

fn head(permission: &IpPermission) -> String {
    let protocol = permission.ip_protocol().unwrap_or("-1");
    match (protocol, permission.from_port, permission.to_port) {
        // Ports mean nothing when all protocols are meant.
        ("-1", ..) => "all".into(),
        (_, Some(from), Some(to)) if from == to => format!("{protocol} {from}"),
        (_, Some(from), Some(to)) => format!("{protocol} {from}..{to}"),
        _ => protocol.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_split_into_rules_and_come_back() {
        let permission = IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(80)
            .to_port(443)
            .ip_ranges(IpRange::builder().cidr_ip("10.0.0.0/8").description("web").build())
            .ipv6_ranges(Ipv6Range::builder().cidr_ipv6("2001:db8::/32").build())
            .build();
        let split = NetworkRule::split(&permission);
        let texts: Vec<_> = split.iter().map(|(rule, _)| rule.to_string()).collect();
        assert_eq!(texts, ["tcp 80..443 10.0.0.0/8", "tcp 80..443 2001:db8::/32"]);
        for (rule, _) in &split {
            let back = rule.permission().expect("a range");
            assert_eq!(NetworkRule::all(&[back]), [rule.clone()].into());
        }
    }

    #[test]
    fn all_traffic_has_no_ports() {
        for rule in NetworkRule::wide_open() {
            let permission = rule.permission().expect("a range");
            assert_eq!(permission.ip_protocol(), Some("-1"));
            assert_eq!(permission.from_port(), None);
            assert_eq!(NetworkRule::all(&[permission]), [rule].into());
        }
    }
}
