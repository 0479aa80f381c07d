//! A simulation that uses every section, as the graph that it lowers to.

use serde_json::json;

use crate::{
    drill::{CheckedDrill, check},
    playbook::{ActionInfo, Catalogue, Phase},
    program::mermaid,
};

/// Actions that take and give anything; their own schemas are tested with them.
pub(super) fn catalogue() -> Catalogue {
    let names = [
        "core.assert",
        "drill.guard",
        "drill.watch",
        "drill.mark",
        "drill.detect",
        "drill.begin-response",
        "drill.begin-recovery",
        "drill.try-again",
        "iam.recon",
        "s3.lift-public-access-block",
        "fis.run-experiment",
        "fis.await-experiment",
        "make.target",
        "backup.restore",
    ];
    let any = || json!({ "type": "object", "properties": {}, "additionalProperties": true });
    let action = |name: &str| {
        ActionInfo {
        name: name.into(),
        summary: "A test".into(),
        phase: Phase::Verify,
        contains: false,
        irreversible: false,
        effects: &[],
        inputs: json!({ "type": "object", "properties": {
            "accounts": {}, "regions": {}, "required-tag": {}, "max-cost": {}, "forecast": {},
            "stop-alarms": {}, "name": {}, "source": {}, "match": {}, "pattern": {}, "role": {},
            "actions": {}, "targets": {}, "stop-conditions": {}, "resource": {}, "within": {},
            "since": {}, "queue-url": {}, "via": {}, "playbook": {}, "inputs": {}, "experiment": {},
            "at-most": {}, "recovery-point": {}, "of": {}, "calls": {}, "until": {}, "worked": {}, "bucket": {}, "empty-target-resolution-mode": {},
        } })
        .into(),
        outputs: any().into(),
    }
    };
    names.into_iter().map(action).collect()
}

const RESPONSE: &str = "
playbook: answer
title: An answer
version: 1.0.0
severity: high
inputs:
  target: { type: string }
