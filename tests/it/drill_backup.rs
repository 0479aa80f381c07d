//! The AWS Backup actions against the lab: saved, damaged, restored, compared, and removed.

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering},
};

use aws_sdk_backup::types::RestoreJobsListMember;
use backburn::{
    aws::backup::{BackUp, Restore},
    engine::{Operation, plan::PlanState},
    journal::{Record, Released},
    lab::{self, Lab, LabOptions, Silent, seed::Seed},
};
use serde_json::{Value, json};

use crate::{
    rig::{Act, Rig, act},
    support,
};

/// A lab whose jobs take seconds, not minutes, shared by the tests here.
fn fast() -> &'static Lab {
    static FAST: OnceLock<Lab> = OnceLock::new();
    FAST.get_or_init(|| {
        let options = LabOptions { clock: "60x".parse().expect("a factor"), ..support::fronted() };
        let up = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(lab::up(&options, &Silent))
        };
        // A thread of its own: a runtime cannot block on another.
        std::thread::spawn(up).join().expect("no panic").expect("a lab")
    })
}

/// Twelve digits that no other test here uses.
fn account() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{:012}", 200_000_000_000 + NEXT.fetch_add(1, Ordering::Relaxed))
}

async fn seeded() -> Seed {
    let account = account();
    lab::seed::seed(&fast().sdk_config(&account), &Silent).await.expect("seeded")
}

fn role(account: &str) -> String {
    format!("arn:aws:iam::{account}:role/service-role/AWSBackupDefaultServiceRole")
}

/// A vault, a backup of `resource` into it, and a restore of that.
fn acts(account: &str, resource: &str, metadata: &Value) -> Vec<Act> {
    let role = role(account);
    vec![
        act("vault", "backup.create-vault", json!({})),
        act(
            "save",
            "backup.back-up",
            json!({ "resource": resource, "vault": "${{ steps.vault.vault }}", "role": role }),
        ),
        act(
            "restore",
            "backup.restore",
            json!({
                "recovery-point": "${{ steps.save.recovery-point }}",
                "vault": "${{ steps.vault.vault }}",
                "role": role,
                "metadata": metadata,
            }),
        ),
    ]
}

/// The operation of a kind as the journal has it, with its job.
fn started<O: serde::de::DeserializeOwned>(rig: &Rig, kind: &str) -> (O, String) {
    let operation = rig.records().into_iter().find_map(|record| match record {
        Record::OperationIntent { place, operation, .. } if place.kind == kind => Some(operation),
        _ => None,
    });
    let operation = serde_json::from_value(operation.expect("an operation")).expect("its form");
    (operation, rig.jobs(kind).swap_remove(0))
}

/// What the release of a drill does with it; safe to do again.
async fn discard(rig: &Rig) {
    let (restore, job) = started::<Restore>(rig, "backup.restore");
    let (save, saved) = started::<BackUp>(rig, "backup.back-up");
    for _ in 0..2 {
        assert_eq!(restore.discard(&rig.aws, &job).await, Ok(true));
        assert_eq!(save.discard(&rig.aws, &saved).await, Ok(true));
    }
}

