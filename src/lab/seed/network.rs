//! Seeds the network: VPC, gateway, subnets, security groups and their rules.

use std::collections::BTreeMap;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, ResourceType, UserIdGroupPair};

use super::spec::{self, Rule};
use super::tags::{failed, filter, missing, seeded, tagged, unless};
use crate::lab::LabError;

/// Ids by the names of the seed.
pub(super) struct Network {
    pub subnets: BTreeMap<String, String>,
    pub groups: BTreeMap<String, String>,
}

pub(super) async fn seed(ec2: &Client, spec: &spec::Network) -> Result<Network, LabError> {
    let vpc = vpc(ec2, spec).await?;
    gateway(ec2, &spec.name, &vpc).await?;
    let zone = zone(ec2).await?;
    let mut subnets = BTreeMap::new();
    for one in &spec.subnets {
        subnets.insert(one.name.clone(), subnet(ec2, one, &vpc, &zone).await?);
    }
    let mut groups = BTreeMap::new();
    for one in &spec.groups {
        groups.insert(one.name.clone(), group(ec2, one, &vpc).await?);
    }
    // After all groups: rules name other groups.
    for one in &spec.groups {
        for rule in &one.ingress {
            let rule = permission(rule, &groups)?;
            let step = format!("rule of group {}", one.name);
            let done = ec2
                .authorize_security_group_ingress()
                .group_id(&groups[&one.name])
                .ip_permissions(rule)
                .send()
                .await;
            unless("InvalidPermission.Duplicate", done, step)?;
        }
    }
    Ok(Network { subnets, groups })
}

async fn vpc(ec2: &Client, spec: &spec::Network) -> Result<String, LabError> {
    let step = format!("VPC {}", spec.name);
    let found =
        ec2.describe_vpcs().filters(seeded(&spec.name)).send().await.map_err(failed(&step))?;
    if let Some(id) = found.vpcs().first().and_then(|vpc| vpc.vpc_id()) {
        return Ok(id.into());
    }
    let made = ec2
        .create_vpc()
        .cidr_block(&spec.cidr)
        .tag_specifications(tagged(ResourceType::Vpc, &spec.name, &BTreeMap::new()))
        .send()
        .await
        .map_err(failed(&step))?;
    made.vpc().and_then(|vpc| vpc.vpc_id()).map(str::to_owned).ok_or_else(|| missing(step))
}

/// An Elastic IP needs a way out of its VPC.
async fn gateway(ec2: &Client, name: &str, vpc: &str) -> Result<(), LabError> {
    let step = "internet gateway";
    let found = ec2
        .describe_internet_gateways()
        .filters(seeded(name))
        .send()
        .await
        .map_err(failed(step))?;
    let (id, is_attached) = match found.internet_gateways().first() {
        Some(gateway) => {
            (gateway.internet_gateway_id().map(str::to_owned), !gateway.attachments().is_empty())
        }
        None => {
            let made = ec2
                .create_internet_gateway()
                .tag_specifications(tagged(ResourceType::InternetGateway, name, &BTreeMap::new()))
                .send()
                .await
                .map_err(failed(step))?;
            (
                made.internet_gateway()
                    .and_then(|gateway| gateway.internet_gateway_id())
                    .map(str::to_owned),
                false,
            )
        }
    };
    let id = id.ok_or_else(|| missing(step))?;
    if !is_attached {
        ec2.attach_internet_gateway()
            .internet_gateway_id(&id)
            .vpc_id(vpc)
            .send()
            .await
            .map_err(failed(step))?;
    }
    let main = ec2
        .describe_route_tables()
        .filters(filter("vpc-id", [vpc]))
        .filters(filter("association.main", ["true"]))
        .send()
        .await
        .map_err(failed("route table"))?;
    let Some(table) = main.route_tables().first() else { return Err(missing("route table")) };
    if table.routes().iter().any(|route| route.gateway_id() == Some(&id)) {
        return Ok(());
    }
    let route = ec2.create_route().set_route_table_id(table.route_table_id().map(str::to_owned));
    route
        .destination_cidr_block("0.0.0.0/0")
        .gateway_id(&id)
        .send()
        .await
        .map_err(failed("route"))
        .map(drop)
}

async fn zone(ec2: &Client) -> Result<String, LabError> {
    let step = "availability zones";
    let zones = ec2.describe_availability_zones().send().await.map_err(failed(step))?;
    let first = zones.availability_zones().iter().filter_map(|zone| zone.zone_name()).min();
    first.map(str::to_owned).ok_or_else(|| missing(step))
}

async fn subnet(
    ec2: &Client,
    spec: &spec::Subnet,
    vpc: &str,
    zone: &str,
) -> Result<String, LabError> {
    let step = format!("subnet {}", spec.name);
    let found =
        ec2.describe_subnets().filters(seeded(&spec.name)).send().await.map_err(failed(&step))?;
    if let Some(id) = found.subnets().first().and_then(|subnet| subnet.subnet_id()) {
        return Ok(id.into());
    }
    let made = ec2
        .create_subnet()
        .vpc_id(vpc)
        .cidr_block(&spec.cidr)
        .availability_zone(zone)
        .tag_specifications(tagged(ResourceType::Subnet, &spec.name, &BTreeMap::new()))
        .send()
        .await
        .map_err(failed(&step))?;
    made.subnet()
        .and_then(|subnet| subnet.subnet_id())
        .map(str::to_owned)
        .ok_or_else(|| missing(step))
}

async fn group(ec2: &Client, spec: &spec::Group, vpc: &str) -> Result<String, LabError> {
    let step = format!("security group {}", spec.name);
    let found = ec2
        .describe_security_groups()
        .filters(filter("vpc-id", [vpc]))
        .filters(filter("group-name", [spec.name.as_str()]))
        .send()
        .await
        .map_err(failed(&step))?;
    if let Some(id) = found.security_groups().first().and_then(|group| group.group_id()) {
        return Ok(id.into());
    }
    let made = ec2
        .create_security_group()
        .vpc_id(vpc)
        .group_name(&spec.name)
        .description(&spec.description)
        .tag_specifications(tagged(ResourceType::SecurityGroup, &spec.name, &BTreeMap::new()))
        .send()
        .await
        .map_err(failed(&step))?;
    made.group_id().map(str::to_owned).ok_or_else(|| missing(step))
}

fn permission(rule: &Rule, groups: &BTreeMap<String, String>) -> Result<IpPermission, LabError> {
    let permission =
        IpPermission::builder().ip_protocol(&rule.protocol).from_port(rule.from).to_port(rule.to);
    Ok(match rule.source.strip_prefix("group:") {
        Some(name) => {
            let id = groups.get(name).ok_or_else(|| missing(format!("group {name} of a rule")))?;
            permission.user_id_group_pairs(UserIdGroupPair::builder().group_id(id).build())
        }
        None if rule.source.contains(':') => {
            permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(&rule.source).build())
        }
        None => permission.ip_ranges(IpRange::builder().cidr_ip(&rule.source).build()),
    }
    .build())
}
