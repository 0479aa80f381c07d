//! The EC2 actions that drills build and check with, against the lab.

use backburn::{engine::Operation, journal::Record};
use serde_json::{Value, json};

use crate::{
    rig::{Act, Rig, act},
    support,
};

/// An image that the lab knows.
const IMAGE: &str = "ami-0a1b2c3d4e5f60718";
const SUBNET: &str = "${{ steps.network.subnets[0] }}";

fn account() -> String {
    support::lab().account()
}

fn network() -> Act {
    act(
        "network",
        "ec2.create-network",
        json!({ "cidr": "10.255.0.0/24", "availability-zones": ["us-east-1a", "us-east-1b"] }),
    )
}

fn canary() -> Act {
    let inputs = json!({ "image": IMAGE, "subnet": SUBNET, "tags": { "drill": "true" } });
    act("canary", "ec2.run-instance", inputs)
}

fn is(kind: &'static str, outcome: bool) -> impl Fn(&Record) -> bool {
    move |record| match record {
        Record::Intent { place, .. } => !outcome && place.kind == kind,
        Record::Outcome { place, .. } => outcome && place.kind == kind,
        _ => false,
    }
}

#[tokio::test]
async fn a_network_and_an_instance_are_built_checked_and_taken_away() {
    let rig = Rig::new(
        &account(),
        vec![
            network(),
            canary(),
            act("acl", "ec2.check-network-acl", json!({ "subnet": SUBNET })),
            act(
                "running",
                "ec2.check-instance",
                json!({ "instance": "${{ steps.canary.instance }}", "state": "running" }),
            ),
            act(
                "same-acl",
                "ec2.check-network-acl",
                json!({
                    "subnet": "${{ steps.network.subnets[1] }}", "is": "${{ steps.acl.acl }}",
                }),
            ),
        ],
    )
    .await;
    let plan = rig.plan().await;
    assert_eq!(plan[0].changes.len(), 3, "{plan:#?}");
    assert_eq!(plan[1].changes.len(), 1, "{plan:#?}");
    let outputs = rig.done().await;
    let instance = outputs["canary"]["instance"].as_str().expect("an id");
    let found = rig.aws.ec2().describe_instances().instance_ids(instance).send().await;
    let found = found.expect("described").reservations()[0].instances()[0].clone();
    assert_eq!(found.subnet_id(), outputs["network"]["subnets"][0].as_str());
    assert_eq!(found.vpc_id(), outputs["network"]["vpc"].as_str());
    let tag = |key: &str| found.tags().iter().find(|tag| tag.key() == Some(key))?.value();
    assert_eq!((tag("backburn:run"), tag("drill")), (Some(&*rig.id()), Some("true")));
    assert_eq!(outputs["canary"]["volumes"].as_array().map(Vec::len), Some(1), "{outputs:#}");
    assert_eq!(outputs["acl"]["default"], json!(true));
    assert_eq!(outputs["running"]["state"], json!("running"));
    rig.released().await;
    assert!(rig.release().await.iter().all(|item| !backburn::engine::release::is_left_over(item)));
}

#[tokio::test]
async fn a_build_that_was_cut_off_is_resumed_or_released() {
    for (kind, outcome) in [
        ("ec2.vpc", false),
        ("ec2.subnet", true),
        ("ec2.launched-instance", false),
        ("ec2.launched-instance", true),
    ] {
        let rig = Rig::new(&account(), vec![network(), canary()]).await;
        rig.crash(is(kind, outcome)).await;
        rig.done().await;
        let filter =
            aws_sdk_ec2::types::Filter::builder().name("tag:backburn:run").values(rig.id());
        let found = rig.aws.ec2().describe_instances().filters(filter.build()).send().await;
        assert_eq!(found.expect("described").reservations().len(), 1, "made once: {kind}");
        rig.released().await;

        let rig = Rig::new(&account(), vec![network(), canary()]).await;
        rig.crash(is(kind, outcome)).await;
        rig.released().await;
    }
}

#[tokio::test]
async fn an_instance_that_was_protected_meanwhile_is_taken_away_all_the_same() {
    let account = account();
    let rig = Rig::new(&account, vec![network(), canary()]).await;
    let outputs = rig.done().await;
    let instance = outputs["canary"]["instance"].as_str().expect("an id");
    let on = aws_sdk_ec2::types::AttributeBooleanValue::builder().value(true).build();
    let call = rig.aws.ec2().modify_instance_attribute().instance_id(instance);
    call.disable_api_termination(on).send().await.expect("protected");
    rig.released().await;
}

