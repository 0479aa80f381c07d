//! Drills in which something is not as it looks: each was once scored as a pass. Owns one drill for each way in which a
//! score could lie; the sums are tested beside the code.

use serde_json::Value;

use super::{Drill, replaced};

/// What a step of this drill came to.
fn outputs(drill: &Drill, step: &str) -> Value {
    let text = std::fs::read_to_string(drill.desk.run_dir().join("journal.jsonl")).expect("text");
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let mut found = lines.filter(|line| super::is_finished(line, step));
    found.next().unwrap_or_else(|| panic!("`{step}` did not finish"))["outputs"].clone()
}

fn at(value: &Value) -> jiff::Timestamp {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{value}"))
}

/// Nobody heard of it, so nobody can have answered, however well the playbook would have worked.
#[test]
fn a_response_that_nobody_called_for() {
    let drill = Drill::edited("cloudtrail-stopped", |text| {
        let text = text.replace("  detector:\n    uses: guardduty.enable\n", "");
        let text = replaced(&text, "  finding:", "within: 15m", "within: 4s");
        let text = replaced(&text, "  call:", "[StopLogging]", "[DeleteVpc]");
        replaced(&text, "  call:", "within: 15m", "within: 4s")
    });
    let ended = drill.ends(11);
    drill.scores("not-run", "response", "../playbooks/cloudtrail-tamper.yaml");
    assert!(ended.out.contains("nobody was called"), "{}", ended.out);
    for name in ["call", "finding"] {
        assert_eq!(drill.objective("detection", name)["outcome"], "missed");
    }
    drill.left_nothing();
}

/// FIS throttles calls that the response never makes: what was fast was not the response under throttling.
#[test]
fn a_throttle_that_throttles_nothing() {
    let drill = Drill::edited("api-throttling", |text| {
        let text = replaced(text, "  throttle:", "operations: DescribeInstances,", "operations: ");
        replaced(&text, "  throttle:", "within: 2m", "within: 4s")
    });
    let ended = drill.ends(11);
    drill.scores("unproven", "fault", "throttle");
    assert!(ended.out.contains("calls were throttled"), "{}", ended.out);
    drill.left_nothing();
}

#[test]
fn a_fault_that_nothing_looks_at() {
    let drill = Drill::edited("leaked-key", |text| {
        let (from, to) =
            (text.find("    proof:\n").expect("it"), text.find("expect:\n  call").expect("it"));
        format!("{}{}", &text[..from], &text[to..])
    });
    drill.ends(11);
    drill.scores("unproven", "fault", "use-key");
    drill.left_nothing();
}

/// The simulation says that AWS refuses the call, and AWS allows it.
#[test]
fn an_attack_that_is_answered_otherwise() {
    let drill = Drill::edited("leaked-key", |text| {
        replaced(text, "look-around:", "expect: allowed", "expect: denied")
    });
    let ended = drill.ends(5);
    drill.scores("failed", "fault", "use-key");
    assert!(ended.out.contains("was allowed"), "{}", ended.out);
    drill.left_nothing();
}

#[test]
fn a_restore_that_nobody_compared() {
    let drill = Drill::edited("ec2-stop-restore", |text| {
        replaced(text, "recover:", "  accept: unverified\n", "")
    });
    drill.ends(11);
    drill.scores("unverified", "rto", "fault to verified content");
    drill.left_nothing();
}

/// A backup of the damage would score best of all: it is the youngest.
#[test]
fn a_recovery_point_that_is_later_than_the_fault() {
    let drill = Drill::edited("ec2-stop-restore", |text| {
        replaced(text, "recover:", "${{ steps.backup.created }}", "\"2099-01-01T00:00:00Z\"")
    });
    let ended = drill.ends(5);
    drill.scores("failed", "rpo", "recovery point before the fault");
    assert!(ended.out.contains("the point is after the fault"), "{}", ended.out);
    drill.left_nothing();
}

/// The point is seconds old, and what was written since is lost all the same.
#[test]
fn writes_that_are_lost() {
    let drill = Drill::edited("ransomware-dynamodb-s3", |text| {
        replaced(text, "recover:", "rpo: 2h", "rpo: 1ms")
    });
    drill.ends(11);
    drill.scores("late", "rpo", "writes until the fault");
    let loss = drill.objective("rpo", "writes until the fault");
    let note = loss["note"].as_str().expect("a note");
    assert!(note.contains("`same-items`: 3 of 4 canaries lost"), "{note}");
    assert!(note.contains("`same-objects`: 3 of 4 canaries lost"), "{note}");
    assert!(loss["took"].as_f64() > Some(1.0), "{loss:#}");
    drill.left_nothing();
}

/// Two actions of one experiment, the second after the first: each detection counts from its own fault.
#[test]
fn a_detection_that_is_late_by_the_first_fault_and_in_time_by_its_own() {
    let drill = Drill::edited("az-network-loss", |text| {
        let pause = [
            "faults:",
            "  pause:",
            "    action: aws:fis:wait",
            "    parameters: { duration: PT5M }",
            "    proof:",
            "      still-comes-in:",
            "        uses: cloudwatch.check-alarm",
            "        with: { alarm: \"${{ steps.silence.alarm }}\", state: OK }",
            "  cut:",
            "    after: pause\n",
        ]
        .join("\n");
        let text = replaced(text, "faults:", "faults:\n  cut:\n", &pause);
        replaced(&text, "  silence:\n    source", "  silence:\n", "  silence:\n    fault: cut\n")
    });
    drill.ends(0);
    let (first, own) = (outputs(&drill, "effect-pause"), outputs(&drill, "effect-cut"));
    let (first, own) = (at(&first["effective"]), at(&own["effective"]));
    assert!(own.duration_since(first).as_secs() >= 3, "{first} {own}");
    let clocks = drill.objective("detection", "silence")["clocks"].clone();
    assert_eq!(at(&clocks["effective"]), own, "not from the first action of the experiment");
    let faulted = at(&outputs(&drill, "faulted")["at"]);
    assert!(faulted >= own, "every fault has taken effect by then");
    drill.left_nothing();
}

/// Each step of the playbook has a condition that does not hold.
#[test]
fn a_response_of_which_every_step_is_skipped() {
    let drill = Drill::edited("cloudtrail-stopped", |text| {
        replaced(
            text,
            "respond:",
            "../playbooks/cloudtrail-tamper.yaml",
            "../playbooks/nothing.yaml",
        )
    });
    let playbook = "playbook: nothing\ntitle: Nothing\nversion: 1.0.0\nseverity: low\ninputs:\n  trail: { type: string }\nsteps:\n  look:\n    if: ${{ inputs.trail == \"another\" }}\n    uses: cloudtrail.check-logging\n    with: { trail: \"${{ inputs.trail }}\", is: true }\n";
    std::fs::write(drill.desk.path("playbooks/nothing.yaml"), playbook).expect("written");
    drill.ends(11);
    let response = drill.objective("response", "../playbooks/nothing.yaml");
    assert_eq!((&response["outcome"], &response["took"]), (&"not-run".into(), &Value::Null));
    drill.left_nothing();
}
