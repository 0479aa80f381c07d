//! What holds for any input: an answer always comes, and what is unknown stays open only for what is missing.

mod generate;

use backburn_policy::{
    Answer, Caller, Context, Decision, Document, Kind, Missing, Policies, Policy, Request, Who,
    cases, evaluate,
};
use generate::{Dice, case};
use proptest::prelude::*;
use serde_json::{Value, json};

const SEEDS: std::ops::Range<u64> = 0..4_000;

fn read(seed: u64) -> (Value, Request, Policies) {
    let case = case(seed);
    let (request, policies) = cases::read(&case).expect("a case is read");
    (case, request, policies)
}

/// Whether an answer, given with less known, holds for one with more.
fn holds(with_less: &Decision, with_more: &Decision) -> bool {
    match with_less.answer {
        Answer::Unknown => true,
        Answer::Allowed => with_more.answer == Answer::Allowed,
        // Which kind of denial may depend on what was not known.
        _ => with_more.answer.is_denied(),
    }
}

#[test]
fn nothing_is_unknown_when_all_is_given() {
    let mut answers = [0; 3];
    for seed in SEEDS {
        let (case, request, policies) = read(seed);
        let decision = evaluate(&request, &policies);
        let place = match decision.answer {
            Answer::Allowed => 0,
            Answer::ExplicitlyDenied => 1,
            Answer::ImplicitlyDenied => 2,
            Answer::Unknown => panic!("{decision}\n{case}"),
        };
        answers[place] += 1;
    }
    assert!(answers.iter().all(|n| *n > 200), "{answers:?}");
}

#[test]
fn an_answer_without_some_keys_holds_with_them() {
    let (mut known, mut unknown) = (0, 0);
    for seed in SEEDS {
        let (case, request, policies) = read(seed);
        let mut dice = Dice::new(seed ^ 0xfeed);
        let mut context = Context::partial();
        let keys = case["request"]["context"].as_object().expect("an object");
        for (key, value) in keys {
            if dice.once_in(2) {
                continue;
            }
            context = match value {
                Value::Array(items) => {
                    let texts = items.iter().filter_map(|item| item.as_str().map(str::to_owned));
                    context.with(key, texts.collect::<Vec<_>>())
                }
                value => context.with(key, value.as_str().unwrap_or_default()),
            };
        }
        let less = evaluate(&Request { context, ..request.clone() }, &policies);
        let more = evaluate(&request, &policies);
        assert!(holds(&less, &more), "{less} but {more}\n{case}");
        match less.answer {
            Answer::Unknown => {
                assert!(!less.missing.is_empty(), "{case}");
                unknown += 1;
            }
            _ => known += 1,
        }
    }
    assert!(known > 1_000 && unknown > 500, "{known} {unknown}");
}

#[test]
fn an_answer_without_some_policies_holds_with_them() {
    for seed in SEEDS {
        let (case, request, policies) = read(seed);
        let more = evaluate(&request, &policies);
        let kinds =
            [Kind::Identity, Kind::Boundary, Kind::Session, Kind::Resource, Kind::Scp, Kind::Rcp];
        for kind in kinds {
            let mut fewer = policies.clone();
            match kind {
                Kind::Identity => fewer.identity.clear(),
                Kind::Boundary => fewer.boundary = None,
                Kind::Session => fewer.session = None,
                Kind::Resource => fewer.resource = None,
                Kind::Scp => fewer.scp.clear(),
                Kind::Rcp => fewer.rcp.clear(),
            }
            fewer.unseen.insert(kind);
            let less = evaluate(&request, &fewer);
            assert!(holds(&less, &more), "{kind}: {less} but {more}\n{case}");
        }
    }
}

#[test]
fn a_deny_of_everything_always_denies() {
    let deny = json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "No", "Effect": "Deny", "Action": "*", "Resource": "*" }] });
    for seed in SEEDS.step_by(10) {
        let (_, request, mut policies) = read(seed);
        // A service has no policies of its own.
        if *request.principal.who() == Who::Service {
            continue;
        }
        policies.identity.push(Policy::new("deny", Document::from_value(&deny)));
        let decision = evaluate(&request, &policies);
        assert_eq!(decision.answer, Answer::ExplicitlyDenied);
        assert!(
            decision
                .because
                .iter()
                .any(|by| by.policy == "deny" && by.sid.as_deref() == Some("No"))
        );
    }
}