steps:
  cut: { uses: make.target, with: { of: \"${{ inputs.target }}\" } }
  keep: { uses: make.target, with: { of: \"${{ inputs.target }}\" } }
  look: { uses: make.target, needs: [cut, keep] }
";

const WHOLE: &str = "
simulation: whole
title: Every section
hypothesis: It lowers
guard: { accounts: [\"111122223333\"], regions: [eu-west-1], max-cost: 1 }
experiment: { role: r }
arrange:
  net: { uses: make.target }
  host: { uses: make.target, with: { of: \"${{ steps.net.id }}\" } }
steady-state:
  up: { uses: make.target, with: { of: \"${{ steps.host.id }}\" } }
  later: { uses: make.target, when: after }
faults:
  stop:
    action: aws:ec2:stop-instances
    targets: { Instances: { resource-type: i, selection-mode: ALL } }
  steal:
    after: stop
    attack:
      as: { access-key: \"${{ steps.host.key }}\" }
      steps:
        look: { uses: make.target }
        take: { uses: make.target, needs: look }
expect:
  stopped:
    source: eventbridge
    pattern: { source: [aws.ec2] }
    resource: ${{ steps.host.id }}
    within: 1m
  stolen:
    source: cloudtrail
    match: { event-names: [ListUsers] }
    fault: steal
    resource: ${{ steps.host.key }}
    within: 1m
    via: poll
respond:
  playbook: answer.yaml
  with: { target: \"${{ steps.host.id }}\" }
  within: 5m
recover:
  rto: 5m
  steps:
    restore: { uses: backup.restore }
    same: { uses: make.target, needs: restore }
cleanup:
  tell: { uses: make.target }
";

fn checked(text: &str) -> CheckedDrill {
    let file = |name: &str| match name {
        "answer.yaml" => Ok(RESPONSE.to_owned()),
        _ => Err("no such file".into()),
    };
    check("whole.yaml", text, &catalogue(), &file)
}

#[test]
fn every_section_has_its_place_in_the_graph() {
    let found = checked(WHOLE);
    let said: String = found.all().map(|one| one.render(false, 100)).collect();
    let program = found.checked.program.unwrap_or_else(|| panic!("{said}"));
    insta::assert_snapshot!(mermaid(&program));
    let after = |first: &str, then: &str| program.has_path(first, then);
    assert!(after("guard", "net"), "nothing is touched before the guard");
    assert!(after("watch-stopped", "inject"), "who listens late hears nothing");
    assert!(!after("detect-stopped", "respond-cut"), "the response does not wait for detections");
    assert!(after("respond-look", "recovering") && after("experiment-end", "recovering"));
    assert!(after("recovered", "after-up"));
    for node in program.nodes() {
        assert!(node.id == "tell" || after(&node.id, "tell"), "`{}` comes before cleanup", node.id);
    }
    let actor = |id: &str| program.get(id).is_some_and(|node| node.actor.is_some());
    assert!(actor("take") && !actor("cut") && !actor("inject"));
    assert!(program.get("tell").is_some_and(|node| node.always));
}

#[test]
fn a_mistake_in_the_response_is_shown_there() {
    let file = |_: &str| Ok(RESPONSE.replace("inputs.target", "inputs.targt"));
    let found = check("whole.yaml", WHOLE, &catalogue(), &file);
    let response = found.response.as_ref().expect("it was read");
    assert!(response.has_errors() && found.has_errors() && !found.checked.has_errors());
}

#[test]
fn the_inputs_of_the_response_are_checked_like_those_of_an_action() {
    let codes = |text: &str| -> Vec<_> {
        checked(text).checked.diagnostics.into_iter().map(|one| one.code).collect()
    };
    let with = "with: { target: \"${{ steps.host.id }}\" }";
    assert_eq!(codes(&WHOLE.replace(with, "with: { targt: x }")), ["playbook::bad-value"; 2]);
    assert_eq!(codes(&WHOLE.replace(with, "with: { target: 7 }")), ["playbook::bad-value"]);
    assert_eq!(codes(WHOLE), [""; 0]);
}

const REFUSED: &str = "
simulation: refused
title: The attacker tries again
hypothesis: It is refused
guard: { accounts: [\"111122223333\"], regions: [eu-west-1], max-cost: 1 }
arrange:
  key: { uses: make.target }
  bucket: { uses: make.target }
faults:
  steal:
    attack:
      as: { role: \"${{ steps.key.arn }}\", session: i-0abc }
      steps:
        look: { uses: iam.recon }
        open: { uses: s3.lift-public-access-block, needs: look, with: { bucket: \"${{ steps.bucket.name }}\" } }
respond:
  playbook: answer.yaml
  with: { target: x }
refused:
  session: { steps: [look, open], calls: [\"ec2:DescribeInstances\"], within: 2m }
  key: { as: { access-key: \"${{ steps.key.id }}\" }, calls: [\"iam:ListUsers\"], within: 2m }
";

#[test]
fn the_attacker_tries_before_the_response_and_after_it() {
    let found = checked(REFUSED);
    let said: String = found.all().map(|one| one.render(false, 100)).collect();
    let program = found.checked.program.unwrap_or_else(|| panic!("{said}"));
    let after = |first: &str, then: &str| program.has_path(first, then);
    assert!(after("open", "try-session") && after("try-session", "respond-cut"));
    assert!(after("respond-look", "refused-session") && after("bucket", "refused-session"));
    let actor = |id: &str| program.get(id).and_then(|node| node.actor.as_ref()).map(|one| one.kind);
    use crate::playbook::ActorKind::{AccessKey, Session};
    for (id, kind) in [("look", Session), ("refused-session", Session), ("try-key", AccessKey)] {
        assert_eq!(actor(id), Some(kind), "{id}");
    }
    let calls = program.get("refused-session").and_then(|node| node.with.get("calls").cloned());
    let crate::playbook::expr::TemplateKind::List(calls) = calls.expect("calls").kind else {
        panic!("a list")
    };
    assert_eq!(calls.len(), 3);
    let outline = found.outline.expect("an outline");
    let names: Vec<_> = outline.refused.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["session", "key"]);
    // One mistake in an attack is one, however often its step is tried.
    let wrong = checked(&REFUSED.replace("steps.bucket.name", "steps.bukket.name"));
    let codes: Vec<_> = wrong.checked.diagnostics.iter().map(|one| one.code).collect();
    assert_eq!(codes, ["playbook::unknown-step"]);
}
