//! The EC2 part of an account: instances with their attributes, interfaces, groups, volumes,
//! snapshots, images, addresses, network ACLs, profile associations.

use aws_sdk_ec2::{
    Client,
    types::{InstanceAttributeName, IpPermission, SnapshotAttributeName, Tag},
};
use futures::future::BoxFuture;
use serde_json::{Map, Value, json};

use crate::aws::account::{Account, Read, Reads, by_id, why};

/// Not `ec2.copy-snapshot`: what it leaves can be in another Region.
pub(super) const ACCOUNT: Account = Account {
    covers: &[
        (
            "ec2.address-association",
            &[("addresses", ""), ("interfaces", "association"), ("instances", "public")],
        ),
        ("ec2.create-image", &[("images", ""), ("snapshots", "")]),
        ("ec2.create-snapshot", &[("snapshots", "")]),
        ("ec2.create-snapshots", &[("snapshots", "")]),
        ("ec2.delete-on-termination", &[("instances", "devices"), ("volumes", "attachments")]),
        ("ec2.eni-groups", &[("interfaces", "groups"), ("instances", "groups")]),
        ("ec2.instance-profile", &[("instances", "profile")]),
        (
            "ec2.instance-state",
            &[("instances", "state"), ("instances", "public"), ("interfaces", "association")],
        ),
        ("ec2.launched-instance", &[]),
        ("ec2.security-group", &[("groups", "")]),
        ("ec2.shutdown-behavior", &[("instances", "attributes > shutdown-behaviour")]),
        ("ec2.snapshot-share", &[("snapshots", "shared-with")]),
        ("ec2.subnet", &[]),
        (
            "ec2.tag",
            &[
                ("instances", "tags"),
                ("interfaces", "tags"),
                ("volumes", "tags"),
                ("snapshots", "tags"),
                ("images", "tags"),
                ("groups", "tags"),
                ("other-tags", ""),
            ],
        ),
        ("ec2.termination-protection", &[("instances", "attributes > termination-protection")]),
        ("ec2.vpc", &[]),
    ],
    evidence: &["snapshots", "images"],
    open: |lens| {
        Box::new(Reader { ec2: Client::new(&lens.upstream), account: lens.account.clone() })
    },
};

struct Reader {
    ec2: Client,
    account: String,
}

impl Reads for Reader {
    fn read(&self) -> BoxFuture<'_, Read> {
        Box::pin(read(&self.ec2, &self.account))
    }
}

async fn read(ec2: &Client, account: &str) -> Read {
    Ok(json!({
        "instances": instances(ec2).await?,
        "interfaces": interfaces(ec2).await?,
        "groups": groups(ec2).await?,
        "volumes": volumes(ec2).await?,
        "snapshots": snapshots(ec2, account).await?,
        "images": images(ec2).await?,
        "addresses": addresses(ec2).await?,
        "acls": acls(ec2).await?,
        "subnets": subnets(ec2).await?,
        "vpcs": vpcs(ec2).await?,
        "other-tags": other_tags(ec2).await?,
        "profiles": profiles(ec2).await?,
    }))
}

fn tags(tags: &[Tag]) -> Value {
    tags.iter().filter_map(|tag| Some((tag.key()?.to_owned(), json!(tag.value())))).collect()
}

