//! Every shipped playbook, as a user runs it: checked, planned, run, released, with the account read
//! by another client before and after each. A playbook without a case here fails.

use std::collections::BTreeSet;
use std::path::Path;

use aws_sdk_iam::types::StatusType;
use backburn::lab::seed::Seed;
use serde_json::{Value, json};

use crate::accounts::{differences, named, without_retained};
use crate::binary::{Desk, RUN, approving, root, wait_for};
use crate::contract;
use crate::support;

struct Case {
    name: &'static str,
    playbook: &'static str,
    inputs: fn(&Seed) -> Vec<String>,
    approve: &'static [&'static str],
    /// What must hold afterwards, said apart from the whole difference in the snapshot.
    holds: fn(&Seed, &Value),
}

const CASES: &[Case] = &[
    Case {
        name: "cloudtrail-tamper",
        playbook: "cloudtrail-tamper.yaml",
        inputs: tampered,
        approve: &[],
        holds: |seed, _| assert!(logs(seed)),
    },
    Case {
        name: "ec2-compromise",
        playbook: "ec2-compromise.yaml",
        inputs: compromised,
        approve: &[],
        holds: |seed, now| {
            isolated(seed, now);
            assert_eq!(now["ec2"]["instances"][&seed.instance]["state"], "running");
            let address = &now["ec2"]["addresses"][&seed.elastic_ip];
            assert_eq!(address["NetworkInterfaceId"], seed.interfaces[0]);
        },
    },
    Case {
        name: "ec2-compromise-with-everything",
        playbook: "ec2-compromise.yaml",
        inputs: |seed| {
            let mut inputs = compromised(seed);
            let more = ["capture-memory=true", "disassociate-addresses=true", "stop=true"];
            inputs.extend(more.map(str::to_owned));
            inputs
        },
        approve: &["stop"],
        holds: |seed, now| {
            isolated(seed, now);
            assert_eq!(now["ec2"]["instances"][&seed.instance]["state"], "stopped");
            assert_eq!(now["ec2"]["addresses"][&seed.elastic_ip]["associated"], false);
        },
    },
    Case {
        name: "ec2-crypto-mining",
        playbook: "ec2-crypto-mining.yaml",
        inputs: compromised,
        approve: &[],
        holds: |seed, now| {
            isolated(seed, now);
            assert_eq!(now["ec2"]["instances"][&seed.instance]["state"], "stopped");
        },
    },
    Case {
        name: "iam-key-leak",
        playbook: "iam-key-leak.yaml",
        inputs: leaked,
        approve: &[],
        holds: |seed, now| {
            locked(seed, now);
            let keys = &now["iam"]["users"][&seed.user]["keys"];
            assert_eq!(keys[&seed.other_access_key_ids[0]], "Active");
        },
    },
    Case {
        name: "iam-key-leak-with-everything",
        playbook: "iam-key-leak.yaml",
        inputs: |seed| {
            let mut inputs = leaked(seed);
            let more = ["all-keys=true", "ask-owner=true", "scope=sessions"];
            inputs.extend(more.map(str::to_owned));
            inputs
        },
        approve: &["new-credentials"],
        holds: |seed, now| {
            locked(seed, now);
            let keys = &now["iam"]["users"][&seed.user]["keys"];
            assert_eq!(keys[&seed.other_access_key_ids[0]], "Inactive");
        },
    },
];

/// A trail that was stopped.
fn tampered(seed: &Seed) -> Vec<String> {
    let config = support::lab().lab.sdk_config(&seed.account);
    let config = aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build();
    let s3 = aws_sdk_s3::Client::from_conf(config);
    let bucket = format!("logs-{}", seed.account);
    wait_for(s3.create_bucket().bucket(&bucket).send()).expect("a bucket");
    let trails = trails(seed);
    wait_for(trails.create_trail().name("main").s3_bucket_name(&bucket).send()).expect("a trail");
    wait_for(trails.start_logging().name("main").send()).expect("logs");
    wait_for(trails.stop_logging().name("main").send()).expect("stopped");
    assert!(!logs(seed));
    vec!["trail=main".into()]
}

fn trails(seed: &Seed) -> aws_sdk_cloudtrail::Client {
    aws_sdk_cloudtrail::Client::new(&support::lab().lab.sdk_config(&seed.account))
}

fn logs(seed: &Seed) -> bool {
    let status = wait_for(trails(seed).get_trail_status().name("main").send());
    status.expect("a status").is_logging == Some(true)
}

pub(crate) fn compromised(seed: &Seed) -> Vec<String> {
    vec![format!("instance={}", seed.instance), "case=IR-7".into()]
}

pub(crate) fn leaked(seed: &Seed) -> Vec<String> {
    vec![format!("user={}", seed.user), format!("access-key={}", seed.access_key_id)]
}

