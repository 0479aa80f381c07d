//! What someone else does to a setting of EC2: a value of theirs for each kind that has one.

use aws_config::SdkConfig;
use aws_sdk_ec2::{
    Client,
    types::{
        AttributeBooleanValue, AttributeValue, EbsInstanceBlockDeviceSpecification,
        InstanceBlockDeviceMappingSpecification, IpPermission, IpRange, Tag,
    },
};
use futures::future::BoxFuture;
use serde_json::Value;

use crate::{
    aws::account::{Theirs, Unread, why},
    engine::Place,
};

pub(super) fn rival<'a>(
    config: &'a SdkConfig,
    place: &'a Place,
    account: &'a Value,
) -> BoxFuture<'a, Result<Option<Theirs>, Unread>> {
    Box::pin(write(config, place, account))
}

async fn write(
    config: &SdkConfig,
    place: &Place,
    account: &Value,
) -> Result<Option<Theirs>, Unread> {
    let ec2 = Client::new(config);
    let (target, rest) = place.target.split_once(['/', ' ']).unwrap_or((&place.target, ""));
    let switched = |on: bool| AttributeBooleanValue::builder().value(on).build();
    let modified = ec2.modify_instance_attribute().instance_id(target);
    match place.kind.as_str() {
        "ec2.eni-groups" => {
            let vpc = &account["interfaces"][target]["VpcId"];
            let groups = account["groups"].as_object().into_iter().flatten();
            let mut theirs = groups
                .filter(|(_, group)| group["VpcId"] == *vpc && group["GroupName"] == "default");
            let Some((theirs, _)) = theirs.next() else { return Ok(None) };
            let call = ec2.modify_network_interface_attribute().network_interface_id(target);
            call.groups(theirs).send().await.map_err(why)?;
            Ok(Some(Theirs::Third))
        }
        "ec2.tag" => {
            let tag = Tag::builder().key(rest).value("someone else's").build();
            ec2.create_tags().resources(target).tags(tag).send().await.map_err(why)?;
            Ok(Some(Theirs::Third))
        }
        "ec2.security-group" => {
            let groups = account["groups"].as_object().into_iter().flatten();
            let mut named = groups.filter(|(_, group)| group["GroupName"] == rest);
            let Some((id, _)) = named.next() else { return Ok(None) };
            let range = IpRange::builder().cidr_ip("192.0.2.0/24").build();
            let rule = IpPermission::builder().ip_protocol("tcp").from_port(443).to_port(443);
            let call = ec2.authorize_security_group_ingress().group_id(id);
            call.ip_permissions(rule.ip_ranges(range).build()).send().await.map_err(why)?;
            Ok(Some(Theirs::Third))
        }
        "ec2.termination-protection" => {
            modified.disable_api_termination(switched(false)).send().await.map_err(why)?;
            Ok(Some(Theirs::Before))
        }
        "ec2.shutdown-behavior" => {
            let value = AttributeValue::builder().value("terminate").build();
            let call = modified.instance_initiated_shutdown_behavior(value);
            call.send().await.map_err(why)?;
            Ok(Some(Theirs::Before))
        }
        "ec2.delete-on-termination" => {
            let devices = account["instances"][target]["devices"].as_object();
            let mut devices = devices.into_iter().flatten();
            let Some((device, _)) = devices.find(|(_, told)| told[0] == rest) else {
                return Ok(None);
            };
            let ebs = EbsInstanceBlockDeviceSpecification::builder().delete_on_termination(true);
            let mapping = InstanceBlockDeviceMappingSpecification::builder().device_name(device);
            let call = modified.block_device_mappings(mapping.ebs(ebs.build()).build());
            call.send().await.map_err(why)?;
            Ok(Some(Theirs::Before))
        }
        _ => Ok(None),
    }
}
