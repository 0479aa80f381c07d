//! Every kind of the registry against the belts: a protected target is refused in plan and run, and a
//! second target beyond the limit is refused. A kind that is not listed here fails.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::{
    aws::{
        registry,
        replay::{Replay, aws},
        thing::{TagReader, Thing},
    },
    engine::{Place, Reach, StepError, Touch},
};

/// What a kind does, with two targets of it and the value before where that says what is touched.
pub(in crate::aws) enum Kind {
    Changes(Box<[Value; 2]>, Box<[Value; 2]>),
    Makes(Value),
    Looks(Value),
}

fn changes(field: &str, ids: [&str; 2], more: Value) -> Kind {
    let of = |id: &str| {
        let mut what = more.clone();
        what[field] = id.into();
        what
    };
    Kind::Changes(ids.map(of).into(), [Value::Null, Value::Null].into())
}

const INSTANCES: [&str; 2] = ["i-0a", "i-0b"];
const BUCKETS: [&str; 2] = ["one", "two"];
const USERS: [&str; 2] = ["ann", "bob"];
const DETECTORS: [&str; 2] = ["d1", "d2"];

pub(in crate::aws) fn settings() -> Vec<(&'static str, Kind)> {
    let made = json!({ "name": "n", "run": "R", "step": "s", "tags": {}, "owner": "o" });
    let with = |more: Value| {
        let mut all = made.clone();
        all.as_object_mut().expect("a map").extend(more.as_object().cloned().unwrap_or_default());
        Kind::Makes(all)
    };
    let none = json!({});
    let detector = |id: &str| json!({ "id": id, "enabled": false });
    vec![
        ("backup.restore-validation", changes("job", ["job-1", "job-2"], none.clone())),
        ("backup.vault", with(none.clone())),
        ("cloudtrail.logging", changes("trail", ["one", "two"], json!({ "keep": false }))),
        ("cloudtrail.trail", with(json!({ "bucket": "b" }))),
        (
            "cloudwatch.alarm",
            with(json!({ "watched": {
                "namespace": "n", "metric": "m", "dimensions": {}, "statistic": "Sum", "period": 60,
                "threshold": 1.0, "comparison": "c", "evaluation-periods": 1, "missing-data": "missing",
                "actions": [],
            } })),
        ),
        ("dynamodb.canary", changes("table", ["one", "two"], json!({ "id": "c" }))),
        ("dynamodb.items", changes("table", ["one", "two"], none.clone())),
        ("dynamodb.table", with(json!({ "items": {} }))),
        (
            "ec2.address-association",
            changes("allocation", ["eipalloc-1", "eipalloc-2"], none.clone()),
        ),
        (
            "ec2.delete-on-termination",
            changes("volume", ["vol-1", "vol-2"], json!({ "instance": "i-0a" })),
        ),
        ("ec2.eni-groups", changes("interface", ["eni-1", "eni-2"], none.clone())),
        ("ec2.instance-profile", changes("instance", INSTANCES, none.clone())),
        ("ec2.instance-state", changes("instance", INSTANCES, none.clone())),
        (
            "ec2.launched-instance",
            with(json!({ "subnet": null, "security-groups": [], "profile": null })),
        ),
        ("ec2.security-group", with(json!({ "vpc": "vpc-1", "description": "d" }))),
        ("ec2.shutdown-behavior", changes("instance", INSTANCES, none.clone())),
        (
            "ec2.snapshot-share",
            changes("snapshot", ["snap-1", "snap-2"], json!({ "account": "111122223333" })),
        ),
        ("ec2.subnet", with(json!({}))),
        ("ec2.tag", changes("resource", ["sg-1", "sg-2"], json!({ "key": "k" }))),
        ("ec2.termination-protection", changes("instance", INSTANCES, none.clone())),
        ("ec2.vpc", with(json!({}))),
        ("events.rule", with(none.clone())),
        (
            "fis.experiment",
            Kind::Changes(
                ["i-0a", "i-0b"]
                    .map(|id| {
                        let arn = format!("arn:aws:ec2:us-east-1:123456789012:instance/{id}");
                        json!({ "run": "R", "step": "s", "tags": {}, "template": "t", "hits": [arn] })
                    })
                    .into(),
                [Value::Null, Value::Null].into(),
            ),
        ),
        ("fis.experiment-template", with(json!({ "description": "d" }))),
        (
            "guardduty.detector",
            Kind::Changes(
                [json!({ "run": "R", "step": "s" }), json!({ "run": "R", "step": "s" })].into(),
                DETECTORS.map(detector).into(),
            ),
        ),
        ("iam.access-key", changes("user", USERS, json!({ "run": "R" }))),
        ("iam.access-key-status", changes("user", USERS, json!({ "key": "AKIA1" }))),
        ("iam.login-profile", changes("user", USERS, none.clone())),
        ("iam.managed-policy", with(json!({ "document": {} }))),
        ("iam.owned-instance-profile", with(json!({ "role": "r" }))),
        ("iam.owned-role", with(json!({ "trust": {}, "policies": {} }))),
        ("iam.owned-user", with(json!({ "policies": {} }))),
        ("iam.role-attachment", changes("role", ["web", "db"], json!({ "policy": "arn" }))),
        ("iam.role-policy", changes("role", ["web", "db"], json!({ "policy": "p" }))),
        ("iam.trust-policy", changes("role", ["web", "db"], none.clone())),
        ("iam.user-attachment", changes("user", USERS, json!({ "policy": "arn" }))),
        ("iam.user-policy", changes("user", USERS, json!({ "policy": "p" }))),
        ("lambda.reserved-concurrency", changes("function", ["one", "two"], none.clone())),
        ("s3.bucket", with(json!({ "versioning": true, "objects": {} }))),
        ("s3.bucket-policy", changes("bucket", BUCKETS, none.clone())),
        ("s3.canary", changes("bucket", BUCKETS, json!({ "key": "c" }))),
        (
            "s3.overwritten-objects",
            changes("bucket", BUCKETS, json!({ "prefix": "", "run": "R", "step": "s" })),
        ),
        ("s3.public-access-block", changes("bucket", BUCKETS, none.clone())),
        ("s3.versioning", changes("bucket", BUCKETS, none)),
        ("sqs.queue", with(json!({}))),
    ]
}

