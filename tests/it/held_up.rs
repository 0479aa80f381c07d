//! What only marks or protects never keeps containment from running: each of its calls is denied, and the
//! shipped playbooks still cut the instance off, deny its role and keep its disks.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::aws_faults::{arm, failing};
use crate::binary::Desk;
use crate::playbooks::compromised;

fn denied(playbook: &str, operation: &str, state: &str) {
    let (desk, seed) = Desk::seeded();
    let mut rule = failing(operation, "UnauthorizedOperation", 403, "an SCP says no");
    rule["account"] = json!(desk.account);
    arm(&desk, &rule);
    let file = format!("playbooks/{playbook}.yaml");
    let inputs = compromised(&seed);
    let mut args = vec!["run", &file, "--yes", "--accept-presumed"];
    args.extend(inputs.iter().flat_map(|input| ["-i", input.as_str()]));
    let ended = desk.ends(0, &args);
    let what = format!("{playbook} without {operation}");
    let failed: BTreeSet<_> = desk
        .records()
        .iter()
        .filter(|line| line["record"] == "step-failed")
        .map(|line| line["step"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert!(failed.contains("protect"), "{what}: {failed:?}\n{}", ended.out);

    let now = desk.state();
    for interface in &seed.interfaces {
        let group = &now["ec2"]["interfaces"][interface]["groups"][0];
        let group = &now["ec2"]["groups"][group.as_str().expect("a group")];
        assert_eq!((&group["inbound"], &group["outbound"]), (&json!([]), &json!([])), "{what}");
    }
    let role = &now["iam"]["roles"][&seed.role]["inline"];
    let denies = role.as_object().expect("policies").values();
    let denies = denies.filter(|policy| policy["Statement"][0]["Effect"] == "Deny");
    assert_eq!(denies.count(), 1, "{what}: {role:#}");
    let snapshots = now["ec2"]["snapshots"].as_object().expect("snapshots").values();
    let kept: BTreeSet<_> = snapshots.filter_map(|one| one["VolumeId"].as_str()).collect();
    assert_eq!(kept, seed.volumes.iter().map(String::as_str).collect(), "{what}");
    let instance: &Value = &now["ec2"]["instances"][&seed.instance];
    assert_eq!(instance["state"], state, "{what}");
    // What of the protecting could be made was made.
    let attributes = &instance["attributes"];
    assert_eq!(attributes["termination-protection"], operation == "CreateTags", "{what}");
    desk.ends(0, &["release", "last", "--yes"]);
}

#[test]
fn without_the_right_to_tag() {
    denied("ec2-compromise", "CreateTags", "running");
    denied("ec2-crypto-mining", "CreateTags", "stopped");
}

#[test]
fn without_the_right_to_change_the_instance() {
    denied("ec2-compromise", "ModifyInstanceAttribute", "running");
    denied("ec2-crypto-mining", "ModifyInstanceAttribute", "stopped");
}
