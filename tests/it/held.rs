//! Two runs on one target: the second is refused, whether the first one's journal tells, the marks
//! that it left in the account, or only who was faster.

use std::process::Stdio;

use backburn::lab::seed::Seed;

use crate::binary::{Desk, RUN};
use crate::playbooks::{compromised, leaked};

fn args<'a>(command: &'a str, playbook: &'a str, inputs: &'a [String]) -> Vec<&'a str> {
    let given = inputs.iter().flat_map(|input| ["-i", input.as_str()]);
    [command, playbook].into_iter().chain(given).collect()
}

const LEAK: &str = "playbooks/iam-key-leak.yaml";
const HOST: &str = "playbooks/ec2-crypto-mining.yaml";

/// The first run of a playbook, and its id.
fn contained(
    playbook: &'static str,
    inputs: fn(&Seed) -> Vec<String>,
) -> (Desk, Vec<String>, String) {
    let (desk, seed) = Desk::seeded();
    let inputs = inputs(&seed);
    desk.ends(0, &[&args("run", playbook, &inputs)[..], &RUN].concat());
    let run = desk.records()[0]["run"].as_str().expect("an id").to_owned();
    (desk, inputs, run)
}

#[test]
fn what_a_run_holds_is_refused_until_it_is_released() {
    let (desk, inputs, run) = contained(LEAK, leaked);
    let plan = args("plan", LEAK, &inputs);
    let refused = desk.ends(4, &plan);
    assert!(
        refused.out.contains(&format!("run {run} holds `iam.access-key-status")),
        "{}",
        refused.out
    );
    let second = desk.ends(4, &[&args("run", LEAK, &inputs)[..], &RUN].concat());
    assert!(
        second.err.contains("nothing was changed") && second.err.contains(&run),
        "{}",
        second.err
    );
    let beside = desk.run(&[&plan[..], &["--beside", &run]].concat());
    assert!(!beside.out.contains(" holds `iam.access-key-status"), "{}", beside.out);
    desk.ends(0, &["release", "last", "--yes"]);
    desk.ends(0, &plan);
}

#[test]
fn another_home_sees_the_marks_in_the_account() {
    for (playbook, inputs) in [(LEAK, leaked as fn(&Seed) -> Vec<String>), (HOST, compromised)] {
        let (desk, inputs, run) = contained(playbook, inputs);
        let other = Desk::at(&desk.endpoint, &desk.account);
        let refused = other.ends(4, &args("plan", playbook, &inputs));
        assert!(refused.out.contains(&format!("is held by run {run}")), "{}", refused.out);
        desk.ends(0, &["release", "last", "--yes"]);
        other.ends(0, &args("plan", playbook, &inputs));
    }
}

#[test]
fn of_two_at_once_one_begins() {
    let (desk, seed) = Desk::seeded();
    let inputs = leaked(&seed);
    let run = [&args("run", LEAK, &inputs)[..], &RUN].concat();
    let start = || {
        let mut command = desk.command(&run);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts")
    };
    let both = [start(), start()].map(|child| child.wait_with_output().expect("it ends"));
    let mut codes = both.each_ref().map(|ended| ended.status.code());
    codes.sort_unstable();
    let said = both.map(|ended| String::from_utf8_lossy(&ended.stderr).into_owned());
    assert_eq!(codes, [Some(0), Some(4)], "{said:?}");
    desk.ends(0, &["release", "last", "--yes"]);
}

/// A drill that does to an instance what a run has done to it already.
const DRILL: &str = "\
simulation: held
title: A drill on what a run holds
version: 1.0.0
hypothesis: it is refused
owner: lead
roles:
  lead: { duty: decides }
guard:
  accounts: [\"ACCOUNT\"]
  regions: [us-east-1]
  max-cost: 1
inputs:
  instance: { type: instance }
faults:
  touch:
    attack:
      steps:
        protect:
          uses: ec2.protect-instance
          with: { instance: \"${{ inputs.instance }}\" }
";

#[test]
fn a_drill_is_refused_what_a_run_holds() {
    let (desk, inputs, run) = contained(HOST, compromised);
    let file = desk.path("held.yaml");
    std::fs::write(&file, DRILL.replace("ACCOUNT", &desk.account)).expect("written");
    let file = file.display().to_string();
    let drill = ["drill", "run", &file, "-i", &inputs[0], "--yes"];
    let refused = desk.ends(4, &drill);
    assert!(refused.err.contains(&format!("run {run} holds `")), "{}", refused.err);
    assert_eq!(desk.runs().len(), 1, "there is no drill to release");
    desk.ends(0, &["release", "last", "--yes"]);
}

/// A run that nobody can read is not taken for one that holds nothing.
#[test]
fn what_an_unreadable_run_holds_is_called_unknown() {
    let (desk, inputs, run) = contained(LEAK, leaked);
    desk.ends(0, &["release", "last", "--yes"]);
    let plan = args("plan", LEAK, &inputs);
    let unknown = format!("what run {run} holds is unknown");
    let before = desk.ends(0, &plan);
    assert!(!before.out.contains(&unknown), "{}", before.out);
    // As long as before, so that only the chain tells.
    let text = std::fs::read_to_string(desk.journal()).expect("a journal");
    let spoilt = text.replacen("\"playbook\":\"iam-key-leak\"", "\"playbook\":\"iam-key-leap\"", 1);
    assert_ne!(text, spoilt);
    std::fs::write(desk.journal(), spoilt).expect("written");
    let after = desk.ends(0, &plan);
    assert!(after.out.contains(&unknown) && after.out.contains("chain is broken"), "{}", after.out);
    assert!(desk.ends(0, &["runs"]).out.contains("TAMPERED"));
}