#[tokio::test]
async fn a_volume_comes_back_and_goes_again() {
    let seed = seeded().await;
    let volume = format!("arn:aws:ec2:us-east-1:{}:volume/{}", seed.account, seed.volumes[0]);
    let mut acts = acts(&seed.account, &volume, &json!({ "availabilityZone": "us-east-1b" }));
    acts.push(act(
        "compare",
        "ec2.compare-volume",
        json!({
            "volume": "${{ steps.restore.resource-id }}",
            "snapshot": "${{ steps.save.recovery-point }}",
        }),
    ));
    let rig = Rig::at(fast(), &seed.account, acts).await;
    let plan = rig.plan().await;
    let starts = plan.iter().flat_map(|step| &step.operations).map(|o| o.place.kind.as_str());
    let starts: Vec<_> = starts.collect();
    assert_eq!(starts, ["backup.back-up", "backup.restore", "ec2.create-snapshot"]);
    let outputs = rig.done().await;
    assert_eq!(outputs["save"]["type"], json!("EBS"));
    let id = outputs["restore"]["resource-id"].as_str().expect("an id");
    let found = rig.aws.ec2().describe_volumes().volume_ids(id).send().await.expect("described");
    assert_eq!(found.volumes()[0].availability_zone(), Some("us-east-1b"));
    // The lab's disks are empty.
    assert_eq!(outputs["compare"]["outcome"], json!("no-blocks"), "{outputs:#}");
    let (compare, job) = started::<backburn::aws::ec2::CreateSnapshot>(&rig, "ec2.create-snapshot");
    assert_eq!(compare.discard(&rig.aws, &job).await, Ok(true));
    discard(&rig).await;
    rig.released().await;
    let vaults = rig.aws.backup().list_backup_vaults().send().await.expect("listed");
    assert!(vaults.backup_vault_list().is_empty());
}

#[tokio::test]
async fn a_vault_goes_with_what_is_left_in_it() {
    let seed = seeded().await;
    let volume = format!("arn:aws:ec2:us-east-1:{}:volume/{}", seed.account, seed.volumes[0]);
    let mut acts = acts(&seed.account, &volume, &json!({}));
    acts.pop();
    let rig = Rig::at(fast(), &seed.account, acts).await;
    rig.done().await;
    rig.released().await;
}

#[tokio::test]
async fn the_newest_point_of_a_resource_is_found_and_only_of_the_plan_that_is_asked_for() {
    let seed = seeded().await;
    let volume = format!("arn:aws:ec2:us-east-1:{}:volume/{}", seed.account, seed.volumes[0]);
    let mut acts = acts(&seed.account, &volume, &json!({}));
    acts.pop();
    let saved = Rig::at(fast(), &seed.account, acts).await;
    let outputs = saved.done().await;
    let newest = |more: Value| {
        let mut inputs = json!({ "vault": outputs["vault"]["vault"], "resource": volume });
        inputs.as_object_mut().expect("inputs").extend(more.as_object().expect("more").clone());
        act("newest", "backup.latest-point", inputs)
    };
    let found = Rig::at(fast(), &seed.account, vec![newest(json!({}))]).await.done().await;
    for name in ["recovery-point", "type"] {
        assert_eq!(found["newest"][name], outputs["save"][name], "{name}: {found:#}");
    }
    let at = |value: &Value| value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let (point, job) = (at(&found["newest"]["created"]), at(&outputs["save"]["created"]));
    assert!(job.is_some() && point >= job, "a point is made by its job: {point:?} {job:?}");
    let of_plan = vec![newest(json!({ "plan": "8f81f553-3a74-4a3f-b93d-b3360dc80c50" }))];
    let planned = Rig::at(fast(), &seed.account, of_plan).await.plan().await.swap_remove(0);
    let PlanState::Refused(why) = &planned.state else { panic!("{planned:#?}") };
    assert!(why.contains("has no completed recovery point"), "{why}");
    saved.released().await;
}

#[tokio::test]
async fn a_start_that_was_cut_off_is_not_made_twice() {
    let seed = seeded().await;
    let volume = format!("arn:aws:ec2:us-east-1:{}:volume/{}", seed.account, seed.volumes[0]);
    for kind in ["backup.back-up", "backup.restore"] {
        let acts = acts(&seed.account, &volume, &json!({}));
        let rig = Rig::at(fast(), &seed.account, acts).await;
        rig.crash(move |record| {
            matches!(record, Record::OperationIntent { place, .. } if place.kind == kind)
        })
        .await;
        rig.done().await;
        let restores = rig.aws.backup().list_restore_jobs().send().await.expect("listed");
        let ours = rig.jobs("backup.restore");
        let vault = rig.records().into_iter().find_map(|record| match record {
            Record::StepFinished { step, outputs, .. } if step == "vault" => Some(outputs),
            _ => None,
        });
        let vault = vault.expect("a vault")["arn"].clone();
        let made =
            restores.restore_jobs().iter().filter(|job| job.backup_vault_arn() == vault.as_str());
        assert!(made.count() <= 1, "{kind}: {ours:?}");
        discard(&rig).await;
        rig.released().await;
    }
}

