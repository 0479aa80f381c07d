//! The condition keys of a call. What the front does not know is unknown, not absent.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use backburn_policy::Context;
use serde_json::Value;

use super::needs::values;
use super::organization::Above;
use super::who::Principal;
use crate::Call;
use crate::metadata::Delivery;

/// The keys of the call itself.
pub(super) fn of(call: &Call, who: &Principal, above: Option<&Above>) -> Context {
    let context = of_caller(call, who, above);
    // A body that was not read may have any.
    match call.params.is_null() {
        true => context,
        false => request_tags(of_service(context, call), call),
    }
}

/// Those that do not depend on what is asked for.
pub(super) fn of_caller(call: &Call, who: &Principal, above: Option<&Above>) -> Context {
    let second = call.received.as_second();
    let now = jiff::Timestamp::from_second(second).unwrap_or(call.received);
    let mut context = Context::partial()
        .with("aws:CurrentTime", now.to_string())
        .with("aws:EpochTime", second.to_string())
        .with("aws:RequestedRegion", call.region())
        // The lab's plain HTTP within this machine stands for the TLS of AWS's endpoints.
        .with("aws:SecureTransport", true)
        .with("aws:SourceIp", call.source.to_string())
        .with("aws:ViaAWSService", false)
        .with("aws:userid", call.identity.user_id.clone());
    // No call through the front comes from a service or a VPC endpoint.
    for absent in [
        "aws:CalledVia",
        "aws:CalledViaFirst",
        "aws:CalledViaLast",
        "aws:PrincipalServiceName",
        "aws:PrincipalServiceNamesList",
        "aws:SourceAccount",
        "aws:SourceArn",
        "aws:SourceOrgID",
        "aws:SourceOrgPaths",
        "aws:SourceVpc",
        "aws:SourceVpcArn",
        "aws:SourceVpce",
        "aws:VpcSourceIp",
        "aws:VpceAccount",
        "aws:VpceOrgID",
        "aws:VpceOrgPaths",
        "kms:ViaService",
    ] {
        context = context.without(absent);
    }
    context =
        given(context, "aws:UserAgent", Some(&call.user_agent).filter(|text| !text.is_empty()));
    let referer = call.headers.get("referer").and_then(|value| value.to_str().ok());
    context = given(context, "aws:referer", referer);
    if let Some(arn) = &who.arn {
        context = context.with("aws:PrincipalArn", arn.as_str());
    }
    context = principal_tags(context, who);
    context = credentials(context, who);
    if let Some(above) = above {
        context = given(context, "aws:PrincipalOrgID", above.organization.as_deref());
    }
    context
}

fn given(context: Context, key: &str, value: Option<impl AsRef<str>>) -> Context {
    match value {
        Some(value) => context.with(key, value.as_ref()),
        None => context.without(key),
    }
}

fn principal_tags(mut context: Context, who: &Principal) -> Context {
    for (key, value) in &who.tags {
        context = context.with(&format!("aws:PrincipalTag/{key}"), value.as_str());
    }
    // A session that was made before the front remembered them may have more.
    let are_known = who.is_long_term || who.issued.is_some();
    if are_known { context.without_others("aws:PrincipalTag/") } else { context }
}

fn credentials(context: Context, who: &Principal) -> Context {
    // Of sessions that services hand to what runs in them.
    let of_services = ["aws:ChatbotSourceArn", "lambda:SourceFunctionArn", "ssm:SourceInstanceArn"];
    let of_services = of_services.into_iter();
    let Some(issued) = &who.issued else {
        // Long-term keys have none of them.
        let keys = [
            "aws:TokenIssueTime",
            "aws:MultiFactorAuthPresent",
            "aws:MultiFactorAuthAge",
            "aws:SourceIdentity",
            "aws:FederatedProvider",
            "aws:AssumedRoot",
        ];
        return match who.is_long_term {
            true => {
                delivery(keys.into_iter().chain(of_services).fold(context, Context::without), None)
            }
            false => context,
        };
    };
    let context = context.with("aws:TokenIssueTime", issued.at.to_string());
    let context = given(context, "aws:SourceIdentity", issued.source_identity.as_deref());
    let context = given(context, "aws:FederatedProvider", issued.provider.as_deref());
    let context = delivery(of_services.fold(context, Context::without), issued.delivery.as_ref());
    match issued.has_mfa {
        Some(true) => context.with("aws:MultiFactorAuthPresent", true),
        Some(false) => {
            context.with("aws:MultiFactorAuthPresent", false).without("aws:MultiFactorAuthAge")
        }
        None => context,
    }
}

/// Of the sessions that EC2 hands to instances: "2.0" is by version 2 of the metadata.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html#amazonec2-policy-keys>
fn delivery(context: Context, delivery: Option<&Delivery>) -> Context {
    let context = given(context, "ec2:RoleDelivery", delivery.map(|_| "2.0"));
    let context = given(context, "ec2:SourceInstanceArn", delivery.map(|of| &of.instance));
    let vpc = delivery.and_then(|of| of.vpc.as_ref());
    let context = given(context, "aws:Ec2InstanceSourceVpc", vpc);
    let address = delivery.and_then(|of| of.address.as_ref());
    given(context, "aws:Ec2InstanceSourcePrivateIPv4", address)
}

