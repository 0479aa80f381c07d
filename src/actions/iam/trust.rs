//! Computing a repaired trust policy. Owns which principals and statements go; who would still be trusted afterwards is
//! asked of the evaluator (`assume.rs`). Calls nothing.

use backburn_policy::{Caller, Document, Who, is_unique_id};
use serde_json::{Value, json};

use super::assume::Door;
use crate::{
    aws::policy_document::{listed, principal},
    playbook,
};

/// A trust policy without some principals.
#[derive(Debug, PartialEq)]
pub(super) struct Repaired {
    pub document: Value,
    /// Who must not be let in any more: those to remove, and every principal that went with them.
    pub out: Vec<Caller>,
    /// Ids of principals that were deleted, which went too.
    pub stale: Vec<String>,
}

/// Takes `remove` out of every `Allow`: an account with each of its principals, a role with its sessions, a session
/// with its role. A statement that trusts nobody any more goes too; a `Deny` stays, because taking principals from it
/// would let more in. Ids of deleted principals go from both, because IAM takes no document that names one:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-roles>
///
/// # Errors
/// Nothing would be left, which IAM refuses; somebody to remove is not trusted, or would still be. The text explains
/// what to do.
pub(super) fn without(policy: &Value, role: &str, remove: &[String]) -> Result<Repaired, String> {
    let mut out = remove.iter().map(|text| Caller::parse(text)).collect::<Result<Vec<_>, _>>()?;
    let asked = out.clone();
    let mut found = vec![false; asked.len()];
    let (mut stale, mut there) = (Vec::new(), Vec::new());
    let mut statements = Vec::new();
    for statement in listed(policy.get("Statement").unwrap_or(&Value::Null)) {
        let allows = is_allow(statement);
        let mut goes = |text: &str| {
            let mut gone = false;
            if allows {
                there.push(text.to_owned());
                for (who, found) in asked.iter().zip(&mut found) {
                    let one = takes(who, text);
                    *found |= one;
                    gone |= one;
                }
                out.extend(Caller::parse(text).ok().filter(|_| gone));
            }
            if is_unique_id(text) && !gone {
                stale.push(text.to_owned());
                gone = true;
            }
            gone
        };
        let mut statement = statement.clone();
        let kept = statement.get("Principal").map(|from| strip(from, &mut goes));
        match kept {
            Some(None) => continue,
            Some(Some(left)) => statement["Principal"] = left,
            None => {}
        }
        statements.push(statement);
    }
    let any = statements.iter().any(is_allow);
    let mut document = policy.clone();
    document["Statement"] = Value::Array(statements);
    out.sort_by(|a, b| a.text().cmp(b.text()));
    out.dedup();
    stale.sort();
    stale.dedup();
    let door = Door { role, trust: &document };
    for who in &out {
        if let Some(way) = door.way_in(who) {
            return Err(format!(
                "`{who}` would still be trusted: {way}; remove that too, or give the whole new document as `trust-policy`"
            ));
        }
    }
    if let Some((who, _)) = asked.iter().zip(&found).find(|(_, found)| !**found) {
        return Err(not_there(who.text(), &there));
    }
    if !any {
        return Err("no statement would be left that lets anyone assume the role, which IAM refuses or which leaves the role unusable; give the whole new document as `trust-policy`, with the principals that shall have it".into());
    }
    Ok(Repaired { document, out, stale })
}

fn not_there(who: &str, there: &[String]) -> String {
    let names = there.iter().map(String::as_str);
    let near =
        playbook::closest(who, names.clone()).map(|near| format!("; did you mean `{near}`?"));
    format!(
        "it does not trust `{who}`: it trusts {}{}",
        playbook::listed(names),
        near.unwrap_or_default()
    )
}

fn is_allow(statement: &Value) -> bool {
    statement.get("Effect").and_then(Value::as_str) == Some("Allow")
}

/// Whether an entry of a statement goes with a principal.
fn takes(who: &Caller, entry: &str) -> bool {
    if principal(who.text()) == principal(entry) {
        return true;
    }
    let Ok(named) = Caller::parse(entry) else { return false };
    match who.who() {
        Who::Account | Who::Root => named.account() == who.account(),
        Who::Role(_) | Who::Session { .. } => {
            named.role() == who.role() && named.account() == who.account()
        }
        Who::Unique => entry.split(':').next() == Some(who.text()),
        _ => false,
    }
}

