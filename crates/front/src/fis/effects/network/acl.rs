//! Network ACLs of the account: read, make, associate, delete.

use serde_json::{Value, json};

use super::rules::{Entry, Range};
use crate::AwsError;
use crate::fis::effects::Trouble;
use crate::fis::model::Texts;
use crate::upstream::Session;
use crate::wire::Xml;

/// The network ACL of a subnet.
pub(super) struct Acl {
    pub id: String,
    pub vpc: String,
    /// The subnet's association with it.
    pub association: String,
    pub tags: Texts,
    pub entries: Vec<Entry>,
}

pub(super) async fn of_subnet(session: &Session, subnet: &str) -> Result<Acl, Trouble> {
    let answer = describe(session, "association.subnet-id", subnet).await?;
    let found = answer.all("networkAclSet/item").into_iter().find_map(|acl| {
        let associations = acl.all("associationSet/item");
        let own = associations.into_iter().find(|a| a.text("subnetId") == subnet)?;
        Some(Acl {
            id: acl.text("networkAclId").into(),
            vpc: acl.text("vpcId").into(),
            association: own.text("networkAclAssociationId").into(),
            tags: tags(acl),
            entries: acl.all("entrySet/item").into_iter().filter_map(entry).collect(),
        })
    });
    found.ok_or_else(|| Trouble::invalid_target(format!("Subnet {subnet} has no network ACL.")))
}

/// Ids of those that carry a tag.
pub(super) async fn marked(
    session: &Session,
    key: &str,
    value: &str,
) -> Result<Vec<String>, AwsError> {
    let answer = describe(session, &format!("tag:{key}"), value).await?;
    let ids = answer.all("networkAclSet/item").into_iter();
    let ids = ids.filter(|acl| tags(acl).get(key).is_some_and(|own| own == value));
    Ok(ids.map(|acl| acl.text("networkAclId").to_owned()).collect())
}

async fn describe(session: &Session, filter: &str, value: &str) -> Result<Xml, AwsError> {
    let params = json!({ "Filter": [{ "Name": filter, "Value": [value] }] });
    session.query("ec2", "DescribeNetworkAcls", params).await
}

fn tags(acl: &Xml) -> Texts {
    let tags = acl.all("tagSet/item").into_iter();
    tags.map(|tag| (tag.text("key").to_owned(), tag.text("value").to_owned())).collect()
}

/// `None` for the last rule, `*`, which every ACL has.
fn entry(xml: &Xml) -> Option<Entry> {
    let number: u32 = xml.text("ruleNumber").parse().ok().filter(|number| *number < 32_767)?;
    let range = match (xml.text("cidrBlock"), xml.text("ipv6CidrBlock")) {
        ("", "") => return None,
        ("", v6) => Range::V6(v6.into()),
        (v4, _) => Range::V4(v4.into()),
    };
    Some(Entry {
        number,
        is_egress: xml.text("egress") == "true",
        is_allow: xml.text("ruleAction") == "allow",
        protocol: xml.text("protocol").into(),
        range,
        ports: pair(xml, "portRange/from", "portRange/to"),
        icmp: pair(xml, "icmpTypeCode/code", "icmpTypeCode/type"),
    })
}

fn pair<T: std::str::FromStr>(xml: &Xml, first: &str, second: &str) -> Option<(T, T)> {
    Some((xml.text(first).parse().ok()?, xml.text(second).parse().ok()?))
}

pub(super) async fn create(session: &Session, vpc: &str, tags: Value) -> Result<String, AwsError> {
    let params = json!({
        "VpcId": vpc, "TagSpecification": [{ "ResourceType": "network-acl", "Tag": tags }],
    });
    let answer = session.query("ec2", "CreateNetworkAcl", params).await?;
    Ok(answer.text("networkAcl/networkAclId").to_owned())
}

pub(super) async fn add(session: &Session, acl: &str, entry: &Entry) -> Result<(), AwsError> {
    let mut params = json!({
        "NetworkAclId": acl,
        "RuleNumber": entry.number,
        "Protocol": entry.protocol,
        "RuleAction": if entry.is_allow { "allow" } else { "deny" },
        "Egress": entry.is_egress,
    });
    match &entry.range {
        Range::V4(cidr) => params["CidrBlock"] = cidr.as_str().into(),
        Range::V6(cidr) => params["Ipv6CidrBlock"] = cidr.as_str().into(),
    }
    if let Some((from, to)) = entry.ports {
        params["PortRange"] = json!({ "From": from, "To": to });
    }
    if let Some((code, kind)) = entry.icmp {
        params["Icmp"] = json!({ "Code": code, "Type": kind });
    }
    session.query("ec2", "CreateNetworkAclEntry", params).await.map(drop)
}

pub(super) async fn associate(
    session: &Session,
    association: &str,
    acl: &str,
) -> Result<(), AwsError> {
    let params = json!({ "AssociationId": association, "NetworkAclId": acl });
    session.query("ec2", "ReplaceNetworkAclAssociation", params).await.map(drop)
}

pub(super) async fn delete(session: &Session, acl: &str) -> Result<(), AwsError> {
    let gone = session.query("ec2", "DeleteNetworkAcl", json!({ "NetworkAclId": acl })).await;
    match gone {
        Err(error) if error.is("InvalidNetworkAclID.NotFound") => Ok(()),
        other => other.map(drop),
    }
}
