//! The actions of drills on principals and data against the lab: planned, run, attacked, compared and
//! released, with the account read before and after.

mod rig;

use backburn::{
    actions::{
        cloudtrail::{
            check_logging::CheckLogging, create_trail::CreateTrail, start_logging::StartLogging,
            stop_logging::StopLogging,
        },
        cloudwatch::{check_alarm::CheckAlarm, create_alarm::CreateAlarm},
        dynamodb::{
            compare_items::CompareItems, create_table::CreateTable, overwrite_items::OverwriteItems,
        },
        guardduty::{create_sample_findings::CreateSampleFindings, enable::Enable},
        iam::{
            create_access_key::CreateAccessKey, create_role::CreateRole, create_user::CreateUser,
            recon::Recon,
        },
        s3::{
            block_public_access::BlockPublicAccess, compare_objects::CompareObjects,
            create_bucket::CreateBucket, lift_public_access_block::LiftPublicAccessBlock,
            overwrite_objects::OverwriteObjects, suspend_versioning::SuspendVersioning,
        },
    },
    aws::{self, operations::guardduty, session_name},
    engine::{Class, Fact, Operation, World, plan::PlanState, unit::Outputs},
    journal::{Record, RunStatus},
};
use serde_json::{Value, json};

use rig::{Rig, fresh};

use crate::support;