#[tokio::test]
async fn checks_fail_with_what_was_seen() {
    let rig = Rig::new(
        &account(),
        vec![
            network(),
            canary(),
            act(
                "stopped",
                "ec2.check-instance",
                json!({ "instance": "${{ steps.canary.instance }}", "state": "stopped" }),
            ),
        ],
    )
    .await;
    let error = rig.fails().await;
    assert!(error.contains("is running, not stopped"), "{error}");
    rig.released().await;
    let rig = Rig::new(
        &account(),
        vec![
            network(),
            act("acl", "ec2.check-network-acl", json!({ "subnet": SUBNET, "is": "acl-1" })),
        ],
    )
    .await;
    let error = rig.fails().await;
    assert!(error.contains("not with `acl-1`"), "{error}");
    rig.released().await;
}

/// A snapshot with these blocks, and a volume made of it.
async fn volume_of(rig: &Rig, blocks: &[(i32, &[u8])]) -> (String, String) {
    let started = rig.aws.ebs().start_snapshot().volume_size(1).send().await.expect("started");
    let snapshot = started.snapshot_id().expect("an id").to_owned();
    for (index, data) in blocks {
        put(rig, &snapshot, *index, data).await;
    }
    let call = rig.aws.ec2().create_volume().availability_zone("us-east-1a");
    let made = call.snapshot_id(&snapshot).size(1).send().await.expect("made");
    (snapshot, made.volume_id().expect("an id").to_owned())
}

async fn put(rig: &Rig, snapshot: &str, index: i32, data: &[u8]) {
    use base64::{Engine, prelude::BASE64_STANDARD};
    use sha2::Digest;
    let call = rig.aws.ebs().put_snapshot_block().snapshot_id(snapshot).block_index(index);
    let call = call
        .data_length(data.len() as i32)
        .checksum(BASE64_STANDARD.encode(sha2::Sha256::digest(data)))
        .checksum_algorithm(aws_sdk_ebs::types::ChecksumAlgorithm::ChecksumAlgorithmSha256)
        .block_data(data.to_vec().into());
    call.send().await.expect("put");
}

async fn compare(account: &str, volume: &str, snapshot: &str) -> (Rig, Value) {
    let snapshot = format!("arn:aws:ec2:us-east-1::snapshot/{snapshot}");
    let inputs = json!({ "volume": volume, "snapshot": snapshot });
    let rig = Rig::new(account, vec![act("compare", "ec2.compare-volume", inputs)]).await;
    let outputs = rig.done().await;
    (rig, outputs["compare"].clone())
}

#[tokio::test]
async fn a_volume_is_compared_by_its_blocks() {
    let account = account();
    let at = Rig::new(&account, Vec::new()).await;
    let (baseline, volume) = volume_of(&at, &[(0, &[1; 512]), (7, &[2; 512])]).await;
    let (rig, same) = compare(&account, &volume, &baseline).await;
    assert_eq!(same, json!({ "outcome": "same", "blocks": 2, "different": 0 }));
    // What a drill leaves is litter.
    let jobs = rig.jobs("ec2.create-snapshot");
    let operation = backburn::aws::operations::ec2::CreateSnapshot {
        volume: volume.clone(),
        description: String::new(),
    };
    for _ in 0..2 {
        assert_eq!(operation.discard(&rig.aws, &jobs[0]).await, Ok(true));
    }
    // Another volume: one block differs, one is new, one was lost.
    let (_, other) = volume_of(&at, &[(0, &[1; 512]), (7, &[9; 512])]).await;
    let (_, damaged) = compare(&account, &other, &baseline).await;
    assert_eq!(damaged, json!({ "outcome": "damaged", "blocks": 2, "different": 1 }));
}

#[tokio::test]
async fn content_that_cannot_be_compared_is_said_so() {
    let account = account();
    let at = Rig::new(&account, Vec::new()).await;
    let call = at.aws.ec2().create_volume().availability_zone("us-east-1a").size(2);
    let volume = call.send().await.expect("made").volume_id().expect("an id").to_owned();
    let taken = at.aws.ec2().create_snapshot().volume_id(&volume).send().await.expect("taken");
    let snapshot = taken.snapshot_id().expect("an id").to_owned();
    let (rig, none) = compare(&account, &volume, &snapshot).await;
    assert_eq!(none["outcome"], json!("no-blocks"));
    let noted = rig.records().into_iter().any(|record| {
        matches!(record, Record::Note { text, .. } if text.contains("could not be compared"))
    });
    assert!(noted, "{:#?}", rig.records());
    let small = at.aws.ec2().create_volume().availability_zone("us-east-1a").size(1);
    let small = small.send().await.expect("made").volume_id().expect("an id").to_owned();
    let (_, smaller) = compare(&account, &small, &snapshot).await;
    assert_eq!(smaller["outcome"], json!("damaged"));
}