#[tokio::test]
async fn a_table_comes_back_under_another_name() {
    use aws_sdk_dynamodb::types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
        ScalarAttributeType,
    };
    let account = account();
    let at = Rig::at(fast(), &account, Vec::new()).await;
    let db = at.aws.dynamodb();
    let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build();
    let id = AttributeDefinition::builder()
        .attribute_name("id")
        .attribute_type(ScalarAttributeType::S)
        .build();
    db.create_table()
        .table_name("orders")
        .key_schema(key.expect("complete"))
        .attribute_definitions(id.expect("complete"))
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await
        .expect("made");
    let item = AttributeValue::S("1".into());
    db.put_item().table_name("orders").item("id", item).send().await.expect("put");
    let table = format!("arn:aws:dynamodb:us-east-1:{account}:table/orders");
    let rig = Rig::at(fast(), &account, acts(&account, &table, &json!({}))).await;
    let outputs = rig.done().await;
    let name = outputs["restore"]["resource-id"].as_str().expect("a name");
    assert!(name.starts_with("backburn-"), "{name}");
    let found = db.scan().table_name(name).send().await.expect("scanned");
    assert_eq!(found.count(), 1);
    discard(&rig).await;
    let tables = db.list_tables().send().await.expect("listed");
    assert_eq!(tables.table_names(), ["orders"]);
    rig.released().await;
}

#[tokio::test]
async fn a_bucket_comes_back_as_a_new_one() {
    use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
    let account = account();
    let at = Rig::at(fast(), &account, Vec::new()).await;
    let (s3, bucket) = (at.aws.s3(), format!("photos-{account}"));
    s3.create_bucket().bucket(&bucket).send().await.expect("made");
    let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    let call = s3.put_bucket_versioning().bucket(&bucket).versioning_configuration(on);
    call.send().await.expect("versioned");
    for body in ["old", "new"] {
        let call = s3.put_object().bucket(&bucket).key("a/1").body(body.as_bytes().to_vec().into());
        call.send().await.expect("put");
    }
    let rig =
        Rig::at(fast(), &account, acts(&account, &format!("arn:aws:s3:::{bucket}"), &json!({})))
            .await;
    let outputs = rig.done().await;
    let restored = outputs["restore"]["resource-id"].as_str().expect("a name");
    assert_ne!(restored, bucket);
    let got = s3.get_object().bucket(restored).key("a/1").send().await.expect("got");
    assert_eq!(got.body.collect().await.expect("a body").to_vec(), b"new");
    discard(&rig).await;
    let buckets = s3.list_buckets().send().await.expect("listed");
    assert!(buckets.buckets().iter().all(|one| one.name() != Some(restored)));
    s3.get_object().bucket(&bucket).key("a/1").send().await.expect("the original stays");
    rig.released().await;
}

#[tokio::test]
async fn an_instance_comes_back_unprotected_and_goes_with_its_volumes() {
    let seed = seeded().await;
    let instance = format!("arn:aws:ec2:us-east-1:{}:instance/{}", seed.account, seed.instance);
    let rig = Rig::at(fast(), &seed.account, acts(&seed.account, &instance, &json!({}))).await;
    let outputs = rig.done().await;
    let id = outputs["restore"]["resource-id"].as_str().expect("an id");
    assert_ne!(id, seed.instance);
    discard(&rig).await;
    rig.released().await;
}

