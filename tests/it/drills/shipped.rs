//! Every shipped simulation, as a user runs it: checked, run to a pass, and nothing of it left. One
//! without a test here fails.

use std::time::Instant;

use super::Drill;
use crate::binary::root;
use crate::contract;

const ALL: [&str; 7] = [
    "api-throttling",
    "az-network-loss",
    "cloudtrail-stopped",
    "ec2-stop-restore",
    "instance-crypto-mining",
    "leaked-key",
    "ransomware-dynamodb-s3",
];

fn passes(name: &str) {
    let drill = Drill::edited(name, str::to_owned);
    drill.desk.ends(0, &["check", &drill.file]);
    let began = Instant::now();
    let ended = drill.desk.ends(0, &["drill", "run", &drill.file, "--yes"]);
    println!("{name}: {:.1} s", began.elapsed().as_secs_f64());
    let card = drill.card();
    assert_eq!(card["outcome"], "pass", "{card:#}\n{}", ended.out);
    assert_eq!(card["endpoint"], drill.desk.endpoint.as_str(), "it names what answered");
    drill.no_experiment_runs();
    drill.left_nothing();
    let verified = drill.desk.ends(0, &["runs", "verify", "last"]);
    assert!(verified.out.contains("drill.json: as recorded"), "{verified:?}");
    let history = drill.desk.ends(0, &["drill", "history"]);
    assert!(history.out.contains("pass") && history.err.is_empty(), "{history:?}");
    // Released it is, and stays.
    drill.desk.ends(4, &["resume", "last"]);
    drill.desk.ends(0, &["release", "last", "--yes"]);
    drill.left_nothing();
    contract::holds(&drill.desk);
}

#[test]
fn each_has_a_test() {
    let folder = std::fs::read_dir(root().join("simulations")).expect("a folder");
    let mut found: Vec<_> = folder
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".yaml").map(str::to_owned))
        .collect();
    found.sort();
    assert_eq!(found, ALL);
}

#[test]
fn api_throttling() {
    passes("api-throttling");
}

#[test]
fn az_network_loss() {
    passes("az-network-loss");
}

#[test]
fn cloudtrail_stopped() {
    passes("cloudtrail-stopped");
}

#[test]
fn ec2_stop_restore() {
    passes("ec2-stop-restore");
}

#[test]
fn instance_crypto_mining() {
    passes("instance-crypto-mining");
}

#[test]
fn leaked_key() {
    passes("leaked-key");
}

#[test]
fn ransomware_dynamodb_s3() {
    passes("ransomware-dynamodb-s3");
}