async fn instances(ec2: &Client) -> Read {
    let mut pages = ec2.describe_instances().into_paginator().send();
    let mut all = Vec::new();
    while let Some(page) = pages.next().await {
        for one in page.map_err(why)?.reservations.into_iter().flatten() {
            for one in one.instances.into_iter().flatten() {
                let state = one
                    .state()
                    .and_then(|state| state.name())
                    .map(aws_sdk_ec2::types::InstanceStateName::as_str);
                let groups: Vec<_> = one.security_groups().iter().map(|g| g.group_id()).collect();
                let devices: Map<_, _> = (one.block_device_mappings().iter())
                    .filter_map(|device| {
                        let ebs = device.ebs()?;
                        let told = json!([ebs.volume_id(), ebs.delete_on_termination()]);
                        Some((device.device_name()?.to_owned(), told))
                    })
                    .collect();
                let id = one.instance_id().unwrap_or_default();
                let attributes = match state {
                    Some("terminated") => Value::Null,
                    _ => attributes(ec2, id).await?,
                };
                let options = one.metadata_options().map(|options| {
                    json!([
                        options.http_tokens().map(aws_sdk_ec2::types::HttpTokensState::as_str),
                        options.http_put_response_hop_limit(),
                        options
                            .http_endpoint()
                            .map(aws_sdk_ec2::types::InstanceMetadataEndpointState::as_str),
                    ])
                });
                let profile = one.iam_instance_profile().and_then(|profile| profile.arn());
                let told = json!({
                    "type": one.instance_type().map(aws_sdk_ec2::types::InstanceType::as_str), "image": one.image_id(),
                    "subnet": one.subnet_id(), "VpcId": one.vpc_id(), "state": state,
                    "private": one.private_ip_address(), "public": one.public_ip_address(),
                    "groups": groups, "devices": devices, "metadata": options,
                    "profile": profile, "attributes": attributes, "tags": tags(one.tags()),
                });
                all.push((one.instance_id, told));
            }
        }
    }
    Ok(by_id(all))
}

async fn attributes(ec2: &Client, instance: &str) -> Read {
    use InstanceAttributeName as Name;
    let attribute =
        |name: Name| ec2.describe_instance_attribute().instance_id(instance).attribute(name).send();
    let (protected, behaviour, data) = tokio::join!(
        attribute(Name::DisableApiTermination),
        attribute(Name::InstanceInitiatedShutdownBehavior),
        attribute(Name::UserData)
    );
    Ok(json!({
        "termination-protection": protected.map_err(why)?.disable_api_termination.and_then(|v| v.value),
        "shutdown-behaviour": behaviour.map_err(why)?.instance_initiated_shutdown_behavior.and_then(|v| v.value),
        "user-data": data.map_err(why)?.user_data.and_then(|v| v.value),
    }))
}

async fn interfaces(ec2: &Client) -> Read {
    let mut pages = ec2.describe_network_interfaces().into_paginator().items().send();
    let mut all = Vec::new();
    while let Some(one) = pages.next().await {
        let one = one.map_err(why)?;
        let groups: Vec<_> = one.groups().iter().map(|group| group.group_id()).collect();
        let addresses: Vec<_> =
            one.private_ip_addresses().iter().map(|ip| ip.private_ip_address()).collect();
        let addresses6: Vec<_> = one.ipv6_addresses().iter().map(|ip| ip.ipv6_address()).collect();
        let association = one.association().map(|a| json!([a.allocation_id(), a.public_ip()]));
        let place = one.attachment();
        let attachment = json!({
            "InstanceId": place.and_then(|place| place.instance_id()),
            "DeviceIndex": place.and_then(aws_sdk_ec2::types::NetworkInterfaceAttachment::device_index),
            "status": place.and_then(|place| place.status()).map(aws_sdk_ec2::types::AttachmentStatus::as_str),
            "delete": place.and_then(aws_sdk_ec2::types::NetworkInterfaceAttachment::delete_on_termination),
        });
        let told = json!({
            "status": one.status().map(aws_sdk_ec2::types::NetworkInterfaceStatus::as_str), "description": one.description(),
            "subnet": one.subnet_id(), "VpcId": one.vpc_id(), "groups": groups,
            "source-check": one.source_dest_check(), "private": addresses, "v6": addresses6,
            "association": association, "attachment": attachment, "tags": tags(one.tag_set()),
        });
        all.push((one.network_interface_id, told));
    }
    Ok(by_id(all))
}

