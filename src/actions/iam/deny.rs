//! The deny-all documents of a run: their name, their statement, their size. Owns no call.
//!
//! An explicit deny wins over every allow, whatever other policies say:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use serde_json::{Value, json};

use crate::{
    aws::{
        Aws,
        iam::{InlineSize, Owner},
        policy_document,
    },
    engine::{Step, StepError, is_open},
};

/// How far a token cut-off lies ahead of AWS's clock, against the seconds until the policy acts.
pub const AHEAD: std::time::Duration = std::time::Duration::from_secs(30);

/// Whom within a principal a deny hits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    Everyone,
    /// Sessions whose token was issued before; RFC 3339. Long-term keys carry no
    /// `aws:TokenIssueTime` and are not hit.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-tokenissuetime>
    IssuedBefore(String),
    /// Sessions with this `aws:userid`, `AROA...:i-...` for those of one instance.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable>
    UserId(String),
}

/// Denies everything to `whom`. The statement's id names the run, which distinguishes the policy from
/// one that someone else wrote.
pub fn document(run: &str, whom: &Whom) -> Value {
    let sid: String =
        format!("Backburn{run}").chars().filter(char::is_ascii_alphanumeric).collect();
    let mut statement = json!({ "Sid": sid, "Effect": "Deny", "Action": "*", "Resource": "*" });
    match whom {
        Whom::Everyone => {}
        Whom::IssuedBefore(moment) => {
            statement["Condition"] = json!({ "DateLessThan": { "aws:TokenIssueTime": moment } });
        }
        Whom::UserId(id) => {
            statement["Condition"] = json!({ "StringEquals": { "aws:userid": id } });
        }
    }
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

/// Name of the inline policy of a step: at most 128 of the characters that IAM takes.
pub fn name(run: &str, step: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) { c } else { '-' };
    let step: String = step.chars().map(plain).collect();
    format!("backburn-{run}-{}", step.trim_end_matches('-')).chars().take(128).collect()
}

/// Refuses a document that does not fit beside the inline policies that are there.
pub async fn check_size(
    step: &Step<Aws>,
    owner: Owner,
    policy: &str,
    document: &Value,
) -> Result<(), StepError> {
    let (who, limit) = match &owner {
        Owner::User(name) => (format!("user `{name}`"), owner.limit()),
        Owner::Role(name) => (format!("role `{name}`"), owner.limit()),
    };
    let taken = step.read(&InlineSize { owner, except: policy.into() }).await?;
    // A cut-off time is 20 characters once it is known.
    let own = policy_document::size(document) + if is_open(document) { 20 } else { 0 };
    fits(taken, own, limit, &who).map_err(StepError::Refused)
}

fn fits(taken: usize, own: usize, limit: usize, who: &str) -> Result<(), String> {
    if taken + own <= limit {
        return Ok(());
    }
    Err(format!(
        "the inline policies of {who} take {taken} of {limit} characters, so the deny of {own} does not fit; move one of them into a managed policy, then plan again"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::policy_document::USER_LIMIT;

    #[test]
    fn names_are_what_iam_takes() {
        assert_eq!(name("01ABC", "sessions"), "backburn-01ABC-sessions");
        assert_eq!(name("01ABC", "deny[3]"), "backburn-01ABC-deny-3");
        assert_eq!(name("01ABC", &"x".repeat(200)).len(), 128);
    }

    #[test]
    fn documents() {
        let all = document("01ABC", &Whom::Everyone);
        assert_eq!(
            all.to_string(),
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"Backburn01ABC","Effect":"Deny","Action":"*","Resource":"*"}]}"#
        );
        let old = document("1", &Whom::IssuedBefore("2026-11-24T10:00:00Z".into()));
        let condition = &old["Statement"][0]["Condition"];
        assert_eq!(condition["DateLessThan"]["aws:TokenIssueTime"], "2026-11-24T10:00:00Z");
        let one = document("1", &Whom::UserId("AROA1:i-1".into()));
        assert_eq!(one["Statement"][0]["Condition"]["StringEquals"]["aws:userid"], "AROA1:i-1");
    }

    #[test]
    fn a_full_user_is_refused_with_numbers() {
        assert_eq!(fits(1_900, 148, USER_LIMIT, "user `bob`"), Ok(()));
        let text = fits(1_901, 148, USER_LIMIT, "user `bob`").expect_err("too much");
        assert!(text.contains("1901 of 2048") && text.contains("deny of 148"), "{text}");
    }
}
