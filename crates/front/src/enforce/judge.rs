//! One call judged: its credentials, then every action that it needs.

use std::time::{Duration, Instant};

use backburn_policy::{
    Answer, Caller, Context, Decision, Document, Effect, Kind, Missing, Policies, Policy, Request,
    evaluate,
};

use super::needs::{How, Needed};
use super::organization::Above;
use super::refusal;
use super::who::{self, Principal, Who};
use super::{Enforcement, action, context, needs, organization, resources};
use crate::{AwsError, Call, Front};

/// Calls that no policy can refuse.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>,
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>
const FREE: &[(&str, &str)] = &[("sts", "GetCallerIdentity"), ("sts", "GetSessionToken")];

/// Accounts of an organization in which the owner of a bucket is looked for.
const MOST_ACCOUNTS: usize = 50;

/// For all that one call needs; a single action has the evaluator's own limit.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn refuses_credentials(
    front: &Front,
    enforcement: &Enforcement,
    call: &Call,
) -> Option<AwsError> {
    match who::of(front, enforcement, call).await {
        Who::Root => None,
        Who::Refused(bad) => {
            enforcement.tally.refused();
            Some(refusal::credentials(call, bad))
        }
        Who::Unknown(why) => {
            enforcement.tally.passed(action::service(&call.service), &why);
            None
        }
        Who::Known(_) => {
            enforcement.tally.passed(action::service(&call.service), "the name of the operation");
            None
        }
    }
}

pub(super) async fn refuses(
    front: &Front,
    enforcement: &Enforcement,
    call: &Call,
) -> Option<AwsError> {
    let service = action::service(&call.service);
    let passed = |why: &str| {
        enforcement.tally.passed(service, why);
        None
    };
    // Who vouches for the caller is in the call, not in its signature: the front checks no tokens of others.
    if call.operation.starts_with("AssumeRoleWith") {
        return passed("the token of the identity provider");
    }
    let who = match who::of(front, enforcement, call).await {
        Who::Root => return None,
        Who::Refused(bad) => {
            enforcement.tally.refused();
            return Some(refusal::credentials(call, bad));
        }
        Who::Unknown(why) => return passed(&why),
        Who::Known(principal) => *principal,
    };
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html
    if call.service == "sts"
        && ["GetSessionToken", "GetFederationToken"].contains(&call.operation.as_str())
        && !who.is_long_term
    {
        enforcement.tally.refused();
        let said = format!("Cannot call {} with session credentials", call.operation);
        return Some(AwsError::new(403, "AccessDenied", said));
    }
    if FREE.contains(&(call.service.as_str(), call.operation.as_str())) {
        enforcement.tally.allowed();
        return None;
    }
    let above = enforcement.above(front, &who.account.id).await;
    let policies = in_force(&who, above.as_deref().ok());
    let context = context::of(call, &who, above.as_deref().ok());
    let bare = context::of_caller(call, &who, above.as_deref().ok());
    let mut unknown: Option<String> = None;
    let began = Instant::now();
    for needed in needs::of(front, call, &who.account).await {
        if began.elapsed() > PATIENCE {
            unknown = unknown.or_else(|| Some(Missing::TooLarge.to_string()));
            break;
        }
        let context = match &needed.keys {
            None => context.clone(),
            Some(keys) => keys
                .iter()
                .fold(bare.clone(), |context, (key, value)| context.with(key, value.clone())),
        };
        match on_all(front, enforcement, &who, &policies, &context, &needed).await {
            Verdict::Passes => {}
            Verdict::Unknown(why) => unknown = unknown.or(Some(why)),
            Verdict::Refused(refused) => {
                let (request, decision) = *refused;
                enforcement.tally.refused();
                return Some(refusal::policies(call, who.caller.text(), &request, &decision));
            }
        }
    }
    match unknown {
        Some(why) => passed(&why),
        None => {
            enforcement.tally.allowed();
            None
        }
    }
}

