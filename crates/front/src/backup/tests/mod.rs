//! AWS Backup's stand-in before a real moto, through boto3; effects are read back from the upstream itself.

mod kill;

use serde_json::{Value, json};

use super::Backup;
use crate::Options;
use crate::testing::{Served, boto3, moto, served_with};

const SCRIPT: &str = include_str!("../../../tests/backup.py");

/// A front with this stand-in only, whose clock runs `factor` times as fast.
async fn lab(factor: &str) -> Served {
    let mut options = Options::new(moto().endpoint.clone());
    options.clock = factor.parse().expect("a factor");
    served_with(options, |front| front.with(Backup)).await
}

/// The result of an expression of Python with `tests/backup.py` before it.
async fn python(lab: &Served, expression: &str) -> Value {
    python_at(&lab.endpoint, &lab.account, expression).await
}

async fn python_at(endpoint: &str, account: &str, expression: &str) -> Value {
    let upstream = &moto().endpoint;
    let known = format!("UPSTREAM, ACCOUNT = '{upstream}', '{account}'");
    boto3(endpoint, account, &format!("{known}\n{SCRIPT}\nresult = {expression}")).await
}

async fn passes(factor: &str, expression: &str) {
    assert_eq!(python(&lab(factor).await, expression).await, json!("ok"));
}

#[tokio::test]
async fn a_volume_is_saved_and_restored() {
    passes("500x", "ebs()").await;
}

#[tokio::test]
async fn an_instance_is_saved_and_restored() {
    passes("500x", "ec2()").await;
}

#[tokio::test]
async fn a_table_comes_back_with_its_items() {
    passes("500x", "dynamodb()").await;
}

#[tokio::test]
async fn a_bucket_comes_back_with_its_objects() {
    passes("500x", "s3()").await;
}

#[tokio::test]
async fn a_database_is_saved_and_restored() {
    passes("500x", "rds()").await;
}

#[tokio::test]
async fn recovery_points_are_copied_to_another_region() {
    passes("500x", "copies()").await;
}

#[tokio::test]
async fn a_job_goes_through_its_states_and_can_be_stopped() {
    passes("50x", "jobs()").await;
}

#[tokio::test]
async fn a_locked_vault_keeps_what_it_has() {
    passes("100000x", "locks()").await;
}

#[tokio::test]
async fn vaults_have_policies_notifications_and_tags() {
    passes("500x", "vaults()").await;
}

#[tokio::test]
async fn plans_are_kept_in_versions() {
    passes("1x", "plans()").await;
}

#[tokio::test]
async fn a_restore_test_ends_with_a_verdict() {
    passes("500x", "testing()").await;
}

#[tokio::test]
async fn every_state_is_an_event() {
    passes("500x", "events()").await;
}

#[tokio::test]
async fn the_rust_sdk_ends_its_paths_without_a_slash() {
    let lab = lab("1x").await;
    let get = async |path: &str| {
        lab.client.rest("backup", "ListBackupVaults", hyper::Method::GET, path, Value::Null).await
    };
    assert_eq!(get("/backup-vaults").await, get("/backup-vaults/").await);
    assert_eq!(get("/backup-vaults").await.expect("a list"), json!({ "BackupVaultList": [] }));
}
