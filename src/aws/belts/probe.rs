//! Whether the caller may make the calls of a plan, asked without making any: EC2's `DryRun` and IAM's
//! policy simulator. Owns the questions and how far an answer is trusted. What neither can decide is
//! unknown, which is never taken for allowed; nothing here fails.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use aws_sdk_iam::{
    config::retry::RetryConfig,
    types::{EvaluationResult, PolicyEvaluationDecisionType as Decision},
};

use futures::future::join_all;

use crate::{
    aws::{
        Aws, call_error,
        iam::{
            CallerIs,
            things::{ROLE, USER},
        },
        pages::Pages,
        thing::Class,
    },
    engine::{CallError, Class as ErrorClass, Permission, Scope, World, on, plan::PlannedStep},
};

use super::{dry_run, judged};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    Denied,
    Unknown,
    Allowed,
}

/// The known state of one permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// `service:Action`
    pub action: &'static str,
    pub answer: Answer,
    /// The source of the answer, or why there is none.
    pub why: String,
}

/// Who calls, where that is a role's session.
pub const GET_ROLE: Permission = on("iam:GetRole", "arn:aws:iam::{account}:role/*");
/// What the caller may do.
pub const SIMULATE_ROLE: Permission =
    on("iam:SimulatePrincipalPolicy", "arn:aws:iam::{account}:role/*");
pub const SIMULATE_USER: Permission = SIMULATE_ROLE.at("arn:aws:iam::{account}:user/*");

/// Slower answers than this are ignored.
const PATIENCE: Duration = Duration::from_secs(15);
/// Actions in one simulation.
const AT_ONCE: usize = 50;

/// The simulator's answer for each action on all resources, or why there is none.
type Simulated = BTreeMap<&'static str, Result<Option<EvaluationResult>, String>>;

/// The answers that do not hang on what is in the account, so that a plan need not be waited for.
pub struct Ahead {
    /// ARN of the user or role whose policies decide.
    principal: Result<String, String>,
    simulated: Simulated,
    /// Where the simulator does not answer.
    judged: BTreeMap<&'static str, (Answer, String)>,
}

/// Asks of all permissions that a plan may turn out to need.
pub async fn ahead(aws: &Aws, needed: &BTreeSet<Permission>) -> Ahead {
    let actions: BTreeSet<_> = needed.iter().map(|permission| permission.action).collect();
    let actions: Vec<_> = actions.into_iter().collect();
    let asked = async {
        let principal = principal(aws).await?;
        let chunks = actions.chunks(AT_ONCE).map(|some| ask(aws, &principal, some, &[]));
        let simulated: Simulated = join_all(chunks).await.into_iter().flatten().collect();
        let silent = simulated.iter().filter(|(_, answer)| answer.is_err());
        let silent: Vec<_> = silent.map(|(action, _)| *action).collect();
        let judged = match silent.is_empty() {
            true => BTreeMap::new(),
            false => judged::judge(aws, &silent).await,
        };
        Ok(Ahead { principal: Ok(principal), simulated, judged })
    };
    let asked = tokio::time::timeout(PATIENCE, asked).await;
    let failed = |why: String| Ahead {
        principal: Err(why),
        simulated: Simulated::new(),
        judged: BTreeMap::new(),
    };
    asked
        .unwrap_or_else(|_| Err(format!("the policy simulator did not answer in {PATIENCE:?}")))
        .unwrap_or_else(failed)
}

