//! From the statements that apply to the answer.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>

use std::collections::BTreeSet;

use crate::{
    Answer, Decision, Effect, Kind, Missing, Policies, Policy, Request, StatementRef, Who,
    glob::Fuel,
    named::Reached,
    side::{Side, Weigher},
    truth::Truth,
};

/// What AWS would answer to a request under these policies.
pub fn evaluate(request: &Request, policies: &Policies) -> Decision {
    let fuel = Fuel::new();
    let caller = &request.principal;
    let own = caller.account();
    let decision = match &request.resource_account {
        Some(owner) => decide(request, policies, own == Some(owner), &fuel),
        None if own.is_none() => decide(request, policies, false, &fuel),
        None => {
            let same = decide(request, policies, true, &fuel);
            let other = decide(request, policies, false, &fuel);
            match same.answer == other.answer {
                true => same,
                false => {
                    let mut missing: BTreeSet<_> =
                        same.missing.into_iter().chain(other.missing).collect();
                    missing.insert(Missing::ResourceAccount);
                    Decision {
                        answer: Answer::Unknown,
                        missing,
                        lacking: Vec::new(),
                        rule: None,
                        ..other
                    }
                }
            }
        }
    };
    match fuel.is_out() {
        false => decision,
        true => Decision {
            answer: Answer::Unknown,
            because: Vec::new(),
            lacking: Vec::new(),
            missing: BTreeSet::from([Missing::TooLarge]),
            rule: None,
        },
    }
}

/// Whether the policy of the resource must allow, also within one account: trust policies and key policies must. Every
/// role has a trust policy; where none is given, the question is what the caller's own policies say.
fn must_name(request: &Request, policies: &Policies) -> bool {
    let (service, _) = request.action.split_once(':').unwrap_or(("", ""));
    let is = |name: &str, part: &str| {
        service.eq_ignore_ascii_case(name) && request.resource.contains(part)
    };
    let trusts = policies.resource.is_some() || policies.unseen.contains(&Kind::Resource);
    is("sts", ":role/") && trusts || is("kms", ":key/")
}

fn is_own_policy(action: &str) -> bool {
    ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]
        .iter()
        .any(|one| one.eq_ignore_ascii_case(action))
}

fn decide(request: &Request, policies: &Policies, same_account: bool, fuel: &Fuel) -> Decision {
    let caller = &request.principal;
    let root = *caller.who() == Who::Root;
    let must = must_name(request, policies);
    let bounded = match (&policies.boundary, policies.unseen.contains(&Kind::Boundary)) {
        (Some(_), _) => Truth::Yes,
        (None, true) => Truth::open(Missing::Policies(Kind::Boundary)),
        (None, false) => Truth::No,
    };
    let weigher = Weigher { request, policies, fuel, bounded };
    let none: &[Policy] = &[];
    let identified = caller.has_identity();
    let identity =
        weigher.side(Kind::Identity, None, if identified { &policies.identity } else { none });
    let mut resource = weigher.side(Kind::Resource, None, policies.resource.as_slice());
    // The root user of the owner can always repair a bucket's policy:
    // https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html
    if root && same_account && is_own_policy(&request.action) {
        resource.deny = Truth::No;
    }
    let limits = [
        (Kind::Boundary, policies.boundary.as_deref()),
        (Kind::Session, policies.session.as_ref().map(std::slice::from_ref)),
    ];
    let limits = limits.map(|(kind, of)| {
        let applies = identified && !root && (of.is_some() || policies.unseen.contains(&kind));
        let side = applies.then(|| weigher.side(kind, None, of.unwrap_or(none)));
        (kind, side)
    });
    // Neither limits principals outside the account's own, nor roles that services use.
    let organized = identified && !caller.is_service_linked();
    let levels = |kind: Kind, of: &[Vec<Policy>], applies: bool| -> Vec<Side> {
        let mut levels: Vec<Side> = Vec::new();
        if applies {
            let each = of.iter().enumerate();
            levels.extend(each.map(|(level, of)| weigher.side(kind, Some(level), of)));
            if policies.unseen.contains(&kind) {
                levels.push(weigher.side(kind, None, none));
            }
        }
        levels
    };
    let scp = levels(Kind::Scp, &policies.scp, organized);
    let rcp = levels(Kind::Rcp, &policies.rcp, !caller.is_service_linked());

    let by_scp = Truth::all(scp.iter().map(|side| side.allow.direct.clone()));
    // What is not read could still deny, which `deny` has.
    let within = |kind: Kind| {
        let side = limits.iter().find(|(of, _)| *of == kind).and_then(|(_, side)| side.as_ref());
        side.map_or(Truth::Yes, |side| side.allow.direct.clone())
    };
    let limited = within(Kind::Boundary).and(within(Kind::Session));
    let own = match identified {
        // The root user has full access to its account, and no policies of its own.
        true if root => Truth::Yes,
        true => identity.allow.direct.clone().and(limited.clone()),
        false => Truth::No,
    };
    let Reached { direct, limited: to_role, delegated } = resource.allow.clone();
    let given = match (identified, same_account) {
        (false, _) => direct,
        (true, true) => {
            let named = direct.or(to_role.and(limited)).or(delegated.and(own.clone()));
            if must { named } else { named.or(own.clone()) }
        }
        (true, false) => own.clone().and(direct.or(to_role).or(delegated)),
    };
    let assuming = request.action.eq_ignore_ascii_case("sts:AssumeRole");
    let allowed = match root && assuming {
        true => Truth::No,
        false => given.and(by_scp.clone()),
    };

    let mut sides = vec![identity, resource];
    sides.extend(limits.into_iter().filter_map(|(_, side)| side));
    sides.extend(scp);
    sides.extend(rcp);
    let deny = Truth::any(sides.iter().map(|side| side.deny.clone()));

    let pick = |fits: &dyn Fn(&StatementRef, &Truth) -> bool| -> Vec<StatementRef> {
        let all = sides.iter().flat_map(|side| &side.statements);
        all.filter(|(named, truth)| fits(named, truth)).map(|(named, _)| named.clone()).collect()
    };
    let grants = |named: &StatementRef| matches!(named.kind, Kind::Identity | Kind::Resource);
    let mut decision = Decision {
        answer: Answer::Unknown,
        because: Vec::new(),
        lacking: Vec::new(),
        missing: BTreeSet::new(),
        rule: None,
    };
    match (deny, allowed) {
        (Truth::Yes, _) => {
            decision.answer = Answer::ExplicitlyDenied;
            decision.because =
                pick(&|named, truth| named.effect == Effect::Deny && *truth == Truth::Yes);
        }
        (_, Truth::No) => {
            decision.answer = Answer::ImplicitlyDenied;
            decision.rule =
                (root && assuming).then_some("the root user of an account assumes no role");
            decision.lacking = lacking(&sides, identified, root, same_account, must);
        }
        (Truth::No, Truth::Yes) => {
            decision.answer = Answer::Allowed;
            decision.because = pick(&|named, truth| {
                named.effect == Effect::Allow && *truth == Truth::Yes && grants(named)
            });
            decision.rule = (root && decision.because.is_empty())
                .then_some("the full access of the account's root user");
        }
        (deny, allowed) => {
            for open in [deny, allowed] {
                if let Truth::Open(missing) = open {
                    decision.missing.extend(missing);
                }
            }
            decision.because = pick(&|named, truth| {
                matches!(truth, Truth::Open(_)) || named.effect == Effect::Allow && grants(named)
            });
        }
    }
    decision
}

