//! Computing a repaired trust policy. Owns which principals and statements go, and what would still
//! be trusted afterwards; calls nothing.

use serde_json::{Value, json};

use crate::aws::policy_document::{listed, principal};

/// A trust policy without some principals.
#[derive(Debug, PartialEq)]
pub struct Repaired {
    pub document: Value,
    /// Of those to remove, the ones that no statement trusts.
    pub absent: Vec<String>,
}

/// Takes `remove` out of every `Allow`. A statement that trusts nobody any more goes too; a `Deny`
/// stays as it is, because taking principals from it would let more in.
///
/// # Errors
/// Nothing would be left, which IAM refuses, or somebody to remove would still be trusted by a
/// wider statement. The text explains what to do.
pub fn without(policy: &Value, remove: &[String]) -> Result<Repaired, String> {
    let remove: Vec<String> = remove.iter().map(|p| principal(p)).collect();
    let mut absent = remove.clone();
    let mut statements = Vec::new();
    for statement in listed(policy.get("Statement").unwrap_or(&Value::Null)) {
        if !is_allow(statement) {
            statements.push(statement.clone());
            continue;
        }
        let mut statement = statement.clone();
        let kept = statement.get("Principal").map(|from| strip(from, &remove, &mut absent));
        match kept {
            Some(None) => continue,
            Some(Some(left)) => statement["Principal"] = left,
            None => {}
        }
        statements.push(statement);
    }
    if !statements.iter().any(is_allow) {
        return Err("no statement would be left that lets anyone assume the role, which IAM refuses or which leaves the role unusable; give the whole new document as `trust-policy`, with the principals that shall have it".into());
    }
    if let Some(text) = still_trusted(&statements, &remove) {
        return Err(text);
    }
    let mut document = policy.clone();
    document["Statement"] = Value::Array(statements);
    Ok(Repaired { document, absent })
}

fn is_allow(statement: &Value) -> bool {
    statement.get("Effect").and_then(Value::as_str) == Some("Allow")
}

/// `None` when nobody is left.
fn strip(from: &Value, remove: &[String], absent: &mut Vec<String>) -> Option<Value> {
    let mut goes = |text: &str| {
        let text = principal(text);
        let goes = remove.contains(&text);
        absent.retain(|p| *p != text || !goes);
        goes
    };
    match from {
        Value::String(all) => (!goes(all)).then(|| from.clone()),
        Value::Object(types) => {
            let mut left = serde_json::Map::new();
            for (kind, of_kind) in types {
                let stay: Vec<Value> = listed(of_kind)
                    .iter()
                    .filter(|p| !p.as_str().is_some_and(&mut goes))
                    .cloned()
                    .collect();
                match (of_kind, stay.len()) {
                    (_, 0) => {}
                    (Value::Array(_), _) => drop(left.insert(kind.clone(), Value::Array(stay))),
                    _ => drop(left.insert(kind.clone(), of_kind.clone())),
                }
            }
            (!left.is_empty()).then_some(Value::Object(left))
        }
        other => Some(other.clone()),
    }
}

/// Whether a statement that stays trusts everyone, or the whole account of one that goes.
fn still_trusted(statements: &[Value], remove: &[String]) -> Option<String> {
    for statement in statements.iter().filter(|s| is_allow(s)) {
        for trusted in aws_principals(statement) {
            for gone in remove {
                let account = gone.split(':').nth(4).filter(|account| !account.is_empty());
                if trusted == "*" || Some(trusted.as_str()) == account {
                    let who = if trusted == "*" {
                        "everyone".into()
                    } else {
                        format!("the whole account {trusted}")
                    };
                    return Some(format!(
                        "`{gone}` would still be trusted: a statement trusts {who}; remove `{trusted}` too, or give the whole new document as `trust-policy`"
                    ));
                }
            }
        }
    }
    None
}

/// The AWS principals of an `Allow`, in compared form.
pub fn aws_principals(statement: &Value) -> Vec<String> {
    let from = statement.get("Principal").unwrap_or(&Value::Null);
    let from = from.get("AWS").unwrap_or(from);
    listed(from).iter().filter_map(Value::as_str).map(principal).collect()
}

/// Who, other than EC2 itself, may assume the role: principals as text.
pub fn beyond_ec2(policy: &Value) -> Vec<String> {
    let statements = listed(policy.get("Statement").unwrap_or(&Value::Null));
    let mut found: Vec<String> = Vec::new();
    for statement in statements.iter().filter(|s| is_allow(s)) {
        match statement.get("Principal") {
            Some(Value::String(all)) => found.push(all.clone()),
            Some(Value::Object(types)) => {
                let all = types.values().flat_map(listed).filter_map(Value::as_str);
                found.extend(all.filter(|p| !is_ec2(p)).map(Into::into));
            }
            _ => found.push("everyone but those named in `NotPrincipal`".into()),
        }
    }
    found.sort();
    found.dedup();
    found
}

fn is_ec2(principal: &str) -> bool {
    principal == "ec2.amazonaws.com" || principal == "ec2.amazonaws.com.cn"
}