/// `None` when nobody is left.
fn strip(from: &Value, goes: &mut impl FnMut(&str) -> bool) -> Option<Value> {
    match from {
        Value::String(all) => (!goes(all)).then(|| from.clone()),
        Value::Object(types) => {
            let mut left = serde_json::Map::new();
            for (kind, of_kind) in types {
                let stay: Vec<Value> = listed(of_kind)
                    .iter()
                    .filter(|p| !p.as_str().is_some_and(&mut *goes))
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

/// The principals that the statements of a trust policy let in by name, and that another does not let in.
pub(super) fn shut_out(before: &Value, after: &Value, role: &str) -> Vec<Caller> {
    let statements = listed(before.get("Statement").unwrap_or(&Value::Null));
    let mut named: Vec<Caller> = statements
        .iter()
        .filter(|statement| is_allow(statement))
        .flat_map(|statement| match statement.get("Principal") {
            Some(Value::Object(types)) => types.values().flat_map(listed).collect(),
            Some(one) => vec![one],
            None => Vec::new(),
        })
        .filter_map(|text| Caller::parse(text.as_str()?).ok())
        .collect();
    let door = Door { role, trust: after };
    named.retain(|who| door.lets_in(who).answer.is_denied());
    named.sort_by(|a, b| a.text().cmp(b.text()));
    named.dedup();
    named
}

/// Who, other than EC2 itself, may assume the role: principals as text.
pub(super) fn beyond_ec2(policy: &Value) -> Vec<String> {
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
pub(super) fn check(document: &Value) -> Result<(), String> {
    let statements = document.get("Statement").map(listed).unwrap_or_default();
    if statements.is_empty() {
        return Err("`trust-policy` has no `Statement`, which IAM refuses; to let nobody in, deny with an inline policy instead".into());
    }
    if let Some(fault) = Document::from_value(document).faults().first() {
        return Err(format!("`trust-policy` is malformed, which IAM refuses: {fault}"));
    }
    for statement in statements {
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
        if statement.get("NotPrincipal").is_some() {
            return Err("a statement of `trust-policy` has a `NotPrincipal`, which IAM refuses in trust policies".into());
        }
        if statement.get("Principal").is_none() {
            return Err("a statement of `trust-policy` has no `Principal`".into());
        }
        if statement.get("Resource").is_some() {
            return Err("a statement of `trust-policy` has a `Resource`, which IAM refuses in trust policies".into());
        }
    }
    Ok(())
}

/// The whole document, with the version that IAM wants.
pub(super) fn versioned(document: &Value) -> Value {
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

    const ROLE: &str = "arn:aws:iam::123456789012:role/web";
    const ATTACKER: &str = "arn:aws:iam::999988887777:user/x";
    const OURS: &str = "arn:aws:iam::123456789012:user/ok";

    fn trusting(principals: Value) -> Value {
        json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" },
            { "Effect": "Allow", "Principal": principals, "Action": "sts:AssumeRole" } ] })
    }

    fn remove(policy: &Value, who: &[&str]) -> Result<Repaired, String> {
        without(policy, ROLE, &who.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    /// What stays of the second statement's AWS principals.
    fn left(policy: Value, who: &str) -> Value {
        let repaired = remove(&trusting(policy), &[who]).expect("some left");
        repaired.document["Statement"][1]["Principal"]["AWS"].clone()
    }

    #[test]
    fn principals_go_and_empty_statements_with_them() {
        let repaired =
            remove(&trusting(json!({ "AWS": ATTACKER })), &[ATTACKER]).expect("some left");
        assert_eq!(repaired.document["Statement"].as_array().map(Vec::len), Some(1));
        assert!(repaired.stale.is_empty());
        assert_eq!(left(json!({ "AWS": [ATTACKER, OURS] }), ATTACKER), json!([OURS]));
    }

    #[test]
    fn a_session_is_its_role() {
        let role = "arn:aws:iam::999988887777:role/ops/evil-role";
        let session = "arn:aws:sts::999988887777:assumed-role/evil-role/s";
        let other = "arn:aws:sts::999988887777:assumed-role/evil-role/t";
        for asked in [role, session] {
            assert_eq!(left(json!({ "AWS": [role, session, other, OURS] }), asked), json!([OURS]));
        }
        let foreign = "arn:aws:iam::123456789012:role/evil-role";
        assert_eq!(left(json!({ "AWS": [role, foreign] }), session), json!([foreign]));
    }

    #[test]
    fn an_account_goes_with_each_of_its_principals() {
        for asked in ["999988887777", "arn:aws:iam::999988887777:root"] {
            for root in ["999988887777", "arn:aws:iam::999988887777:root"] {
                assert_eq!(left(json!({ "AWS": [root, ATTACKER, OURS] }), asked), json!([OURS]));
            }
        }
        let repaired = remove(&trusting(json!({ "AWS": [ATTACKER, OURS] })), &["999988887777"]);
        let out = repaired.expect("some left").out;
        assert_eq!(out.iter().map(Caller::text).collect::<Vec<_>>(), ["999988887777", ATTACKER]);
    }

    #[test]
    fn who_is_not_trusted_is_not_removed() {
        let there = trusting(json!({ "AWS": ["arn:aws:iam::999988887777:user/attacker", OURS] }));
        let text =
            remove(&there, &["arn:aws:iam::999988887777:user/atacker"]).expect_err("not there");
        assert!(text.contains("did you mean `arn:aws:iam::999988887777:user/attacker`?"), "{text}");
        assert!(text.contains(OURS), "{text}");
        assert!(remove(&there, &["atacker"]).expect_err("no principal").contains("no principal"));
    }

    #[test]
    fn a_provider_goes_beside_the_root_of_its_account() {
        let oidc = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com";
        let policy = json!({ "Statement": [
            { "Effect": "Allow", "Principal": { "Federated": oidc }, "Action": "sts:AssumeRoleWithWebIdentity",
              "Condition": { "StringLike": { "token.actions.githubusercontent.com:sub": "repo:x/*" } } },
            { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::123456789012:root" }, "Action": "sts:AssumeRole" }] });
        let repaired = remove(&policy, &[oidc]).expect("the root lets no web identity in");
        assert_eq!(repaired.document["Statement"], json!([policy["Statement"][1]]));
    }

    #[test]
    fn ids_of_deleted_principals_go_too() {
        let dead = "AROA1234567123456DEAD";
        let mut policy = trusting(json!({ "AWS": [dead, ATTACKER, OURS] }));
        policy["Statement"][0] =
            json!({ "Effect": "Deny", "Principal": { "AWS": [dead, OURS] }, "Action": "*" });
        let repaired = remove(&policy, &[ATTACKER]).expect("some left");
        assert_eq!(repaired.document["Statement"][1]["Principal"]["AWS"], json!([OURS]));
        assert_eq!(repaired.document["Statement"][0]["Principal"]["AWS"], json!([OURS]));
        assert_eq!(repaired.stale, [dead]);
        assert_eq!(left(json!({ "AWS": [dead, OURS] }), dead), json!([OURS]));
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
        let both = trusting(json!({ "AWS": ["*", ATTACKER, OURS] }));
        assert!(remove(&both, &[ATTACKER, "*"]).is_ok());
    }

    #[test]
    fn whom_a_condition_may_let_in_is_refused() {
        let mut policy = trusting(json!({ "AWS": [ATTACKER, OURS] }));
        policy["Statement"][0] = json!({ "Effect": "Allow", "Principal": "*", "NotAction": "sts:TagSession",
            "Condition": { "StringEquals": { "aws:PrincipalOrgID": "o-1" } } });
        let text = remove(&policy, &[ATTACKER]).expect_err("depends");
        assert!(text.contains("everyone") && text.contains("`aws:PrincipalOrgID`"), "{text}");
        policy["Statement"][0] =
            json!({ "Effect": "Allow", "NotPrincipal": { "AWS": OURS }, "Action": "sts:*" });
        assert!(remove(&policy, &[ATTACKER]).expect_err("open").contains("`NotPrincipal`"));
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
    fn a_new_document_shuts_those_out_that_it_does_not_let_in() {
        let before = trusting(json!({ "AWS": [ATTACKER, OURS] }));
        let after = trusting(json!({ "AWS": "123456789012" }));
        let out = shut_out(&before, &after, ROLE);
        assert_eq!(out.iter().map(Caller::text).collect::<Vec<_>>(), [ATTACKER]);
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
        let mut excepting = trusting(json!("*"));
        excepting["Statement"][0] =
            json!({ "Effect": "Allow", "NotPrincipal": "*", "Action": "sts:AssumeRole" });
        assert!(check(&excepting).expect_err("refused").contains("`NotPrincipal`"));
        excepting["Statement"][0] =
            json!({ "Effect": "allow", "Principal": "*", "Action": "sts:AssumeRole" });
        assert!(check(&excepting).expect_err("refused").contains("`Effect` is \"allow\""));
        assert_eq!(versioned(&json!({ "Statement": [] }))["Version"], "2012-10-17");
    }
}