/// A request by a user for an object, under one identity policy.
fn under(document: &Value, resource: &str, context: Context) -> Decision {
    let user = Caller::parse("arn:aws:iam::111122223333:user/alice").expect("a user");
    let mut request = Request::new(user, "s3:GetObject", resource, context);
    request.resource_account = Some("111122223333".into());
    let identity = vec![Policy::new("p", Document::from_value(document))];
    evaluate(&request, &Policies { identity, ..Policies::default() })
}

#[test]
fn what_is_too_large_is_unknown() {
    let pattern = "arn:aws:s3:::*".to_owned() + &"a".repeat(20_000) + "b";
    let allow = json!({ "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": vec![pattern; 50] }] });
    let resource = "arn:aws:s3:::".to_owned() + &"a".repeat(100_000);
    let decision = under(&allow, &resource, Context::complete());
    assert_eq!(decision.answer, Answer::Unknown);
    assert_eq!(decision.missing.into_iter().collect::<Vec<_>>(), [Missing::TooLarge]);
    let values: Vec<String> = (0..30_000).map(|n| n.to_string()).collect();
    let any = json!({ "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": { "ForAnyValue:StringNotLike": { "k": values.clone() } } }] });
    let decision = under(&any, "arn:aws:s3:::b/k", Context::complete().with("k", values));
    assert_eq!(decision.answer, Answer::Unknown);
}

#[test]
fn many_statements_are_judged() {
    let one = json!({ "Effect": "Allow", "Action": "s3:Put*", "Resource": "arn:aws:s3:::b/*" });
    let many = json!({ "Statement": vec![one; 50_000] });
    assert_eq!(
        under(&many, "arn:aws:s3:::b/k", Context::complete()).answer,
        Answer::ImplicitlyDenied
    );
}

fn any_json() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "Allow",
        "Deny",
        "*",
        "s3:*",
        "arn:*",
        "${",
        "${aws:x, '",
        "true",
        "2012-10-17",
        "1e3",
        "::/0",
        "arn:aws:s3:::b/${aws:userid}",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        words.prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let names = prop::sample::select(vec![
        "Version",
        "Statement",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Principal",
        "NotPrincipal",
        "Condition",
        "AWS",
        "Federated",
        "StringLike",
        "ForAllValues:ArnLike",
        "DateLessThan",
        "IpAddress",
        "Null",
        "aws:userid",
        "Sid",
    ]);
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((names.clone(), inner), 0..6).prop_map(|pairs| Value::Object(
                pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
            )),
        ]
    })
}

proptest! {
    #[test]
    fn any_document_gets_an_answer(document in any_json(), resource in ".{0,40}", id in ".{0,20}") {
        let statement = json!({ "Version": "2012-10-17", "Statement": [document.clone()] });
        for document in [&document, &statement] {
            let policy = || Policy::new("p", Document::from_value(document));
            for principal in ["*", "111122223333", "arn:aws:sts::111122223333:assumed-role/a/b", "ec2.amazonaws.com", "AROAEXAMPLEAPPROLE00"] {
                let caller = Caller::parse(principal).expect("a principal");
                let context = Context::partial().with("aws:userid", id.as_str());
                let request = Request::new(caller, "s3:GetObject", &resource, context).with_derived();
                let policies = Policies {
                    identity: vec![policy()], boundary: Some(vec![policy()]), session: Some(policy()),
                    resource: Some(policy()), scp: vec![vec![policy()]], rcp: vec![vec![policy()]], unseen: [].into(),
                };
                let decision = evaluate(&request, &policies);
                prop_assert!(!decision.to_string().is_empty());
                prop_assert_eq!(decision.answer == Answer::Unknown, !decision.missing.is_empty());
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,60}") {
        let _ = Document::parse(&text);
        let _ = Caller::parse(&text);
        let _ = cases::judge(&json!({ "request": { "principal": text, "action": text, "resource": text } }));
    }
}
