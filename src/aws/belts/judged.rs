//! Whether the caller may make the calls of a plan, where the policy simulator does not answer: the evaluator judges from
//! the caller's policies that can be read. Owns how far that is trusted; what it cannot decide stays unknown.

use std::collections::BTreeMap;

use backburn_policy::{
    Answer as Judgement, Caller, Context, Document, Policies, Policy, Request, evaluate,
};

use crate::{
    aws::{
        Aws,
        iam::{CallerIs, Grants, GrantsAre, GrantsTo},
    },
    engine::{Fact, World},
};

use super::probe::Answer;

/// The answer for each action on all resources. Nothing where the caller's policies cannot be read.
pub(super) async fn judge(
    aws: &Aws,
    actions: &[&'static str],
) -> BTreeMap<&'static str, (Answer, String)> {
    let scope = aws.scope();
    let caller = CallerIs {
        account: scope.account.clone(),
        arn: scope.principal.clone(),
        user_id: String::new(),
    };
    let of = match (caller.user(), caller.role()) {
        (Some(name), _) => GrantsTo::User(name.into()),
        (None, Some(name)) => GrantsTo::Role(name.into()),
        (None, None) => return BTreeMap::new(),
    };
    let (Ok(who), Ok(are)) = (Caller::parse(&caller.arn), (Grants { of }).read(aws).await) else {
        return BTreeMap::new();
    };
    let policies = policies(&are);
    // Organization policies are not read, and a local endpoint has none.
    let certain = aws.is_here("iam");
    actions.iter().map(|action| (*action, one(action, &who, &policies, certain))).collect()
}

fn policies(are: &GrantsAre) -> Policies {
    let policy = |(name, document): (&String, &serde_json::Value)| {
        Policy::new(name.as_str(), Document::from_value(document))
    };
    Policies {
        identity: are.policies.iter().map(policy).collect(),
        boundary: are.boundary.as_ref().map(|(arn, document)| vec![policy((arn, document))]),
        ..Policies::default()
    }
}

fn one(action: &str, who: &Caller, policies: &Policies, certain: bool) -> (Answer, String) {
    let request = Request::new(who.clone(), action, "*", Context::partial()).with_derived();
    let decision = evaluate(&request, policies);
    let said =
        |text: &str| format!("{text}, by the caller's policies as they can be read: {decision}");
    match decision.answer {
        // No other policy can lift it.
        Judgement::ExplicitlyDenied => (Answer::Denied, said("denied")),
        Judgement::Allowed if certain => (Answer::Allowed, said("allowed")),
        Judgement::Allowed => {
            let text = said("allowed");
            (Answer::Unknown, format!("{text}; the organization's policies are not read"))
        }
        // It may be allowed on some resources, or the resource's policy may allow it.
        Judgement::ImplicitlyDenied => (Answer::Unknown, said("not allowed on every resource")),
        Judgement::Unknown => (Answer::Unknown, said("unknown")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn answer(statement: Value, certain: bool) -> Answer {
        let document = json!({ "Version": "2012-10-17", "Statement": [statement] });
        let are =
            GrantsAre { policies: [("p".to_owned(), document)].into(), ..GrantsAre::default() };
        let who = Caller::parse("arn:aws:iam::123456789012:user/anna").expect("a user");
        one("ec2:StopInstances", &who, &policies(&are), certain).0
    }

    #[test]
    fn only_what_is_certain_is_more_than_unknown() {
        let of = |effect: &str, resource: &str| json!({ "Effect": effect, "Action": "ec2:*", "Resource": resource });
        assert_eq!(answer(of("Deny", "*"), false), Answer::Denied);
        assert_eq!(answer(of("Allow", "*"), false), Answer::Unknown);
        assert_eq!(answer(of("Allow", "*"), true), Answer::Allowed);
        assert_eq!(answer(of("Allow", "arn:aws:ec2:*:*:instance/*"), true), Answer::Unknown);
        let mut depends = of("Allow", "*");
        depends["Condition"] = json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } });
        assert_eq!(answer(depends, true), Answer::Unknown);
    }
}
