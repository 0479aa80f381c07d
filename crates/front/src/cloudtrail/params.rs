//! `requestParameters`: the input of a call in CloudTrail's words.

use serde_json::{Map, Value, json};

use crate::Call;
use crate::wire::{Protocol, Xml, lower_first};

/// `null` for a call without input.
pub(super) fn of(call: &Call) -> Value {
    let mut value = match call.protocol {
        Protocol::Ec2 => ec2(&attribute(&call.operation, &call.params)),
        Protocol::RestXml if call.service == "s3" => s3(call),
        Protocol::RestJson if call.params.is_object() => lowered(&call.params),
        _ => lowered(&call.params),
    };
    super::mask::mask(&call.service, &call.operation, &mut value);
    match &value {
        Value::Object(members) if members.is_empty() => Value::Null,
        _ => value,
    }
}

/// Member names with a small first letter.
pub(super) fn lowered(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().map(|(name, inner)| (lower_first(name), lowered(inner))).collect()
        }
        Value::Array(items) => items.iter().map(lowered).collect(),
        other => other.clone(),
    }
}

/// Both ways of asking for a change of who may use a snapshot or an image, as the nested one.
fn attribute(operation: &str, params: &Value) -> Value {
    let member = match operation {
        "ModifySnapshotAttribute" => "CreateVolumePermission",
        "ModifyImageAttribute" => "LaunchPermission",
        _ => return params.clone(),
    };
    let mut members = params.as_object().cloned().unwrap_or_default();
    if let Some(Value::String(name)) = members.shift_remove("Attribute") {
        let spelled = name.chars().fold(String::new(), |text, letter| {
            let gap = if letter.is_uppercase() { "_" } else { "" };
            text + gap + &letter.to_uppercase().to_string()
        });
        members.insert("AttributeType".into(), spelled.into());
    }
    let kind = members.shift_remove("OperationType");
    let is_removal = kind.as_ref().and_then(Value::as_str) == Some("remove");
    let mut who = Vec::new();
    for (list, name) in [("UserId", "UserId"), ("UserGroup", "Group")] {
        if let Some(Value::Array(items)) = members.shift_remove(list) {
            who.extend(items.into_iter().map(|item| json!({ name: item })));
        }
    }
    if !who.is_empty() {
        members.insert(member.into(), json!({ if is_removal { "Remove" } else { "Add" }: who }));
    }
    members.into()
}

/// EC2's lists are `xSet: {"items": [..]}`, and items of plain lists have a name of their own.
fn ec2(params: &Value) -> Value {
    let Value::Object(members) = params else { return Value::Null };
    members.iter().map(|(name, value)| ec2_member(name, value)).collect::<Map<_, _>>().into()
}

fn ec2_member(name: &str, value: &Value) -> (String, Value) {
    let low = lower_first(name);
    match value {
        Value::Array(items) => {
            let (set, item) = ec2_list(name);
            let set = set.map_or_else(|| format!("{low}Set"), str::to_owned);
            let item = item.map_or_else(|| low.clone(), str::to_owned);
            let shaped = |inner: &Value| match inner {
                Value::Object(_) => ec2(inner),
                plain => json!({ item.as_str(): scalar(name, plain) }),
            };
            (set, json!({ "items": items.iter().map(shaped).collect::<Vec<_>>() }))
        }
        // `DisableApiTermination.Value=true`.
        Value::Object(inner) if inner.len() == 1 && inner.contains_key("Value") => {
            (low, json!({ "value": scalar(name, &inner["Value"]) }))
        }
        Value::Object(_) => (low, ec2(value)),
        plain => (low, scalar(name, plain)),
    }
}

