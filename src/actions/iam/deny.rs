//! The deny-all documents of a run: their name, their statement, their size, and the two ways to put one on a
//! user or role. Owns no call.
//!
//! An explicit deny wins over every allow, whatever other policies say:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::simulated;
use crate::{
    aws::{
        Aws,
        iam::{
            Attached, AttachedAre, Context, InlineSize, ManagedPolicy, Owner, RoleAttached,
            RoleAttachment, RolePolicy, UserAttached, UserAttachment, UserPolicy, managed_arn,
        },
        owned::Made,
        policy_document,
    },
    engine::{Fact, Step, StepError, is_open},
};

/// How far a token cut-off lies ahead of AWS's clock, against the seconds until the policy acts.
pub(super) const AHEAD: std::time::Duration = std::time::Duration::from_secs(30);

/// Whom within a principal a deny hits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whom {
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
pub(super) fn document(run: &str, whom: &Whom) -> Value {
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
pub(super) fn name(run: &str, step: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) { c } else { '-' };
    let step: String = step.chars().map(plain).collect();
    format!("backburn-{run}-{}", step.trim_end_matches('-')).chars().take(128).collect()
}

/// Whom a deny is put on.
pub(super) struct On<'a> {
    pub owner: Owner,
    /// Of the user or role.
    pub arn: &'a str,
    /// What the verdict is on.
    pub subject: &'a str,
    /// Of a request that the deny must hit.
    pub context: Vec<Context>,
}

/// Puts the deny on a user or role and proves it: as an inline policy, or, where the quota of inline
/// policies leaves no room for it, as a managed policy that is attached. Returns the policy's name.
///
/// # Errors
/// [`StepError::Refused`] where neither has room.
pub(super) async fn put(step: &Step<Aws>, on: On<'_>, whom: &Whom) -> Result<String, StepError> {
    let document = document(step.run(), whom);
    let inline = name(step.run(), step.id());
    let managed = managed_name(step.run(), &on.owner);
    if has_inline_room(step, &on.owner, &inline, &managed, &document).await? {
        match &on.owner {
            Owner::User(user) => {
                let policy = UserPolicy { user: user.clone(), policy: inline.clone() };
                step.set(policy.clone(), Some(document.clone())).await?;
                verify(step, &on, &policy, &document).await?;
            }
            Owner::Role(role) => {
                let policy = RolePolicy { role: role.clone(), policy: inline.clone() };
                step.set(policy.clone(), Some(document.clone())).await?;
                verify(step, &on, &policy, &document).await?;
            }
        }
        return Ok(inline);
    }
    let policy = ManagedPolicy {
        name: managed.clone(),
        run: step.run().into(),
        step: step.id().into(),
        document: document.clone(),
    };
    step.set(policy, Made::wanted(json!({ "document": document }))).await?;
    let arn = managed_arn(step.world(), &managed);
    match &on.owner {
        Owner::User(user) => {
            let user = user.clone();
            step.set(UserAttachment { user: user.clone(), policy: arn.clone() }, true).await?;
            verify(step, &on, &UserAttached { user, policy: arn }, &document).await?;
        }
        Owner::Role(role) => {
            let role = role.clone();
            step.set(RoleAttachment { role: role.clone(), policy: arn.clone() }, true).await?;
            verify(step, &on, &RoleAttached { role, policy: arn }, &document).await?;
        }
    }
    Ok(managed)
}

async fn verify<F>(
    step: &Step<Aws>,
    on: &On<'_>,
    policy: &F,
    document: &Value,
) -> Result<(), StepError>
where
    F: Fact<Aws, Value = Option<Value>>,
{
    let check = simulated::verdict(step, policy, document, on.arn, on.context.clone());
    step.verify(on.subject, check).await
}

