//! Which addresses a scope is about, read from the account.

use serde_json::json;

use super::rules::{Range, Ranges};
use crate::fis::effects::Trouble;
use crate::upstream::Session;
use crate::wire::Xml;

pub(super) async fn of(
    session: &Session,
    subnet: &str,
    scope: &str,
    prefix_list: Option<&str>,
) -> Result<Ranges, Trouble> {
    match scope {
        "prefix-list" => listed(session, prefix_list.unwrap_or_default()).await,
        "s3" | "dynamodb" | "s3express" => {
            let name = format!("com.amazonaws.{}.{scope}", session.scope().region);
            listed(session, &name).await
        }
        _ => within(session, subnet, scope).await,
    }
}

/// Scopes that follow from the VPC's own addresses.
async fn within(session: &Session, subnet: &str, scope: &str) -> Result<Ranges, Trouble> {
    let answer = session.query("ec2", "DescribeSubnets", json!({ "SubnetId": [subnet] })).await?;
    let Some(own) = answer.get("subnetSet/item") else {
        return Err(Trouble::invalid_target(format!("Subnet {subnet} not found.")));
    };
    let vpc = own.text("vpcId");
    match scope {
        "vpc" => {
            let answer = session.query("ec2", "DescribeVpcs", json!({ "VpcId": [vpc] })).await?;
            let vpc = answer.get("vpcSet/item");
            Ok(Ranges::all_but(vpc.map(blocks).unwrap_or_default()))
        }
        "availability-zone" => {
            let params = json!({ "Filter": [{ "Name": "vpc-id", "Value": [vpc] }] });
            let answer = session.query("ec2", "DescribeSubnets", params).await?;
            let zone = own.text("availabilityZone");
            let others = answer.all("subnetSet/item").into_iter();
            let others = others.filter(|other| other.text("availabilityZone") != zone);
            Ok(Ranges { spared: Vec::new(), denied: others.flat_map(blocks).collect() })
        }
        _ => Ok(Ranges::all_but(blocks(own))),
    }
}

/// Address blocks of a subnet or of a VPC.
fn blocks(xml: &Xml) -> Vec<Range> {
    let main = Some(xml.text("cidrBlock")).filter(|cidr| !cidr.is_empty());
    let more =
        xml.all("cidrBlockAssociationSet/item").into_iter().map(|item| item.text("cidrBlock"));
    let v6 = xml.all("ipv6CidrBlockAssociationSet/item").into_iter();
    let v6 = v6.map(|item| item.text("ipv6CidrBlock"));
    let mut found: Vec<Range> = Vec::new();
    for cidr in main.into_iter().chain(more).chain(v6).filter(|cidr| !cidr.is_empty()) {
        let range = Range::of(cidr);
        if !found.contains(&range) {
            found.push(range);
        }
    }
    found
}

/// Entries of a managed prefix list, given by name, id or ARN.
async fn listed(session: &Session, wanted: &str) -> Result<Ranges, Trouble> {
    let answer = session.query("ec2", "DescribeManagedPrefixLists", json!({})).await?;
    let lists = answer.all("prefixListSet/item").into_iter();
    let id = lists.filter_map(|list| {
        let names = ["prefixListId", "prefixListName", "prefixListArn"];
        let is_it = names.iter().any(|name| list.text(name) == wanted);
        is_it.then(|| list.text("prefixListId").to_owned())
    });
    let Some(id) = id.into_iter().next() else {
        return Err(Trouble::configuration(format!("Prefix list {wanted} not found.")));
    };
    let params = json!({ "PrefixListId": id });
    let answer = session.query("ec2", "GetManagedPrefixListEntries", params).await?;
    let entries = answer.all("entrySet/item").into_iter();
    let denied: Vec<Range> = entries.map(|entry| Range::of(entry.text("cidr"))).collect();
    if denied.is_empty() {
        return Err(Trouble::configuration(format!("Prefix list {wanted} has no entries.")));
    }
    Ok(Ranges { spared: Vec::new(), denied })
}
