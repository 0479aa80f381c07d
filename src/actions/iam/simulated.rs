//! The verdict on a deny: the policy read back, and IAM's policy simulator agreeing. Owns what may be
//! concluded from the two.
//!
//! The simulator sees no resource policies and not every organisation policy, so what it calls
//! allowed is no proof of anything. An explicit deny that it finds is: no other policy can lift it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    aws::{
        Aws,
        iam::{Context, Decision, Simulation},
        policy_document::same,
    },
    engine::{CallError, Class, Fact, Step, StepError, Verdict, World},
};

/// What stands for everything: a read, a write, and a way to stay.
const ACTIONS: &[&str] = &["ec2:DescribeInstances", "iam:CreateAccessKey", "s3:GetObject"];

/// Reads `policy` back, compares it with `want`, and asks the simulator whether `principal` is denied
/// under `context`. Repeats the read while IAM, which is eventually consistent, has not caught up.
pub(super) async fn verdict<F>(
    step: &Step<Aws>,
    policy: &F,
    want: &Value,
    principal: &str,
    context: Vec<Context>,
) -> Result<(Verdict, Value), StepError>
where
    F: Fact<Aws, Value = Option<Value>>,
{
    let name = policy.target();
    let have = step.look(policy).await?;
    if !have.as_ref().is_some_and(|have| same(want, have)) {
        let reason = format!("policy `{name}` does not read back as written");
        return Ok((Verdict::Failed { reason }, json!({ "policy": name, "document": have })));
    }
    let facts =
        |simulation: Value| json!({ "policy": name, "document": have, "simulation": simulation });
    match decided(step, principal, context, Duration::from_secs(30)).await? {
        Ok((verdict, decisions)) => Ok((verdict, facts(json!(decisions)))),
        Err(e) => {
            let reason = format!("the policy is in place, but {}", unseen(&e));
            Ok((Verdict::Presumed { reason }, facts(Value::Null)))
        }
    }
}

/// What the simulator's answers come to, asked until they deny or `longest` is over; or its error.
async fn decided(
    step: &Step<Aws>,
    principal: &str,
    context: Vec<Context>,
    longest: Duration,
) -> Result<Result<(Verdict, Vec<Decision>), CallError>, StepError> {
    let simulation = Simulation {
        principal: principal.into(),
        actions: ACTIONS.iter().map(ToString::to_string).collect(),
        context,
    };
    let patience = step.world().patience();
    let end = Instant::now() + patience.deadline.min(longest);
    let mut pause = patience.first;
    loop {
        let decisions = match step.look(&simulation).await {
            Ok(decisions) => decisions,
            Err(StepError::Call(e)) => return Ok(Err(e)),
            Err(other) => return Err(other),
        };
        let verdict = judge(&decisions);
        if !matches!(verdict, Verdict::Failed { .. }) || Instant::now() + pause >= end {
            return Ok(Ok((verdict, decisions)));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(patience.longest);
    }
}

/// Whether everything is denied to sessions of `principal` that were issued before now: `Err` has why that
/// cannot be said, in a sentence's half.
pub(super) async fn sessions(
    step: &Step<Aws>,
    principal: &str,
) -> Result<Result<(), String>, StepError> {
    // A deny that another step of the run has just put there is visible some seconds later.
    match decided(step, principal, vec![old_token()], Duration::from_secs(10)).await? {
        Ok((Verdict::Proven, decisions)) => Ok(decisions.iter().try_for_each(unconditional)),
        Ok((Verdict::Presumed { reason }, _)) => Ok(Err(reason)),
        Ok((Verdict::Failed { .. }, _)) => Ok(Err("no deny hits the sessions of the user".into())),
        Err(e) => Ok(Err(unseen(&e))),
    }
}

/// A deny of somebody else's may depend on what a session has and the simulation has not, such as MFA. A policy of
/// this program's own hits every session that it is asked about.
fn unconditional(decision: &Decision) -> Result<(), String> {
    let is_own = decision.matched.iter().any(|policy| policy.contains("backburn-"));
    match decision.missing.first() {
        Some(key) if !is_own => Err(format!(
            "what denies `{}` depends on `{key}`, which a session may have",
            decision.action
        )),
        _ => Ok(()),
    }
}

/// A session that was issued long ago, as every cut-off hits it.
pub(super) fn old_token() -> Context {
    Context::Date("aws:TokenIssueTime".into(), "2011-06-15T00:00:00Z".into())
}

/// Why the simulator could not be asked, in a sentence's half.
fn unseen(error: &CallError) -> String {
    match (error.class, &error.code) {
        (Class::Missing, _) | (Class::Unreachable, None) => {
            "no policy simulator answers at this endpoint".into()
        }
        (Class::Denied, _) => {
            "the runner may not ask the policy simulator (`iam:SimulatePrincipalPolicy`)".into()
        }
        _ => format!("the policy simulator cannot be called: {error}"),
    }
}

fn judge(decisions: &[Decision]) -> Verdict {
    let open: Vec<&Decision> = decisions.iter().filter(|d| !d.denies()).collect();
    if decisions.is_empty() {
        return Verdict::Presumed { reason: "the policy simulator decided nothing".into() };
    }
    let Some(first) = open.first() else { return Verdict::Proven };
    if open.iter().all(|d| !d.missing.is_empty()) {
        let reason = format!(
            "the policy simulator lacks `{}` to decide on `{}`",
            first.missing.join("`, `"),
            first.action
        );
        return Verdict::Presumed { reason };
    }
    let reason =
        format!("the policy simulator answers `{}` for `{}`", first.decision, first.action);
    Verdict::Failed { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(decision: &str, missing: &[&str]) -> Decision {
        Decision {
            action: "s3:GetObject".into(),
            decision: decision.into(),
            missing: missing.iter().map(ToString::to_string).collect(),
            matched: Vec::new(),
        }
    }

    #[test]
    fn a_deny_that_asks_for_something_of_the_session_is_not_enough() {
        let by = |policy: &str, missing: &[&str]| Decision {
            matched: vec![policy.into()],
            ..decision("explicitDeny", missing)
        };
        let why = unconditional(&by("ForceMFA", &["aws:MultiFactorAuthPresent"]));
        assert!(why.expect_err("a session with MFA").contains("aws:MultiFactorAuthPresent"));
        assert_eq!(unconditional(&by("DenyAll", &[])), Ok(()));
        let own = by("user_bob_backburn-01RUN-deny", &["aws:MultiFactorAuthPresent"]);
        assert_eq!(unconditional(&own), Ok(()), "its condition was asked for");
    }

    #[test]
    fn only_explicit_denies_prove() {
        let denied = decision("explicitDeny", &[]);
        assert_eq!(judge(&[denied.clone(), denied.clone()]), Verdict::Proven);
        assert_eq!(judge(&[]).word(), "presumed");
        assert_eq!(judge(&[denied.clone(), decision("implicitDeny", &[])]).word(), "failed");
        assert_eq!(judge(&[denied, decision("allowed", &["aws:userid"])]).word(), "presumed");
    }
}
