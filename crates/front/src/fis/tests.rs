//! FIS as boto3 meets it, before moto: every case of `tests/fis.py`, with kills of the front.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tokio::process::Command;

use super::Fis;
use crate::Options;
use crate::killable::Killable;
use crate::ssm::Ssm;
use crate::testing::{moto, served_with};

const CLOCK: &str = "60x";
/// FIS alone stands in.
const OTHERS: &[&str] = &["backup", "guardduty", "monitoring", "s3", "ssm"];

#[tokio::test]
async fn through_boto3() {
    let home = tempfile::tempdir().expect("a directory");
    let control = tempfile::tempdir().expect("a directory");
    let mut front = Killable::at(0, home.path(), CLOCK, OTHERS).await;
    let wanted = std::env::var("FRONT_FIS").unwrap_or_default();
    let mut client = Command::new(&moto().python)
        .arg("-I")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fis.py"))
        .args([&front.endpoint, &moto().endpoint])
        .arg(control.path())
        .args(wanted.split_whitespace())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .kill_on_drop(true)
        .spawn()
        .expect("python starts");
    let flag = control.path().join("kill");
    let status = loop {
        if let Some(status) = client.try_wait().expect("waited") {
            break status;
        }
        if flag.exists() {
            let port = front.port();
            // kill -9, before its successor takes the port.
            front.kill().await;
            front = Killable::at(port, home.path(), CLOCK, OTHERS).await;
            std::fs::remove_file(&flag).expect("removed");
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert!(status.success(), "tests/fis.py failed");
}

#[tokio::test]
async fn commands_go_through_run_command_where_that_stands_in() {
    let mut options = Options::new(moto().endpoint.clone());
    options.clock = CLOCK.parse().expect("a factor");
    let lab = served_with(options, |front| front.with(Fis::default()).with(Ssm)).await;
    let result = lab.boto3(include_str!("../../tests/fis_ssm.py")).await;
    assert_eq!(result, json!("done"));
}
