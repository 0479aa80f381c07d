//! `AWS/EC2 NetworkIn` of the instances that an alarm names, which no upstream publishes: what the lab's instances
//! send each other. An instance sends to the addresses that are in its user data, as a probe does that pings its
//! peer; network ACLs are held against it, so that a subnet that is cut off receives nothing.
//!
//! Security groups and routes are not looked at: within a VPC the default ones let everything through.
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html>,
//! <https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html>

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use base64::Engine;
use serde_json::{Value, json};

use super::alarm::Alarm;
use crate::wire::Xml;
use crate::{AwsError, Session};

/// Bytes that one peer sends in a minute.
const SENT: u64 = 300_000;
/// Protocol numbers in an ACL: all of them, and ICMP.
const PROTOCOLS: [&str; 2] = ["-1", "1"];

/// The instance of an alarm on the traffic that it receives.
pub(super) fn watched(alarm: &Alarm) -> Option<&str> {
    let is_it = alarm.namespace == "AWS/EC2" && alarm.metric == "NetworkIn";
    alarm.dimension("InstanceId").filter(|_| is_it && alarm.dimensions.len() == 1)
}

/// A running instance.
struct Host {
    id: String,
    address: Ipv4Addr,
    subnet: String,
    vpc: String,
}

/// An entry of a network ACL.
#[derive(Debug, Clone, PartialEq)]
struct Entry {
    number: u32,
    is_egress: bool,
    is_allow: bool,
    range: (Ipv4Addr, u32),
}

/// Puts one datapoint for each running instance that an alarm watches.
pub(super) async fn publish(session: &Session, alarms: &[Alarm]) -> Result<(), AwsError> {
    let watched: BTreeSet<&str> = alarms.iter().filter_map(watched).collect();
    if watched.is_empty() {
        return Ok(());
    }
    let xml = session.query("ec2", "DescribeInstances", json!({})).await?;
    let hosts: Vec<Host> =
        xml.all("reservationSet/item/instancesSet/item").into_iter().filter_map(host).collect();
    let mut acls = BTreeMap::new();
    let mut data: Vec<Value> = Vec::new();
    for to in hosts.iter().filter(|host| watched.contains(host.id.as_str())) {
        let mut received = 0;
        for from in hosts.iter().filter(|from| from.id != to.id && from.vpc == to.vpc) {
            if sends(session, from, to).await? && passes(session, &mut acls, from, to).await? {
                received += SENT;
            }
        }
        let dimensions = json!([{ "Name": "InstanceId", "Value": to.id }]);
        data.push(json!({
            "MetricName": "NetworkIn", "Dimensions": dimensions, "Value": received, "Unit": "Bytes",
        }));
    }
    for part in data.chunks(1000) {
        let params = json!({ "Namespace": "AWS/EC2", "MetricData": part });
        session.query("monitoring", "PutMetricData", params).await?;
    }
    Ok(())
}

fn host(xml: &Xml) -> Option<Host> {
    (xml.text("instanceState/name") == "running").then_some(())?;
    Some(Host {
        id: xml.text("instanceId").into(),
        address: xml.text("privateIpAddress").parse().ok()?,
        subnet: xml.text("subnetId").into(),
        vpc: xml.text("vpcId").into(),
    })
}

/// Whether the user data of one names the address of the other.
async fn sends(session: &Session, from: &Host, to: &Host) -> Result<bool, AwsError> {
    let params = json!({ "InstanceId": from.id, "Attribute": "userData" });
    let answer = session.query("ec2", "DescribeInstanceAttribute", params).await?;
    let encoded = answer.text("userData/value").trim();
    let decoded = base64::engine::general_purpose::STANDARD.decode(encoded);
    let decoded = decoded.unwrap_or_else(|_| encoded.into());
    let words = String::from_utf8_lossy(&decoded).into_owned();
    let address = to.address.to_string();
    let mut words = words.split(|c: char| !c.is_ascii_digit() && c != '.');
    Ok(words.any(|word| word == address))
}

async fn passes(
    session: &Session,
    acls: &mut BTreeMap<String, Vec<Entry>>,
    from: &Host,
    to: &Host,
) -> Result<bool, AwsError> {
    // An ACL is between subnets, never within one.
    if from.subnet == to.subnet {
        return Ok(true);
    }
    for host in [from, to] {
        if !acls.contains_key(&host.subnet) {
            let entries = entries(session, &host.subnet).await?;
            acls.insert(host.subnet.clone(), entries);
        }
    }
    Ok(lets(&acls[&from.subnet], true, to.address) && lets(&acls[&to.subnet], false, from.address))
}

async fn entries(session: &Session, subnet: &str) -> Result<Vec<Entry>, AwsError> {
    let filter = json!([{ "Name": "association.subnet-id", "Value": [subnet] }]);
    let answer = session.query("ec2", "DescribeNetworkAcls", json!({ "Filter": filter })).await?;
    let found = answer.all("networkAclSet/item");
    let own = found.into_iter().find(|acl| {
        acl.all("associationSet/item").iter().any(|one| one.text("subnetId") == subnet)
    });
    let entries = own.map(|acl| acl.all("entrySet/item")).unwrap_or_default();
    Ok(entries.into_iter().filter_map(entry).collect())
}

fn entry(xml: &Xml) -> Option<Entry> {
    PROTOCOLS.contains(&xml.text("protocol")).then_some(())?;
    let (address, length) = xml.text("cidrBlock").split_once('/')?;
    Some(Entry {
        number: xml.text("ruleNumber").parse().ok()?,
        is_egress: xml.text("egress") == "true",
        is_allow: xml.text("ruleAction") == "allow",
        range: (address.parse().ok()?, length.parse().ok().filter(|length| *length <= 32)?),
    })
}

/// The entry with the lowest number that fits decides; without one nothing passes.
fn lets(entries: &[Entry], is_egress: bool, peer: Ipv4Addr) -> bool {
    let fits = |entry: &&Entry| {
        let (address, length) = entry.range;
        let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
        entry.is_egress == is_egress && u32::from(address) & mask == u32::from(peer) & mask
    };
    entries.iter().filter(fits).min_by_key(|entry| entry.number).is_some_and(|entry| entry.is_allow)
}

#[cfg(test)]
mod tests {
    use super::super::alarm::tests::sample;
    use super::*;

    fn entry(number: u32, is_allow: bool, range: &str) -> Entry {
        let (address, length) = range.split_once('/').expect("a range");
        let range = (address.parse().expect("an address"), length.parse().expect("a length"));
        Entry { number, is_egress: false, is_allow, range }
    }

    #[test]
    fn the_lowest_number_that_fits_decides() {
        let peer: Ipv4Addr = "10.0.1.5".parse().expect("an address");
        let open = [entry(100, true, "0.0.0.0/0"), entry(32_767, false, "0.0.0.0/0")];
        assert!(lets(&open, false, peer) && !lets(&open, true, peer));
        let cut = [entry(1, true, "10.0.0.0/24"), entry(2, false, "0.0.0.0/0"), open[0].clone()];
        assert!(!lets(&cut, false, peer), "only its own subnet is spared");
        assert!(lets(&cut, false, "10.0.0.9".parse().expect("an address")));
        assert!(!lets(&[], false, peer));
    }

    #[test]
    fn only_what_an_instance_receives_is_watched() {
        let mut alarm = sample();
        assert_eq!(watched(&alarm), None);
        alarm.metric = "NetworkIn".into();
        assert_eq!(watched(&alarm), Some("i-1"));
        alarm.namespace = "Mine".into();
        assert_eq!(watched(&alarm), None);
    }
}
