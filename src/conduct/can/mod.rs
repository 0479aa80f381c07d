//! Whether a principal may do something: the policies that can be read, now and as a plan would leave them, judged by the
//! evaluator. Owns the question and its answers.

mod found;

use backburn_policy::{
    Answer, Caller, Context as Keys, Decision, Policies, Request, Who, evaluate,
};

use crate::{
    aws::{Aws, iam::GrantsAre},
    engine::World,
    program::planfile::PlanFile,
};

use super::{Context, Exit, Failure, access};
use found::Found;

/// A question.
#[derive(Clone, Debug)]
pub struct Question {
    /// As the evaluator reads it, or `user/NAME` and `role/NAME` for those of the account.
    pub principal: String,
    /// `service:Action`.
    pub action: String,
    /// An ARN, or `*`.
    pub resource: String,
    /// Condition keys of the request and their values.
    pub given: Vec<(String, String)>,
    /// Condition keys that the request does not have.
    pub absent: Vec<String>,
}

/// An answer under the policies that were read, and under all that may be in force.
#[derive(Clone, Debug)]
pub struct Judged {
    /// By the policies that could be read, as if there were no others.
    pub seen: Decision,
    /// By all of them: what could not be read leaves it open.
    pub all: Decision,
}

impl Judged {
    /// Allowed by everything that was read, while something else might still deny it.
    pub fn as_far_as_seen(&self) -> bool {
        self.all.answer == Answer::Unknown && self.seen.answer == Answer::Allowed
    }
}

/// The answers to a question.
#[derive(Clone, Debug)]
pub struct Can {
    /// ARN.
    pub principal: String,
    /// As the account is.
    pub now: Judged,
    /// As the plan would leave it.
    pub planned: Option<Judged>,
    /// What of a kind could not be read, and why.
    pub unread: Vec<String>,
    /// What else the plan changes of the principal: not a matter of policies.
    pub beside: Vec<String>,
}

/// Asks in the account of the context.
///
/// # Errors
/// The question is none, the account cannot be reached, or it has no such principal.
pub async fn can(
    context: &Context,
    question: Question,
    plan: Option<&PlanFile>,
) -> Result<Can, Failure> {
    let aws = access::enter(context, false).await?;
    ask(&aws, question, plan).await
}

async fn ask(aws: &Aws, question: Question, plan: Option<&PlanFile>) -> Result<Can, Failure> {
    let text = spelled(&question.principal, aws);
    let usage = |text: String| Failure::new(Exit::Usage, text);
    let caller = Caller::parse(&text).map_err(usage)?;
    if !question.action.contains(':') {
        return Err(usage(format!("`{}` is no action: give `service:Action`", question.action)));
    }
    let mut found = Found::default();
    let grants = found.of_caller(aws, &caller).await?;
    found.of_resource(aws, &question).await?;
    found.of_organization(aws, &caller, &question);
    let request = request(&caller, &question, grants.as_ref());
    let now = judged(&request, &found.policies);
    let (mut planned, mut beside) = (None, Vec::new());
    if let Some(plan) = plan {
        let account = &aws.scope().account;
        if plan.scope.account != *account {
            return Err(Failure::new(
                Exit::Refused,
                format!(
                    "the plan is for account {}, the credentials are for {account}",
                    plan.scope.account
                ),
            ));
        }
        let changes = plan.planned().flat_map(|step| &step.changes);
        beside = found.apply(changes, account, &caller, &question);
        planned = Some(judged(&request, &found.policies));
    }
    Ok(Can { principal: text, now, planned, unread: found.unread, beside })
}

fn spelled(principal: &str, aws: &Aws) -> String {
    match principal.split_once('/') {
        Some(("user" | "role", _)) => {
            format!("arn:{}:iam::{}:{principal}", aws.partition(), aws.scope().account)
        }
        _ => principal.to_owned(),
    }
}

fn judged(request: &Request, policies: &Policies) -> Judged {
    let seen = Policies { unseen: [].into(), ..policies.clone() };
    Judged { seen: evaluate(request, &seen), all: evaluate(request, policies) }
}