/// Name of the managed policy of a run on one user or role: it has the run, by which another run knows that
/// the user is held, and nothing of the step.
fn managed_name(run: &str, owner: &Owner) -> String {
    let whose = match owner {
        Owner::User(name) => format!("user/{name}"),
        Owner::Role(name) => format!("role/{name}"),
    };
    let hash: String =
        Sha256::digest(whose)[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("backburn-{run}-{hash}")
}

/// Whether the document fits beside the inline policies that are there. Where it does not, the plan says
/// what is done instead.
async fn has_inline_room(
    step: &Step<Aws>,
    owner: &Owner,
    policy: &str,
    managed: &str,
    document: &Value,
) -> Result<bool, StepError> {
    let (who, limit) = match owner {
        Owner::User(name) => (format!("user `{name}`"), owner.limit()),
        Owner::Role(name) => (format!("role `{name}`"), owner.limit()),
    };
    let taken = step.read(&InlineSize { owner: owner.clone(), except: policy.into() }).await?;
    // A cut-off time is 20 characters once it is known.
    let own = policy_document::size(document) + if is_open(document) { 20 } else { 0 };
    if taken + own <= limit {
        return Ok(true);
    }
    let attached = step.read(&Attached { owner: owner.clone() }).await?;
    let said = instead(taken, own, limit, &who, managed, &attached).map_err(StepError::Refused)?;
    step.note(said).await?;
    Ok(false)
}

/// What is done where there is no room for an inline policy.
fn instead(
    taken: usize,
    own: usize,
    limit: usize,
    who: &str,
    managed: &str,
    attached: &AttachedAre,
) -> Result<String, String> {
    let (count, quota) = (attached.policies.len(), attached.quota);
    let ours = attached.policies.iter().any(|arn| arn.ends_with(&format!("/{managed}")));
    if !attached.has_room() && !ours {
        return Err(format!(
            "the inline policies of {who} take {taken} of {limit} characters, so the deny of {own} does not fit, and {count} of {quota} managed policies are attached already; take one of them off, then plan again"
        ));
    }
    let boundary = match &attached.boundary {
        Some(boundary) => {
            format!("; its permissions boundary `{boundary}` takes nothing from a deny")
        }
        None => String::new(),
    };
    Ok(format!(
        "the inline policies of {who} take {taken} of {limit} characters, so the deny of {own} goes as the managed policy `{managed}`, beside {count} of {quota} that may be attached{boundary}"
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

    fn attached(count: usize, boundary: Option<&str>) -> AttachedAre {
        let policies = (0..count).map(|n| format!("arn:aws:iam::1:policy/p{n}")).collect();
        AttachedAre { policies, quota: 10, boundary: boundary.map(Into::into) }
    }

    #[test]
    fn a_deny_without_room_goes_as_a_managed_policy() {
        let of = |taken, attached: &AttachedAre| {
            instead(taken, 148, USER_LIMIT, "user `bob`", "backburn-1-0a", attached)
        };
        let said = of(1_901, &attached(9, Some("arn:b"))).expect("room");
        assert!(said.contains("1901 of 2048") && said.contains("deny of 148"), "{said}");
        assert!(said.contains("9 of 10") && said.contains("arn:b"), "{said}");
        let full = of(1_901, &attached(10, None)).expect_err("no room at all");
        assert!(full.contains("10 of 10 managed policies"), "{full}");
        // A resumed run finds its own.
        let mut ours = attached(9, None);
        ours.policies.push("arn:aws:iam::1:policy/backburn/backburn-1-0a".into());
        assert!(of(1_901, &ours).is_ok());
    }

    #[test]
    fn a_managed_policy_is_named_by_run_and_owner() {
        let run = "01M86WW13ESSNB021VBEDMY1CA";
        let (user, role) = (Owner::User("web".into()), Owner::Role("web".into()));
        let name = managed_name(run, &user);
        assert!(name.starts_with(&format!("backburn-{run}-")) && name.len() < 128, "{name}");
        assert_ne!(name, managed_name(run, &role));
    }
}