/// Keys of single services, those that policies of incidents use.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
fn of_service(context: Context, call: &Call) -> Context {
    let value = |name: &str| values(&call.params, name).into_iter().next();
    match call.service.as_str() {
        "sts" => {
            let context = given(context, "sts:RoleSessionName", value("RoleSessionName"));
            let context = given(context, "sts:ExternalId", value("ExternalId"));
            let context = given(context, "sts:SourceIdentity", value("SourceIdentity"));
            let keys = values(&call.params, "TransitiveTagKeys");
            match keys.is_empty() {
                true => context.without("sts:TransitiveTagKeys"),
                false => context.with("sts:TransitiveTagKeys", keys),
            }
        }
        "s3" => {
            let query =
                |name: &str| call.query.iter().find(|(key, _)| key == name).map(|(_, value)| value);
            let header = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok());
            let is_presigned = query("X-Amz-Signature").is_some();
            let kind = if is_presigned { "REST-QUERY-STRING" } else { "REST-HEADER" };
            let mut context =
                context.with("s3:authType", kind).with("s3:signatureversion", "AWS4-HMAC-SHA256");
            for (key, name) in [
                ("s3:prefix", "prefix"),
                ("s3:delimiter", "delimiter"),
                ("s3:max-keys", "max-keys"),
                ("s3:VersionId", "versionId"),
            ] {
                context = given(context, key, query(name));
            }
            for name in [
                "x-amz-acl",
                "x-amz-server-side-encryption",
                "x-amz-storage-class",
                "x-amz-copy-source",
                "x-amz-server-side-encryption-aws-kms-key-id",
            ] {
                context = given(context, &format!("s3:{name}"), header(name));
            }
            context
        }
        "kms" => context.with("kms:CallerAccount", call.identity.account.as_str()),
        "iam" => {
            let context = given(context, "iam:PolicyARN", value("PolicyArn"));
            let context = given(context, "iam:AWSServiceName", value("AWSServiceName"));
            given(context, "iam:PermissionsBoundary", value("PermissionsBoundary"))
        }
        "ec2" => context.with("ec2:Region", call.region()),
        _ => context,
    }
}

/// `aws:RequestTag/*` and `aws:TagKeys`, where the tags that a call passes are found.
fn request_tags(mut context: Context, call: &Call) -> Context {
    let Some(tags) = tags(call) else { return context };
    for (key, value) in &tags {
        if let Some(value) = value {
            context = context.with(&format!("aws:RequestTag/{key}"), value.as_str());
        }
    }
    let keys: Vec<String> = tags.into_iter().map(|(key, _)| key).collect();
    context = context.without_others("aws:RequestTag/");
    match keys.is_empty() {
        true => context.without("aws:TagKeys"),
        false => context.with("aws:TagKeys", keys),
    }
}

/// Keys and values of the call's tags. `None` where they cannot be told: a body that is not read, or a member of a form
/// that is not known.
fn tags(call: &Call) -> Option<Vec<(String, Option<String>)>> {
    let members = call.params.as_object()?;
    if matches!(call.service.as_str(), "s3") {
        return None;
    }
    let mut found = Vec::new();
    for (name, value) in members {
        let lower = name.to_ascii_lowercase();
        if !lower.contains("tag") {
            continue;
        }
        match (lower.as_str(), value) {
            ("tag" | "tags", Value::Array(list)) => {
                for tag in list {
                    found.push(pair(tag)?);
                }
            }
            ("tags" | "tag", Value::Object(map)) => {
                found.extend(
                    map.iter().map(|(key, value)| (key.clone(), value.as_str().map(str::to_owned))),
                );
            }
            ("tagkeys", Value::Array(list)) => {
                found.extend(
                    list.iter().filter_map(Value::as_str).map(|key| (key.to_owned(), None)),
                );
            }
            ("tagspecification", Value::Array(list)) => {
                // Of several resources, each with its tags: which one is judged is not told apart.
                let [one] = list.as_slice() else { return None };
                for tag in one.get("Tag").and_then(Value::as_array).into_iter().flatten() {
                    found.push(pair(tag)?);
                }
            }
            // Those of the session, which are no tags of the request.
            ("transitivetagkeys" | "tagging" | "copytagstosnapshot" | "copytags", _) => {}
            _ => return None,
        }
    }
    Some(found)
}

pub(super) fn pair(tag: &Value) -> Option<(String, Option<String>)> {
    let text = |names: [&str; 3]| {
        names.iter().find_map(|name| tag.get(*name)?.as_str().map(str::to_owned))
    };
    Some((text(["Key", "key", "TagKey"])?, text(["Value", "value", "TagValue"])))
}