async fn groups(ec2: &Client) -> Read {
    let mut pages = ec2.describe_security_groups().into_paginator().items().send();
    let mut all = Vec::new();
    while let Some(one) = pages.next().await {
        let one = one.map_err(why)?;
        let rules = |rules: &[IpPermission]| rules.iter().map(rule).collect::<Vec<_>>();
        let told = json!({
            "GroupName": one.group_name(), "description": one.description(),
            "VpcId": one.vpc_id(), "tags": tags(one.tags()),
            "inbound": rules(one.ip_permissions()), "outbound": rules(one.ip_permissions_egress()),
        });
        all.push((one.group_id, told));
    }
    Ok(by_id(all))
}

fn rule(rule: &IpPermission) -> Value {
    let ranges = rule.ip_ranges().iter().map(|one| json!([one.cidr_ip(), one.description()]));
    let ranges6 = rule.ipv6_ranges().iter().map(|one| json!([one.cidr_ipv6(), one.description()]));
    let groups =
        rule.user_id_group_pairs().iter().map(|one| json!([one.group_id(), one.description()]));
    let lists =
        rule.prefix_list_ids().iter().map(|one| json!([one.prefix_list_id(), one.description()]));
    let peers: Vec<_> = ranges.chain(ranges6).chain(groups).chain(lists).collect();
    json!({ "protocol": rule.ip_protocol(), "from": rule.from_port(), "to": rule.to_port(), "peers": peers })
}

async fn volumes(ec2: &Client) -> Read {
    let mut pages = ec2.describe_volumes().into_paginator().items().send();
    let mut all = Vec::new();
    while let Some(one) = pages.next().await {
        let one = one.map_err(why)?;
        let places = one.attachments().iter().map(|place| {
            json!({
                "InstanceId": place.instance_id(), "Device": place.device(),
                "delete": place.delete_on_termination(),
            })
        });
        let places: Vec<_> = places.collect();
        let told = json!({
            "size": one.size(), "state": one.state().map(aws_sdk_ec2::types::VolumeState::as_str), "key": one.kms_key_id(),
            "encrypted": one.encrypted(), "type": one.volume_type().map(aws_sdk_ec2::types::VolumeType::as_str),
            "snapshot": one.snapshot_id(), "zone": one.availability_zone(),
            "attachments": places, "tags": tags(one.tags()),
        });
        all.push((one.volume_id, told));
    }
    Ok(by_id(all))
}

async fn snapshots(ec2: &Client, account: &str) -> Read {
    let mut pages = ec2.describe_snapshots().owner_ids(account).into_paginator().items().send();
    let mut all = Vec::new();
    while let Some(one) = pages.next().await {
        let one = one.map_err(why)?;
        // Of the upstream's public images: on AWS they belong to others.
        if one.description().is_some_and(|text| text.starts_with("Auto-created snapshot for AMI")) {
            continue;
        }
        let shared = (ec2.describe_snapshot_attribute())
            .set_snapshot_id(one.snapshot_id.clone())
            .attribute(SnapshotAttributeName::CreateVolumePermission);
        let shared = shared.send().await.map_err(why)?;
        let shared: Vec<_> = (shared.create_volume_permissions().iter())
            .map(|to| {
                json!([to.user_id(), to.group().map(aws_sdk_ec2::types::PermissionGroup::as_str)])
            })
            .collect();
        let told = json!({
            "VolumeId": one.volume_id(), "size": one.volume_size(), "encrypted": one.encrypted(),
            "state": one.state().map(aws_sdk_ec2::types::SnapshotState::as_str), "key": one.kms_key_id(),
            "description": one.description(), "shared-with": shared, "tags": tags(one.tags()),
        });
        all.push((one.snapshot_id, told));
    }
    Ok(by_id(all))
}

async fn images(ec2: &Client) -> Read {
    let mut pages = ec2.describe_images().owners("self").into_paginator().items().send();
    let mut all = Vec::new();
    while let Some(one) = pages.next().await {
        let one = one.map_err(why)?;
        let devices = one.block_device_mappings().iter();
        let snapshots: Vec<_> =
            devices.filter_map(|device| device.ebs()?.snapshot_id().map(str::to_owned)).collect();
        let told = json!({
            "name": one.name(), "state": one.state().map(aws_sdk_ec2::types::ImageState::as_str), "public": one.public(),
            "description": one.description(), "snapshots": snapshots, "tags": tags(one.tags()),
        });
        all.push((one.image_id, told));
    }
    Ok(by_id(all))
}

