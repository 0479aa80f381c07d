//! Policy documents as JSON: decoding what IAM returns, their size as IAM counts it, and when two
//! of them mean the same. Owns no call and no policy's content.

use serde_json::{Map, Value, json};

use crate::engine::{CallError, Class};

/// Inline policies of one user, all together, in characters without white space.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length>
pub(crate) const USER_LIMIT: usize = 2_048;
/// Inline policies of one role, all together.
pub(crate) const ROLE_LIMIT: usize = 10_240;
/// One managed policy.
pub(crate) const MANAGED_LIMIT: usize = 6_144;

/// Reads a document as `call` returned it: percent-encoded by AWS (RFC 3986), plain by some local
/// endpoints.
pub(crate) fn decode(call: &str, text: &str) -> Result<Value, CallError> {
    let plain = if text.trim_start().starts_with('{') { text.into() } else { percent_decode(text) };
    serde_json::from_str(&plain).map_err(|e| {
        CallError::local(call, Class::Unknown, format!("the policy document is no JSON: {e}"))
    })
}

fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let hex = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (other, ..) => {
                out.push(other);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Size as IAM counts it: without white space.
pub(crate) fn size(document: &Value) -> usize {
    document.to_string().chars().filter(|c| !c.is_whitespace()).count()
}

/// Whether two documents mean the same: one string or a list of it, one statement or a list of it,
/// lists in any order, an account's id or the ARN of its root. IAM rewrites documents in these ways.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    canonical(a) == canonical(b)
}

pub(crate) fn canonical(document: &Value) -> Value {
    let Value::Object(map) = document else { return document.clone() };
    let entries = map.iter().map(|(key, value)| {
        let value = match key.as_str() {
            "Statement" => Value::Array(listed(value).iter().map(statement).collect()),
            _ => value.clone(),
        };
        (key.clone(), value)
    });
    Value::Object(entries.collect())
}

fn statement(statement: &Value) -> Value {
    let Value::Object(map) = statement else { return statement.clone() };
    let entries = map.iter().map(|(key, value)| {
        let value = match key.as_str() {
            "Action" | "NotAction" | "Resource" | "NotResource" => set(value, str::to_owned),
            "Principal" | "NotPrincipal" => principals(value),
            "Condition" => each(value, |tests| each(tests, |values| set(values, str::to_owned))),
            _ => value.clone(),
        };
        (key.clone(), value)
    });
    Value::Object(entries.collect())
}

fn principals(value: &Value) -> Value {
    match value {
        // In a policy of a resource, "*" and every AWS principal are one.
        Value::String(all) if all == "*" => json!({ "AWS": ["*"] }),
        Value::Object(_) => each(value, |of_type| set(of_type, principal)),
        other => other.clone(),
    }
}

/// A principal in the one form that is compared: an account by its id.
pub(crate) fn principal(text: &str) -> String {
    let account = text
        .strip_suffix(":root")
        .and_then(|arn| arn.rsplit_once("::"))
        .filter(|(head, _)| head.starts_with("arn:aws"))
        .map(|(_, account)| account);
    account.unwrap_or(text).into()
}

fn each(value: &Value, change: impl Fn(&Value) -> Value) -> Value {
    match value {
        Value::Object(map) => {
            Value::Object(map.iter().map(|(k, v)| (k.clone(), change(v))).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

fn set(value: &Value, form: impl Fn(&str) -> String) -> Value {
    let mut texts: Vec<String> = listed(value).iter().map(|v| form(&text(v))).collect();
    texts.sort();
    texts.dedup();
    texts.into()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A value that may stand alone or in a list, as a list.
pub(crate) fn listed(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        one => std::slice::from_ref(one),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_decoded_in_both_forms() {
        let want = json!({ "Version": "2012-10-17", "Statement": [] });
        let encoded = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";
        assert_eq!(decode("iam:GetUserPolicy", encoded), Ok(want.clone()));
        assert_eq!(decode("iam:GetUserPolicy", &want.to_string()), Ok(want));
        assert!(decode("iam:GetUserPolicy", "%7").is_err());
        assert_eq!(percent_decode("50%25 of %C3%BC%"), "50% of ü%");
    }

    #[test]
    fn what_iam_rewrites_is_the_same() {
        let ours = json!({ "Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": { "AWS": ["111122223333", "arn:aws:iam::444455556666:user/b"] },
            "Condition": { "Bool": { "aws:MultiFactorAuthPresent": true } } } });
        let theirs = json!({ "Statement": [{
            "Condition": { "Bool": { "aws:MultiFactorAuthPresent": "true" } },
            "Principal": { "AWS": ["arn:aws:iam::444455556666:user/b", "arn:aws:iam::111122223333:root"] },
            "Action": ["sts:AssumeRole"], "Effect": "Allow" }], "Version": "2012-10-17" });
        assert!(same(&ours, &theirs));
        let open = json!({ "Version": "2012-10-17", "Statement": [] });
        assert!(!same(&ours, &open));
    }

    #[test]
    fn white_space_does_not_count() {
        assert_eq!(size(&json!({ "a": "b c" })), "{\"a\":\"bc\"}".len());
    }
}
