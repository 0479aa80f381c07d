//! IAM's policy simulator, for the principals of an account as the upstream has them and for policies that are given.
//! Owns its answers; what policies mean is `backburn-policy`'s.
//!
//! As AWS's, it takes a condition key that is not given for one that the request does not have, and names it
//! (`MissingContextValues`): <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>.

use std::collections::BTreeSet;

use backburn_policy::{
    Answer, Caller, Context, Decision, Document, Kind, Missing, Policies, Policy, Request,
    Value as KeyValue, evaluate,
};
use serde_json::{Value, json};

use super::account::{Entity, document};
use super::needs::values;
use super::{Enforcement, account::Account};
use crate::{AwsError, Call, Front, identity};

/// Results of one answer where `MaxItems` does not say.
const PAGE: usize = 100;

/// The answer of the simulator; `None` for any other operation.
pub(super) async fn answer(
    front: &Front,
    enforcement: &Enforcement,
    call: &Call,
) -> Option<Result<Value, AwsError>> {
    match (call.service.as_str(), call.operation.as_str()) {
        ("iam", "SimulatePrincipalPolicy") => Some(of_principal(front, enforcement, call).await),
        ("iam", "SimulateCustomPolicy") => Some(of_given(call)),
        ("iam", "GetContextKeysForPrincipalPolicy") => {
            Some(keys_of_principal(front, enforcement, call).await)
        }
        ("iam", "GetContextKeysForCustomPolicy") => Some(keys_of_given(call)),
        _ => None,
    }
}

async fn of_principal(
    front: &Front,
    enforcement: &Enforcement,
    call: &Call,
) -> Result<Value, AwsError> {
    let source = one(&call.params, "PolicySourceArn").ok_or_else(|| invalid("PolicySourceArn"))?;
    let id = source.split(':').nth(4).unwrap_or_default();
    // AWS's simulator knows no root user. The lab's runs are made as one, under a name of the upstream's own.
    if source == call.identity.arn && identity::is_root(&call.identity.access_key) {
        let all = json!({ "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] });
        let all = Policy::new("what the lab lets its root user do", Document::from_value(&all));
        let policies = Policies { identity: vec![all], ..Policies::default() };
        return simulated(&call.params, policies, &format!("arn:aws:iam::{id}:user/root"));
    }
    let account = enforcement.account(front, id).await.map_err(|why| unseen(&why))?;
    let (entity, is_group) = find(&account, &source).ok_or_else(|| nobody(&source))?;
    let own = account.own(front, &enforcement.aws_managed, entity).await;
    let above = enforcement.above(front, id).await.map_err(|why| unseen(&why))?;
    let mut policies = Policies {
        identity: own.identity.clone(),
        boundary: own.boundary.clone(),
        scp: above.scp.clone(),
        unseen: own.unseen.clone(),
        ..Policies::default()
    };
    policies.identity.extend(given(&call.params, "PolicyInputList"));
    let caller = match one(&call.params, "CallerArn") {
        Some(caller) => caller,
        // A group calls nobody.
        None if is_group => format!("arn:aws:iam::{id}:user/simulated"),
        None => source,
    };
    simulated(&call.params, policies, &caller)
}

fn of_given(call: &Call) -> Result<Value, AwsError> {
    let identity = given(&call.params, "PolicyInputList");
    if identity.is_empty() {
        return Err(invalid("PolicyInputList"));
    }
    let caller = one(&call.params, "CallerArn");
    let caller =
        caller.unwrap_or_else(|| format!("arn:aws:iam::{}:user/simulated", call.account()));
    simulated(&call.params, Policies { identity, ..Policies::default() }, &caller)
}

/// The keys that a user, group or role is asked for by its policies, with those of a user's groups.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForPrincipalPolicy.html>
async fn keys_of_principal(
    front: &Front,
    enforcement: &Enforcement,
    call: &Call,
) -> Result<Value, AwsError> {
    let source = one(&call.params, "PolicySourceArn").ok_or_else(|| invalid("PolicySourceArn"))?;
    let id = source.split(':').nth(4).unwrap_or_default();
    let account = enforcement.account(front, id).await.map_err(|why| unseen(&why))?;
    let (entity, _) = find(&account, &source).ok_or_else(|| nobody(&source))?;
    let own = account.own(front, &enforcement.aws_managed, entity).await;
    if let Some(kind) = own.unseen.first() {
        return Err(unseen(&Missing::Policies(*kind).to_string()));
    }
    let mut policies = own.identity.clone();
    policies.extend(given(&call.params, "PolicyInputList"));
    keys(&policies)
}

fn keys_of_given(call: &Call) -> Result<Value, AwsError> {
    match given(&call.params, "PolicyInputList") {
        none if none.is_empty() => Err(invalid("PolicyInputList")),
        policies => keys(&policies),
    }
}

fn keys(policies: &[Policy]) -> Result<Value, AwsError> {
    // "The input policy is malformed": https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForCustomPolicy.html
    if policies.iter().any(|policy| !policy.document.faults().is_empty()) {
        return Err(invalid("PolicyInputList"));
    }
    let mut told = BTreeSet::new();
    let all = policies.iter().flat_map(|policy| policy.document.context_keys());
    let names: Vec<_> = all.filter(|key| told.insert(key.to_lowercase())).collect();
    Ok(json!({ "ContextKeyNames": names }))
}

fn nobody(source: &str) -> AwsError {
    AwsError::new(404, "NoSuchEntity", format!("The entity {source} cannot be found."))
}

fn find<'a>(account: &'a Account, arn: &str) -> Option<(&'a Entity, bool)> {
    let of = |all: &'a std::collections::HashMap<String, Entity>| {
        all.values().find(|entity| entity.arn == arn)
    };
    let single = of(&account.users).or_else(|| of(&account.roles)).map(|entity| (entity, false));
    single.or_else(|| of(&account.groups).map(|entity| (entity, true)))
}

