//! What S3 takes for public: lists that name everybody, and policies that allow without a fixed principal or condition.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status>

use serde_json::Value;

/// Canned lists that name one of the two groups.
const CANNED: [&str; 3] = ["public-read", "public-read-write", "authenticated-read"];
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#specifying-grantee-predefined-groups>
const GROUPS: [&str; 2] = ["/groups/global/AllUsers", "/groups/global/AuthenticatedUsers"];
/// Condition keys that make an allowance for everybody one that is not public, where their values are fixed.
const FIXED: &[&str] = &[
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
];
/// The operators that fix a value.
const OPERATORS: [&str; 5] = ["stringequals", "stringlike", "arnequals", "arnlike", "ipaddress"];

/// The URI of a group that everybody is in.
pub(crate) fn is_public_group(text: &str) -> bool {
    GROUPS.iter().any(|group| text.contains(group))
}

pub(super) fn is_public_canned(list: &str) -> bool {
    CANNED.contains(&list)
}

/// Whether a bucket's policy is public. A text that is no policy is not: the upstream refuses it.
pub(crate) fn is_public_policy(text: &str) -> bool {
    let Ok(policy) = serde_json::from_str::<Value>(text) else { return false };
    let statements = many(&policy["Statement"]);
    statements.iter().any(|statement| {
        statement["Effect"] == "Allow"
            && names_all(statement)
            && !is_limited(&statement["Condition"])
    })
}

fn many(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        Value::Null => &[],
        one => std::slice::from_ref(one),
    }
}

fn names_all(statement: &Value) -> bool {
    let all = |value: &Value| many(value).iter().any(|name| name == "*");
    let principal = &statement["Principal"];
    all(principal) || all(&principal["AWS"]) || statement.get("NotPrincipal").is_some()
}

/// All parts of a condition must hold: one that is fixed is enough.
fn is_limited(condition: &Value) -> bool {
    let tests = condition.as_object().into_iter().flatten();
    tests.into_iter().any(|(operator, keys)| {
        let operator = operator.to_ascii_lowercase();
        let operator = operator.trim_start_matches("foranyvalue:");
        let keys = keys.as_object().into_iter().flatten();
        OPERATORS.contains(&operator)
            && keys.into_iter().any(|(key, values)| {
                let key = key.to_ascii_lowercase();
                let values = many(values);
                let each =
                    |value: &Value| value.as_str().is_some_and(|value| is_fixed(&key, value));
                FIXED.contains(&key.as_str()) && !values.is_empty() && values.iter().all(each)
            })
    })
}

/// "A fixed value is one that doesn't contain a wildcard or an IAM policy variable."
fn is_fixed(key: &str, value: &str) -> bool {
    match key {
        "aws:sourceip" => is_narrow(value),
        // "An access point ARN can contain a wildcard for its name": with a fixed account.
        "s3:dataaccesspointarn" => {
            let account = value.split(':').nth(4).unwrap_or_default();
            account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())
        }
        // Any session of a role.
        "aws:userid" => !value.ends_with(":*") && !value.contains(['*', '?', '$']),
        _ => !value.contains(['*', '?', '$']),
    }
}

/// Ranges that are broader than /8 of IPv4 or /32 of IPv6 are public.
fn is_narrow(range: &str) -> bool {
    let (address, bits) = range.split_once('/').unwrap_or((range, "128"));
    let least = if address.contains(':') { 32 } else { 8 };
    bits.parse::<u32>().is_ok_and(|bits| bits >= least)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn public(statement: Value) -> bool {
        is_public_policy(&json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string())
    }

    #[test]
    fn everybody_without_a_fixed_condition_is_public() {
        let all = |condition: Value| {
            public(
                json!({ "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*", "Condition": condition }),
            )
        };
        for (condition, wanted) in [
            (json!({}), true),
            (json!({ "StringEquals": { "aws:SourceVpc": "vpc-1" } }), false),
            (json!({ "StringLike": { "aws:SourceVpc": "vpc-*" } }), true),
            (json!({ "StringEqualsIfExists": { "aws:SourceVpc": "vpc-1" } }), true),
            (json!({ "StringNotEquals": { "aws:SourceVpc": "vpc-1" } }), true),
            (json!({ "StringEquals": { "aws:PrincipalOrgID": "o-1" } }), false),
            (json!({ "StringEquals": { "aws:Referer": "x" } }), true),
            (json!({ "IpAddress": { "aws:SourceIp": ["192.0.2.0/24", "0.0.0.0/1"] } }), true),
            (json!({ "IpAddress": { "aws:SourceIp": "192.0.2.0/24" } }), false),
            (json!({ "StringLike": { "aws:userid": "AROAEXAMPLE:*" } }), true),
        ] {
            assert_eq!(all(condition.clone()), wanted, "{condition}");
        }
    }

    #[test]
    fn fixed_principals_and_denials_are_not() {
        let with = |effect: &str, principal: Value| {
            public(
                json!({ "Effect": effect, "Principal": principal, "Action": "s3:*", "Resource": "*" }),
            )
        };
        assert!(with("Allow", json!({ "AWS": ["111122223333", "*"] })));
        assert!(!with("Deny", json!("*")));
        assert!(!with("Allow", json!({ "AWS": "arn:aws:iam::111122223333:root" })));
        assert!(!with("Allow", json!({ "Service": "cloudtrail.amazonaws.com" })));
        let deep = format!("{{\"Statement\":{}", "[".repeat(100_000));
        for text in ["", "[]", "{\"Statement\":7}", &deep] {
            assert!(!is_public_policy(text), "{text}");
        }
    }
}