fn operations() -> Vec<(&'static str, Kind)> {
    let arns = ["arn:aws:s3:::one", "arn:aws:s3:::two"];
    vec![
        ("backup.back-up", changes("resource", arns, json!({ "vault": "v", "role": "r" }))),
        (
            "backup.restore",
            Kind::Changes(
                ["one", "two"]
                    .map(|bucket| {
                        json!({ "recovery-point": "p", "role": "r",
                            "metadata": { "DestinationBucketName": bucket } })
                    })
                    .into(),
                [Value::Null, Value::Null].into(),
            ),
        ),
        (
            "drill.detection",
            Kind::Looks(json!({
                "name": "n", "from": { "queue": { "url": "u" } }, "resource": "r", "since": "s",
                "within": { "secs": 1, "nanos": 0 },
            })),
        ),
        (
            "drill.tries",
            Kind::Looks(json!({
                "name": "n", "calls": [{ "call": "iam:ListUsers" }], "until": "refused",
                "since": "s", "within": { "secs": 1, "nanos": 0 },
            })),
        ),
        (
            "ec2.await-state",
            Kind::Looks(json!({ "instance": "i-0a", "state": "stopped", "within": 1 })),
        ),
        (
            "ec2.copy-snapshot",
            Kind::Makes(json!({ "snapshot": "snap-1", 
                "encrypted": true, "kms_key": null, "source_region": "r", "description": "d" })),
        ),
        (
            "ec2.create-image",
            changes(
                "instance",
                INSTANCES,
                json!({ "name": "n", "description": "d", "no_reboot": true }),
            ),
        ),
        (
            "ec2.create-snapshot",
            changes("volume", ["vol-1", "vol-2"], json!({ "description": "d" })),
        ),
        (
            "ec2.create-snapshots",
            changes("instance", INSTANCES, json!({ "description": "d", "volumes": [] })),
        ),
        ("fis.await-effect", Kind::Looks(json!({ "experiment": "e" }))),
        ("fis.await-experiment", Kind::Looks(json!({ "experiment": "e", "at-most": null }))),
        (
            "fis.preview",
            Kind::Makes(json!({ "mark": { "run": "r", "step": "s" }, "template": "EXT1" })),
        ),
        (
            "guardduty.create-sample-findings",
            changes("detector", DETECTORS, json!({ "types": [] })),
        ),
        (
            "ssm.send-command",
            changes(
                "instance",
                INSTANCES,
                json!({ "document": "d", "commands": [], "timeout-seconds": 1,
                    "repeatable": true }),
            ),
        ),
    ]
}

