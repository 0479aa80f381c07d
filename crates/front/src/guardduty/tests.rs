//! GuardDuty before a real moto, through boto3, and over a restart.

use std::path::Path;

use hyper::Method;
use serde_json::{Value, json};

use super::GuardDuty;
use crate::killable::Killable;
use crate::testing::{account, moto, served_with, until};
use crate::{Clock, Options, Session};

#[tokio::test]
async fn boto3_sees_findings_of_calls() {
    let mut options = Options::new(moto().endpoint.clone());
    options.clock = Clock::times(900.0).expect("a factor");
    let lab = served_with(options, |front| front.with(GuardDuty)).await;
    let result = lab.boto3(include_str!("../../tests/guardduty.py")).await;
    assert!(result["published"].as_u64().expect("a number") >= 9, "{result}");
}

async fn share(client: &Session, snapshot: &str) {
    let session = client.in_region("eu-north-1");
    let account = json!([{"UserId": "999988887777"}]);
    let params = json!({"SnapshotId": snapshot, "CreateVolumePermission": {"Add": account}});
    session.query("ec2", "ModifySnapshotAttribute", params).await.expect("shared");
}

/// A detector and three snapshots, all but the last of them shared.
async fn begin(client: &Session) -> (String, [String; 3]) {
    let session = client.in_region("eu-north-1");
    let made = session
        .rest("guardduty", "CreateDetector", Method::POST, "/detector", json!({"enable": true}))
        .await;
    let detector = made.expect("made")["detectorId"].as_str().expect("an id").to_owned();
    let zone = json!({"Size": "1", "AvailabilityZone": "eu-north-1a"});
    let volume =
        session.query("ec2", "CreateVolume", zone).await.expect("made").text("volumeId").to_owned();
    let mut snapshots = [const { String::new() }; 3];
    for snapshot in &mut snapshots {
        let made = session
            .query("ec2", "CreateSnapshot", json!({"VolumeId": volume}))
            .await
            .expect("made");
        *snapshot = made.text("snapshotId").to_owned();
    }
    share(client, &snapshots[0]).await;
    share(client, &snapshots[1]).await;
    (detector, snapshots)
}

/// Waits until a front with this home has written down that its rule saw these snapshots: a kill takes none of them.
/// The records on disk do not show that: a rule sees a call after it is recorded.
async fn remembered(home: &Path, account: &str, seen: &[String]) {
    until("the memory", async || {
        let written = std::fs::read_to_string(home.join("front.json")).unwrap_or_default();
        let written: Value = serde_json::from_str(&written).unwrap_or_default();
        let rules = written["scopes"][format!("{account}/all")]["guardduty.memory"].to_string();
        seen.iter().all(|snapshot| rules.contains(snapshot))
    })
    .await;
}

/// The third share is one too many: a rule that has seen the first two raises a finding.
async fn end(client: &Session, detector: &str, third: &str) {
    let session = client.in_region("eu-north-1");
    share(client, third).await;
    let path = format!("/detector/{detector}/findings");
    let mut found = Value::Null;
    until("a finding", async || {
        found = session
            .rest("guardduty", "ListFindings", Method::POST, &path, json!({}))
            .await
            .expect("listed");
        found["findingIds"] != json!([])
    })
    .await;
    assert_eq!(found["findingIds"].as_array().map(Vec::len), Some(1), "{found}");
}

#[tokio::test]
async fn a_restarted_front_remembers_detectors_and_what_its_rules_saw() {
    let home = tempfile::tempdir().expect("a directory");
    let options =
        || Options { home: Some(home.path().to_owned()), ..Options::new(moto().endpoint.clone()) };
    let first = served_with(options(), |front| front.with(GuardDuty)).await;
    let (detector, [seen @ .., third]) = begin(&first.client).await;
    remembered(home.path(), &first.account, &seen).await;
    first.front.stop().await;

    let second = served_with(options(), |front| front.with(GuardDuty)).await;
    let client = Session {
        access_key: first.account.clone(),
        scope: first.scope(),
        ..second.client.clone()
    };
    end(&client, &detector, &third).await;
}

#[tokio::test]
async fn a_killed_front_remembers_them_too() {
    let home = tempfile::tempdir().expect("a directory");
    let account = account();
    let first = Killable::start(home.path(), "1x").await;
    let (detector, [seen @ .., third]) = begin(&first.client(&account).await).await;
    remembered(home.path(), &account, &seen).await;
    first.kill().await;
    let second = Killable::start(home.path(), "1x").await;
    end(&second.client(&account).await, &detector, &third).await;
    second.kill().await;
}
