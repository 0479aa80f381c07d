//! What AWS does to a run at its worst moments, with the real binary: too many calls for its quotas, a
//! permission that is missing, an error that nobody knows. Credentials that end are in `credentials`.

use std::fmt::Write as _;

use backburn::lab::{self, Control, LabOptions, Silent, Upstream};
use serde_json::{Value, json};

use crate::belts::asked;
use crate::binary::{Desk, Ended, Running, wait_for};
use crate::support;

const TAGGED: usize = 130;

fn written(desk: &Desk, text: &str) -> String {
    let file = desk.path("playbook.yaml");
    std::fs::write(&file, text).expect("written");
    file.display().to_string()
}

/// The front's rule, as its control page takes it.
pub(crate) fn arm(desk: &Desk, rule: &Value) {
    let rule = serde_json::from_value(rule.clone()).expect("a rule");
    wait_for(async {
        let control = Control::of(&desk.endpoint).await.expect("a front");
        control.arm(&rule).await.expect("armed");
    });
}

pub(crate) fn is_failure(line: &Value) -> bool {
    line["record"] == "step-failed"
}

/// Position in the journal of the end of a step.
fn finished(records: &[Value], step: &str) -> usize {
    let is = |line: &Value| line["record"] == "step-finished" && line["step"] == step;
    records.iter().position(is).unwrap_or_else(|| panic!("`{step}` did not finish"))
}

/// EC2 takes 100 tag calls at once and 10 a second; more than that come from one step. None fails, and a
/// containment that becomes ready while they queue is not behind them.
#[test]
fn a_fan_out_beyond_the_quotas_fails_nowhere_and_containment_passes_it() {
    let (seeded, seed) = Desk::seeded();
    let shared = support::lab();
    let quotas = LabOptions {
        upstream: Upstream::Url(shared.lab.front.as_ref().expect("a front").upstream.clone()),
        has_quotas: true,
        ..support::fronted()
    };
    let strict = wait_for(lab::up(&quotas, &Silent)).expect("up");
    let desk = Desk::at(&strict.endpoint, &seeded.account);
    let config = shared.lab.sdk_config(&seed.account);
    let volumes = wait_for(async {
        let ec2 = aws_sdk_ec2::Client::new(&config);
        let make = || async {
            let made = ec2.create_volume().availability_zone("us-east-1a").size(1).send().await;
            made.expect("a volume").volume_id.expect("an id")
        };
        futures::future::join_all((0..TAGGED).map(|_| make())).await
    });
    let mut text = format!(
        "playbook: many-tags\ntitle: Many tags\nversion: 1.0.0\nseverity: low\n\
         limits: {{ volumes: {TAGGED} }}\n\
         inputs:\n  instance:\n    type: instance\n    description: to isolate\n  \
         volumes:\n    type: list of volume\n    description: to tag\n    default:\n"
    );
    for volume in &volumes {
        writeln!(text, "      - {volume}").expect("a string");
    }
    text += "steps:\n  tag:\n    for-each: ${{ inputs.volumes }}\n    uses: ec2.tag-resource\n    \
             with:\n      resource: ${{ item }}\n      tags: { case: C-1 }\n  \
             alarm:\n    uses: core.wait\n    with:\n      duration: 1s\n  \
             isolate:\n    needs: [alarm]\n    uses: ec2.isolate-instance\n    with:\n      \
             instance: ${{ inputs.instance }}\n      cut-connections-after: 0s\n";
    let file = written(&desk, &text);
    let instance = format!("instance={}", seed.instance);
    let args = ["run", &file, "-i", &instance, "--yes", "--accept-presumed", "--parallel", "32"];
    let ended = desk.ends(0, &args);
    let records = desk.records();
    assert_eq!(records.iter().filter(|line| is_failure(line)).count(), 0, "{}", ended.err);
    let is_tag = |line: &Value| {
        let step = line["step"].as_str().unwrap_or_default();
        line["record"] == "step-finished" && step.starts_with("tag[")
    };
    assert_eq!(records.iter().filter(|line| is_tag(line)).count(), TAGGED);
    let isolated = finished(&records, "isolate");
    let after = records[isolated..].iter().filter(|line| is_tag(line)).count();
    assert!(after > 0, "the containment ended after all tags");
    wait_for(lab::down(&quotas, &Silent)).expect("down");
}