enum Verdict {
    Passes,
    Unknown(String),
    Refused(Box<(Request, Decision)>),
}

/// Refused where it is refused on each resource that it may be on.
async fn on_all(
    front: &Front,
    enforcement: &Enforcement,
    who: &Principal,
    policies: &Policies,
    context: &Context,
    needed: &Needed,
) -> Verdict {
    let mut refused = None;
    let mut unknown = None;
    for resource in &needed.resources {
        let (request, policies) =
            on_one(front, enforcement, who, policies.clone(), context, needed, resource).await;
        let decision = evaluate(&request, &policies);
        match (decision.answer, needed.how) {
            (_, How::Guessed) => return guessed(request, decision, &policies),
            (Answer::Allowed, _) | (Answer::ImplicitlyDenied, How::Extra) => {
                return Verdict::Passes;
            }
            (Answer::Unknown, How::Extra) if !may_deny(&decision) => return Verdict::Passes,
            (Answer::Unknown, _) => {
                let why = decision.missing.first().map(ToString::to_string);
                unknown.get_or_insert_with(|| why.unwrap_or_default());
            }
            (Answer::ImplicitlyDenied, _)
                if may_be_shared(front, who, &request, &decision).await =>
            {
                unknown.get_or_insert_with(|| "the access control lists of S3".into());
            }
            (Answer::ExplicitlyDenied | Answer::ImplicitlyDenied, _) => {
                refused.get_or_insert_with(|| Box::new((request, decision)));
            }
        }
    }
    match (unknown, refused) {
        (Some(why), _) => Verdict::Unknown(why),
        (None, Some(refused)) => Verdict::Refused(refused),
        (None, None) => Verdict::Unknown(Missing::Resource.to_string()),
    }
}

/// Whether a list of S3 may allow what no policy allows. A limit of the caller it cannot lift.
async fn may_be_shared(
    front: &Front,
    who: &Principal,
    request: &Request,
    decision: &Decision,
) -> bool {
    let is_limit = |kind: &Kind| matches!(kind, Kind::Scp | Kind::Boundary | Kind::Session);
    let is_of_list = request.action.starts_with("s3:") && request.action != "s3:ListAllMyBuckets";
    is_of_list
        && !decision.lacking.iter().any(is_limit)
        && resources::is_shared_by_lists(front, &who.account.id, &request.resource).await
}

fn may_deny(decision: &Decision) -> bool {
    decision.because.iter().any(|named| named.effect == Effect::Deny)
}

/// The action may have another name. What denies it by its name and by none denies it by any.
fn guessed(request: Request, decision: Decision, policies: &Policies) -> Verdict {
    let service = request.action.split(':').next().unwrap_or_default();
    let any = Request { action: format!("{service}:*"), ..request.clone() };
    let denied = decision.answer == Answer::ExplicitlyDenied;
    match denied && evaluate(&any, policies).answer == Answer::ExplicitlyDenied {
        true => Verdict::Refused(Box::new((request, decision))),
        false => Verdict::Unknown(format!("the name of the action of {}", request.action)),
    }
}

