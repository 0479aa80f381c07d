//! A simulation that uses every section, as the graph that it lowers to.

use serde_json::json;

use crate::{
    drill::{CheckedDrill, check},
    playbook::{ActionInfo, Catalogue, OnFailure, Phase},
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
        "fis.await-effect",
        "fis.await-experiment",
        "guardduty.create-sample-findings",
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
            "accounts": {}, "regions": {}, "required-tag": {}, "max-cost": {}, "forecast": {}, "unpriced": {},
            "stop-alarms": {}, "name": {}, "source": {}, "match": {}, "pattern": {}, "region": {}, "role": {},
            "actions": {}, "targets": {}, "stop-conditions": {}, "resource": {}, "within": {},
            "since": {}, "queue-url": {}, "via": {}, "playbook": {}, "inputs": {}, "experiment": {},
            "at-most": {}, "recovery-point": {}, "of": {}, "calls": {}, "until": {}, "worked": {}, "bucket": {},
            "empty-target-resolution-mode": {}, "action": {},
            "detected": {}, "samples": {}, "recovery-points": {}, "that": {}, "types": {},
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
    proof:
      down: { uses: make.target, as: { role: r } }
  steal:
    after: stop
    attack:
      as: { access-key: \"${{ steps.host.key }}\" }
      steps:
        look: { uses: make.target }
        take: { uses: make.target, needs: look }
        locked: { uses: make.target, expect: denied }
    proof:
      stolen-it: { uses: make.target }
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
    assert!(after("effect-stop", "detect-stopped") && after("attack-steal", "detect-stolen"));
    assert!(!after("attack-steal", "detect-stopped"), "each waits for its own fault alone");
    assert!(
        after("effect-stop", "attack-steal"),
        "the second fault follows the first one's effect"
    );
    for proof in ["down", "stolen-it"] {
        assert!(after(proof, "faulted") && !after(proof, "detect-stopped"), "{proof}");
    }
    let begin = program.get("respond").expect("a response");
    let first = begin.first_of.as_ref().expect("it waits for the first detection");
    assert_eq!(first.steps, ["detect-stopped", "detect-stolen"]);
    assert!(after("respond-look", "recovering") && !after("experiment-end", "recovering"));
    assert!(after("recovered", "after-up") && after("experiment-end", "after-up"));
    let tolerated = |id: &str| program.get(id).map(|node| node.on_failure);
    assert_eq!(tolerated("locked"), Some(OnFailure::Continue), "AWS is to refuse it");
    assert_eq!(tolerated("take"), Some(OnFailure::Stop));
    assert_eq!(
        tolerated("down"),
        Some(OnFailure::Continue),
        "a fault that is unproven is answered, too"
    );
    for node in program.nodes() {
        assert!(node.id == "tell" || after(&node.id, "tell"), "`{}` comes before cleanup", node.id);
    }
    let actor = |id: &str| program.get(id).is_some_and(|node| node.actor.is_some());
    assert!(actor("take") && actor("down") && !actor("stolen-it") && !actor("inject"));
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
  after: faults
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

/// Where the program has this edge: what waits for what directly.
fn waits(text: &str, id: &str, first: bool) -> Vec<String> {
    let found = checked(text);
    let said: String = found.all().map(|one| one.render(false, 100)).collect();
    let program = found.checked.program.unwrap_or_else(|| panic!("{said}"));
    let node = program.get(id).expect("a step");
    match (first, &node.first_of) {
        (true, Some(first)) => first.steps.clone(),
        (true, None) => Vec::new(),
        _ => program.dependencies(id).iter().map(|(node, _)| node.id.clone()).collect(),
    }
}

#[test]
fn a_recovery_may_begin_while_the_fault_lasts() {
    let alone = {
        let (from, to) =
            (WHOLE.find("respond:\n").expect("it"), WHOLE.find("recover:\n").expect("it"));
        format!("{}{}", &WHOLE[..from], &WHOLE[to..])
    };
    let after = |word: &str| alone.replace("  rto: 5m\n", &format!("  rto: 5m\n  after: {word}\n"));
    let both = ["detect-stopped", "detect-stolen"];
    assert_eq!(waits(&alone, "recovering", true), both, "without a response");
    assert_eq!(waits(&after("first-detection"), "recovering", true), both);
    assert_eq!(waits(&after("faults"), "recovering", false), ["faulted"]);
    let all = waits(&after("experiment"), "recovering", false);
    assert!(all.contains(&"experiment-end".into()), "{all:?}");
    assert!(waits(&after("experiment"), "recovering", true).is_empty());
}

#[test]
fn a_response_begins_as_it_says() {
    let after =
        |word: &str| WHOLE.replace("  within: 5m\n", &format!("  within: 5m\n  after: {word}\n"));
    assert_eq!(waits(&after("faults"), "respond", true), [""; 0]);
    assert!(!waits(&after("faults"), "respond", false).contains(&"detect-stopped".into()));
    assert_eq!(waits(&after("detections"), "respond", true), [""; 0]);
    assert!(waits(&after("detections"), "respond", false).contains(&"detect-stopped".into()));
}

/// Calls of global services are recorded in one Region, wherever the drill runs.
#[test]
fn a_detection_is_listened_for_and_awaited_in_its_region() {
    let at = "    pattern: { source: [aws.ec2] }\n";
    let text = WHOLE.replace(at, &format!("{at}    region: us-east-1\n"));
    assert_ne!(text, WHOLE);
    let found = checked(&text);
    let said: String = found.all().map(|one| one.render(false, 100)).collect();
    let program = found.checked.program.unwrap_or_else(|| panic!("{said}"));
    let has = |id: &str| program.get(id).is_some_and(|node| node.with.get("region").is_some());
    assert!(has("watch-stopped") && has("detect-stopped"));
    assert!(!has("detect-stolen"));
}

/// Only samples that the drill made itself count for its detection.
#[test]
fn a_detection_knows_the_samples_of_its_fault() {
    let text = WHOLE.replace(
        "        look: { uses: make.target }\n",
        "        look: { uses: guardduty.create-sample-findings, with: { types: [a] } }\n",
    );
    assert!(waits(&text, "detect-stolen", false).contains(&"look".into()));
    assert!(!waits(&text, "detect-stopped", false).contains(&"look".into()));
}