/// `principals` are the ARNs that IAM's own permissions will be used on. All of `needed` was asked of
/// `ahead`.
pub async fn probe(
    aws: &Aws,
    needed: &BTreeSet<Permission>,
    principals: &[(&'static Class, String)],
    steps: &[PlannedStep],
    ahead: Ahead,
) -> Vec<Probed> {
    let mut found: Found = needed
        .iter()
        .map(|permission| (permission.action, first(&ahead, permission.action, needed)))
        .collect();
    let asked = async {
        // An endpoint that does not know `DryRun` would make the call.
        if aws.is_aws("ec2") {
            for (action, answer, why) in dry_run::ask(aws, steps).await {
                if let Some(known) = found.get_mut(action)
                    && answer != Answer::Unknown
                {
                    *known = (answer, why);
                }
            }
        }
        if let Ok(principal) = &ahead.principal {
            on_principals(aws, principal, needed, principals, &mut found).await;
        }
    };
    if tokio::time::timeout(PATIENCE, asked).await.is_err() {
        tracing::debug!("the probe of permissions gave up after {PATIENCE:?}");
    }
    found.into_iter().map(|(action, (answer, why))| Probed { action, answer, why }).collect()
}

type Found = BTreeMap<&'static str, (Answer, String)>;

/// A missing allow is a denial of what is only ever used on all resources.
fn first(ahead: &Ahead, action: &str, needed: &BTreeSet<Permission>) -> (Answer, String) {
    if let Err(why) = &ahead.principal {
        return (Answer::Unknown, why.clone());
    }
    if let Some(judged) = ahead.judged.get(action) {
        return judged.clone();
    }
    let anywhere = needed.iter().filter(|one| one.action == action).all(|one| one.resource == "*");
    match ahead.simulated.get(action) {
        Some(answer) => said(answer, anywhere),
        None => (Answer::Unknown, "nothing could be asked".into()),
    }
}

/// Allowed on some users or roles only: asked again of those that the plan touches.
async fn on_principals(
    aws: &Aws,
    principal: &str,
    needed: &BTreeSet<Permission>,
    principals: &[(&'static Class, String)],
    found: &mut Found,
) {
    let open = |kind: &str| -> Vec<&'static str> {
        let on_those = |action: &str| {
            let mut on = needed.iter().filter(|permission| permission.action == action);
            on.all(|permission| permission.resource.contains(kind))
        };
        let open = found.iter().filter(|(_, (answer, _))| *answer == Answer::Unknown);
        open.map(|(action, _)| *action).filter(|action| on_those(action)).collect()
    };
    let questions = [(USER, ":user/"), (ROLE, ":role/")].map(|(class, kind)| {
        let arns = principals.iter().filter(|(one, _)| one.name == class.name);
        let arns: Vec<_> = arns.map(|(_, arn)| arn.clone()).collect();
        (open(kind), arns)
    });
    let questions =
        questions.iter().filter(|(actions, arns)| !actions.is_empty() && !arns.is_empty());
    let answers = questions.map(|(actions, arns)| ask(aws, principal, actions, arns));
    for (action, answer) in join_all(answers).await.into_iter().flatten() {
        found.insert(action, said(&answer, true));
    }
}

/// The user or role whose policies decide, as the simulator wants it named.
async fn principal(aws: &Aws) -> Result<String, String> {
    // Who calls was asked when the account was reached.
    let Scope { account, principal: arn, .. } = aws.scope().clone();
    let caller = CallerIs { account, arn, user_id: String::new() };
    if let Some(name) = caller.role() {
        let role = aws.iam().get_role().role_name(name).send().await;
        let role = role.map_err(|e| call_error(GET_ROLE.action, e).to_string())?.role;
        return role.map(|role| role.arn).ok_or_else(|| format!("role `{name}` has no ARN"));
    }
    match caller.user() {
        Some(_) => Ok(caller.arn),
        None => Err(format!(
            "the simulator does not support `{}`: it is neither a user nor a role",
            caller.arn
        )),
    }
}

/// An answer to each of `actions`.
async fn ask(
    aws: &Aws,
    principal: &str,
    actions: &[&'static str],
    resources: &[String],
) -> Simulated {
    let answers =
        call(aws, principal, actions, resources).await.map_err(|error| match error.class {
            ErrorClass::Missing => "the endpoint has no policy simulator".to_owned(),
            // Local endpoints answer 500.
            ErrorClass::Unreachable if !aws.is_aws("iam") => {
                "the endpoint has no policy simulator".to_owned()
            }
            _ => format!("the policy simulator cannot be called: {error}"),
        });
    let of = |answers: &Vec<EvaluationResult>, action: &str| {
        answers.iter().find(|one| one.eval_action_name.eq_ignore_ascii_case(action)).cloned()
    };
    let answer = |action| answers.as_ref().map(|all| of(all, action)).map_err(String::clone);
    actions.iter().map(|action| (*action, answer(*action))).collect()
}

/// `certain`: a missing allow is a denial.
fn said(answer: &Result<Option<EvaluationResult>, String>, certain: bool) -> (Answer, String) {
    match answer {
        Ok(Some(answer)) => believed(answer, certain),
        Ok(None) => {
            (Answer::Unknown, "the policy simulator's answer does not contain it".to_owned())
        }
        Err(why) => (Answer::Unknown, why.clone()),
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
        .set_resource_arns((!resources.is_empty()).then(|| resources.to_vec()));
    let page = |token| {
        let call = call.clone().set_marker(token).customize();
        call.config_override(once.clone()).send()
    };
    let pages = Pages::new(SIMULATE_ROLE, page).all().await?;
    Ok(pages.into_iter().flat_map(|page| page.evaluation_results.unwrap_or_default()).collect())
}

/// The simulator does not see every policy, and cannot evaluate organisation policies that have
/// conditions; a condition key that it was not given leaves the decision open.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html>
fn believed(answer: &EvaluationResult, certain: bool) -> (Answer, String) {
    let mut missing: BTreeSet<&str> =
        answer.missing_context_values().iter().map(String::as_str).collect();
    let each = answer.resource_specific_results();
    missing.extend(
        each.iter()
            .flat_map(aws_sdk_iam::types::ResourceSpecificResult::missing_context_values)
            .map(String::as_str),
    );
    let organisation = answer
        .organizations_decision_detail()
        .map(aws_sdk_iam::types::OrganizationsDecisionDetail::allowed_by_organizations);
    let unknown = |why: String| (Answer::Unknown, why);
    if organisation == Some(false) {
        return unknown(
            "an organisation policy may deny it, which the simulator cannot decide".into(),
        );
    }
    if !missing.is_empty() {
        let keys = missing.into_iter().collect::<Vec<_>>().join(", ");
        return unknown(format!("it depends on {keys}"));
    }
    match answer.eval_decision() {
        Decision::Allowed => (Answer::Allowed, "the policy simulator reports it".into()),
        Decision::ExplicitDeny => (Answer::Denied, "a policy of the caller denies it".into()),
        Decision::ImplicitDeny if certain => {
            (Answer::Denied, "no policy of the caller allows it".into())
        }
        Decision::ImplicitDeny => unknown("it is not allowed on every resource".into()),
        other => unknown(format!("the simulator answers `{}`", other.as_str())),
    }
}
