//! Release as a responder meets it: shown, asked, held to what was shown, and final.

use std::path::Path;

use serde_json::Value;

use crate::accounts::{differences, without_retained};
use crate::binary::{Desk, Ended, RUN, wait_for};
use crate::crash::Play;
use crate::playbooks::leaked;
use crate::support;

const LEAK: &str = "playbooks/iam-key-leak.yaml";

/// A contained key, and the account before.
fn contained() -> (Desk, Value) {
    let (desk, seed) = Desk::seeded();
    let before = desk.state();
    let mut args = vec!["run", LEAK];
    let inputs = leaked(&seed);
    inputs.iter().for_each(|input| args.extend(["-i", input]));
    desk.ends(0, &[&args[..], &RUN].concat());
    (desk, before)
}

fn journal(desk: &Desk) -> String {
    std::fs::read_to_string(desk.journal()).expect("a journal")
}

#[test]
fn a_release_is_shown_and_asks() {
    let (desk, before) = contained();
    let (held, kept) = (desk.state(), journal(&desk));
    let shown = desk.ends(0, &["release", "last", "--plan"]);
    for said in ["give back  iam.access-key-status", "now ", "becomes ", "retain", "release "] {
        assert!(shown.out.contains(said), "{said}: {}", shown.out);
    }
    let plan = desk.json(&["release", "last", "--plan", "--json"]);
    let hash = plan["sha256"].as_str().expect("a hash");
    assert!(shown.out.contains(hash), "{}", shown.out);
    assert_eq!(plan["local"], true);

    // Nobody is there to be asked, and no other yes counts.
    let asked = desk.ends(4, &["release", "last"]);
    assert!(asked.err.contains("nobody can be asked"), "{}", asked.err);
    assert!(asked.err.contains("`backburn release last --yes`"), "{}", asked.err);
    let other = desk.ends(4, &["release", "last", "--yes=0123456789ab"]);
    assert!(other.err.contains("is not the hash of what was shown"), "{}", other.err);
    assert_eq!((desk.state(), journal(&desk)), (held, kept), "nothing is written without a yes");

    // Somebody could make another release that shares so few digits.
    let few = format!("--yes={}", &hash[..31]);
    assert!(desk.ends(4, &["release", "last", &few]).err.contains("first 32 digits"));
    let yes = format!("--yes={}", &hash[..32]);
    desk.ends(0, &["release", "last", &yes]);
    let left = differences(&without_retained(&before), &without_retained(&desk.state()));
    assert_eq!(left, "");

    // Final: nothing more is done, whatever is there by now.
    let kept = journal(&desk);
    let again = desk.ends(0, &["release", "last"]);
    assert!(again.err.contains("that is final"), "{}", again.err);
    desk.ends(4, &["resume", "last"]);
    assert_eq!(journal(&desk), kept);
}

/// All in the lab but one service, which is AWS's (and cannot be reached from here): a bare yes does not do, neither for
/// the run nor for its release; the hash of what is shown does.
#[test]
fn where_aws_may_be_called_the_yes_names_what_was_shown() {
    let (desk, seed) = Desk::seeded();
    let before = desk.state();
    let with = |args: &[&str]| {
        let mut command = desk.command(args);
        command.env("AWS_ENDPOINT_URL_FIS", "https://fis.us-east-1.amazonaws.com");
        command.env("HTTPS_PROXY", "http://127.0.0.1:9");
        let done = command.output().expect("it starts");
        (done.status.code(), String::from_utf8_lossy(&done.stderr).into_owned())
    };
    // Refused with a bare yes, and then done with the hash that this names.
    let confirmed = |args: &[&str]| {
        let held = desk.state();
        let (code, said) = with(&[args, &["--yes"]].concat());
        assert_eq!(code, Some(4), "{said}");
        assert!(said.contains("does not confirm what was shown"), "{said}");
        assert!(said.contains("https://fis.us-east-1.amazonaws.com for fis"), "{said}");
        assert_eq!(desk.state(), held);
        let hash = said.split("give `--yes=").nth(1).and_then(|rest| rest.get(..32));
        let yes = format!("--yes={}", hash.unwrap_or_else(|| panic!("{said}")));
        let (code, said) = with(&[args, &[&yes]].concat());
        assert_eq!(code, Some(0), "{said}");
    };
    let inputs = leaked(&seed);
    let mut run = vec!["run", LEAK, "--accept-presumed"];
    inputs.iter().for_each(|input| run.extend(["-i", input]));
    confirmed(&run);
    confirmed(&["release", "last"]);
    let left = differences(&without_retained(&before), &without_retained(&desk.state()));
    assert_eq!(left, "");
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copied(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).expect("copied")),
        }
    }
}

