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
pub async fn verdict<F>(
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
        let reason = format!("inline policy `{name}` does not read back as written");
        return Ok((Verdict::Failed { reason }, json!({ "policy": name, "document": have })));
    }
    let simulation = Simulation {
        principal: principal.into(),
        actions: ACTIONS.iter().map(ToString::to_string).collect(),
        context,
    };
    let patience = step.world().patience();
    let end = Instant::now() + patience.deadline.min(Duration::from_secs(30));
    let mut pause = patience.first;
    loop {
        let decisions = match step.look(&simulation).await {
            Ok(decisions) => decisions,
            Err(StepError::Call(e)) => {
                let reason = format!("the policy is in place, but {}", unseen(&e));
                let facts = json!({ "policy": name, "document": have, "simulation": null });
                return Ok((Verdict::Presumed { reason }, facts));
            }
            Err(other) => return Err(other),
        };
        let verdict = judge(&decisions);
        if !matches!(verdict, Verdict::Failed { .. }) || Instant::now() + pause >= end {
            let facts = json!({ "policy": name, "document": have, "simulation": decisions });
            return Ok((verdict, facts));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(patience.longest);
    }
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
        }
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
