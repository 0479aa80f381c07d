//! 5,590 cases with the answers that AWS's documents and independent engines give. Where the documents leave the answer
//! open, `golden` is null: any answer will do there, but it must come.

use std::io::Read;

use backburn_policy::{Answer, cases::judge};
use flate2::read::GzDecoder;
use serde_json::{Value, json};

fn cases() -> Vec<Value> {
    let mut text = String::new();
    let packed: &[u8] = include_bytes!("cases/iam.jsonl.gz");
    GzDecoder::new(packed).read_to_string(&mut text).expect("the cases are gzip");
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

#[test]
fn every_case_has_its_answer() {
    let cases = cases();
    let mut wrong = Vec::new();
    let mut open = 0;
    for case in &cases {
        let decision = judge(case).expect("a case is read");
        match case["golden"].as_str() {
            Some(want) if want == decision.answer.name() => {}
            Some(want) => wrong.push(format!("{want} but {decision}\n{case}")),
            None => open += 1,
        }
    }
    let shown = wrong[..wrong.len().min(10)].join("\n\n");
    assert!(wrong.is_empty(), "{} wrong\n{shown}", wrong.len());
    assert_eq!((cases.len(), open), (5_590, 33));
}

fn answer(principal: &str, action: &str, resource: &str, policies: Value) -> Answer {
    let mut case = policies;
    case["id"] = "own".into();
    case["request"] = json!({
        "principal": principal, "action": action, "resource": resource,
        "resourceAccount": "111122223333", "context": {},
    });
    judge(&case).expect("a case is read").answer
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html>
#[test]
fn the_root_user_can_always_repair_the_policy_of_a_bucket() {
    let shut = json!({ "resource": { "Version": "2012-10-17", "Statement": {
        "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*" } } });
    let of = |action: &str| {
        answer("arn:aws:iam::111122223333:root", action, "arn:aws:s3:::photos", shut.clone())
    };
    for action in ["s3:PutBucketPolicy", "s3:getbucketpolicy", "s3:DeleteBucketPolicy"] {
        assert_eq!(of(action), Answer::Allowed, "{action}");
    }
    assert_eq!(of("s3:ListBucket"), Answer::ExplicitlyDenied);
}

/// IAM refuses such a document, so nobody knows whom it would let in.
#[test]
fn a_pattern_as_a_principal_says_nothing() {
    let trust = |principal: Value| {
        json!({
            "identity": [{ "Version": "2012-10-17", "Statement": {
                "Effect": "Allow", "Action": "*", "Resource": "*" } }],
            "resource": { "Version": "2012-10-17", "Statement": {
                "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" } },
        })
    };
    let role = "arn:aws:iam::111122223333:role/app";
    for principal in [
        json!({ "AWS": "arn:aws:iam::999988887777:user/*" }),
        json!({ "Service": "*" }),
        json!({ "Federated": "arn:aws:iam::111122223333:saml-provider/c?rp" }),
    ] {
        let who = "arn:aws:iam::999988887777:user/evil";
        let found = answer(who, "sts:AssumeRole", role, trust(principal.clone()));
        assert_eq!(found, Answer::Unknown, "{principal}");
    }
}

#[test]
fn what_the_documents_leave_open_is_never_allowed() {
    let open = cases().into_iter().filter(|case| case["golden"].is_null());
    let answers: Vec<_> = open.map(|case| judge(&case).expect("a case is read").answer).collect();
    assert!(!answers.contains(&Answer::Allowed));
    // In the others an explicit deny or another layer decides, whatever the open question comes to.
    assert_eq!(answers.iter().filter(|answer| **answer == Answer::Unknown).count(), 30);
}
