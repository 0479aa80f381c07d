//! Drills that do not come to their end: killed at many points, and a lab that is killed under one.
//! Resumed they pass; released nothing of them is left, and no experiment runs on.

use std::process::Command;

use backburn::lab::{self, LabOptions, Silent};
use serde_json::Value;

use super::{Drill, is_finished, replaced, side_by_side};
use crate::binary::wait_for;
use crate::support;

/// Drills at once: the machine has two processors.
const AT_ONCE: usize = 5;

/// Where a drill is killed: a record, the kind of what it is about, and the step it belongs to. An
/// empty text is any.
type Cut = (&'static str, &'static str, &'static str);

const EXPERIMENT: [Cut; 11] = [
    ("step-finished", "", "guard"),
    ("intent", "ec2.vpc", "network"),
    ("outcome", "ec2.subnet", "network"),
    ("intent", "iam.owned-role", "fis-role"),
    ("intent", "events.rule", "watch-silence"),
    ("intent", "fis.experiment-template", "inject"),
    ("intent", "fis.experiment", "inject"),
    ("outcome", "fis.experiment", "inject"),
    ("step-finished", "", "inject"),
    ("operation-started", "fis.await-experiment", "experiment-end"),
    ("step-finished", "", "experiment-end"),
];

const ATTACK: [Cut; 11] = [
    ("intent", "s3.bucket", "logs"),
    ("outcome", "s3.bucket", "logs"),
    ("intent", "cloudtrail.trail", "trail"),
    ("intent", "guardduty.detector", "detector"),
    ("intent", "sqs.queue", "watch-call"),
    ("outcome", "events.rule", "watch-finding"),
    ("intent", "cloudtrail.logging", "stop"),
    ("step-finished", "", "stop"),
    ("operation-started", "drill.detection", "detect-finding"),
    ("intent", "cloudtrail.logging", "respond-log-again"),
    ("step-finished", "", "responded"),
];

fn is((record, kind, step): Cut) -> impl Fn(&Value) -> bool {
    move |line| {
        line["record"] == record
            && (kind.is_empty() || line["place"]["kind"] == kind)
            && (step.is_empty() || line["step"] == step)
    }
}

fn killed(simulation: &str, cuts: &[Cut], end: impl Fn(&Drill) + Sync) {
    for some in cuts.chunks(AT_ONCE) {
        let name = |cut: &Cut| format!("{} {} {}", cut.0, cut.1, cut.2);
        side_by_side(some, name, |cut| {
            let drill = Drill::edited(simulation, str::to_owned);
            drill.until(is(*cut)).kill();
            end(&drill);
            drill.no_experiment_runs();
            drill.left_nothing();
            drill.commands(0, &["runs", "verify", "last"]);
        });
    }
}

fn resumed(drill: &Drill) {
    drill.commands(0, &["resume", "last"]);
    assert_eq!(drill.card()["outcome"], "pass", "{:#}", drill.card());
}

fn released(drill: &Drill) {
    drill.commands(0, &["release", "last", "--yes"]);
    drill.left_nothing();
    drill.commands(0, &["release", "last", "--yes"]);
}

#[test]
fn killed_with_an_experiment_it_is_resumed() {
    killed("az-network-loss", &EXPERIMENT, resumed);
}

#[test]
fn killed_with_an_experiment_it_is_released() {
    killed("az-network-loss", &EXPERIMENT, released);
}

#[test]
fn killed_with_an_attack_it_is_resumed() {
    killed("cloudtrail-stopped", &ATTACK, resumed);
}

#[test]
fn killed_with_an_attack_it_is_released() {
    killed("cloudtrail-stopped", &ATTACK, released);
}

#[test]
fn killed_with_a_restore_it_is_resumed_or_released() {
    let cuts = [
        ("operation-started", "backup.back-up", "backup"),
        ("operation-intent", "backup.restore", "restore"),
        ("operation-started", "backup.restore", "restore"),
        ("operation-started", "ec2.create-snapshot", "disk"),
    ];
    killed("ec2-stop-restore", &cuts, released);
    killed("ec2-stop-restore", &cuts, resumed);
}

/// Its own release is as safe as any.
#[test]
fn killed_while_it_gives_back_it_is_released() {
    let cuts = [
        ("release-started", "", ""),
        ("release-intent", "fis.experiment-template", ""),
        ("release-intent", "ec2.vpc", ""),
    ];
    killed("az-network-loss", &cuts, |drill| {
        let refused = drill.commands(4, &["resume", "last"]);
        assert!(refused.err.contains("backburn release"), "{}", refused.err);
        released(drill);
    });
}

/// Between its end and its release: whichever the kill met, something continues.
#[test]
fn killed_when_it_has_passed_it_is_still_given_back() {
    killed("cloudtrail-stopped", &[("run-finished", "", "")], |drill| {
        let ended = drill.desk.run(&["resume", "last"]);
        assert!(matches!(ended.code, Some(0 | 4)), "{ended:?}");
        released(drill);
        assert_eq!(drill.card()["outcome"], "pass", "{:#}", drill.card());
    });
}

/// A lab of its own, which can be killed.
fn lone() -> (LabOptions, lab::Lab) {
    let clock = "60x".parse().expect("a factor");
    let options = LabOptions { clock, ..support::fronted() };
    let lab = wait_for(lab::up(&options, &Silent)).expect("up");
    (options, lab)
}

/// The front ends as by a power cut, and stands again at the same port.
fn front_falls(options: &LabOptions) {
    let text = std::fs::read_to_string(options.home.join("lab.json")).expect("a state file");
    let state: Value = serde_json::from_str(&text).expect("JSON");
    let pid = state["front"]["process"]["pid"].as_u64().expect("a front").to_string();
    assert!(Command::new("kill").args(["-9", &pid]).status().expect("kill runs").success());
}

#[test]
fn the_lab_falls_under_a_drill() {
    let (options, lab) = lone();
    let drill = Drill::at(&lab, &support::drill_lab().account(), "az-network-loss", longer);
    let running = drill.until(|line| is_finished(line, "inject"));
    front_falls(&options);
    wait_for(lab::up(&options, &Silent)).expect("up again");
    // It may get over it, or have failed: nothing may be left once it is released.
    let ended = running.ended();
    let released = drill.desk.run(&["release", "last", "--yes"]);
    assert_eq!(released.code, Some(0), "{ended:?}\n{released:?}");
    drill.no_experiment_runs();
    drill.left_nothing();
}

#[test]
fn the_lab_falls_with_a_drill() {
    let (options, lab) = lone();
    let drill = Drill::at(&lab, &support::drill_lab().account(), "az-network-loss", longer);
    let running = drill.until(|line| is_finished(line, "inject"));
    front_falls(&options);
    running.kill();
    wait_for(lab::up(&options, &Silent)).expect("up again");
    // The event may have been lost with the lab; everything else continues.
    let resumed = drill.desk.run(&["resume", "last"]);
    assert!(matches!(resumed.code, Some(0 | 11)), "{resumed:?}");
    assert_eq!(drill.objective("fault", "experiment")["outcome"], "pass", "{resumed:?}");
    assert_eq!(drill.objective("steady-after", "same-acl")["outcome"], "pass", "{resumed:?}");
    drill.no_experiment_runs();
    drill.left_nothing();
}

/// The fault lasts until the lab is back.
fn longer(text: &str) -> String {
    let text = replaced(text, "  cut:", "PT10M", "PT15M");
    let text = replaced(&text, "expect:", "within: 8m", "within: 20s");
    replaced(&text, "guard:", "max-cost: 4", "max-cost: 6")
}
