//! The policies that `backburn policy` prints, for every shipped file: good by the reference in every
//! partition, and with what the file and the configuration ask for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::reference::{Service, reference, wrong};
use crate::binary::{Desk, root};

fn list(value: &Value) -> Vec<&str> {
    match value {
        Value::String(one) => vec![one],
        many => many.as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
    }
}

#[test]
fn the_policies_of_all_playbooks_and_drills_are_good_in_every_partition() {
    let Some(reference) = reference() else { return };
    let desk = Desk::at("http://127.0.0.1:1", "000000000000");
    let mut faults = BTreeSet::new();
    for folder in ["playbooks", "simulations"] {
        for entry in std::fs::read_dir(root().join(folder)).expect("a folder") {
            let file = entry.expect("an entry").path().display().to_string();
            for (region, partition) in [
                ("eu-west-1", "aws"),
                ("us-gov-west-1", "aws-us-gov"),
                ("eusc-de-east-1", "aws-eusc"),
            ] {
                for more in [&[][..], &["--release"]] {
                    let args =
                        [&["policy", &file, "--region", region, "--account", "111122223333"], more];
                    let policy = desk.json(&args.concat());
                    for statement in policy["Statement"].as_array().expect("statements") {
                        check(reference, statement, partition, &file, &mut faults);
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

fn check(
    reference: &BTreeMap<String, Service>,
    statement: &Value,
    partition: &str,
    file: &str,
    faults: &mut BTreeSet<String>,
) {
    let keys: Vec<&str> = statement["Condition"]
        .as_object()
        .into_iter()
        .flat_map(|all| all.values())
        .filter_map(Value::as_object)
        .flat_map(|keys| keys.keys().map(String::as_str))
        .collect();
    for action in list(&statement["Action"]) {
        for resource in list(&statement["Resource"]) {
            if let Some(why) = wrong(reference, action, resource, &keys) {
                faults.insert(format!("{file}: `{action}` {why}"));
            }
            if resource != "*" && !resource.starts_with(&format!("arn:{partition}:")) {
                faults.insert(format!("{file}: {resource} is not in {partition}"));
            }
            let passes = [
                "iam:PassRole",
                "iam:CreateServiceLinkedRole",
                "iam:AttachRolePolicy",
                "iam:AttachUserPolicy",
            ];
            if passes.contains(&action) && keys.is_empty() {
                faults.insert(format!("{file}: `{action}` has no condition"));
            }
            if action == "iam:PassRole"
                && file.contains("simulations")
                && resource.ends_with(":role/*")
            {
                // A shipped drill passes none but its own.
                faults.insert(format!("{file}: passes any role: {statement}"));
            }
        }
    }
}

/// Actions of a policy with their resources.
fn granted(policy: &Value) -> BTreeSet<(String, String)> {
    let statements = policy["Statement"].as_array().expect("statements").iter();
    let pairs = statements.flat_map(|one| {
        let resources = list(&one["Resource"]);
        let pair = |action: &str, resource: &str| (action.to_owned(), resource.to_owned());
        let of = |action| resources.iter().map(move |resource| pair(action, resource));
        list(&one["Action"]).into_iter().flat_map(of).collect::<Vec<_>>()
    });
    pairs.collect()
}

#[test]
fn what_a_file_and_the_configuration_ask_for_is_in_the_policies() {
    let desk = Desk::at("http://127.0.0.1:1", "000000000000");
    let config = desk.path("backburn.toml");
    std::fs::write(
        &config,
        "[accounts.prod]\nid = \"111122223333\"\nrole = \"arn:aws:iam::111122223333:role/ir\"\n\
         [notifications.targets.ops]\nsns = \"arn:aws:sns:eu-west-1:111122223333:incidents\"\n",
    )
    .expect("written");
    let said = |file: &str, more: &[&str]| {
        let args = [&["policy", file, "--region", "eu-west-1", "--account", "111122223333"], more];
        let mut command = desk.command(&args.concat());
        let done = command.env("BACKBURN_CONFIG", &config).output().expect("it starts");
        assert!(done.status.success(), "{done:?}");
        let policy: Value = serde_json::from_slice(&done.stdout).expect("JSON");
        (policy, String::from_utf8(done.stderr).expect("UTF-8"))
    };
    let has = |policy: &Value, action: &str, resource: &str| {
        granted(policy).contains(&(action.to_owned(), resource.to_owned()))
    };
    let topic = "arn:aws:sns:eu-west-1:111122223333:incidents";
    let lever = "arn:aws:fis:eu-west-1:111122223333:safety-lever/*";
    let made = "arn:aws:iam::111122223333:role/backburn/backburn-*";
    for more in [&[][..], &["--release"]] {
        let (policy, notes) = said("simulations/api-throttling.yaml", more);
        assert!(has(&policy, "sns:Publish", topic), "{policy:#}");
        assert!(has(&policy, "fis:UpdateSafetyLeverState", lever), "{policy:#}");
        assert!(notes.contains("arn:aws:iam::111122223333:role/ir"), "{notes}");
        assert!(notes.contains("sts:AssumeRole"), "{notes}");
    }
    let (drill, _) = said("simulations/api-throttling.yaml", &[]);
    assert!(has(&drill, "sts:AssumeRole", made), "the response acts as a role: {drill:#}");
    assert!(has(&drill, "iam:PassRole", made), "{drill:#}");
    let (playbook, _) = said("playbooks/ec2-compromise.yaml", &[]);
    assert!(!playbook.to_string().contains("UpdateSafetyLeverState"), "{playbook:#}");
    let (restore, _) = said("simulations/ec2-stop-restore.yaml", &[]);
    let text = restore.to_string();
    for policy in ["AWSFaultInjectionSimulatorEC2Access", "AWSBackupServiceRolePolicyForRestores"] {
        assert!(text.contains(&format!("arn:aws:iam::aws:policy/service-role/{policy}")), "{text}");
    }
}
