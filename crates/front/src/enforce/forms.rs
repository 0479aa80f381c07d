//! The resources of services that name them in a way of their own: by path, URL, alias, the form of an id. Each as its
//! page of the Service Authorization Reference has it.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

use backburn_policy::Request;
use serde_json::Value;

use super::account::{Account, Entity};
use super::arn::Place;
use super::needs::{Needed, values};
use super::resources;
use crate::{Call, Front};

/// The beginnings of EC2's ids, with the types of what has them.
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html>
const IDS: &[(&str, &str)] = &[
    ("acl-", "network-acl"),
    ("ami-", "image"),
    ("dopt-", "dhcp-options"),
    ("eipalloc-", "elastic-ip"),
    ("eni-", "network-interface"),
    ("fl-", "vpc-flow-log"),
    ("i-", "instance"),
    ("igw-", "internet-gateway"),
    ("lt-", "launch-template"),
    ("nat-", "natgateway"),
    ("rtb-", "route-table"),
    ("sg-", "security-group"),
    ("snap-", "snapshot"),
    ("subnet-", "subnet"),
    ("vol-", "volume"),
    ("vpc-", "vpc"),
    ("vpce-", "vpc-endpoint"),
];

/// All that a call of an action needs, for the few whose resources the tables cannot tell.
pub(super) async fn of(
    front: &Front,
    call: &Call,
    account: &Account,
    service: &str,
    action: &str,
) -> Option<Vec<Needed>> {
    let place = Place::of(call);
    let each = |arns: Vec<String>| -> Vec<Needed> {
        arns.into_iter().map(|arn| Needed::one(action.to_owned(), arn)).collect()
    };
    let rest = |mut needs: Vec<Needed>| {
        needs.push(Needed::some(action.to_owned()));
        needs
    };
    match (service, call.operation.as_str()) {
        ("ec2", "CreateTags" | "DeleteTags") => {
            let ids = values(&call.params, "ResourceId");
            Some(
                ids.iter()
                    .map(|id| match by_id(&place, id) {
                        Some(arn) => Needed::one(action.to_owned(), arn),
                        None => Needed::some(action.to_owned()),
                    })
                    .collect(),
            )
        }
        // Also the instance, its volumes and interfaces, which do not exist yet: their ARNs end in `*`.
        ("ec2", "RunInstances") => {
            let named = ["ImageId", "SubnetId", "SecurityGroupId"];
            let ids = named.iter().flat_map(|name| values(&call.params, name));
            Some(rest(each(ids.filter_map(|id| by_id(&place, &id)).collect())))
        }
        ("dynamodb", "BatchGetItem" | "BatchWriteItem") => {
            let tables = call.params.get("RequestItems").and_then(Value::as_object);
            let tables = tables.into_iter().flat_map(|tables| tables.keys());
            Some(each(tables.filter_map(|name| table(&place, name)).collect()))
        }
        ("dynamodb", "TransactGetItems" | "TransactWriteItems") => {
            let kind = action.trim_start_matches("dynamodb:").trim_end_matches("Item");
            let items = call.params.get("TransactItems").and_then(Value::as_array);
            let of = items
                .into_iter()
                .flatten()
                .filter_map(|item| item.get(kind)?.get("TableName")?.as_str());
            let mut names: Vec<&str> = of.collect();
            names.dedup();
            Some(each(names.into_iter().filter_map(|name| table(&place, name)).collect()))
        }
        ("events", "PutEvents") => {
            let entries = call.params.get("Entries").and_then(Value::as_array);
            let bus = |entry: &Value| {
                let name = entry.get("EventBusName").and_then(Value::as_str).unwrap_or("default");
                place.fill("arn:P:events:R:A:event-bus/{}", name, |_| None)
            };
            let mut buses: Vec<String> = entries.into_iter().flatten().filter_map(bus).collect();
            buses.dedup();
            Some(each(buses))
        }
        ("kms", "ReEncrypt") => {
            let name = if action.ends_with("From") { "SourceKeyId" } else { "DestinationKeyId" };
            let mut needs = Vec::new();
            for key in values(&call.params, name) {
                let resources = key_arn(front, call, &key).await;
                needs.push(Needed::either(action.into(), resources));
            }
            Some(if needs.is_empty() { rest(needs) } else { needs })
        }
        // https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: a topic, an endpoint, or a telephone number.
        ("sns", "Publish") if !values(&call.params, "PhoneNumber").is_empty() => {
            Some(each(vec!["*".into()]))
        }
        ("sns", "Publish") if !values(&call.params, "TargetArn").is_empty() => {
            Some(each(values(&call.params, "TargetArn")))
        }
        // Without a name it is the caller's own user: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html
        ("iam", _) if is_own(call, account, action) => Some(each(vec![call.identity.arn.clone()])),
        _ => None,
    }
}

