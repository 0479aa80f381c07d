//! What a call that makes a thing asks for beside its own action: to tag what it makes, and for S3 what its headers ask
//! for. Owns the tables.

use backburn_policy::Value as KeyValue;
use serde_json::Value;

use super::arn::Place;
use super::context::pair;
use super::needs::Needed;
use crate::Call;

/// Service, operation, the parameter with the tags, and the action that a call with tags asks for, on what it makes.
/// Each as its page in the API reference has it, such as
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html>,
/// <https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_permissions>,
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html>,
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Tagging.Operations.html>.
const TAGS: &[(&str, &str, &str, &str)] = &[
    ("backup", "CreateBackupPlan", "BackupPlanTags", "TagResource"),
    ("backup", "CreateBackupVault", "BackupVaultTags", "TagResource"),
    ("dynamodb", "CreateTable", "Tags", "TagResource"),
    ("ecr", "CreateRepository", "tags", "TagResource"),
    ("ecs", "CreateCluster", "tags", "TagResource"),
    ("ecs", "RegisterTaskDefinition", "tags", "TagResource"),
    ("ecs", "RunTask", "tags", "TagResource"),
    ("elasticfilesystem", "CreateFileSystem", "Tags", "TagResource"),
    ("events", "PutRule", "Tags", "TagResource"),
    ("iam", "CreateInstanceProfile", "Tags", "TagInstanceProfile"),
    ("iam", "CreatePolicy", "Tags", "TagPolicy"),
    ("iam", "CreateRole", "Tags", "TagRole"),
    ("iam", "CreateUser", "Tags", "TagUser"),
    ("lambda", "CreateFunction", "Tags", "TagResource"),
    ("rds", "CreateDBCluster", "Tags", "AddTagsToResource"),
    ("rds", "CreateDBInstance", "Tags", "AddTagsToResource"),
    ("rds", "CreateDBSnapshot", "Tags", "AddTagsToResource"),
    ("sns", "CreateTopic", "Tags", "TagResource"),
    ("sqs", "CreateQueue", "tags", "TagQueue"),
    ("ssm", "PutParameter", "Tags", "AddTagsToResource"),
    ("states", "CreateStateMachine", "tags", "TagResource"),
];

/// Header of a call upon S3, and the action that it asks for on the same bucket or object.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html>
const HEADERS: &[(&str, &str, &str)] = &[
    ("CreateBucket", "x-amz-acl", "PutBucketAcl"),
    ("CreateBucket", "x-amz-bucket-object-lock-enabled", "PutBucketObjectLockConfiguration"),
    ("CreateBucket", "x-amz-bucket-object-lock-enabled", "PutBucketVersioning"),
    ("CreateBucket", "x-amz-object-ownership", "PutBucketOwnershipControls"),
    ("DeleteObject", "x-amz-bypass-governance-retention", "BypassGovernanceRetention"),
    ("DeleteObjects", "x-amz-bypass-governance-retention", "BypassGovernanceRetention"),
    ("PutObject", "x-amz-acl", "PutObjectAcl"),
    ("PutObject", "x-amz-object-lock-legal-hold", "PutObjectLegalHold"),
    ("PutObject", "x-amz-object-lock-mode", "PutObjectRetention"),
    ("PutObject", "x-amz-tagging", "PutObjectTagging"),
    ("PutObjectRetention", "x-amz-bypass-governance-retention", "BypassGovernanceRetention"),
];

/// What is needed beside `own`, which are the call's own actions.
pub(super) fn of(call: &Call, own: &[Needed]) -> Vec<Needed> {
    match call.service.as_str() {
        "ec2" => created(call),
        "s3" => by_headers(call, own),
        service => by_tags(call, own, service),
    }
}

fn by_tags(call: &Call, own: &[Needed], service: &str) -> Vec<Needed> {
    let found =
        TAGS.iter().find(|(of, operation, ..)| *of == service && *operation == call.operation);
    let Some((_, _, parameter, action)) = found else { return Vec::new() };
    let has_some = match call.params.get(*parameter) {
        Some(Value::Array(tags)) => !tags.is_empty(),
        Some(Value::Object(tags)) => !tags.is_empty(),
        _ => false,
    };
    let action = format!("{service}:{action}");
    let on = own.iter().filter(|_| has_some);
    on.map(|needed| Needed { action: action.clone(), ..needed.clone() }).collect()
}

fn by_headers(call: &Call, own: &[Needed]) -> Vec<Needed> {
    let has = |name: &str| {
        let value = call.headers.get(name).and_then(|value| value.to_str().ok());
        // What everybody has, nobody needs to be given.
        value.is_some_and(|value| {
            !["private", "false"].contains(&value.to_ascii_lowercase().as_str())
        })
    };
    let fits = HEADERS.iter().filter(|(of, header, _)| *of == call.operation && has(header));
    let main = |action: &str| !["s3:GetObject", "s3:GetObjectVersion"].contains(&action);
    fits.flat_map(|(.., action)| {
        let on = own.iter().filter(|needed| main(&needed.action));
        on.map(move |needed| Needed { action: format!("s3:{action}"), ..needed.clone() })
    })
    .collect()
}

/// `ec2:CreateTags` on what a call makes, for each type that it gives tags: "If tags are specified in the
/// resource-creating action, Amazon performs additional authorization on the ec2:CreateTags action".
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html>
fn created(call: &Call) -> Vec<Needed> {
    let Some(Value::Array(each)) = call.params.get("TagSpecification") else { return Vec::new() };
    let of = |one: &Value| {
        let kind = one.get("ResourceType")?.as_str()?;
        let tags: Vec<(String, Option<String>)> =
            one.get("Tag")?.as_array()?.iter().filter_map(pair).collect();
        if tags.is_empty() {
            return None;
        }
        // What does not exist yet has no id.
        let account = if matches!(kind, "image" | "snapshot") { "" } else { "A" };
        let arn =
            Place::of(call).fill(&format!("arn:P:ec2:R:{account}:{kind}/{{}}"), "*", |_| None)?;
        let mut keys: Vec<(String, KeyValue)> = vec![
            ("ec2:CreateAction".into(), call.operation.as_str().into()),
            ("ec2:Region".into(), call.region().into()),
            (
                "aws:TagKeys".into(),
                tags.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>().into(),
            ),
        ];
        keys.extend(tags.into_iter().map(|(key, value)| {
            (format!("aws:RequestTag/{key}"), value.unwrap_or_default().into())
        }));
        Some(Needed { keys: Some(keys), ..Needed::one("ec2:CreateTags".into(), arn) })
    };
    each.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn every_action_is_one_of_the_reference() {
        for (service, operation, _, action) in TAGS {
            assert!(table::action(service, action).is_some(), "{service}:{action}");
            assert!(table::action(service, operation).is_some(), "{service}:{operation}");
        }
        assert!(HEADERS.iter().all(|(.., action)| table::action("s3", action).is_some()));
    }
}
