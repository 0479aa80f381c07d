//! Buckets opened to the world: block public access taken off, or a policy or ACL that names everyone.
//!
//! `Policy:S3/BucketBlockPublicAccessDisabled`, `Policy:S3/AccountBlockPublicAccessDisabled` (low),
//! `Policy:S3/BucketAnonymousAccessGranted` and `Policy:S3/BucketPublicAccessGranted` (high).
//! <https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-s3.html>

use serde_json::{Value, json};

use super::{Event, Signal};

const ANYONE: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
const ANY_AWS: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
const BLOCKS: [&str; 4] =
    ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"];

pub(super) fn judge(event: &Event<'_>) -> Option<Signal> {
    if !event.source().starts_with("s3") {
        return None;
    }
    match event.name() {
        "DeleteBucketPublicAccessBlock" | "DeletePublicAccessBlock" => Some(unblocked(event)),
        "PutBucketPublicAccessBlock" | "PutPublicAccessBlock" => {
            is_lifted(event).then(|| unblocked(event))
        }
        "DeleteAccountPublicAccessBlock" => Some(unblocked(event)),
        "PutBucketPolicy" => {
            granted_by_policy(event).then(|| granted(event, true, "a bucket policy"))
        }
        "PutBucketAcl" | "CreateBucket" => {
            let is_anyone = grants_by_acl(event)?;
            Some(granted(event, is_anyone, "an ACL"))
        }
        _ => None,
    }
}

fn unblocked(event: &Event<'_>) -> Signal {
    let user = event.user();
    let Some(bucket) = event.parameter_text("bucketName") else {
        return Signal {
            kind: "Policy:S3/AccountBlockPublicAccessDisabled",
            severity: 2.0,
            title: "Amazon S3 Block Public Access was disabled for the account.".into(),
            description: format!(
                "Amazon S3 Block Public Access was disabled for the account by {user} calling {}.",
                event.name()
            ),
            resource: json!({"resourceType": "AccessKey", "accessKeyDetails": event.access_key_details()}),
            action: event.action(&[]),
            role: "TARGET",
            key: "account".into(),
        };
    };
    Signal {
        kind: "Policy:S3/BucketBlockPublicAccessDisabled",
        severity: 2.0,
        title: format!("Amazon S3 Block Public Access was disabled for S3 bucket {bucket}."),
        description: format!(
            "Amazon S3 Block Public Access was disabled for S3 bucket {bucket} by {user} calling {}. If this behavior is not expected, it may indicate a configuration mistake or that your credentials are compromised.",
            event.name()
        ),
        resource: resource(event, bucket, "NOT_PUBLIC"),
        action: event.action(&[("AWS::S3::Bucket", bucket)]),
        role: "TARGET",
        key: bucket.into(),
    }
}

fn granted(event: &Event<'_>, is_anyone: bool, by: &str) -> Signal {
    let bucket = event.parameter_text("bucketName").unwrap_or_default();
    let (kind, title) = if is_anyone {
        (
            "Policy:S3/BucketAnonymousAccessGranted",
            format!("Amazon S3 public anonymous access was granted for S3 bucket {bucket}."),
        )
    } else {
        (
            "Policy:S3/BucketPublicAccessGranted",
            format!("Amazon S3 public access was granted for S3 bucket {bucket}."),
        )
    };
    Signal {
        kind,
        severity: 8.0,
        title,
        description: format!(
            "Public access to S3 bucket {bucket} was granted through {by} by {} calling {}. If this behavior is not expected, it may indicate a configuration mistake or that your credentials are compromised.",
            event.user(),
            event.name()
        ),
        resource: resource(event, bucket, "PUBLIC"),
        action: event.action(&[("AWS::S3::Bucket", bucket)]),
        role: "TARGET",
        key: bucket.into(),
    }
}

fn resource(event: &Event<'_>, bucket: &str, permission: &str) -> Value {
    let is_public = permission == "PUBLIC";
    let account = event.text("/recipientAccountId").unwrap_or_default();
    json!({
        "resourceType": "S3Bucket",
        "accessKeyDetails": event.access_key_details(),
        "s3BucketDetails": [{
            "arn": format!("arn:aws:s3:::{bucket}"),
            "name": bucket,
            "type": "Destination",
            "owner": {"id": account},
            "tags": [],
            "publicAccess": {
                "effectivePermission": permission,
                "permissionConfiguration": {
                    "bucketLevelPermissions": {
                        "accessControlList": {"allowsPublicReadAccess": is_public && event.name() != "PutBucketPolicy", "allowsPublicWriteAccess": false},
                        "bucketPolicy": {"allowsPublicReadAccess": is_public && event.name() == "PutBucketPolicy", "allowsPublicWriteAccess": false},
                        "blockPublicAccess": {"ignorePublicAcls": false, "restrictPublicBuckets": false, "blockPublicAcls": false, "blockPublicPolicy": false},
                    },
                    "accountLevelPermissions": {
                        "blockPublicAccess": {"ignorePublicAcls": false, "restrictPublicBuckets": false, "blockPublicAcls": false, "blockPublicPolicy": false},
                    },
                },
            },
        }],
    })
}

