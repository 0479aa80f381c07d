//! The actions of drills on principals and data against the lab: planned, run, attacked, compared and
//! released, with the account read before and after.

use backburn::{
    aws::{self, guardduty, session_name},
    engine::{Class, Fact, Operation, World, plan::PlanState},
    journal::Record,
};
use serde_json::{Value, json};

use crate::{
    rig::{Act, Rig, act},
    support,
};

async fn rig(acts: Vec<Act>) -> Rig {
    Rig::new(&support::lab().account(), acts).await
}

/// Who made the last call of a name, as CloudTrail has it.
async fn caller_of(rig: &Rig, event: &str) -> Value {
    use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
    let attribute = LookupAttribute::builder()
        .attribute_key(LookupAttributeKey::EventName)
        .attribute_value(event)
        .build()
        .expect("an attribute");
    let look = async || {
        let call = rig.aws.cloudtrail().lookup_events().lookup_attributes(attribute.clone());
        let events = call.send().await.expect("events").events.unwrap_or_default();
        let text = events.first()?.cloud_trail_event.as_deref()?;
        let event: Value = serde_json::from_str(text).expect("JSON");
        Some(event["userIdentity"].clone())
    };
    support::until(event, look).await
}

#[tokio::test]
async fn a_drill_acts_as_the_key_and_the_role_that_it_made() {
    let rig = rig(Vec::new()).await;
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": { "AWS": format!("arn:aws:iam::{}:root", rig.account) } }] });
    let allowed = json!({ "look": { "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "iam:List*", "Resource": "*" }] } });
    let role = json!({
        "trust": trust,
        "policies": allowed,
        "managed-policies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        "tags": { "team": "red" },
    });
    let rig = rig
        .step(act("role", "iam.create-role", role))
        .step(act("victim", "iam.create-user", json!({ "policies": allowed })))
        .step(act("key", "iam.create-access-key", json!({ "user": "${{ steps.victim.user }}" })))
        .step(act("look", "iam.recon", json!({})));
    let plan = rig.plan().await;
    let asked = plan[0].changes[0].after["asked"].to_string();
    assert!(asked.contains("ReadOnlyAccess") && asked.contains("iam:List*"), "{asked}");
    let outputs = rig.done().await;
    let role = &outputs["role"];
    assert!(
        role["arn"].as_str().is_some_and(|arn| arn.contains(":role/backburn/backburn-")),
        "{role}"
    );
    let key = outputs["key"]["access-key-id"].as_str().expect("an id").to_owned();
    let user = outputs["victim"]["user"].as_str().expect("a name").to_owned();
    let now = rig.now();
    assert_eq!(now["iam"]["users"][&user]["keys"][&key], "Active");
    assert_eq!(now["iam"]["roles"][role["role"].as_str().expect("a name")]["tags"]["team"], "red");

    let run = rig.id();
    let theirs = rig.aws.as_access_key(&key).await.expect("acts as the key");
    let seen = aws::iam::Recon.read(&theirs).await.expect("answers");
    assert_eq!(
        (seen.users, seen.principal.as_deref()),
        (Some(1), Some(theirs.scope().principal.as_str()))
    );
    assert!(theirs.scope().principal.ends_with(&user), "{:?}", theirs.scope());
    let who = caller_of(&rig, "ListUsers").await;
    assert_eq!((&who["userName"], &who["accessKeyId"]), (&json!(user), &json!(key)), "{who:#}");

    let arn = role["arn"].as_str().expect("an ARN");
    let session = rig.aws.as_role(arn, &session_name(&run, "attack")).await;
    let session = session.expect("acts as the role");
    session.iam().list_roles().send().await.expect("an answer");
    let who = caller_of(&rig, "ListRoles").await;
    assert_eq!(who["type"], "AssumedRole", "{who:#}");
    assert!(who["arn"].as_str().is_some_and(|arn| arn.contains(&run)), "{who:#}");

    let unknown = rig.fresh().await.as_access_key(&key).await.expect_err("another process");
    assert_eq!(unknown.class, Class::Invalid);
    let journal = std::fs::read_to_string(rig.dir().journal()).expect("a journal");
    assert!(journal.contains(&key) && !journal.to_lowercase().contains("secret"), "{journal}");
    rig.released().await;
}

#[tokio::test]
async fn a_bucket_is_attacked_compared_contained_and_gone() {
    let bucket = || json!({ "bucket": "${{ steps.ledger.bucket }}" });
    let compare = || {
        json!({
            "bucket": "${{ steps.ledger.bucket }}", "digest": "${{ steps.ledger.digest }}",
        })
    };
    let ledger = json!({
        "objects": { "a.csv": "id,balance\n1,100\n", "dir/ü b.txt": "x" },
        "generate": { "count": 18, "bytes": 2048 },
    });
    let rig = rig(vec![
        act("ledger", "s3.create-bucket", ledger),
        act("whole", "s3.compare-objects", compare()),
        act("suspend", "s3.suspend-versioning", bucket()),
        act("overwrite", "s3.overwrite-objects", bucket()),
        act("open", "s3.lift-public-access-block", bucket()),
        act("damaged", "s3.compare-objects", compare()),
        act("close", "s3.block-public-access", bucket()),
    ])
    .await;
    let plan = rig.plan().await;
    let changed = plan.iter().map(|step| step.changes.len()).collect::<Vec<_>>();
    assert_eq!(changed, [1, 0, 1, 1, 1, 0, 1], "{plan:#?}");
    let outputs = rig.done().await;
    assert_eq!(outputs["ledger"]["objects"], 20);
    assert_eq!(outputs["whole"]["outcome"], "same", "{outputs:#}");
    assert_eq!(outputs["damaged"]["outcome"], "damaged");
    assert_eq!(outputs["damaged"]["objects"], 20);
    assert_eq!(rig.verdict().0, "Proven");
    let items = rig.released().await;
    assert_eq!(items.len(), 4, "{items:#?}");
    rig.released().await;
}

#[tokio::test]
async fn release_brings_overwritten_objects_back() {
    // The bucket of one run is the target of another, by its tag.
    let made = json!({ "generate": { "count": 3, "bytes": 10 }, "tags": { "drill": "yes" } });
    let first = rig(vec![act("ledger", "s3.create-bucket", made)]).await;
    let ledger = first.done().await["ledger"].take();
    let (bucket, digest) = (&ledger["bucket"], &ledger["digest"]);
    let given = json!({ "bucket": bucket, "digest": digest });
    let attack = json!({ "bucket": bucket, "prefix": "generated/", "required-tag": "drill=yes" });
    let second = first.beside(vec![act("overwrite", "s3.overwrite-objects", attack)]).await;
    second.done().await;
    let check = async || {
        let rig = first.beside(vec![act("compare", "s3.compare-objects", given.clone())]).await;
        rig.done().await["compare"]["outcome"].take()
    };
    assert_eq!(check().await, "damaged");
    second.released().await;
    assert_eq!(check().await, "same");
    first.released().await;
    assert_eq!(check().await, "missing");
}

#[tokio::test]
async fn a_table_is_attacked_compared_and_gone() {
    let compare = || {
        json!({
            "table": "${{ steps.ledger.table }}", "digest": "${{ steps.ledger.digest }}",
        })
    };
    let ledger = json!({
        "items": [{ "id": "alice", "balance": 100.50, "tags": ["a", null, { "b": true }] }],
        "generate": { "count": 40 },
    });
    let rig = rig(vec![
        act("ledger", "dynamodb.create-table", ledger),
        act("whole", "dynamodb.compare-items", compare()),
        act("destroy", "dynamodb.overwrite-items", json!({ "table": "${{ steps.ledger.table }}" })),
        act("damaged", "dynamodb.compare-items", compare()),
    ])
    .await;
    let plan = rig.plan().await;
    assert!(matches!(plan[2].state, PlanState::Open(_)), "{plan:#?}");
    let outputs = rig.done().await;
    assert_eq!(
        outputs["whole"],
        json!({ "outcome": "same", "digest": outputs["ledger"]["digest"], "items": 41,
            "canaries": null })
    );
    assert_eq!(outputs["destroy"]["items"], 41);
    assert_eq!(outputs["damaged"]["outcome"], "damaged");
    rig.released().await;
}

/// Canaries are no content, and one that an attack overwrote is lost.
#[tokio::test]
async fn canaries_say_what_was_lost_and_go_again() {
    let of = |kind: &str, canaries: &[&str]| {
        let lists = canaries.iter().map(|step| format!("${{{{ steps.{step}.canaries }}}}"));
        let (target, name) = match kind {
            "s3" => ("bucket", "${{ steps.made.bucket }}"),
            _ => ("table", "${{ steps.made.table }}"),
        };
        json!({ target: name, "digest": "${{ steps.made.digest }}",
            "canaries": lists.collect::<Vec<_>>() })
    };
    for (kind, made, target, compare, overwrite) in [
        (
            "dynamodb",
            "dynamodb.create-table",
            "table",
            "dynamodb.compare-items",
            "dynamodb.overwrite-items",
        ),
        ("s3", "s3.create-bucket", "bucket", "s3.compare-objects", "s3.overwrite-objects"),
    ] {
        let with = match kind {
            "s3" => json!({ "versioning": true, "generate": { "count": 3, "bytes": 64 } }),
            _ => json!({ "generate": { "count": 3 } }),
        };
        let on = |more: Value| {
            let mut inputs = json!({ target: format!("${{{{ steps.made.{target} }}}}") });
            inputs.as_object_mut().expect("inputs").extend(more.as_object().expect("it").clone());
            inputs
        };
        let write = if kind == "s3" { "s3.write-canary" } else { "dynamodb.write-canary" };
        let rig = rig(vec![
            act("made", made, with),
            act("first", write, on(json!({}))),
            act("later", write, on(json!({ "count": 2 }))),
            act("whole", compare, of(kind, &["first", "later"])),
            act("unknown", compare, of(kind, &["first"])),
            act("attack", overwrite, on(json!({}))),
            act("after", compare, of(kind, &["first", "later"])),
        ])
        .await;
        let outputs = rig.done().await;
        let first = outputs["first"]["canaries"][0]["at"].clone();
        let whole = &outputs["whole"];
        assert_eq!(whole["outcome"], "same", "{kind}: {outputs:#}");
        let last = &outputs["later"]["canaries"][1]["at"];
        let want = json!({ "written": 3, "lost": 0, "last-kept": last, "first-lost": null });
        assert_eq!(whole["canaries"], want);
        assert_eq!(outputs["unknown"]["outcome"], "damaged", "what is no canary is content");
        let want = json!({ "written": 3, "lost": 3, "last-kept": null, "first-lost": first });
        assert_eq!(outputs["after"]["canaries"], want, "{kind}");
        assert_eq!(outputs["after"]["outcome"], "damaged");
        rig.released().await;
    }
}

#[tokio::test]
async fn a_stopped_trail_logs_again_and_says_who_stopped_it() {
    let trail = || json!({ "trail": "${{ steps.trail.trail }}" });
    let checked = |is: bool| json!({ "trail": "${{ steps.trail.trail }}", "is": is });
    let rig = rig(vec![
        act("logs", "s3.create-bucket", json!({ "versioning": false })),
        act("trail", "cloudtrail.create-trail", json!({ "bucket": "${{ steps.logs.bucket }}" })),
        act("before", "cloudtrail.check-logging", checked(true)),
        act("blind", "cloudtrail.stop-logging", trail()),
        act("blinded", "cloudtrail.check-logging", checked(false)),
        act("again", "cloudtrail.start-logging", trail()),
        act("after", "cloudtrail.check-logging", checked(true)),
    ])
    .await;
    let outputs = rig.done().await;
    // The drill's own trail is one of its Region.
    let (verdict, facts) = rig.verdict();
    assert!(
        verdict.starts_with("Presumed") && verdict.contains(" alone, and no other"),
        "{verdict}"
    );
    assert_eq!(facts["records"]["left-out"], json!([]), "{facts:#}");
    let again = &outputs["again"];
    assert_eq!(
        (&again["call"], &again["access-key"]),
        (&json!("StopLogging"), &json!(rig.account)),
        "{again:#}"
    );
    assert_eq!(outputs["after"]["logging"], true);
    rig.released().await;
}

#[tokio::test]
async fn an_alarm_is_made_checked_and_gone() {
    let alarm = |state: &str, within: &str| {
        let inputs = json!({ "alarm": "${{ steps.alarm.arn }}", "state": state, "within": within });
        act("check", "cloudwatch.check-alarm", inputs)
    };
    let made = || {
        let inputs = json!({
            "namespace": "Drill", "metric": "Beat", "dimensions": { "Host": "a" }, "statistic": "Sum",
            "period": 10, "threshold": 1, "comparison": "LessThanThreshold",
            "missing-data": "breaching",
        });
        act("alarm", "cloudwatch.create-alarm", inputs)
    };
    let silent = rig(vec![made(), alarm("ALARM", "90s")]).await;
    assert_eq!(silent.done().await["check"]["state"], "ALARM");
    silent.released().await;
    let wrong = rig(vec![made(), alarm("OK", "0s")]).await;
    wrong.fails().await;
    wrong.released().await;
}

#[tokio::test]
async fn guardduty_is_switched_on_and_only_what_was_made_goes() {
    let kind = "Recon:EC2/PortProbeUnprotectedPort";
    let on = || act("on", "guardduty.enable", json!({}));
    let samples = json!({ "detector": "${{ steps.on.detector }}", "types": [kind] });
    let rig = rig(vec![on(), act("samples", "guardduty.create-sample-findings", samples)]).await;
    let outputs = rig.done().await;
    assert_eq!(outputs["on"]["already"], false);
    let detector = outputs["on"]["detector"].as_str().expect("an id").to_owned();
    let findings = &outputs["samples"]["findings"];
    assert_eq!(findings.as_array().map(Vec::len), Some(1), "{findings}");

    let other = rig.beside(vec![on()]).await;
    assert_eq!(other.done().await["on"], json!({ "detector": detector, "already": true }));
    other.released().await;

    let samples = guardduty::CreateSampleFindings { detector, types: vec![kind.into()] };
    let job = rig.records().into_iter().find_map(|record| match record {
        Record::OperationStarted { job, .. } => Some(job),
        _ => None,
    });
    let job = job.expect("a job");
    for _ in 0..2 {
        assert_eq!(samples.discard(&rig.aws, &job).await, Ok(true));
        let left = samples.poll(&rig.aws, &job).await.expect("an answer");
        assert!(matches!(left, backburn::engine::Progress::Running { .. }), "{left:?}");
    }
    rig.released().await;
}

/// Ends the run, as a crash would, once the last step's change is intended.
#[tokio::test]
async fn what_a_crash_leaves_half_made_is_released_and_resumed() {
    for resume in [false, true] {
        let rig = rig(vec![
            act("victim", "iam.create-user", json!({})),
            act("key", "iam.create-access-key", json!({ "user": "${{ steps.victim.user }}" })),
            act("ledger", "s3.create-bucket", json!({ "generate": { "count": 200, "bytes": 10 } })),
        ])
        .await;
        rig.crash(|record| matches!(record, Record::Intent { step, .. } if step == "ledger")).await;
        if resume {
            let outputs = rig.done().await;
            assert_eq!(outputs["ledger"]["objects"], 200);
            let key = outputs["key"]["access-key-id"].as_str().expect("an id").to_owned();
            let other = rig.fresh().await;
            let error = other.as_access_key(&key).await.expect_err("its process is gone");
            assert!(error.message.contains("release this drill"), "{error}");
        }
        rig.released().await;
    }
}