/// Off the network at every interface, kept from deletion, its role denied, its volumes kept.
pub(crate) fn isolated(seed: &Seed, now: &Value) {
    let (ec2, role) = (&now["ec2"], &now["iam"]["roles"][&seed.role]);
    let mut closed = BTreeSet::new();
    for interface in &seed.interfaces {
        let groups = ec2["interfaces"][interface]["groups"].as_array().expect("groups");
        assert_eq!(groups.len(), 1, "{groups:?}");
        closed.insert(groups[0].as_str().expect("an id"));
    }
    for group in closed {
        let group = &ec2["groups"][group];
        assert_eq!((&group["inbound"], &group["outbound"]), (&json!([]), &json!([])), "{group:#}");
        assert!(
            group["GroupName"].as_str().is_some_and(|name| name.starts_with("backburn-closed"))
        );
    }
    let instance = &ec2["instances"][&seed.instance];
    assert_eq!(instance["attributes"]["termination-protection"], true);
    assert_eq!(instance["attributes"]["shutdown-behaviour"], "stop");
    assert_eq!(instance["tags"]["incident:case"], "IR-7");
    let denied = denies(&role["inline"]);
    assert_eq!(denied.len(), 1, "{role:#}");
    let session = &denied[0]["Statement"][0]["Condition"]["StringEquals"]["aws:userid"];
    assert!(session.as_str().is_some_and(|id| id.ends_with(&format!(":{}", seed.instance))));
    let snapshots = ec2["snapshots"].as_object().expect("snapshots").values();
    let kept: BTreeSet<_> = snapshots.map(|one| one["VolumeId"].as_str().expect("an id")).collect();
    assert_eq!(kept, seed.volumes.iter().map(String::as_str).collect());
}

/// The leaked key is off, the user is denied, and there is no password any more.
fn locked(seed: &Seed, now: &Value) {
    let user = &now["iam"]["users"][&seed.user];
    assert_eq!(user["keys"][&seed.access_key_id], "Inactive");
    assert_eq!(user["console"], Value::Null);
    assert_eq!(denies(&user["inline"]).len(), 1, "{user:#}");
}

fn denies(policies: &Value) -> Vec<&Value> {
    let policies = policies.as_object().expect("policies").values();
    policies.filter(|policy| policy["Statement"][0]["Effect"] == "Deny").collect()
}

/// Neighbours and look-alikes, as far as they are whole.
fn untouched(seed: &Seed, account: &Value) -> Value {
    let (ec2, users) = (&account["ec2"], &account["iam"]["users"]);
    let instances: Vec<_> = seed.neighbours.iter().map(|id| &ec2["instances"][id]).collect();
    let theirs =
        |host: &Value| host.as_str().is_some_and(|id| seed.neighbours.iter().any(|n| n == id));
    let interfaces = ec2["interfaces"].as_object().expect("interfaces").iter();
    let interfaces: Vec<_> =
        interfaces.filter(|(_, one)| theirs(&one["attachment"]["InstanceId"])).collect();
    let volumes = ec2["volumes"].as_object().expect("volumes").iter();
    let volumes: Vec<_> =
        volumes.filter(|(_, one)| theirs(&one["attachments"][0]["InstanceId"])).collect();
    assert_eq!((instances.len(), interfaces.len()), (2, 2));
    assert!(volumes.len() >= 2, "{volumes:?}");
    json!([instances, interfaces, volumes, users[&seed.neighbour_user]])
}

fn proceed(case: &Case) {
    let (desk, seed) = Desk::seeded();
    let file = format!("playbooks/{}", case.playbook);
    let inputs = (case.inputs)(&seed);
    let mut given = vec![file.as_str()];
    given.extend(inputs.iter().flat_map(|input| ["-i", input.as_str()]));
    desk.ends(0, &["check", &file]);

    let before = desk.state();
    desk.ends(0, &[&["plan"], &given[..]].concat());
    assert_eq!(desk.state(), before, "a plan changes nothing");

    let approve: Vec<_> = case.approve.iter().flat_map(|step| approving(step, "all")).collect();
    desk.ends(0, &[&["run"], &given[..], &RUN, &approve].concat());
    let now = desk.state();
    (case.holds)(&seed, &now);
    assert_eq!(untouched(&seed, &now), untouched(&seed, &before));
    let changed = differences(&named(&before, &seed), &named(&now, &seed));
    insta::assert_snapshot!(format!("{}-changes", case.name), changed);

    desk.ends(0, &["release", "last", "--yes"]);
    let released = desk.state();
    assert_eq!(without_retained(&released), without_retained(&before));
    let left = differences(&named(&before, &seed), &named(&released, &seed));
    insta::assert_snapshot!(format!("{}-left", case.name), left);

    desk.ends(0, &["release", "last", "--yes"]);
    assert_eq!(desk.state(), released, "a second release changes nothing");
    let verified = desk.ends(0, &["runs", "verify", "last"]).out;
    let evidence = verified.lines().filter(|line| line.starts_with("evidence/"));
    let kept = evidence.filter(|line| !line.contains("manifest.json")).count();
    let wanted = inputs.iter().any(|input| input == "capture-memory=true");
    assert_eq!(kept > 0, wanted, "{verified}");
    contract::holds(&desk);
}

