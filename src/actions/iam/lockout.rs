//! The lock-out check: nothing is denied to the principal that runs the program, nor to one that its sessions are made
//! from. Owns what can be seen of that.
//!
//! A session of a role that was assumed by a session of another role ends within an hour, and can then only be made
//! again while the other one may: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining>.
//! Who made the session that this program was started with, AWS tells nobody: it is warned of where the role's trust
//! policy lets the victim in.

use backburn_policy::{
    Answer, Caller as Principal, Context, Document, Policies, Policy, Request, Who, evaluate,
};
use serde_json::Value;

use super::{
    assume::Door,
    deny::{self, Whom},
};
use crate::{
    aws::{
        Aws,
        iam::{Caller, CallerIs, CallerTrust},
        policy_document::listed,
    },
    engine::{Step, StepError},
};

/// Whom a change takes access from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Victim<'a> {
    User(&'a str),
    /// Every session of a role.
    Role(&'a str),
    /// The session with this `aws:userid`.
    Session(&'a str),
}

/// # Errors
/// [`StepError::Refused`] when `victim` is the runner itself, or one that the runner's own sessions are made from.
pub(super) async fn check(step: &Step<Aws>, victim: Victim<'_>) -> Result<(), StepError> {
    let caller = step.read(&Caller).await?;
    if let Some(what) = hit(&caller, victim) {
        return Err(StepError::Refused(format!(
            "this would lock out the principal that runs it: it is called as `{}`, {what}; use the credentials of another principal, with `--profile`",
            caller.arn
        )));
    }
    for arn in step.world().made_from() {
        let maker = CallerIs { arn: arn.clone(), account: account(arn), user_id: String::new() };
        if let Some(what) = hit(&maker, victim) {
            return Err(StepError::Refused(format!(
                "this would lock out the principal that runs it: the sessions of `{}` are made by `{arn}`, {what}, and cannot be renewed once that is denied; use the credentials of another principal, with `--profile`",
                caller.arn
            )));
        }
    }
    if let Some(role) = caller.role() {
        let trust = step.read(&CallerTrust { role: role.into() }).await?;
        if let Some(who) = trust.and_then(|trust| may_have_made(&caller, role, &trust, victim)) {
            step.note(format!(
                "the program runs as a session of role `{role}`, which {who} may assume: if that made this session (AWS does not tell), it cannot be renewed after this step; use credentials that do not come from it"
            ))
            .await?;
        }
    }
    Ok(())
}

fn account(arn: &str) -> String {
    arn.split(':').nth(4).unwrap_or_default().to_owned()
}

/// Whether the deny of a victim would be one of the caller's own policies, and would apply to it.
fn hit(caller: &CallerIs, victim: Victim<'_>) -> Option<String> {
    // Names of IAM are unique without regard to case.
    let own = |own: Option<&str>, name: &str| {
        own.filter(|own| own.eq_ignore_ascii_case(name)).map(str::to_owned)
    };
    let (whom, what) = match victim {
        Victim::User(name) => {
            (Whom::Everyone, format!("which is user `{}`", own(caller.user(), name)?))
        }
        Victim::Role(name) => {
            (Whom::Everyone, format!("a session of role `{}`", own(caller.role(), name)?))
        }
        Victim::Session(id) => {
            caller.role()?;
            (Whom::UserId(id.into()), format!("the session `{id}` itself"))
        }
    };
    denies(caller, &deny::document("lockout", &whom)).then_some(what)
}

/// Whether a document among a principal's own policies denies it what it needs, or may.
fn denies(caller: &CallerIs, document: &Value) -> bool {
    let Ok(who) = Principal::parse(&caller.arn) else { return true };
    let mut keys = Context::partial();
    if !caller.user_id.is_empty() {
        keys = keys.with("aws:userid", caller.user_id.as_str());
    }
    let allow =
        serde_json::json!({ "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" } });
    let policies = Policies {
        identity: vec![
            Policy::new("allow", Document::from_value(&allow)),
            Policy::new("deny", Document::from_value(document)),
        ],
        ..Policies::default()
    };
    let request = Request::new(who, "iam:DeleteRolePolicy", "*", keys).with_derived();
    evaluate(&request, &policies).answer != Answer::Allowed
}

/// The victim, if it may be who made the caller's session: the trust policy of the caller's role lets it in.
fn may_have_made(
    caller: &CallerIs,
    role: &str,
    trust: &Value,
    victim: Victim<'_>,
) -> Option<String> {
    let partition = caller.arn.split(':').nth(1).unwrap_or("aws");
    let arn =
        |kind: &str, name: &str| format!("arn:{partition}:iam::{}:{kind}/{name}", caller.account);
    let (kind, name) = match victim {
        Victim::User(name) => ("user", name),
        Victim::Role(name) => ("role", name),
        // One session of many: by its id nobody tells whether it was that one.
        Victim::Session(_) => return None,
    };
    let who = Principal::parse(&arn(kind, name)).ok()?;
    let own_role = arn("role", role);
    let door = Door { role: &own_role, trust };
    let named = || {
        let document = Document::from_value(trust);
        let entries = document.statements().iter().flat_map(backburn_policy::Statement::principals);
        // The trust policy has the path of a user, which its name does not tell.
        entries.filter_map(|entry| Principal::parse(&entry.text).ok()).any(|entry| {
            match entry.who() {
                Who::User(path) => {
                    kind == "user"
                        && entry.account() == Some(&caller.account)
                        && path.rsplit('/').next().is_some_and(|own| own.eq_ignore_ascii_case(name))
                }
                _ => false,
            }
        })
    };
    let statements = listed(trust.get("Statement").unwrap_or(&Value::Null));
    let lets_in = !statements.is_empty() && !door.lets_in(&who).answer.is_denied();
    (lets_in || named()).then(|| format!("{kind} `{name}`"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn caller(arn: &str, user_id: &str) -> CallerIs {
        CallerIs { account: "111122223333".into(), arn: arn.into(), user_id: user_id.into() }
    }

    #[test]
    fn the_runner_is_recognised() {
        let user = caller("arn:aws:iam::111122223333:user/ops/Anna", "AIDA1");
        assert!(hit(&user, Victim::User("anna")).is_some());
        assert!(hit(&user, Victim::User("ops")).is_none());
        assert!(hit(&user, Victim::Role("anna")).is_none());
        let role = caller("arn:aws:sts::111122223333:assumed-role/web/i-1", "AROA1:i-1");
        assert!(hit(&role, Victim::Role("web")).is_some());
        assert!(hit(&role, Victim::Session("AROA1:i-1")).is_some());
        assert!(hit(&role, Victim::Session("AROA1:i-2")).is_none());
        assert!(hit(&role, Victim::User("i-1")).is_none());
    }

    #[test]
    fn a_deny_is_judged_by_what_it_says() {
        let role = caller("arn:aws:sts::111122223333:assumed-role/web/i-1", "AROA1:i-1");
        let on = |condition: Value| {
            let mut deny = deny::document("r", &Whom::Everyone);
            deny["Statement"][0]["Condition"] = condition;
            denies(&role, &deny)
        };
        assert!(on(json!({ "StringLike": { "aws:userid": "AROA1:*" } })));
        assert!(!on(json!({ "StringNotLike": { "aws:userid": "AROA1:*" } })));
        // When the runner's session was made nobody tells: it may be before.
        assert!(on(json!({ "DateLessThan": { "aws:TokenIssueTime": "2026-05-01T10:00:00Z" } })));
    }

    #[test]
    fn who_may_have_made_the_session_is_seen() {
        let runner = caller("arn:aws:sts::111122223333:assumed-role/responder/x", "AROA9:x");
        let trusts = |who: &str| {
            json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Principal": { "AWS": who }, "Action": "sts:AssumeRole" }] })
        };
        let seen =
            |who: &str, victim| may_have_made(&runner, "responder", &trusts(who), victim).is_some();
        assert!(seen("arn:aws:iam::111122223333:role/ops/web", Victim::Role("web")));
        assert!(seen("arn:aws:iam::111122223333:root", Victim::Role("web")));
        assert!(seen("arn:aws:iam::111122223333:user/ops/Anna", Victim::User("anna")));
        assert!(!seen("arn:aws:iam::111122223333:role/other", Victim::Role("web")));
        assert!(!seen("arn:aws:iam::111122223333:user/anna", Victim::Role("anna")));
        assert!(!seen("arn:aws:iam::111122223333:root", Victim::Session("AROA1:i-1")));
    }
}