/// The request on one resource, and the policies with that of the resource.
async fn on_one(
    front: &Front,
    enforcement: &Enforcement,
    who: &Principal,
    mut policies: Policies,
    context: &Context,
    needed: &Needed,
    resource: &str,
) -> (Request, Policies) {
    let action = needed.action.as_str();
    let request = Request::new(who.caller.clone(), action, resource, context.clone());
    let own = who.account.id.as_str();
    let mut is_others = false;
    let owner = if action.starts_with("sts:") && resource.contains(":role/") {
        let owner = Request::owner(resource).unwrap_or(own);
        match enforcement.account(front, owner).await {
            Ok(account) => {
                let role = account.roles.values().find(|role| role.arn == resource);
                policies.resource = role.and_then(|role| role.trust.clone());
                // A role that is not there trusts nobody.
                if policies.resource.is_none() {
                    policies.resource = Some(nobody());
                }
            }
            Err(_) => drop(policies.unseen.insert(Kind::Resource)),
        }
        Some(owner.to_owned())
    } else {
        let of_policy = match &needed.held_by {
            Some(holder) if holder == "*" || ![Request::SOME, "*"].contains(&resource) => holder,
            _ => resource,
        };
        let side = enforcement.resources.of(front, own, action, of_policy).await;
        policies.resource = side.policy;
        if side.is_unseen {
            policies.unseen.insert(Kind::Resource);
        }
        is_others = side.is_others;
        side.owner
    };
    let owner = match (is_others, owner) {
        (true, None) => owner_in(front, enforcement, own, resource).await,
        (_, owner) => owner,
    };
    // Whose the resource is, that of no bucket tells.
    let is_somebodys = owner.as_deref().or(Some(own).filter(|_| !action.starts_with("s3:")));
    let context = request.context.clone();
    let context = controls(front, enforcement, action, is_somebodys, &mut policies, context).await;
    let mut request = Request { resource_account: owner, context, ..request }.with_derived();
    if is_others && request.resource_account.is_none() {
        // Not the caller's, which is what counts. Its number remains unknown to conditions.
        request.resource_account = Some(String::new());
    }
    (request, policies)
}

/// The account of the caller's organization that has a bucket.
async fn owner_in(
    front: &Front,
    enforcement: &Enforcement,
    own: &str,
    resource: &str,
) -> Option<String> {
    let above = enforcement.above(front, own).await.ok()?;
    let others = above.accounts.iter().filter(|account| *account != own).take(MOST_ACCOUNTS);
    for account in others {
        if enforcement.resources.owns(front, account, resource).await {
            return Some(account.clone());
        }
    }
    None
}

fn nobody() -> Policy {
    let none = serde_json::json!({ "Version": "2012-10-17", "Statement": [] });
    Policy::new("trust policy", Document::from_value(&none))
}

/// All but the policy of the resource.
fn in_force(who: &Principal, above: Option<&Above>) -> Policies {
    let mut policies = Policies {
        identity: who.own.identity.clone(),
        boundary: who.own.boundary.clone(),
        session: who.session.clone(),
        scp: above.map(|above| above.scp.clone()).unwrap_or_default(),
        unseen: who.own.unseen.union(&who.unseen).copied().collect(),
        ..Policies::default()
    };
    policies.unseen.extend(above.is_none().then_some(Kind::Scp));
    policies
}

/// Whether the trust policy of a role keeps EC2 from it.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2.html>
pub(super) async fn is_kept_from_ec2(front: &Front, enforcement: &Enforcement, role: &str) -> bool {
    let owner = Request::owner(role).unwrap_or_default();
    let Ok(account) = enforcement.account(front, owner).await else { return false };
    let found = account.roles.values().find(|one| one.arn == role);
    let Some(trust) = found.and_then(|one| one.trust.clone()) else { return false };
    let Ok(ec2) = Caller::parse("ec2.amazonaws.com") else { return false };
    let policies = Policies { resource: Some(trust), ..Policies::default() };
    let request = Request::new(ec2, "sts:AssumeRole", role, Context::partial()).with_derived();
    evaluate(&request, &policies).answer.is_denied()
}

/// What the organization of the resource's owner says of the resource.
async fn controls(
    front: &Front,
    enforcement: &Enforcement,
    action: &str,
    owner: Option<&str>,
    policies: &mut Policies,
    context: Context,
) -> Context {
    let above = match owner {
        Some(owner) => enforcement.above(front, owner).await.ok(),
        None => None,
    };
    let Some(above) = above else {
        // Of nobody whom the front knows.
        policies.unseen.extend(organization::is_controlled(action).then_some(Kind::Rcp));
        return context;
    };
    if organization::is_controlled(action) {
        policies.rcp.clone_from(&above.rcp);
    }
    match &above.organization {
        Some(id) => context.with("aws:ResourceOrgID", id.as_str()),
        None => context.without("aws:ResourceOrgID"),
    }
}