/// Names of a list and of its plain items, where they are not the member's own.
fn ec2_list(name: &str) -> (Option<&'static str>, Option<&'static str>) {
    match name {
        "InstanceId" => (Some("instancesSet"), Some("instanceId")),
        "ResourceId" => (Some("resourcesSet"), Some("resourceId")),
        "GroupId" => (Some("securityGroupIdSet"), Some("groupId")),
        "SecurityGroupId" => (Some("groupSet"), Some("groupId")),
        "ImageId" => (Some("imagesSet"), Some("imageId")),
        "VolumeId" => (Some("volumeSet"), Some("volumeId")),
        "SnapshotId" => (Some("snapshotSet"), Some("snapshotId")),
        "NetworkInterfaceId" => (Some("networkInterfaceIdSet"), Some("networkInterfaceId")),
        "IpPermissions" => (Some("ipPermissions"), None),
        "IpRanges" => (Some("ipRanges"), None),
        "Ipv6Ranges" => (Some("ipv6Ranges"), None),
        "Groups" => (Some("groups"), None),
        "PrefixListIds" => (Some("prefixListIds"), None),
        "Value" => (Some("valueSet"), Some("value")),
        "Tag" => (Some("tagSet"), None),
        // In CreateVolumePermission.
        "Add" => (Some("add"), None),
        "Remove" => (Some("remove"), None),
        "UserId" => (Some("userIdSet"), Some("userId")),
        _ => (None, None),
    }
}

/// Numbers and truth values that the query protocol sends as text.
fn scalar(name: &str, value: &Value) -> Value {
    let Some(text) = value.as_str() else { return value.clone() };
    match text {
        "true" => return true.into(),
        "false" => return false.into(),
        _ => {}
    }
    let is_number = ["Count", "Port", "Size", "Iops", "Index", "Results", "Throughput", "Number"]
        .iter()
        .any(|end| name.ends_with(end));
    match text.parse::<i64>() {
        Ok(number) if is_number => number.into(),
        _ => text.into(),
    }
}

/// Names from path and query, some headers, and the body under the name of its root element.
fn s3(call: &Call) -> Value {
    let mut members = match &call.params {
        Value::Object(members) => members.clone(),
        _ => Map::new(),
    };
    let header = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(host) = header("host") {
        members.insert("Host".into(), host.into());
    }
    for name in ["x-amz-acl", "x-amz-grant-read", "x-amz-grant-full-control"] {
        if let Some(value) = header(name) {
            members.insert(name.into(), json!([value]));
        }
    }
    if call.operation == "PutBucketPolicy" {
        if let Ok(policy) = serde_json::from_slice::<Value>(&call.body) {
            members.insert("bucketPolicy".into(), policy);
        }
    } else if let Some(xml) = Xml::parse(&String::from_utf8_lossy(&call.body)) {
        members.insert(xml.name.clone(), xml.named());
    }
    members.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_snapshots_have_one_form() {
        let flat = json!({"SnapshotId": "snap-1", "Attribute": "createVolumePermission", "OperationType": "add", "UserId": ["2"]});
        let nested = json!({"SnapshotId": "snap-1", "Attribute": "createVolumePermission", "CreateVolumePermission": {"Add": [{"UserId": "2"}]}});
        let wanted = json!({
            "snapshotId": "snap-1",
            "attributeType": "CREATE_VOLUME_PERMISSION",
            "createVolumePermission": {"add": {"items": [{"userId": "2"}]}},
        });
        for params in [flat, nested] {
            assert_eq!(ec2(&attribute("ModifySnapshotAttribute", &params)), wanted);
        }
    }

    #[test]
    fn ec2_lists_have_cloudtrails_form() {
        let params = json!({
            "InstanceId": ["i-1"],
            "Force": "false",
            "MinCount": "1",
            "UserId": "111122223333",
            "DisableApiTermination": {"Value": "true"},
            "Filter": [{"Name": "n", "Value": ["a"]}],
            "CreateVolumePermission": {"Add": [{"Group": "all"}, {"UserId": "2"}]},
            "IpPermissions": [{"IpProtocol": "tcp", "FromPort": "22", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
        });
        let wanted = json!({
            "instancesSet": {"items": [{"instanceId": "i-1"}]},
            "force": false,
            "minCount": 1,
            "userId": "111122223333",
            "disableApiTermination": {"value": true},
            "filterSet": {"items": [{"name": "n", "valueSet": {"items": [{"value": "a"}]}}]},
            "createVolumePermission": {"add": {"items": [{"group": "all"}, {"userId": "2"}]}},
            "ipPermissions": {"items": [
                {"ipProtocol": "tcp", "fromPort": 22, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}
            ]},
        });
        assert_eq!(ec2(&params), wanted);
    }
}