/// A call of IAM that acts on the user who makes it, because it names none.
fn is_own(call: &Call, account: &Account, action: &str) -> bool {
    const NAMELESS: &[&str] = &[
        "CreateAccessKey",
        "DeleteAccessKey",
        "DeleteSigningCertificate",
        "GetUser",
        "ListAccessKeys",
        "ListMFADevices",
        "ListSigningCertificates",
        "UpdateAccessKey",
        "UpdateSigningCertificate",
        "UploadSigningCertificate",
        "ChangePassword",
    ];
    let name = action.trim_start_matches("iam:");
    let is_user = account.users.values().any(|user| user.arn == call.identity.arn);
    is_user && NAMELESS.contains(&name) && call.params.get("UserName").is_none()
}

fn by_id(place: &Place<'_>, id: &str) -> Option<String> {
    let (_, kind) = IDS.iter().find(|(start, _)| id.starts_with(start))?;
    let account = if matches!(*kind, "image" | "snapshot") { "" } else { "A" };
    place.fill(&format!("arn:P:ec2:R:{account}:{kind}/{{}}"), id, |_| None)
}

fn table(place: &Place<'_>, name: &str) -> Option<String> {
    place.fill("arn:P:dynamodb:R:A:table/{}", name, |_| None)
}

/// ARNs of a type, by the value of the parameter that names it; `None` for a type that the tables know.
pub(super) async fn arns(
    front: &Front,
    call: &Call,
    account: &Account,
    service: &str,
    kind: &str,
) -> Option<Vec<(String, Vec<String>)>> {
    let place = Place::of(call);
    let fill = |pattern: &str, value: &str| place.fill(pattern, value, |_| None);
    let each = |name: &str, of: &dyn Fn(&str) -> Vec<String>| -> Vec<(String, Vec<String>)> {
        values(&call.params, name).into_iter().map(|value| (value.clone(), of(&value))).collect()
    };
    let (name, entities) = match (service, kind) {
        ("iam", "user") => ("UserName", Some(&account.users)),
        ("iam", "role") => ("RoleName", Some(&account.roles)),
        ("iam", "group") => ("GroupName", Some(&account.groups)),
        ("iam", "instance-profile") => ("InstanceProfileName", None),
        ("iam", "policy") if call.operation == "CreatePolicy" => ("PolicyName", None),
        ("kms", "key") => {
            let mut found = Vec::new();
            for name in ["KeyId", "TargetKeyId"] {
                for value in values(&call.params, name) {
                    found.push((value.clone(), key_arn(front, call, &value).await));
                }
            }
            return Some(found);
        }
        ("secretsmanager", "secret") => return Some(secrets(front, call).await),
        ("sqs", "queue") => {
            let url = each("QueueUrl", &|url| queue(&place, url).into_iter().collect());
            let name =
                each("QueueName", &|name| fill("arn:P:sqs:R:A:{}", name).into_iter().collect());
            return Some(if url.is_empty() { name } else { url });
        }
        ("lambda", "function") => {
            let qualifier = values(&call.params, "Qualifier").into_iter().next();
            return Some(each("FunctionName", &|name| {
                function(&place, name, qualifier.as_deref())
            }));
        }
        ("logs", "log-group" | "log-stream") => {
            let name = ["logGroupName", "logGroupIdentifier"];
            let name = name.iter().find(|name| !values(&call.params, name).is_empty());
            let stream = values(&call.params, "logStreamName").into_iter().next();
            return Some(name.map_or_else(Vec::new, |name| {
                each(name, &|name| log_group(&place, name, stream.as_deref()))
            }));
        }
        ("ssm", "parameter") => {
            let all = ["Name", "Names", "Path"].iter();
            let of = |name: &&str| {
                each(name, &|value| {
                    let bare = value.trim_start_matches('/').split(':').next().unwrap_or_default();
                    let arn = value.starts_with("arn:").then(|| value.to_owned());
                    arn.or_else(|| fill("arn:P:ssm:R:A:parameter/{}", bare)).into_iter().collect()
                })
            };
            return all.map(of).find(|found| !found.is_empty()).or_else(|| Some(Vec::new()));
        }
        ("ssm", "instance" | "managed-instance") => {
            let pattern = if kind == "instance" {
                "arn:P:ec2:R:A:instance/{}"
            } else {
                "arn:P:ssm:R:A:managed-instance/{}"
            };
            let all = ["InstanceId", "InstanceIds", "Target"].iter();
            let of = |name: &&str| each(name, &|value| fill(pattern, value).into_iter().collect());
            return all.map(of).find(|found| !found.is_empty()).or_else(|| Some(Vec::new()));
        }
        _ => return None,
    };
    Some(each(name, &|name| {
        let known =
            entities.and_then(|all: &std::collections::HashMap<String, Entity>| all.get(name));
        let path = values(&call.params, "Path")
            .into_iter()
            .next()
            .filter(|_| call.operation.starts_with("Create"));
        match known {
            Some(entity) => vec![entity.arn.clone()],
            None => {
                let arn = fill(
                    &format!("arn:P:iam::A:{kind}{}{{}}", path.as_deref().unwrap_or("/")),
                    name,
                );
                // One that is not there, or whose path is not known, may have any.
                let any = path.is_none().then(|| Request::SOME.to_owned());
                arn.into_iter().chain(any).collect()
            }
        }
    }))
}