/// An output of an earlier step.
fn of(known: &Outputs, step: &str, output: &str) -> Value {
    known[step][output].clone()
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
    let rig = Rig::new().await;
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": { "AWS": format!("arn:aws:iam::{}:root", rig.account) } }] });
    let allowed = json!({ "look": { "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "iam:List*", "Resource": "*" }] } });
    let policies = allowed.clone();
    let mut rig = rig
        .step::<CreateRole>("role", move |_| {
            json!({
                "trust": trust,
                "policies": allowed,
                "managed-policies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
                "tags": { "team": "red" },
            })
        })
        .step::<CreateUser>("victim", move |_| json!({ "policies": policies }))
        .step::<CreateAccessKey>("key", |known| json!({ "user": of(known, "victim", "user") }))
        .step::<Recon>("look", |_| json!({}));
    let plan = rig.done().await;
    let asked = plan[0].changes[0].after["asked"].to_string();
    assert!(asked.contains("ReadOnlyAccess") && asked.contains("iam:List*"), "{asked}");
    let role = rig.out("role");
    assert!(
        role["arn"].as_str().is_some_and(|arn| arn.contains(":role/backburn/backburn-")),
        "{role}"
    );
    let key = rig.out("key")["access-key-id"].as_str().expect("an id").to_owned();
    let user = rig.out("victim")["user"].as_str().expect("a name").to_owned();
    let now = rig.now().await;
    assert_eq!(now["iam"]["users"][&user]["keys"][&key], "Active");
    assert_eq!(now["iam"]["roles"][role["role"].as_str().expect("a name")]["tags"]["team"], "red");

    let run = rig.dir.id().to_owned();
    let theirs = rig.aws.with_run(&run).as_access_key(&key).await.expect("acts as the key");
    let seen = aws::facts::iam::Recon.read(&theirs).await.expect("answers");
    assert_eq!(
        (seen.users, seen.principal.as_deref()),
        (Some(1), Some(theirs.scope().principal.as_str()))
    );
    assert!(theirs.scope().principal.ends_with(&user), "{:?}", theirs.scope());
    let who = caller_of(&rig, "ListUsers").await;
    assert_eq!((&who["userName"], &who["accessKeyId"]), (&json!(user), &json!(key)), "{who:#}");

    let arn = role["arn"].as_str().expect("an ARN");
    let session = rig.aws.with_run(&run).as_role(arn, &session_name(&run, "attack")).await;
    let session = session.expect("acts as the role");
    session.iam().list_roles().send().await.expect("an answer");
    let who = caller_of(&rig, "ListRoles").await;
    assert_eq!(who["type"], "AssumedRole", "{who:#}");
    assert!(who["arn"].as_str().is_some_and(|arn| arn.contains(&run)), "{who:#}");

    let unknown = fresh(&rig.account).as_access_key(&key).await.expect_err("another process");
    assert_eq!(unknown.class, Class::Invalid);
    let journal = std::fs::read_to_string(rig.dir.journal()).expect("a journal");
    assert!(journal.contains(&key) && !journal.to_lowercase().contains("secret"), "{journal}");
    rig.release().await;
}

#[tokio::test]
async fn a_bucket_is_attacked_compared_contained_and_gone() {
    let bucket = |known: &Outputs| json!({ "bucket": of(known, "ledger", "bucket") });
    let compare = |known: &Outputs| {
        json!({
        "bucket": of(known, "ledger", "bucket"), "digest": of(known, "ledger", "digest") })
    };
    let mut rig = Rig::new()
        .await
        .step::<CreateBucket>("ledger", |_| {
            json!({
                "objects": { "a.csv": "id,balance\n1,100\n", "dir/ü b.txt": "x" },
                "generate": { "count": 18, "bytes": 2048 },
            })
        })
        .step::<CompareObjects>("whole", compare)
        .step::<SuspendVersioning>("suspend", bucket)
        .step::<OverwriteObjects>("overwrite", bucket)
        .step::<LiftPublicAccessBlock>("open", bucket)
        .step::<CompareObjects>("damaged", compare)
        .step::<BlockPublicAccess>("close", bucket);
    let plan = rig.done().await;
    let changed = plan.iter().map(|step| step.changes.len()).collect::<Vec<_>>();
    assert_eq!(changed, [1, 0, 1, 1, 1, 0, 1], "{plan:#?}");
    assert_eq!(rig.out("ledger")["objects"], 20);
    assert_eq!(rig.out("whole")["outcome"], "same", "{}", rig.out("whole"));
    assert_eq!(rig.out("damaged")["outcome"], "damaged");
    assert_eq!(rig.out("damaged")["objects"], 20);
    assert_eq!(rig.verdict(), "Proven");
    let items = rig.release().await;
    assert_eq!(items.len(), 4, "{items:#?}");
    rig.release().await;
}

#[tokio::test]
async fn release_brings_overwritten_objects_back() {
    // The bucket of one run is the target of another, by its tag.
    let mut first = Rig::new().await.step::<CreateBucket>("ledger", |_| {
        json!({
        "generate": { "count": 3, "bytes": 10 }, "tags": { "drill": "yes" } })
    });
    first.done().await;
    let ledger = first.out("ledger");
    let (bucket, digest) = (ledger["bucket"].clone(), ledger["digest"].clone());
    let given = json!({ "bucket": bucket, "digest": digest });
    let attack = json!({ "bucket": bucket, "prefix": "generated/", "required-tag": "drill=yes" });
    let mut second = Rig::of(first.account.clone())
        .await
        .step::<OverwriteObjects>("overwrite", move |_| attack.clone());
    second.done().await;
    let check = |given: Value| async {
        let mut rig = Rig::of(first.account.clone())
            .await
            .step::<CompareObjects>("compare", move |_| given.clone());
        rig.done().await;
        rig.out("compare")["outcome"].clone()
    };
    assert_eq!(check(given.clone()).await, "damaged");
    second.release().await;
    assert_eq!(check(given.clone()).await, "same");
    first.release().await;
    assert_eq!(check(given).await, "missing");
}

#[tokio::test]
async fn a_table_is_attacked_compared_and_gone() {
    let compare = |known: &Outputs| {
        json!({
        "table": of(known, "ledger", "table"), "digest": of(known, "ledger", "digest") })
    };
    let mut rig = Rig::new()
        .await
        .step::<CreateTable>("ledger", |_| {
            json!({
                "items": [{ "id": "alice", "balance": 100.50, "tags": ["a", null, { "b": true }] }],
                "generate": { "count": 40 },
            })
        })
        .step::<CompareItems>("whole", compare)
        .step::<OverwriteItems>("destroy", |known| json!({ "table": of(known, "ledger", "table") }))
        .step::<CompareItems>("damaged", compare);
    let plan = rig.done().await;
    assert!(matches!(plan[2].state, PlanState::Open(_)), "{plan:#?}");
    assert_eq!(
        rig.out("whole"),
        json!({
        "outcome": "same", "digest": rig.out("ledger")["digest"], "items": 41 })
    );
    assert_eq!(rig.out("destroy")["items"], 41);
    assert_eq!(rig.out("damaged")["outcome"], "damaged");
    rig.release().await;
}

#[tokio::test]
async fn a_stopped_trail_logs_again_and_says_who_stopped_it() {
    let trail = |known: &Outputs| json!({ "trail": of(known, "trail", "trail") });
    let checked =
        |is: bool| move |known: &Outputs| json!({ "trail": of(known, "trail", "trail"), "is": is });
    let mut rig = Rig::new()
        .await
        .step::<CreateBucket>("logs", |_| json!({ "versioning": false }))
        .step::<CreateTrail>("trail", |known| json!({ "bucket": of(known, "logs", "bucket") }))
        .step::<CheckLogging>("before", checked(true))
        .step::<StopLogging>("blind", trail)
        .step::<CheckLogging>("blinded", checked(false))
        .step::<StartLogging>("again", trail)
        .step::<CheckLogging>("after", checked(true));
    rig.done().await;
    assert_eq!(rig.verdict(), "Proven");
    let again = rig.out("again");
    assert_eq!(
        (&again["call"], &again["access-key"]),
        (&json!("StopLogging"), &json!(rig.account)),
        "{again:#}"
    );
    assert_eq!(rig.out("after")["logging"], true);
    rig.release().await;
}

#[tokio::test]
async fn an_alarm_is_made_checked_and_gone() {
    let alarm = |state: &'static str, within: &'static str| move |known: &Outputs| json!({ "alarm": of(known, "alarm", "arn"), "state": state, "within": within });
    let made = |_: &Outputs| {
        json!({
        "namespace": "Drill", "metric": "Beat", "dimensions": { "Host": "a" }, "statistic": "Sum",
        "period": 10, "threshold": 1, "comparison": "LessThanThreshold", "missing-data": "breaching" })
    };
    let mut rig = Rig::new()
        .await
        .step::<CreateAlarm>("alarm", made)
        .step::<CheckAlarm>("silent", alarm("ALARM", "90s"));
    rig.done().await;
    assert_eq!(rig.out("silent")["state"], "ALARM");
    rig.release().await;

    let mut wrong = Rig::new()
        .await
        .step::<CreateAlarm>("alarm", made)
        .step::<CheckAlarm>("fine", alarm("OK", "0s"));
    let (_, end) = wrong.go().await;
    assert_eq!(end.status, RunStatus::Failed, "{end:#?}");
    wrong.release().await;
}

#[tokio::test]
async fn guardduty_is_switched_on_and_only_what_was_made_goes() {
    let kind = "Recon:EC2/PortProbeUnprotectedPort";
    let mut rig =
        Rig::new().await.step::<Enable>("on", |_| json!({})).step::<CreateSampleFindings>(
            "samples",
            move |known| json!({ "detector": of(known, "on", "detector"), "types": [kind] }),
        );
    rig.done().await;
    assert_eq!(rig.out("on")["already"], false);
    let detector = rig.out("on")["detector"].as_str().expect("an id").to_owned();
    let findings = rig.out("samples")["findings"].clone();
    assert_eq!(findings.as_array().map(Vec::len), Some(1), "{findings}");

    let mut other = Rig::of(rig.account.clone()).await.step::<Enable>("on", |_| json!({}));
    other.done().await;
    assert_eq!(other.out("on"), json!({ "detector": detector, "already": true }));
    other.release().await;

    let samples = guardduty::CreateSampleFindings { detector, types: vec![kind.into()] };
    let job = rig.records().0.into_iter().find_map(|record| match record {
        Record::OperationStarted { job, .. } => Some(job),
        _ => None,
    });
    let job = job.expect("a job");
    for _ in 0..2 {
        assert_eq!(samples.discard(&rig.aws, &job).await, Ok(true));
        let left = samples.poll(&rig.aws, &job).await.expect("an answer");
        assert!(matches!(left, backburn::engine::Progress::Running { .. }), "{left:?}");
    }
    rig.release().await;
}

/// Ends the run, as a crash would, once the last step's change is intended.
#[tokio::test]
async fn what_a_crash_leaves_half_made_is_released_and_resumed() {
    for resume in [false, true] {
        let mut rig = Rig::new()
            .await
            .step::<CreateUser>("victim", |_| json!({}))
            .step::<CreateAccessKey>("key", |known| json!({ "user": of(known, "victim", "user") }))
            .step::<CreateBucket>(
                "ledger",
                |_| json!({ "generate": { "count": 200, "bytes": 10 } }),
            );
        let units = rig.ready();
        let plan = rig.plan(&units).await;
        let (run, ledger) = rig.begin(&rig.aws, &plan).await;
        let begun = units.clone();
        let task =
            tokio::spawn(
                async move { backburn::engine::run(&begun, run, ledger, 4).await.map(drop) },
            );
        let intended =
            |record: &Record| matches!(record, Record::Intent { step, .. } if step == "ledger");
        let is_intended = async || rig.records().0.iter().any(intended).then_some(());
        support::until("the intent", is_intended).await;
        task.abort();
        let _ = task.await;
        if resume {
            let other = fresh(&rig.account);
            let (run, ledger) = rig.begin(&other, &plan).await;
            let end = backburn::engine::run(&units, run, ledger, 4).await.expect("a journal");
            assert_eq!(end.status, RunStatus::Succeeded, "{end:#?}");
            assert_eq!(rig.out("ledger")["objects"], 200);
            let key = rig.out("key")["access-key-id"].as_str().expect("an id").to_owned();
            let error = other.as_access_key(&key).await.expect_err("its process is gone");
            assert!(error.message.contains("release this drill"), "{error}");
        }
        rig.release().await;
    }
}
