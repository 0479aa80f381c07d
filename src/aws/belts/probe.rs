//! Whether the caller may make the calls of a plan, asked without making any: EC2's `DryRun` and IAM's
//! policy simulator. Owns the questions and how far an answer is believed. What neither can tell is
//! unknown, which is never taken for allowed; nothing here fails.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use aws_sdk_iam::{
    config::retry::RetryConfig,
    types::{EvaluationResult, PolicyEvaluationDecisionType as Decision},
};

use crate::{
    aws::{
        Aws, call_error,
        iam::{
            Caller, CallerIs,
            things::{ROLE, USER},
        },
        thing::Class,
    },
    engine::{CallError, Class as ErrorClass, Fact, Permission, plan::PlannedStep},
};

use super::dry_run;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    Denied,
    Unknown,
    Allowed,
}

/// What is known of one permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// `service:Action`
    pub action: &'static str,
    pub answer: Answer,
    /// Who says so, or why nobody can.
    pub why: String,
}

/// Slower answers than this are none.
const PATIENCE: Duration = Duration::from_secs(15);
/// Actions in one simulation.
const AT_ONCE: usize = 50;

/// `principals` are the ARNs that IAM's own permissions will be used on.
pub async fn probe(
    aws: &Aws,
    needed: &BTreeSet<Permission>,
    principals: &[(&'static Class, String)],
    steps: &[PlannedStep],
) -> Vec<Probed> {
    let mut found: BTreeMap<&'static str, (Answer, String)> = needed
        .iter()
        .map(|permission| (permission.action, (Answer::Unknown, "nothing could be asked".into())))
        .collect();
    let asked = async {
        // An endpoint that does not know `DryRun` would make the call.
        if aws.endpoint().is_none() {
            for (action, answer, why) in dry_run::ask(aws, steps).await {
                if let Some(known) = found.get_mut(action) {
                    *known = (answer, why);
                }
            }
        }
        simulate(aws, needed, principals, &mut found).await;
    };
    if tokio::time::timeout(PATIENCE, asked).await.is_err() {
        tracing::debug!("the probe of permissions gave up after {PATIENCE:?}");
    }
    found.into_iter().map(|(action, (answer, why))| Probed { action, answer, why }).collect()
}

type Found = BTreeMap<&'static str, (Answer, String)>;

async fn simulate(
    aws: &Aws,
    needed: &BTreeSet<Permission>,
    principals: &[(&'static Class, String)],
    found: &mut Found,
) {
    let open = |found: &Found| -> Vec<&'static str> {
        found
            .iter()
            .filter(|(_, (answer, _))| *answer == Answer::Unknown)
            .map(|(a, _)| *a)
            .collect()
    };
    let actions = open(found);
    if actions.is_empty() {
        return;
    }
    let principal = match principal(aws).await {
        Ok(principal) => principal,
        Err(why) => {
            for action in actions {
                found.insert(action, (Answer::Unknown, why.clone()));
            }
            return;
        }
    };
    let anywhere = |action: &str| {
        needed.iter().filter(|p| p.action == action).all(|permission| permission.resource == "*")
    };
    for some in actions.chunks(AT_ONCE) {
        ask(aws, &principal, some, &[], &anywhere, found).await;
    }
    // Allowed on some users or roles only: asked again of those that the plan touches.
    for (class, kind) in [(USER, ":user/"), (ROLE, ":role/")] {
        let arns: Vec<_> = principals
            .iter()
            .filter(|(c, _)| c.name == class.name)
            .map(|(_, arn)| arn.clone())
            .collect();
        let on_those = |action: &&'static str| {
            let mut on = needed.iter().filter(|permission| permission.action == *action);
            on.all(|permission| permission.resource.contains(kind))
        };
        let actions: Vec<_> = open(found).into_iter().filter(on_those).collect();
        if !arns.is_empty() && !actions.is_empty() {
            ask(aws, &principal, &actions, &arns, &|_| true, found).await;
        }
    }
}

/// The user or role whose policies decide, as the simulator wants it named.
async fn principal(aws: &Aws) -> Result<String, String> {
    let caller: CallerIs = Caller.read(aws).await.map_err(|e| e.to_string())?;
    if let Some(name) = caller.role() {
        let role = aws.iam().get_role().role_name(name).send().await;
        let role = role.map_err(|e| call_error("iam:GetRole", e).to_string())?.role;
        return role.map(|role| role.arn).ok_or_else(|| format!("role `{name}` has no ARN"));
    }
    match caller.user() {
        Some(_) => Ok(caller.arn),
        None => Err(format!("the simulator does not know `{}`: no user and no role", caller.arn)),
    }
}

/// `certain` says of which actions a missing allow is a denial.
async fn ask(
    aws: &Aws,
    principal: &str,
    actions: &[&'static str],
    resources: &[String],
    certain: &(dyn Fn(&str) -> bool + Sync),
    found: &mut Found,
) {
    let answers = match call(aws, principal, actions, resources).await {
        Ok(answers) => answers,
        Err(error) => {
            let why = match error.class {
                ErrorClass::Missing => "the endpoint has no policy simulator".to_owned(),
                // Local endpoints answer 500.
                ErrorClass::Unreachable if aws.endpoint().is_some() => {
                    "the endpoint has no policy simulator".to_owned()
                }
                _ => format!("the policy simulator cannot be asked: {error}"),
            };
            for action in actions {
                found.insert(action, (Answer::Unknown, why.clone()));
            }
            return;
        }
    };
    for action in actions {
        let answer = answers.iter().find(|one| one.eval_action_name.eq_ignore_ascii_case(action));
        let said = answer.map_or_else(
            || (Answer::Unknown, "the policy simulator does not mention it".to_owned()),
            |answer| believed(answer, certain(action)),
        );
        found.insert(action, said);
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>
async fn call(
    aws: &Aws,
    principal: &str,
    actions: &[&'static str],
    resources: &[String],
) -> Result<Vec<EvaluationResult>, CallError> {
    let once = aws_sdk_iam::config::Builder::new()
        .retry_config(RetryConfig::standard().with_max_attempts(1));
    let names = actions.iter().map(|action| (*action).to_owned()).collect();
    let call = aws
        .iam()
        .simulate_principal_policy()
        .policy_source_arn(principal)
        .set_action_names(Some(names))
        .set_resource_arns((!resources.is_empty()).then(|| resources.to_vec()))
        .customize()
        .config_override(once)
        .send();
    let answer = call.await.map_err(|e| call_error("iam:SimulatePrincipalPolicy", e))?;
    Ok(answer.evaluation_results.unwrap_or_default())
}

/// The simulator does not see every policy, and cannot evaluate organisation policies that have
/// conditions; a condition key that it was not given leaves the decision open.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html>
fn believed(answer: &EvaluationResult, certain: bool) -> (Answer, String) {
    let mut missing: BTreeSet<&str> =
        answer.missing_context_values().iter().map(String::as_str).collect();
    let each = answer.resource_specific_results();
    missing.extend(each.iter().flat_map(|one| one.missing_context_values()).map(String::as_str));
    let organisation = answer.organizations_decision_detail().map(|o| o.allowed_by_organizations());
    let unknown = |why: String| (Answer::Unknown, why);
    if organisation == Some(false) {
        return unknown(
            "an organisation policy may deny it, which the simulator cannot tell".into(),
        );
    }
    if !missing.is_empty() {
        let keys = missing.into_iter().collect::<Vec<_>>().join(", ");
        return unknown(format!("it depends on {keys}"));
    }
    match answer.eval_decision() {
        Decision::Allowed => (Answer::Allowed, "the policy simulator says so".into()),
        Decision::ExplicitDeny => (Answer::Denied, "a policy of the caller denies it".into()),
        Decision::ImplicitDeny if certain => {
            (Answer::Denied, "no policy of the caller allows it".into())
        }
        Decision::ImplicitDeny => unknown("it is not allowed on every resource".into()),
        other => unknown(format!("the simulator says `{}`", other.as_str())),
    }
}
