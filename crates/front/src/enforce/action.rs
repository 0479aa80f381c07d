//! Which actions an operation asks for: most have its name. Owns the table of those that have another.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

use super::s3;
use crate::Call;

/// IAM's name for a service, which is not always the one that it signs with.
pub(super) fn service(signing: &str) -> &str {
    match signing {
        "monitoring" => "cloudwatch",
        "tagging" => "tag",
        "s3-outposts" => "s3-outposts",
        "email" => "ses",
        other => other,
    }
}

/// The actions of a call, without the service.
pub(super) fn of(call: &Call) -> Vec<String> {
    let one = |name: &str| vec![name.to_owned()];
    match (call.service.as_str(), call.operation.as_str()) {
        ("s3", operation) => s3::actions(operation, &call.query),
        // https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
        ("lambda", "Invoke" | "InvokeWithResponseStream") => one("InvokeFunction"),
        // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
        (
            "sqs",
            batch @ ("SendMessageBatch" | "DeleteMessageBatch" | "ChangeMessageVisibilityBatch"),
        ) => one(batch.trim_end_matches("Batch")),
        // https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
        ("sns", "PublishBatch") => one("Publish"),
        // https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html
        ("kms", "ReEncrypt") => vec!["ReEncryptFrom".into(), "ReEncryptTo".into()],
        // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
        ("dynamodb", "TransactGetItems") => one("GetItem"),
        ("dynamodb", "TransactWriteItems") => transact(call),
        // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html
        ("dynamodb", "ExecuteStatement" | "BatchExecuteStatement" | "ExecuteTransaction") => {
            Vec::new()
        }
        // https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html
        // also needs GetSecretValue of each secret, which only the answer names.
        // https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html and
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required
        ("sts", "AssumeRole") => {
            let mut actions = one("AssumeRole");
            let has = |name: &str| call.params.get(name).is_some();
            actions.extend((has("Tags") || has("TransitiveTagKeys")).then(|| "TagSession".into()));
            actions.extend(has("SourceIdentity").then(|| "SetSourceIdentity".into()));
            actions
        }
        (_, operation) => one(operation),
    }
}

fn transact(call: &Call) -> Vec<String> {
    let items = call.params.get("TransactItems").and_then(serde_json::Value::as_array);
    let members = items.into_iter().flatten().filter_map(|item| item.as_object());
    let mut actions: Vec<String> = members
        .flat_map(|item| item.keys())
        .map(|kind| match kind.as_str() {
            "ConditionCheck" => "ConditionCheckItem".into(),
            "Delete" | "Put" | "Update" => format!("{kind}Item"),
            other => other.to_owned(),
        })
        .collect();
    actions.sort();
    actions.dedup();
    actions
}