/// Every action on every resource, a page of them.
fn simulated(params: &Value, mut policies: Policies, caller: &str) -> Result<Value, AwsError> {
    let caller = Caller::parse(caller).map_err(|_| invalid("CallerArn"))?;
    let boundary = given(params, "PermissionsBoundaryPolicyInputList");
    if !boundary.is_empty() {
        policies.boundary = Some(boundary);
    }
    policies.resource =
        one(params, "ResourcePolicy").map(|text| Policy::new("resource policy", document(&text)));
    let owner = one(params, "ResourceOwner");
    let owner = owner.as_deref().and_then(|arn| Request::owner(arn)).map(str::to_owned);
    let actions = values(params, "ActionNames");
    if actions.is_empty() || actions.iter().any(|action| !action.contains(':')) {
        return Err(invalid("ActionNames"));
    }
    let mut resources = values(params, "ResourceArns");
    if resources.is_empty() {
        resources.push("*".into());
    }
    let from: usize = one(params, "Marker").and_then(|text| text.parse().ok()).unwrap_or(0);
    let most = one(params, "MaxItems").and_then(|text| text.parse().ok()).unwrap_or(PAGE);
    let all: Vec<_> = actions
        .iter()
        .flat_map(|action| resources.iter().map(move |resource| (action, resource)))
        .collect();
    let mut results = Vec::new();
    for (action, resource) in all.iter().skip(from).take(most) {
        let request = |context: Context| {
            let mut request = Request::new(caller.clone(), action, resource, context);
            let own = request.principal.account().map(str::to_owned);
            request.resource_account = owner.clone().or(request.resource_account).or(own);
            request.with_derived()
        };
        let decision = evaluate(&request(context(params, Context::complete())), &policies);
        let partial = evaluate(&request(context(params, Context::partial())), &policies);
        results.push(result(action, resource, &decision, &partial, &policies)?);
    }
    let next = from + results.len();
    let mut told = json!({ "IsTruncated": next < all.len(), "EvaluationResults": results });
    if next < all.len() {
        told["Marker"] = next.to_string().into();
    }
    Ok(told)
}

fn result(
    action: &str,
    resource: &str,
    decision: &Decision,
    partial: &Decision,
    policies: &Policies,
) -> Result<Value, AwsError> {
    let word = match decision.answer {
        Answer::Allowed => "allowed",
        Answer::ExplicitlyDenied => "explicitDeny",
        Answer::ImplicitlyDenied => "implicitDeny",
        Answer::Unknown => {
            let why = decision.missing.first().map(ToString::to_string).unwrap_or_default();
            return Err(unseen(&why));
        }
    };
    let missing: BTreeSet<_> = partial
        .missing
        .iter()
        .filter_map(|missing| match missing {
            Missing::Key(key) => Some(key.as_str()),
            _ => None,
        })
        .collect();
    let matched: Vec<_> = decision
        .because
        .iter()
        .filter(|named| !matches!(named.kind, Kind::Scp | Kind::Rcp))
        .map(|named| json!({ "SourcePolicyId": named.policy, "SourcePolicyType": "IAM Policy" }))
        .collect();
    let denies = |kind: Kind| {
        let explicit = decision.answer == Answer::ExplicitlyDenied
            && decision.because.iter().any(|named| named.kind == kind);
        explicit || decision.lacking.contains(&kind)
    };
    let mut told = json!({
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": word,
        "MatchedStatements": matched,
        "MissingContextValues": missing,
    });
    if !policies.scp.is_empty() {
        told["OrganizationsDecisionDetail"] =
            json!({ "AllowedByOrganizations": !denies(Kind::Scp) });
    }
    if policies.boundary.is_some() {
        told["PermissionsBoundaryDecisionDetail"] =
            json!({ "AllowedByPermissionsBoundary": !denies(Kind::Boundary) });
    }
    Ok(told)
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ContextEntry.html>
fn context(params: &Value, mut context: Context) -> Context {
    for entry in params["ContextEntries"].as_array().into_iter().flatten() {
        let Some(key) = one(entry, "ContextKeyName") else { continue };
        let mut of_key = values(entry, "ContextKeyValues");
        let is_list = one(entry, "ContextKeyType").is_some_and(|kind| kind.ends_with("List"));
        let value = match is_list {
            true => KeyValue::Many(of_key),
            false if of_key.is_empty() => continue,
            false => KeyValue::One(of_key.swap_remove(0)),
        };
        context = context.with(&key, value);
    }
    context
}

fn given(params: &Value, name: &str) -> Vec<Policy> {
    let texts = values(params, name);
    let documents = texts.iter().map(|text| document(text));
    documents
        .enumerate()
        .map(|(at, document): (usize, Document)| {
            Policy::new(format!("{name}.{}", at + 1), document)
        })
        .collect()
}

fn one(params: &Value, name: &str) -> Option<String> {
    values(params, name).into_iter().next()
}

fn invalid(parameter: &str) -> AwsError {
    AwsError::new(400, "InvalidInput", format!("Invalid input for parameter {parameter}"))
}

/// What cannot be answered is no answer: AWS's own error for it.
fn unseen(why: &str) -> AwsError {
    AwsError::new(
        500,
        "PolicyEvaluation",
        format!("The policies could not be evaluated without {why}"),
    )
}