/// Checks a document that is to replace a trust policy.
///
/// # Errors
/// IAM would not accept it; the text gives the reason.
pub fn check(document: &Value) -> Result<(), String> {
    let statements = document.get("Statement").map(listed).unwrap_or_default();
    if statements.is_empty() {
        return Err("`trust-policy` has no `Statement`, which IAM refuses; to let nobody in, deny with an inline policy instead".into());
    }
    for statement in statements {
        if statement.get("Principal").is_none() && statement.get("NotPrincipal").is_none() {
            return Err("a statement of `trust-policy` has no `Principal`".into());
        }
        if statement.get("Resource").is_some() {
            return Err("a statement of `trust-policy` has a `Resource`, which IAM refuses in trust policies".into());
        }
    }
    Ok(())
}

/// The whole document, with the version that IAM wants.
pub fn versioned(document: &Value) -> Value {
    match document.get("Version") {
        Some(_) => document.clone(),
        None => {
            let mut with = json!({ "Version": "2012-10-17" });
            if let (Some(with), Some(map)) = (with.as_object_mut(), document.as_object()) {
                with.extend(map.clone());
            }
            with
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTACKER: &str = "arn:aws:iam::999988887777:user/x";

    fn trusting(principals: Value) -> Value {
        json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" },
            { "Effect": "Allow", "Principal": principals, "Action": "sts:AssumeRole" } ] })
    }

    fn remove(policy: &Value, who: &[&str]) -> Result<Repaired, String> {
        without(policy, &who.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn principals_go_and_empty_statements_with_them() {
        let repaired =
            remove(&trusting(json!({ "AWS": ATTACKER })), &[ATTACKER]).expect("some left");
        assert_eq!(repaired.document["Statement"].as_array().map(Vec::len), Some(1));
        assert!(repaired.absent.is_empty());
        let two = trusting(json!({ "AWS": [ATTACKER, "arn:aws:iam::111122223333:role/ok"] }));
        let repaired = remove(&two, &[ATTACKER, "arn:aws:iam::1:user/none"]).expect("some left");
        let left = &repaired.document["Statement"][1]["Principal"]["AWS"];
        assert_eq!(left, &json!(["arn:aws:iam::111122223333:role/ok"]));
        assert_eq!(repaired.absent, ["arn:aws:iam::1:user/none"]);
    }

    #[test]
    fn an_account_is_removed_by_its_id_or_its_root() {
        for written in ["999988887777", "arn:aws:iam::999988887777:root"] {
            for asked in ["999988887777", "arn:aws:iam::999988887777:root"] {
                let repaired = remove(&trusting(json!({ "AWS": written })), &[asked]);
                assert_eq!(
                    repaired.expect("some left").document["Statement"].as_array().map(Vec::len),
                    Some(1)
                );
            }
        }
    }

    #[test]
    fn what_would_not_repair_is_refused() {
        let only = json!({ "Statement": { "Effect": "Allow", "Principal": { "AWS": ATTACKER }, "Action": "sts:AssumeRole" } });
        assert!(
            remove(&only, &[ATTACKER]).expect_err("empty").contains("no statement would be left")
        );
        let wide = remove(&trusting(json!({ "AWS": ["999988887777", ATTACKER] })), &[ATTACKER]);
        assert!(wide.expect_err("wide").contains("the whole account 999988887777"));
        let open = remove(&trusting(json!("*")), &[ATTACKER]).expect_err("open");
        assert!(open.contains("trusts everyone"), "{open}");
        assert!(remove(&trusting(json!("*")), &[ATTACKER, "*"]).is_ok());
    }

    #[test]
    fn a_deny_is_left_alone() {
        let mut policy = trusting(json!({ "AWS": ATTACKER }));
        policy["Statement"][0] =
            json!({ "Effect": "Deny", "Principal": { "AWS": ATTACKER }, "Action": "*" });
        assert!(remove(&policy, &[ATTACKER]).is_err());
        policy["Statement"][1]["Principal"] =
            json!({ "AWS": ATTACKER, "Service": "lambda.amazonaws.com" });
        let repaired = remove(&policy, &[ATTACKER]).expect("some left");
        assert_eq!(repaired.document["Statement"][0], policy["Statement"][0]);
    }

    #[test]
    fn paths_beside_ec2_are_found() {
        assert!(beyond_ec2(&trusting(json!({ "Service": ["ec2.amazonaws.com"] }))).is_empty());
        assert_eq!(beyond_ec2(&trusting(json!({ "AWS": ATTACKER }))), [ATTACKER]);
        assert_eq!(beyond_ec2(&trusting(json!("*"))), ["*"]);
    }

    #[test]
    fn replacements_are_checked() {
        assert!(check(&json!({ "Statement": [] })).is_err());
        assert!(check(&trusting(json!("*"))).is_ok());
        assert!(
            check(&json!({ "Statement": { "Effect": "Allow", "Action": "sts:AssumeRole" } }))
                .is_err()
        );
        assert_eq!(versioned(&json!({ "Statement": [] }))["Version"], "2012-10-17");
    }
}
