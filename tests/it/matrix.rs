//! `crash-matrix` as a user runs it: a part of the points of the shipped playbooks here, all of them
//! by `just crash-matrix`; changes by someone else; what it refuses.

use backburn::lab::LabError;
use serde_json::Value;

use crate::binary::{Desk, wait_for};
use crate::readers::reader;
use crate::support;

/// Runs a matrix in the shared lab; it must find no difference.
fn matrix(playbook: &str, more: &[&str]) -> Value {
    let desk = Desk::new();
    let file = format!("playbooks/{playbook}");
    let endpoint = support::lab().lab.endpoint.clone();
    let args = ["crash-matrix", &file, "--json", "--jobs", "6", "--endpoint-url", &endpoint];
    desk.json(&[&args, more].concat())
}

fn tried(report: &Value) -> (usize, usize) {
    let tried = report["tried"].as_array().expect("a list");
    let reached = tried.iter().filter(|one| one["reached"] == true).count();
    (tried.len(), reached)
}

#[test]
fn a_part_of_the_points_of_a_compromised_instance() {
    let report = matrix("ec2-compromise.yaml", &["--every", "71"]);
    let (tried, reached) = tried(&report);
    assert!(report["points"].as_u64() > Some(300), "{}", report["points"]);
    assert!(tried >= 8 && reached + 1 >= tried, "{reached} of {tried}");
}

#[test]
fn a_part_of_the_points_of_a_leaked_key() {
    let report = matrix("iam-key-leak.yaml", &["--every", "53"]);
    let (tried, reached) = tried(&report);
    assert!(tried >= 4 && reached + 1 >= tried, "{reached} of {tried}");
}

#[test]
fn a_part_of_the_points_of_a_stopped_trail() {
    let report = matrix("cloudtrail-tamper.yaml", &["--every", "11"]);
    let (tried, reached) = tried(&report);
    assert!(tried >= 6 && reached + 1 >= tried, "{reached} of {tried}");
    let kept = &report["retained"]["logging of a trail that did not log before"];
    assert!(kept.as_u64() >= Some(1), "the trail logs on after a release: {}", report["retained"]);
}

#[test]
fn a_trail_that_someone_stops_again_is_left_alone() {
    let report = matrix("cloudtrail-tamper.yaml", &["--drift"]);
    let drifted = report["drifted"].as_array().expect("a list");
    assert_eq!(drifted.len(), 1, "{report}");
    assert_eq!(drifted[0]["setting"], "cloudtrail.logging main");
    assert_eq!(drifted[0]["said"], "retained");
}

#[test]
fn what_cannot_be_compared_is_refused_by_name_before_anything_starts() {
    let desk = Desk::new();
    let file = desk.path("vault.yaml");
    let text = "playbook: vault\ntitle: A vault\nversion: 1.0.0\nseverity: low\nsteps:\n  \
                vault:\n    uses: backup.create-vault\n    with: {}\n  \
                copy:\n    uses: ec2.copy-snapshot\n    with: { snapshot: snap-0123456789abcdef0 }\n";
    std::fs::write(&file, text).expect("written");
    // Nobody listens there: it is refused before the lab is asked.
    let nobody = "http://127.0.0.1:9";
    for more in [&[][..], &["--drift"]] {
        let args = ["crash-matrix", &file.display().to_string(), "--endpoint-url", nobody];
        let refused = desk.ends(4, &[&args, more].concat());
        for named in [
            "`backup.vault`",
            "`backup.create-vault`",
            "`ec2.copy-snapshot`",
            "nothing was started",
        ] {
            assert!(refused.err.contains(named), "{named}: {}", refused.err);
        }
    }
}

#[test]
fn only_what_is_asked_for_is_tried() {
    let report = matrix("iam-key-leak.yaml", &["--only", "disk-full", "--every", "15"]);
    let tried = report["tried"].as_array().expect("a list");
    assert!(!tried.is_empty() && tried.iter().all(|one| one["kind"] == "disk-full"));
}

#[test]
fn two_that_start_together_share_no_account() {
    let one = || matrix("iam-key-leak.yaml", &["--every", "100"]);
    let reports = std::thread::scope(|threads| {
        let started = [threads.spawn(one), threads.spawn(one)];
        started.map(|thread| thread.join().expect("no difference"))
    });
    assert!(reports.iter().all(|report| tried(report).0 > 0));
}

#[test]
fn an_account_that_is_in_use_is_refused() {
    let shared = support::lab();
    let seed = wait_for(shared.seeded());
    let refused = wait_for(reader(&shared.lab, &seed.account).require_empty());
    let refused = refused.expect_err("it is in use");
    assert!(matches!(refused, LabError::AccountInUse { things, .. } if things > 10), "{refused}");
}

#[test]
fn nothing_of_someone_elses_is_overwritten() {
    let report = matrix("iam-key-leak.yaml", &["--drift"]);
    let drifted = report["drifted"].as_array().expect("a list");
    let conflict = drifted.iter().find(|one| one["said"] == "conflict").expect("a third value");
    assert!(conflict["setting"].as_str().is_some_and(|text| text.starts_with("iam.user-policy")));
    assert_eq!(conflict["before"], Value::Null);
    assert_ne!(conflict["ours"], conflict["theirs"]);
    assert!(drifted.iter().any(|one| one["said"] == "already-before"));
}

#[test]
fn only_the_front_of_a_lab_takes_a_matrix() {
    let desk = Desk::new();
    let args = ["crash-matrix", "playbooks/iam-key-leak.yaml", "--endpoint-url"];
    let remote = desk.ends(4, &[&args[..], &["https://ec2.eu-west-1.amazonaws.com"]].concat());
    assert!(remote.err.contains("loopback"), "{}", remote.err);
    let upstream = support::lab().lab.front.as_ref().expect("a front").upstream.clone();
    let bare = desk.ends(4, &[&args[..], &[&upstream]].concat());
    assert!(bare.err.contains("is not the lab's front"), "{}", bare.err);
}