/// A playbook that waits for an answer, so that something can happen, and then tags the instance.
const WAITS: &str = "\
playbook: waits
title: Wait and tag
version: 1.0.0
severity: low
roles:
  responder: { duty: answers, contact: '#nobody' }
inputs:
  instance:
    type: instance
    description: the instance to tag
steps:
  wait:
    uses: core.manual
    owner: responder
    with: { instructions: go on }
  tag:
    needs: [wait]
    uses: ec2.tag-resource
    with:
      resource: ${{ inputs.instance }}
      tags: { case: C-1 }
";

/// Runs [`WAITS`], and does something while it waits.
pub(crate) fn meanwhile(
    desk: &Desk,
    instance: &str,
    edit: impl FnOnce(&mut std::process::Command),
    act: impl FnOnce(),
) -> Ended {
    let file = written(desk, WAITS);
    let instance = format!("instance={instance}");
    let args = ["run", &file, "-i", &instance, "--yes", "--wait-for-approval"];
    let mut command = desk.command(&args);
    edit(&mut command);
    let is_begun = |line: &Value| line["record"] == "step-started" && line["step"] == "wait";
    let running: Running = desk.until_with(&mut command, is_begun);
    act();
    asked(desk, "wait");
    desk.ends(0, &["approve", "last", "wait", "--as", "responder", "--reason", "it happened"]);
    running.ended()
}

pub(crate) fn failing(operation: &str, code: &str, status: u16, message: &str) -> Value {
    json!({
        "service": "ec2", "operation": operation,
        "effect": { "error": { "code": code, "status": status, "message": message } },
    })
}

#[test]
fn a_denied_step_says_what_to_add_to_which_policy() {
    let (desk, seed) = Desk::seeded();
    let arn = format!("arn:aws:ec2:us-east-1:{}:instance/{}", desk.account, seed.instance);
    let who = format!("arn:aws:iam::{}:user/night", desk.account);
    let text = format!(
        "You are not authorized to perform this operation. User: {who} is not authorized to perform: ec2:CreateTags on resource: {arn} because no identity-based policy allows the ec2:CreateTags action."
    );
    let ended = meanwhile(
        &desk,
        &seed.instance,
        |_| {},
        || {
            let mut rule = failing("CreateTags", "UnauthorizedOperation", 403, &text);
            rule["account"] = json!(desk.account);
            arm(&desk, &rule);
        },
    );
    assert_ne!(ended.code, Some(0));
    let failed = desk.records().into_iter().find(is_failure).expect("a failure");
    assert_eq!(failed["class"], "denied");
    let error = failed["error"].as_str().expect("a text");
    let add = format!(r#"{{"Effect":"Allow","Action":"ec2:CreateTags","Resource":"{arn}"}}"#);
    assert!(error.contains(&format!("add to the policy of `{who}`: {add}")), "{error}");
}

/// An error of no known class is no answer to whether the change was made: its intent stays open in the
/// journal, and the resumed run reads the account.
#[test]
fn an_unknown_error_leaves_the_change_to_the_resume() {
    let (desk, seed) = Desk::seeded();
    let ended = meanwhile(
        &desk,
        &seed.instance,
        |_| {},
        || {
            let mut rule = failing("CreateTags", "SomethingNew", 400, "Whatever this is.");
            rule["account"] = json!(desk.account);
            rule["times"] = json!(1);
            arm(&desk, &rule);
        },
    );
    assert_eq!(ended.code, Some(5), "{}\n{}", ended.out, ended.err);
    let records = desk.records();
    let failed = records.iter().find(|line| is_failure(line)).expect("a failure");
    assert_eq!(failed["class"], "unknown");
    let of = |kind: &str| records.iter().filter(|line| line["record"] == kind).count();
    assert_eq!((of("intent"), of("outcome")), (1, 0), "unsettled");
    desk.ends(0, &["resume", "last"]);
    desk.ends(0, &["release", "last", "--yes"]);
}