/// Whether a configuration leaves one of the four blocks off.
fn is_lifted(event: &Event<'_>) -> bool {
    let Some(found) = event.parameter("PublicAccessBlockConfiguration") else { return false };
    let is_on = |block: &&str| {
        let value = search(found, block);
        value.is_some_and(|value| value == &Value::Bool(true) || value.as_str() == Some("true"))
    };
    !BLOCKS.iter().all(is_on)
}

/// An `Allow` for everyone without a condition.
fn granted_by_policy(event: &Event<'_>) -> bool {
    let Some(given) = event.parameter("bucketPolicy").or_else(|| event.parameter("policy")) else {
        return false;
    };
    let parsed = given.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let policy = parsed.as_ref().unwrap_or(given);
    let statements = match policy.get("Statement") {
        Some(Value::Array(all)) => all.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    let is_all = |principal: &Value| match principal {
        Value::String(text) => text == "*",
        Value::Array(all) => all.iter().any(|one| one == "*"),
        _ => false,
    };
    statements.into_iter().any(|statement| {
        let principal = &statement["Principal"];
        let has_condition =
            statement["Condition"].as_object().is_some_and(|members| !members.is_empty());
        statement["Effect"] == "Allow"
            && !has_condition
            && (is_all(principal) || is_all(&principal["AWS"]))
    })
}

/// `Some(true)` for everyone, `Some(false)` for everyone with an AWS account.
fn grants_by_acl(event: &Event<'_>) -> Option<bool> {
    let canned = ["x-amz-acl", "ACL", "acl"].iter().find_map(|name| event.parameter(name));
    let canned = canned.map(std::string::ToString::to_string).unwrap_or_default();
    let grants = event.0.get("requestParameters").map(Value::to_string).unwrap_or_default();
    if canned.contains("public-read") || grants.contains(ANYONE) {
        Some(true)
    } else if canned.contains("authenticated-read") || grants.contains(ANY_AWS) {
        Some(false)
    } else {
        None
    }
}

/// A member of this name at any depth.
fn search<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(members) => {
            let own = members
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value);
            own.or_else(|| members.values().find_map(|inner| search(inner, name)))
        }
        Value::Array(items) => items.iter().find_map(|inner| search(inner, name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::event::tests::record;
    use super::*;

    fn kind(name: &str, parameters: Value) -> Option<&'static str> {
        judge(&Event(&record(name, "s3", parameters))).map(|signal| signal.kind)
    }

    const ANONYMOUS: Option<&str> = Some("Policy:S3/BucketAnonymousAccessGranted");
    const UNBLOCKED: Option<&str> = Some("Policy:S3/BucketBlockPublicAccessDisabled");

    #[test]
    fn a_public_policy_is_found() {
        let policy = |principal: Value, condition: Value| {
            let statement = json!({"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Condition": condition});
            json!({"bucketName": "b", "bucketPolicy": {"Statement": [statement]}})
        };
        assert_eq!(kind("PutBucketPolicy", policy(json!("*"), json!({}))), ANONYMOUS);
        assert_eq!(kind("PutBucketPolicy", policy(json!({"AWS": ["*"]}), json!({}))), ANONYMOUS);
        assert_eq!(
            kind("PutBucketPolicy", policy(json!({"AWS": "111122223333"}), json!({}))),
            None
        );
        assert_eq!(
            kind("PutBucketPolicy", policy(json!("*"), json!({"StringEquals": {"a": "b"}}))),
            None
        );
        let text = json!({"bucketName": "b", "bucketPolicy": r#"{"Statement":{"Effect":"Allow","Principal":"*"}}"#});
        assert_eq!(kind("PutBucketPolicy", text), ANONYMOUS);
    }

    #[test]
    fn a_public_acl_is_found() {
        assert_eq!(
            kind("PutBucketAcl", json!({"bucketName": "b", "x-amz-acl": ["public-read"]})),
            ANONYMOUS
        );
        assert_eq!(kind("PutBucketAcl", json!({"bucketName": "b", "x-amz-acl": "private"})), None);
        let grant = json!({"bucketName": "b", "AccessControlPolicy": {"Grant": {"Grantee": {"URI": ANY_AWS}}}});
        assert_eq!(kind("PutBucketAcl", grant), Some("Policy:S3/BucketPublicAccessGranted"));
    }

    #[test]
    fn a_lifted_block_is_found() {
        assert_eq!(kind("DeleteBucketPublicAccessBlock", json!({"bucketName": "b"})), UNBLOCKED);
        let put = |last: bool| {
            let all = json!({"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": last});
            json!({"bucketName": "b", "PublicAccessBlockConfiguration": all})
        };
        assert_eq!(kind("PutBucketPublicAccessBlock", put(false)), UNBLOCKED);
        assert_eq!(kind("PutBucketPublicAccessBlock", put(true)), None);
        assert_eq!(
            kind("PutPublicAccessBlock", json!({"PublicAccessBlockConfiguration": {}})),
            Some("Policy:S3/AccountBlockPublicAccessDisabled")
        );
        assert_eq!(kind("GetBucketPolicy", json!({"bucketName": "b"})), None);
    }
}