/// Answers for the tag readers of every class, with one tag on whatever is asked for.
fn tagged(key: &str, value: &str) -> Replay {
    let item = format!("<item><key>{key}</key><value>{value}</value></item>");
    let ids = ["sg-1", "sg-2", "snap-1", "snap-2", "vol-1", "vol-2", "eni-1", "eni-2"];
    let listed = |id| {
        format!("<item><resourceId>{id}</resourceId><key>{key}</key><value>{value}</value></item>")
    };
    let listed: String = ids.map(listed).concat();
    let member = format!("<Tags><member><Key>{key}</Key><Value>{value}</Value></member></Tags>");
    let who = |kind: &str| {
        format!(
            "<Get{kind}Response><Get{kind}Result><{kind}><Path>/</Path><{kind}Name>n</{kind}Name>\
             <{kind}Id>AIDA1</{kind}Id><Arn>arn:aws:iam::123456789012:x/n</Arn>\
             <CreateDate>2026-01-01T00:00:00Z</CreateDate>{member}</{kind}></Get{kind}Result></Get{kind}Response>"
        )
    };
    let bucket = format!(
        "<Tagging><TagSet><Tag><Key>{key}</Key><Value>{value}</Value></Tag></TagSet></Tagging>"
    );
    let detector =
        format!(r#"{{"serviceRole":"r","status":"ENABLED","tags":{{"{key}":"{value}"}}}}"#);
    let of_function = format!(r#"{{"Tags":{{"{key}":"{value}"}}}}"#);
    let function = |name: &str| {
        let arn = "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3A";
        format!("GET /2017-03-31/tags/{arn}{name}")
    };
    let trail =
        r#"{"Trail":{"Name":"t","TrailARN":"arn:aws:cloudtrail:us-east-1:123456789012:trail/t"}}"#;
    let on_trail = format!(
        r#"{{"ResourceTagList":[{{"ResourceId":"t","TagsList":[{{"Key":"{key}","Value":"{value}"}}]}}]}}"#
    );
    Replay::default()
        .xml(
            "DescribeInstances",
            &format!(
                "<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i</instanceId>\
                 <tagSet>{item}</tagSet></item></instancesSet></item></reservationSet></DescribeInstancesResponse>"
            ),
        )
        .xml(
            "DescribeVolumes",
            &format!(
                "<DescribeVolumesResponse><volumeSet><item><volumeId>vol</volumeId><tagSet>{item}</tagSet></item>\
                 </volumeSet></DescribeVolumesResponse>"
            ),
        )
        .xml(
            "DescribeNetworkInterfaces",
            &format!(
                "<DescribeNetworkInterfacesResponse><networkInterfaceSet><item>\
                 <networkInterfaceId>eni</networkInterfaceId><tagSet>{item}</tagSet></item></networkInterfaceSet>\
                 </DescribeNetworkInterfacesResponse>"
            ),
        )
        .xml(
            "DescribeAddresses",
            &format!(
                "<DescribeAddressesResponse><addressesSet><item><allocationId>eipalloc</allocationId>\
                 <tagSet>{item}</tagSet></item></addressesSet></DescribeAddressesResponse>"
            ),
        )
        .xml(
            "DescribeTags",
            &format!("<DescribeTagsResponse><tagSet>{listed}</tagSet></DescribeTagsResponse>"),
        )
        .xml("GetUser", &who("User"))
        .xml("GetRole", &who("Role"))
        .xml("GET /one", &bucket)
        .xml("GET /two", &bucket)
        .answer(&function("one"), 200, &of_function)
        .answer(&function("two"), 200, &of_function)
        .answer("GetTrail", 200, trail)
        .answer("ListTags", 200, &on_trail)
        .answer(
            "ListTagsOfResource",
            200,
            &format!(r#"{{"Tags":[{{"Key":"{key}","Value":"{value}"}}]}}"#),
        )
        .answer("GET /detector/d1", 200, &detector)
        .answer("GET /detector/d2", 200, &detector)
}

async fn ask(
    belts: &Arc<Belts>,
    replay: &Replay,
    things: &[Thing],
    planning: bool,
) -> Result<(), StepError> {
    let place = Place { kind: "k".into(), target: "t".into(), nth: 0 };
    let touch = Touch { step: "s", place: &place, things, planning };
    aws(replay).with_belts(belts.clone()).allows(&touch).await
}

fn refused(kind: &str, result: Result<(), StepError>) -> String {
    match result {
        Err(StepError::Refused(why)) => why,
        other => panic!("`{kind}` is not refused: {other:?}"),
    }
}

/// A protected target is refused in plan and run; the second target of a kind is one too many.
async fn held(kind: &str, first: Vec<Thing>, second: Vec<Thing>) {
    assert!(
        !first.is_empty() && !second.is_empty(),
        "`{kind}` changes something and touches nothing"
    );
    let belts = || Arc::new(Belts::new("01RUN", Limits::default()));
    let protected = tagged(PROTECTED_TAG, "true");
    let nothing_protects = first.iter().all(|thing| matches!(thing.class.tags, TagReader::None(_)));
    for planning in [true, false] {
        let belts = belts();
        let answer = ask(&belts, &protected, &first, planning).await;
        if nothing_protects {
            answer.unwrap_or_else(|e| panic!("`{kind}`: {e}"));
            let said = belts.unprotectable().await;
            assert!(said[0].starts_with(&first[0].to_string()), "`{kind}` is free without a word");
        } else {
            let why = refused(kind, answer);
            assert!(why.contains("has the tag `backburn:protected=true`"), "`{kind}`: {why}");
        }
    }
    let (belts, free) = (belts(), tagged("team", "payments"));
    ask(&belts, &free, &first, false).await.unwrap_or_else(|e| panic!("`{kind}`: {e}"));
    let why = refused(kind, ask(&belts, &free, &second, false).await);
    assert!(why.contains("on top of"), "`{kind}`: {why}");
}

#[tokio::test]
async fn every_setting_is_held_by_the_belts() {
    let registry = registry();
    let listed = settings();
    let names: Vec<_> = listed.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(names, registry.kinds().0, "every setting stands in this test");
    for (kind, example) in listed {
        let make = |what: &Value| registry.make(kind, what).unwrap_or_else(|why| panic!("{why}"));
        match example {
            Kind::Changes(what, before) => {
                let ([first, second], [was, is]) = (*what, *before);
                assert_eq!(make(&first).reach(), Reach::Changes, "{kind}");
                held(kind, make(&first).touches(&was), make(&second).touches(&is)).await;
            }
            Kind::Makes(what) => assert_eq!(make(&what).reach(), Reach::Makes, "{kind}"),
            Kind::Looks(what) => assert_eq!(make(&what).reach(), Reach::Looks, "{kind}"),
        }
    }
}

#[tokio::test]
async fn every_operation_is_held_by_the_belts() {
    let registry = registry();
    let listed = operations();
    let names: Vec<_> = listed.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(names, registry.kinds().1, "every operation stands in this test");
    for (kind, example) in listed {
        let make =
            |what: &Value| registry.operation(kind, what).unwrap_or_else(|why| panic!("{why}"));
        match example {
            Kind::Changes(what, _) => {
                let [first, second] = *what;
                assert_eq!(make(&first).reach(), Reach::Changes, "{kind}");
                held(kind, make(&first).touches(), make(&second).touches()).await;
            }
            Kind::Makes(what) => assert_eq!(make(&what).reach(), Reach::Makes, "{kind}"),
            Kind::Looks(what) => assert_eq!(make(&what).reach(), Reach::Looks, "{kind}"),
        }
    }
}

/// Whoever can change a list of accounts must not be able to let in more of them.
#[tokio::test]
async fn a_run_shares_with_no_more_accounts_than_its_playbook_allows() {
    let registry = registry();
    let share = |account: &str| {
        let json = json!({ "snapshot": "snap-1", "account": account });
        registry.touched("ec2.snapshot-share", &json, &Value::Null).expect("a share")
    };
    let free = tagged("team", "payments");
    for (accounts, is_allowed) in [(1, false), (2, true)] {
        let belts = Arc::new(Belts::new("01RUN", Limits { accounts, ..Limits::default() }));
        let first = ask(&belts, &free, &share("111122223333"), false).await;
        first.unwrap_or_else(|e| panic!("{e}"));
        let again = ask(&belts, &free, &share("111122223333"), false).await;
        again.unwrap_or_else(|e| panic!("{e}"));
        let second = ask(&belts, &free, &share("999988887777"), false).await;
        match is_allowed {
            true => second.unwrap_or_else(|e| panic!("{e}")),
            false => {
                let why = refused("ec2.snapshot-share", second);
                assert!(why.contains("allows 1 accounts") && why.contains("accounts: 2"), "{why}");
            }
        }
    }
}