/// The same run directory on two machines: what one has given back the other does not take again.
#[test]
fn a_released_run_is_final_in_a_copy_of_it_too() {
    let play = Play::new();
    let finished = |line: &Value| line["record"] == "step-finished" && line["step"] == "isolate";
    play.until(finished).kill();
    let other = Desk::at(&play.desk.endpoint, &play.desk.account);
    copied(&play.desk.path("home"), &other.path("home"));
    // Another machine of the same user: the key came along, where the journals end did not.
    let key = ".local/state/backburn/key";
    std::fs::create_dir_all(other.path(".local/state/backburn")).expect("made");
    std::fs::copy(play.desk.path(key), other.path(key)).expect("copied");
    play.desk.ends(0, &["release", "last", "--yes"]);
    play.released();
    let now = play.desk.state();
    let refused = other.ends(7, &["resume", "last"]);
    assert!(refused.err.contains("somebody has given it back"), "{}", refused.err);
    assert!(refused.err.contains("is final"), "{}", refused.err);
    assert_eq!(play.desk.state(), now, "nothing is written");
    other.ends(0, &["release", "last", "--yes"]);
    assert_eq!(differences(&now, &other.state()), "");
    other.ends(4, &["resume", "last"]);
}

/// Killed while the interfaces are open; somebody else quarantines them. They stay where that one has put them.
/// A journal that says that the interface is in the group that allows everything.
fn open(line: &Value) -> bool {
    line["record"] == "outcome"
        && line["place"]["kind"] == "ec2.eni-groups"
        && line["place"]["nth"].as_u64().unwrap_or(0) == 0
}

/// Whoever looks, and whoever answers no, hears that the instance stands open; one command closes it.
#[test]
fn what_stands_open_after_a_kill_is_said_until_it_is_closed() {
    let play = Play::new();
    play.until(open).kill();
    let groups = || {
        let now = play.desk.state();
        now["ec2"]["interfaces"][&play.seed.interfaces[0]]["groups"].clone()
    };
    let opened = groups();
    let said = |ended: &Ended| {
        let text = format!("{}{}", ended.out, ended.err);
        text.to_lowercase().contains("may stand open") || text.contains("may still stand open")
    };
    let looks: [(i32, &[&str]); 4] = [
        (0, &["runs"]),
        (0, &["runs", "show", "last"]),
        (0, &["release", "last", "--plan"]),
        (4, &["release", "last"]),
    ];
    for (code, command) in looks {
        let ended = play.desk.ends(code, command);
        assert!(said(&ended), "{command:?}: {ended:?}");
    }
    let refused = play.desk.ends(4, &["release", "last"]);
    assert!(refused.err.contains("may still stand open"), "{}", refused.err);
    assert!(refused.err.contains("backburn abort"), "{}", refused.err);
    assert_eq!(groups(), opened, "nobody said yes");
    play.desk.ends(0, &["abort", "last"]);
    assert_ne!(groups(), opened, "it is closed");
    for (code, command) in [(0, &["runs"][..]), (0, &["runs", "show", "last"])] {
        assert!(!said(&play.desk.ends(code, command)), "{command:?}");
    }
    let plan = play.desk.ends(0, &["release", "last", "--plan"]);
    assert!(!said(&plan), "{}", plan.out);
}

#[test]
fn a_quarantine_in_the_open_window_is_left_alone() {
    let play = Play::new();
    play.until(open).kill();
    let ec2 = aws_sdk_ec2::Client::new(&support::lab().lab.sdk_config(&play.seed.account));
    let group = wait_for(async {
        let interface = &play.seed.interfaces[0];
        let found = ec2.describe_network_interfaces().network_interface_ids(interface).send().await;
        let vpc =
            found.expect("answered").network_interfaces()[0].vpc_id().expect("a VPC").to_owned();
        let made =
            ec2.create_security_group().group_name("quarantine").description("theirs").vpc_id(vpc);
        let group = made.send().await.expect("made").group_id.expect("an id");
        for interface in &play.seed.interfaces {
            let put = ec2.modify_network_interface_attribute().network_interface_id(interface);
            put.groups(&group).send().await.expect("put");
        }
        group
    });
    let theirs = || {
        let now = play.desk.state();
        play.seed
            .interfaces
            .iter()
            .all(|one| now["ec2"]["interfaces"][one]["groups"] == serde_json::json!([group]))
    };
    assert!(theirs());
    let resumed = play.desk.ends(7, &["resume", "last", "--accept-presumed"]);
    assert!(resumed.out.contains("drift at ec2.eni-groups"), "{}\n{}", resumed.out, resumed.err);
    assert!(theirs(), "resume overwrote them");
    let shown = play.desk.ends(7, &["release", "last", "--plan"]);
    assert!(shown.out.contains("conflict  ec2.eni-groups"), "{}", shown.out);
    let released = play.desk.ends(7, &["release", "last", "--yes"]);
    assert!(released.out.contains("conflict  ec2.eni-groups"), "{}", released.out);
    assert!(theirs(), "release overwrote them");
}