/// Of a key by id, alias or ARN; unknown where nothing has that name.
async fn key_arn(front: &Front, call: &Call, key: &str) -> Vec<String> {
    let place = Place::of(call);
    let alias = key.starts_with("alias/") || key.contains(":alias/");
    if !alias {
        return place.fill("arn:P:kms:R:A:key/{}", key, |_| None).into_iter().collect();
    }
    vec![named(front, call, "kms", key).await]
}

async fn secrets(front: &Front, call: &Call) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for name in values(&call.params, "SecretId") {
        found.push((name.clone(), vec![named(front, call, "secretsmanager", &name).await]));
    }
    // A new one: its ARN ends in letters that AWS makes up.
    found
}

async fn named(front: &Front, call: &Call, service: &str, name: &str) -> String {
    let scope = match Request::owner(name) {
        Some(account) => crate::Scope::new(account, name.split(':').nth(3).unwrap_or_default()),
        None => call.scope.clone(),
    };
    let at = format!("arn:aws:{service}:{}:{}:{name}", scope.region, scope.account);
    let Some(enforcement) = front.enforcement() else { return Request::SOME.into() };
    let read = resources::arn_of(front, &scope, service, name);
    let known = enforcement.resources.names.get(&at, read).await;
    known.map_or_else(|_| Request::SOME.to_owned(), |arn| (*arn).clone())
}

/// `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`.
fn queue(place: &Place<'_>, url: &str) -> Option<String> {
    let mut parts = url.trim_end_matches('/').rsplit('/');
    let (name, account) = (parts.next()?, parts.next().unwrap_or_default());
    let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    let account = if is_account { account } else { place.account };
    Some(format!("arn:{}:sqs:{}:{account}:{name}", place.partition, place.region))
}

/// A name, `ACCOUNT:function:NAME` or an ARN, each perhaps with a version or alias.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
fn function(place: &Place<'_>, name: &str, qualifier: Option<&str>) -> Vec<String> {
    let (account, name) = name.split_once(":function:").unwrap_or((place.account, name));
    let account = account.rsplit(':').next().unwrap_or(account);
    let partition = place.partition;
    let arn = format!("arn:{partition}:lambda:{}:{account}:function:{name}", place.region);
    match qualifier.filter(|_| !name.contains(':')) {
        Some(qualifier) => vec![format!("{arn}:{qualifier}"), arn],
        None => vec![arn],
    }
}

/// "The trailing `:*`" is asked for by some actions and not by others.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html>
fn log_group(place: &Place<'_>, name: &str, stream: Option<&str>) -> Vec<String> {
    let group = match name.starts_with("arn:") {
        true => name.trim_end_matches(":*").to_owned(),
        false => format!(
            "arn:{}:logs:{}:{}:log-group:{name}",
            place.partition, place.region, place.account
        ),
    };
    vec![format!("{group}:log-stream:{}", stream.unwrap_or_default()), format!("{group}:*"), group]
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'_> =
        Place { partition: "aws", region: "eu-west-1", account: "111122223333" };

    #[test]
    fn names_of_each_form_become_arns() {
        let queue = |url: &str| queue(&PLACE, url).unwrap_or_default();
        assert_eq!(
            queue("http://127.0.0.1:4566/444455556666/q"),
            "arn:aws:sqs:eu-west-1:444455556666:q"
        );
        assert_eq!(queue("http://127.0.0.1:4566/queue/q"), "arn:aws:sqs:eu-west-1:111122223333:q");
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:f";
        assert_eq!(function(&PLACE, "f", None), [arn]);
        assert_eq!(function(&PLACE, "111122223333:function:f", None), [arn]);
        assert_eq!(function(&PLACE, arn, None), [arn]);
        assert_eq!(function(&PLACE, "f", Some("live"))[0], format!("{arn}:live"));
        assert_eq!(function(&PLACE, "f:live", Some("live")), [format!("{arn}:live")]);
        assert_eq!(
            by_id(&PLACE, "i-1").as_deref(),
            Some("arn:aws:ec2:eu-west-1:111122223333:instance/i-1")
        );
        assert_eq!(
            by_id(&PLACE, "snap-1").as_deref(),
            Some("arn:aws:ec2:eu-west-1::snapshot/snap-1")
        );
        assert_eq!(by_id(&PLACE, "tgw-1"), None);
        assert_eq!(
            log_group(&PLACE, "g", Some("s"))[0],
            "arn:aws:logs:eu-west-1:111122223333:log-group:g:log-stream:s"
        );
    }
}