async fn addresses(ec2: &Client) -> Read {
    let found = ec2.describe_addresses().send().await.map_err(why)?;
    Ok(by_id(found.addresses.into_iter().flatten().map(|one| {
        // Not the association's id: giving an address back makes a new association, as on AWS.
        let told = json!({
            "interface": one.network_interface_id(), "private": one.private_ip_address(),
            "public": one.public_ip(), "associated": one.association_id().is_some(),
            "tags": tags(one.tags()),
        });
        (one.allocation_id, told)
    })))
}

async fn acls(ec2: &Client) -> Read {
    let mut pages = ec2.describe_network_acls().into_paginator().items().send();
    let mut all = Vec::new();
    while let Some(one) = pages.next().await {
        let one = one.map_err(why)?;
        let entries = one.entries().iter().map(|entry| {
            json!([
                entry.rule_number(),
                entry.egress(),
                entry.protocol(),
                entry.cidr_block(),
                entry.ipv6_cidr_block(),
                entry.rule_action().map(aws_sdk_ec2::types::RuleAction::as_str),
            ])
        });
        let entries: Vec<_> = entries.collect();
        let subnets: Vec<_> = one.associations().iter().map(|place| place.subnet_id()).collect();
        let told = json!({
            "VpcId": one.vpc_id(), "default": one.is_default(), "entries": entries,
            "subnets": subnets, "tags": tags(one.tags()),
        });
        all.push((one.network_acl_id, told));
    }
    Ok(by_id(all))
}

async fn subnets(ec2: &Client) -> Read {
    let mut pages = ec2.describe_subnets().into_paginator().items().send();
    let mut all = Vec::new();
    while let Some(one) = pages.next().await {
        let one = one.map_err(why)?;
        let told = json!({
            "VpcId": one.vpc_id(), "cidr": one.cidr_block(), "zone": one.availability_zone(),
            "tags": tags(one.tags()),
        });
        all.push((one.subnet_id, told));
    }
    Ok(by_id(all))
}

async fn vpcs(ec2: &Client) -> Read {
    let mut pages = ec2.describe_vpcs().into_paginator().items().send();
    let mut all = Vec::new();
    while let Some(one) = pages.next().await {
        let one = one.map_err(why)?;
        let told = json!({
            "cidr": one.cidr_block(), "default": one.is_default(), "tags": tags(one.tags()),
        });
        all.push((one.vpc_id, told));
    }
    Ok(by_id(all))
}

/// Tags of all that is not read with its tags elsewhere.
async fn other_tags(ec2: &Client) -> Read {
    let read = [
        "elastic-ip",
        "image",
        "instance",
        "network-acl",
        "network-interface",
        "security-group",
        "snapshot",
        "subnet",
        "volume",
        "vpc",
    ];
    let mut pages = ec2.describe_tags().into_paginator().items().send();
    let mut all = Map::new();
    while let Some(one) = pages.next().await {
        let one = one.map_err(why)?;
        if one.resource_type().is_some_and(|kind| read.contains(&kind.as_str())) {
            continue;
        }
        let of = all.entry(one.resource_id().unwrap_or_default()).or_insert_with(|| json!({}));
        of[one.key().unwrap_or_default()] = json!(one.value());
    }
    Ok(all.into())
}

async fn profiles(ec2: &Client) -> Read {
    let mut pages =
        ec2.describe_iam_instance_profile_associations().into_paginator().items().send();
    let mut all = Vec::new();
    while let Some(one) = pages.next().await {
        let one = one.map_err(why)?;
        let arn = one.iam_instance_profile().and_then(|profile| profile.arn());
        let told = json!([
            arn,
            one.state().map(aws_sdk_ec2::types::IamInstanceProfileAssociationState::as_str)
        ]);
        all.push((one.instance_id, told));
    }
    Ok(by_id(all))
}