/// The kinds that do not allow a request that nothing allows.
fn lacking(
    sides: &[Side],
    identified: bool,
    root: bool,
    same_account: bool,
    must_name: bool,
) -> Vec<Kind> {
    let silent = |kind: Kind| {
        let mut of_kind = sides.iter().filter(|side| side.kind == kind);
        of_kind.any(|side| side.allow.at_all() == Truth::No)
    };
    let counts = |kind: &Kind| match kind {
        Kind::Identity => identified && !root,
        Kind::Resource => !identified || !same_account || must_name,
        Kind::Rcp => false,
        Kind::Scp | Kind::Boundary | Kind::Session => true,
    };
    let order = [Kind::Scp, Kind::Identity, Kind::Resource, Kind::Boundary, Kind::Session];
    order.into_iter().filter(counts).filter(|kind| silent(*kind)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Caller, Context, Document};

    fn allow(action: &str) -> Vec<Policy> {
        let text = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": action, "Resource": "*" }] });
        vec![Policy::new(action, Document::from_value(&text))]
    }

    fn said(policies: &Policies) -> String {
        let who = Caller::parse("arn:aws:iam::111122223333:user/alice").expect("a user");
        let request = Request::new(who, "s3:GetObject", "arn:aws:s3:::b/k", Context::complete());
        let request = Request { resource_account: Some("111122223333".into()), ..request };
        evaluate(&request, policies).to_string()
    }

    #[test]
    fn the_kind_that_does_not_allow_is_named() {
        let mut policies = Policies { identity: allow("s3:*"), ..Policies::default() };
        assert_eq!(said(&policies), "allowed by statement 1 of identity policy `s3:*`");
        policies.boundary = Some(allow("sqs:*"));
        assert_eq!(said(&policies), "denied: not allowed by the permissions boundary");
        policies.scp = vec![allow("*"), allow("ec2:*")];
        assert_eq!(
            said(&policies),
            "denied: not allowed by the service control policies, permissions boundary"
        );
        policies.identity.clear();
        assert!(said(&policies).contains("identity policies"));
    }

    #[test]
    fn without_a_resource_only_what_holds_for_each_is_an_answer() {
        let who = Caller::parse("arn:aws:iam::111122223333:user/alice").expect("a user");
        let request = Request::new(who, "sqs:SendMessage", Request::SOME, Context::complete());
        let request = Request { resource_account: Some("111122223333".into()), ..request };
        let said = |statements: serde_json::Value| {
            let text = json!({ "Version": "2012-10-17", "Statement": statements });
            let identity = vec![Policy::new("p", Document::from_value(&text))];
            evaluate(&request, &Policies { identity, ..Policies::default() }).to_string()
        };
        let (all, one) = ("*", "arn:aws:sqs:us-east-1:111122223333:q");
        let statement = |effect: &str, resource: &str, element: &str| json!({ "Effect": effect, "Action": "sqs:*", element: resource });
        let allow = |resource: &str| statement("Allow", resource, "Resource");
        assert_eq!(said(json!([allow(all)])), "allowed by statement 1 of identity policy `p`");
        assert_eq!(said(json!([allow(one)])), "unknown without the resource");
        assert_eq!(said(json!([])), "denied: not allowed by the identity policies");
        let denied = said(json!([allow(all), statement("Deny", all, "Resource")]));
        assert_eq!(denied, "denied by statement 2 of identity policy `p`");
        let some = said(json!([allow(all), statement("Deny", one, "Resource")]));
        assert_eq!(some, "unknown without the resource");
        let others = said(json!([allow(all), statement("Deny", one, "NotResource")]));
        assert_eq!(others, "unknown without the resource");
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut policies = Policies { identity: allow("s3:*"), ..Policies::default() };
        policies.unseen.insert(Kind::Scp);
        assert_eq!(
            said(&policies),
            "unknown without the service control policies, which were not read"
        );
        policies.identity.clear();
        assert_eq!(said(&policies), "denied: not allowed by the identity policies");
    }
}