fn request(caller: &Caller, question: &Question, grants: Option<&GrantsAre>) -> Request {
    let mut keys = Keys::partial();
    if let Some(are) = grants {
        match caller.who() {
            // Tags of a session may replace those of its role: only a user's are certain.
            Who::User(_) => {
                keys = keys.with("aws:userid", are.id.as_str());
                for (key, value) in &are.tags {
                    keys = keys.with(&format!("aws:PrincipalTag/{key}"), value.as_str());
                }
            }
            Who::Session { session, .. } => {
                keys = keys.with("aws:userid", format!("{}:{session}", are.id));
                keys = keys.with("aws:PrincipalArn", are.arn.as_str());
            }
            _ => {}
        }
    }
    let now = jiff::Timestamp::now();
    keys = keys.with("aws:CurrentTime", now.to_string());
    keys = keys.with("aws:EpochTime", now.as_second().to_string());
    for (key, value) in &question.given {
        keys = keys.with(key, value.as_str());
    }
    for key in &question.absent {
        keys = keys.without(key);
    }
    Request::new(caller.clone(), &question.action, &question.resource, keys).with_derived()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        aws::replay::{Replay, aws},
        engine::{How, Place, Scope, plan::PlannedChange},
    };

    const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"All","Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;

    fn bob() -> Replay {
        let list = |name: &str, items: &str| {
            format!(
                "<{name}Response><{name}Result><IsTruncated>false</IsTruncated>{items}</{name}Result></{name}Response>"
            )
        };
        Replay::default()
            .xml("GetUser", "<GetUserResponse><GetUserResult><User><Path>/</Path><UserName>bob</UserName><UserId>AIDA2</UserId>\
                <Arn>arn:aws:iam::123456789012:user/bob</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></User></GetUserResult></GetUserResponse>")
            .xml("ListUserPolicies", &list("ListUserPolicies", "<PolicyNames><member>own</member></PolicyNames>"))
            .xml("GetUserPolicy", &format!("<GetUserPolicyResponse><GetUserPolicyResult><UserName>bob</UserName><PolicyName>own</PolicyName>\
                <PolicyDocument>{}</PolicyDocument></GetUserPolicyResult></GetUserPolicyResponse>", ALLOW.replace('{', "%7B")))
            .xml("ListAttachedUserPolicies", &list("ListAttachedUserPolicies", "<AttachedPolicies/>"))
            .xml("ListGroupsForUser", &list("ListGroupsForUser", "<Groups><member><Path>/</Path><GroupName>ops</GroupName><GroupId>AGPA1</GroupId>\
                <Arn>arn:aws:iam::123456789012:group/ops</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></member></Groups>"))
            .xml("ListGroupPolicies", &list("ListGroupPolicies", "<PolicyNames/>"))
            .xml("ListAttachedGroupPolicies", &list("ListAttachedGroupPolicies", "<AttachedPolicies><member><PolicyName>Read</PolicyName>\
                <PolicyArn>arn:aws:iam::aws:policy/Read</PolicyArn></member></AttachedPolicies>"))
            .xml("GetPolicy", "<GetPolicyResponse><GetPolicyResult><Policy><DefaultVersionId>v3</DefaultVersionId></Policy></GetPolicyResult></GetPolicyResponse>")
            .xml("GetPolicyVersion", &format!("<GetPolicyVersionResponse><GetPolicyVersionResult><PolicyVersion><Document>{}</Document>\
                </PolicyVersion></GetPolicyVersionResult></GetPolicyVersionResponse>", ALLOW.replace('{', "%7B").replace("s3:*", "ec2:Describe*")))
    }

    fn question(action: &str) -> Question {
        Question {
            principal: "user/bob".into(),
            action: action.into(),
            resource: "*".into(),
            given: vec![],
            absent: vec![],
        }
    }

    #[tokio::test]
    async fn every_policy_of_a_user_counts() {
        let can =
            ask(&aws(&bob()), question("ec2:DescribeInstances"), None).await.expect("an answer");
        assert!(can.now.as_far_as_seen(), "{can:?}");
        assert!(
            can.now.seen.to_string().contains("arn:aws:iam::aws:policy/Read"),
            "{}",
            can.now.seen
        );
        assert!(can.now.all.to_string().contains("service control policies"), "{}", can.now.all);
        let can = ask(&aws(&bob()), question("ec2:RunInstances"), None).await.expect("an answer");
        assert_eq!(can.now.all.answer, Answer::ImplicitlyDenied, "denied is denied: {can:?}");
    }

    #[tokio::test]
    async fn a_plan_counts_too() {
        let deny = json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "Run", "Effect": "Deny", "Action": "*", "Resource": "*" }] });
        let change = |kind: &str, target: &str, after: Value| PlannedChange {
            place: Place { kind: kind.into(), target: target.into(), nth: 0 },
            scope: Scope {
                account: "123456789012".into(),
                region: String::new(),
                principal: String::new(),
            },
            before: Value::Null,
            after,
            until: None,
            release: How::Removed,
            caveat: None,
        };
        let changes = [
            change("iam.user-policy", "bob/run", deny.clone()),
            change("iam.user-policy", "bobby/run", deny),
            change("iam.access-key-status", "bob/AKIA1", json!("Inactive")),
        ];
        let mut found = Found::default();
        let caller = Caller::parse("arn:aws:iam::123456789012:user/bob").expect("a user");
        let asked = question("s3:GetObject");
        let beside = found.apply(changes.iter(), "123456789012", &caller, &asked);
        assert_eq!(beside, ["iam.access-key-status bob/AKIA1"]);
        let decision = judged(&request(&caller, &asked, None), &found.policies).all;
        assert_eq!(decision.to_string(), "denied by statement 1 (`Run`) of identity policy `run`");
    }

    #[tokio::test]
    async fn who_is_not_there_is_no_principal() {
        let gone = "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>m</Message></Error></ErrorResponse>";
        let replay = Replay::default().answer("GetUser", 404, gone);
        let failure = ask(&aws(&replay), question("s3:GetObject"), None).await.expect_err("gone");
        assert_eq!(failure.exit, Exit::Usage);
        let mut wrong = question("s3:GetObject");
        wrong.principal = "bob".into();
        assert_eq!(
            ask(&aws(&replay), wrong, None).await.expect_err("no principal").exit,
            Exit::Usage
        );
    }
}