/// Runs a restore testing plan now: the lab's own call, since AWS runs plans by their schedule only.
async fn run_plan(account: &str, plan: &str) {
    let url = format!("{}/restore-testing/plans/{plan}/runs", fast().endpoint);
    let signed = format!(
        "AWS4-HMAC-SHA256 Credential={account}/20260101/us-east-1/backup/aws4_request, SignedHeaders=host, Signature=0"
    );
    let call = reqwest::Client::new().post(url).header("authorization", signed).send().await;
    call.and_then(reqwest::Response::error_for_status).expect("run");
}

#[tokio::test]
async fn a_restore_test_is_found_and_judged() {
    use aws_sdk_backup::types::{
        RestoreTestingPlanForCreate, RestoreTestingRecoveryPointSelection,
        RestoreTestingRecoveryPointSelectionAlgorithm, RestoreTestingRecoveryPointType,
        RestoreTestingSelectionForCreate,
    };
    let seed = seeded().await;
    let volume = format!("arn:aws:ec2:us-east-1:{}:volume/{}", seed.account, seed.volumes[0]);
    let mut saved = acts(&seed.account, &volume, &json!({}));
    saved.pop();
    let saved = Rig::at(fast(), &seed.account, saved).await;
    let outputs = saved.done().await;

    let test = || act("test", "backup.find-restore-test", json!({ "plan": "weekly" }));
    let missing = Rig::at(fast(), &seed.account, vec![test()]).await.plan().await.swap_remove(0);
    assert!(matches!(missing.state, PlanState::Refused(_)), "{missing:#?}");

    let backup = saved.aws.backup();
    let which = RestoreTestingRecoveryPointSelection::builder()
        .algorithm(RestoreTestingRecoveryPointSelectionAlgorithm::LatestWithinWindow)
        .include_vaults(outputs["vault"]["arn"].as_str().expect("an ARN"))
        .recovery_point_types(RestoreTestingRecoveryPointType::Snapshot)
        .build();
    let plan = RestoreTestingPlanForCreate::builder()
        .restore_testing_plan_name("weekly")
        .schedule_expression("cron(0 5 ? * 1 *)")
        .recovery_point_selection(which)
        .build()
        .expect("complete");
    backup.create_restore_testing_plan().restore_testing_plan(plan).send().await.expect("made");
    let selection = RestoreTestingSelectionForCreate::builder()
        .restore_testing_selection_name("volumes")
        .protected_resource_type("EBS")
        .protected_resource_arns("*")
        .iam_role_arn(role(&seed.account))
        .validation_window_hours(1)
        .build()
        .expect("complete");
    let call = backup.create_restore_testing_selection().restore_testing_plan_name("weekly");
    call.restore_testing_selection(selection).send().await.expect("made");
    let early = Rig::at(fast(), &seed.account, vec![test()]).await;
    assert!(early.fails().await.contains("has completed no restore yet"));

    run_plan(&seed.account, "weekly").await;
    let done = |job: &RestoreJobsListMember| job.completion_date().is_some();
    let is_restored = async || {
        let jobs = backup.list_restore_jobs().send().await.expect("listed");
        jobs.restore_jobs().iter().any(done).then_some(())
    };
    support::until("the restore's end", is_restored).await;
    let judge = act(
        "judge",
        "backup.report-validation",
        json!({
            "job": "${{ steps.test.job }}", "status": "SUCCESSFUL", "message": "all there",
        }),
    );
    let rig = Rig::at(fast(), &seed.account, vec![test(), judge]).await;
    let outputs = rig.done().await;
    let job = outputs["test"]["job"].as_str().expect("an id");
    let seen = backup.describe_restore_job().restore_job_id(job).send().await.expect("there");
    assert_eq!(
        seen.validation_status().map(aws_sdk_backup::types::RestoreValidationStatus::as_str),
        Some("SUCCESSFUL")
    );
    assert_eq!(seen.validation_status_message(), Some("all there"));
    let kept = rig.release().await;
    assert!(kept.iter().any(|item| matches!(item.outcome, Released::Retained { .. })), "{kept:#?}");
}
