//! What someone else does to a setting that a run has changed: a value of theirs, by calls of their
//! own. Owns that value for each kind that the shipped playbooks set.

use aws_config::SdkConfig;
use aws_sdk_ec2::types::{
    AttributeBooleanValue, AttributeValue, EbsInstanceBlockDeviceSpecification,
    InstanceBlockDeviceMappingSpecification, IpPermission, IpRange, Tag,
};
use aws_sdk_iam::types::StatusType;
use serde_json::{Value, json};

use super::Trouble;
use crate::journal::Place;

/// How a value of theirs stands to what the run found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Theirs {
    /// It is neither the value before nor ours: a conflict.
    Third,
    /// The setting has two values only, so theirs is the one before.
    Before,
}

/// Sets `place` to a value of theirs; `None` for a kind that nobody else has a value for here.
pub(super) async fn theirs(
    config: &SdkConfig,
    place: &Place,
    account: &Value,
) -> Result<Option<Theirs>, Trouble> {
    let done = match place.kind.split_once('.') {
        Some(("ec2", _)) => of_ec2(config, place, account).await,
        Some(("iam", _)) => of_iam(config, place).await,
        _ => Ok(None),
    };
    done.map_err(|why| Trouble::Theirs { place: place.to_string(), why })
}

type Done = Result<Option<Theirs>, String>;

fn why<E: std::error::Error>(error: E) -> String {
    aws_sdk_ec2::error::DisplayErrorContext(&error).to_string()
}

async fn of_ec2(config: &SdkConfig, place: &Place, account: &Value) -> Done {
    let ec2 = aws_sdk_ec2::Client::new(config);
    let (target, rest) = place.target.split_once(['/', ' ']).unwrap_or((&place.target, ""));
    let switched = |on: bool| AttributeBooleanValue::builder().value(on).build();
    let modified = ec2.modify_instance_attribute().instance_id(target);
    match place.kind.as_str() {
        "ec2.eni-groups" => {
            let vpc = &account["ec2"]["interfaces"][target]["VpcId"];
            let groups = account["ec2"]["groups"].as_object().into_iter().flatten();
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
            let groups = account["ec2"]["groups"].as_object().into_iter().flatten();
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
            let devices = account["ec2"]["instances"][target]["devices"].as_object();
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

async fn of_iam(config: &SdkConfig, place: &Place) -> Done {
    let iam = aws_sdk_iam::Client::new(config);
    let (owner, rest) = place.target.split_once('/').unwrap_or((&place.target, ""));
    let document = json!({ "Version": "2012-10-17", "Statement": [
        { "Sid": "Theirs", "Effect": "Deny", "Action": "s3:*", "Resource": "*" }] });
    match place.kind.as_str() {
        "iam.user-policy" => {
            let call = iam.put_user_policy().user_name(owner).policy_name(rest);
            call.policy_document(document.to_string()).send().await.map_err(why)?;
            Ok(Some(Theirs::Third))
        }
        "iam.role-policy" => {
            let call = iam.put_role_policy().role_name(owner).policy_name(rest);
            call.policy_document(document.to_string()).send().await.map_err(why)?;
            Ok(Some(Theirs::Third))
        }
        "iam.access-key-status" => {
            let call = iam.update_access_key().user_name(owner).access_key_id(rest);
            call.status(StatusType::Active).send().await.map_err(why)?;
            Ok(Some(Theirs::Before))
        }
        _ => Ok(None),
    }
}