#[test]
fn each_is_checked_planned_run_and_released() {
    // Side by side: what takes time is the lab and the open window.
    let failed: Vec<_> = std::thread::scope(|threads| {
        let started: Vec<_> =
            CASES.iter().map(|case| (case.name, threads.spawn(|| proceed(case)))).collect();
        let ended = started.into_iter().map(|(name, thread)| (name, thread.join()));
        ended.filter(|(_, end)| end.is_err()).map(|(name, _)| name).collect()
    });
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn each_has_a_case() {
    let files = std::fs::read_dir(root().join("playbooks")).expect("the playbooks");
    let files = files.map(|file| file.expect("an entry").path());
    let shipped: BTreeSet<_> = files
        .filter(|file| file.extension().is_some_and(|kind| kind == "yaml"))
        .filter_map(|file| Path::new(&file).file_name()?.to_str().map(str::to_owned))
        .collect();
    let tested: BTreeSet<_> = CASES.iter().map(|case| case.playbook.to_owned()).collect();
    assert_eq!(shipped, tested);
}

/// A plan on disk, and how to run it.
struct Planned {
    desk: Desk,
    seed: Seed,
    run: Vec<String>,
}

fn planned(playbook: &str, inputs: fn(&Seed) -> Vec<String>) -> Planned {
    let (desk, seed) = Desk::seeded();
    let plan = desk.path("plan.json").display().to_string();
    let mut given = vec![format!("playbooks/{playbook}")];
    given.extend(inputs(&seed).into_iter().flat_map(|input| ["-i".to_owned(), input]));
    let with = |first: &[&str], last: &[&str]| -> Vec<String> {
        let texts = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        [texts(first), given.clone(), texts(last)].concat()
    };
    let make = with(&["plan"], &["--out", &plan]);
    desk.ends(0, &make.iter().map(String::as_str).collect::<Vec<_>>());
    let run = with(&["run"], &["--plan", &plan, "--yes", "--accept-presumed"]);
    Planned { desk, seed, run }
}

impl Planned {
    fn run(&self, code: i32) -> String {
        let args: Vec<_> = self.run.iter().map(String::as_str).collect();
        self.desk.shown(&self.desk.ends(code, &args))
    }
}

#[test]
fn a_plan_is_run_as_it_is() {
    let plan = planned("iam-key-leak.yaml", leaked);
    plan.run(0);
    locked(&plan.seed, &plan.desk.state());
}

#[test]
fn a_plan_is_refused_after_someone_elses_change() {
    let plan = planned("ec2-crypto-mining.yaml", compromised);
    let config = support::lab().lab.sdk_config(&plan.seed.account);
    let ec2 = aws_sdk_ec2::Client::new(&config);
    let groups = plan.desk.state()["ec2"]["interfaces"][&plan.seed.interfaces[1]]["groups"].clone();
    let call = ec2.modify_network_interface_attribute();
    let call = call.network_interface_id(&plan.seed.interfaces[0]);
    let call = groups
        .as_array()
        .expect("groups")
        .iter()
        .fold(call, |call, group| call.groups(group.as_str().expect("an id")));
    wait_for(call.send()).expect("changed");
    let before = plan.desk.state();
    insta::assert_snapshot!(plan.run(7));
    assert_eq!(plan.desk.state(), before);
}

#[test]
fn a_plan_is_refused_when_a_key_was_made_inactive_meanwhile() {
    let plan = planned("iam-key-leak.yaml", leaked);
    let iam = aws_sdk_iam::Client::new(&support::lab().lab.sdk_config(&plan.seed.account));
    let call = iam.update_access_key().user_name(&plan.seed.user);
    let call = call.access_key_id(&plan.seed.access_key_id).status(StatusType::Inactive);
    wait_for(call.send()).expect("changed");
    insta::assert_snapshot!(plan.run(7));
}

#[test]
fn a_plan_edited_by_hand_is_refused() {
    let plan = planned("iam-key-leak.yaml", leaked);
    let path = plan.desk.path("plan.json");
    let text = std::fs::read_to_string(&path).expect("a plan");
    let edited = text.replace(&plan.seed.user, &plan.seed.neighbour_user);
    assert_ne!(text, edited);
    std::fs::write(&path, edited).expect("written");
    let before = plan.desk.state();
    insta::assert_snapshot!(plan.run(4));
    assert_eq!(plan.desk.state(), before);
}
