//! Twins of the shipped simulations in which one thing is wrong. Each must be scored as exactly that,
//! and give everything back like a drill that passes.

use backburn::lab::Lab;

use super::{Drill, is_finished, replaced};
use crate::binary::wait_for;

/// Runs the twin to `outcome` of one objective.
fn misses(name: &str, edit: impl Fn(&str) -> String, (part, of): (&str, &str), outcome: &str) {
    let drill = Drill::edited(name, edit);
    drill.ends(11);
    drill.scores(outcome, part, of);
    drill.no_experiment_runs();
    drill.left_nothing();
}

/// Without `detector` there is nothing that could find anything.
fn blind(text: &str) -> String {
    let seen = text.replace("  detector:\n    uses: guardduty.enable\n", "");
    assert_ne!(seen, text);
    replaced(&seen, "  finding:", "within: 15m", "within: 6s")
}

#[test]
fn a_leaked_key_without_a_detector() {
    misses("leaked-key", blind, ("detection", "finding"), "missed");
}

#[test]
fn a_stopped_trail_without_a_detector() {
    misses("cloudtrail-stopped", blind, ("detection", "finding"), "missed");
}

#[test]
fn a_trail_of_somebody_else() {
    let edit = |text: &str| {
        let theirs = "resource: arn:aws:cloudtrail:us-east-1:123456789012:trail/theirs";
        let text = replaced(text, "  call:", "resource: ${{ steps.trail.trail }}", theirs);
        replaced(&text, "  call:", "within: 15m", "within: 8s")
    };
    misses("cloudtrail-stopped", edit, ("detection", "call"), "wrong-resource");
}

#[test]
fn an_instance_of_somebody_else() {
    let edit = |text: &str| {
        let mine = "resource: ${{ steps.server.instance }}";
        let text = replaced(text, "  stopped:", mine, "resource: i-0123456789abcdef0");
        replaced(&text, "  stopped:", "within: 2m", "within: 8s")
    };
    misses("ec2-stop-restore", edit, ("detection", "stopped"), "wrong-resource");
}

#[test]
fn an_event_that_never_comes() {
    let edit = |text: &str| {
        let text = replaced(text, "expect:", "state: ALARM", "state: INSUFFICIENT_DATA");
        replaced(&text, "expect:", "within: 8m", "within: 4s")
    };
    misses("az-network-loss", edit, ("detection", "silence"), "missed");
}

#[test]
fn a_finding_that_comes_too_late() {
    let edit = |text: &str| replaced(text, "  finding:", "within: 15m", "within: 1ms");
    misses("cloudtrail-stopped", edit, ("detection", "finding"), "late");
}

#[test]
fn a_sample_that_is_not_accepted() {
    let edit = |text: &str| {
        let text = replaced(text, "  finding:", "    accept: plumbing-only\n", "");
        let text = replaced(&text, "  finding:", "within: 5m", "within: 8s");
        replaced(&text, "refused:", "within: 2m", "within: 6s")
    };
    let drill = Drill::edited("instance-crypto-mining", edit);
    drill.ends(11);
    // Nobody was told of anything real, so nobody answered, and the attacker goes on.
    drill.scores("still-works", "refused", "stolen-credentials");
    let response = drill.objective("response", "../playbooks/ec2-crypto-mining.yaml");
    assert_eq!(response["outcome"], "not-run");
    assert_eq!(drill.objective("detection", "finding")["outcome"], "plumbing-only");
    drill.left_nothing();
}

/// The backup was taken when the items were damaged already, by one that nobody knows as a canary.
#[test]
fn items_that_come_back_damaged() {
    let edit = |text: &str| {
        let damage = [
            "  damage:",
            "    uses: dynamodb.write-canary",
            "    with: { table: \"${{ steps.table.table }}\" }",
            "  first-items:",
            "    needs: damage\n",
        ]
        .join("\n");
        let text = replaced(text, "arrange:", "  first-items:\n", &damage);
        let steady = text.find("  items:\n    uses: dynamodb.compare-items").expect("a check");
        let next = text.find("  objects:\n    uses: s3.compare-objects").expect("the next");
        format!("{}{}", &text[..steady], &text[next..])
    };
    misses("ransomware-dynamodb-s3", edit, ("content", "same-items"), "damaged");
}

#[test]
fn objects_that_differ_from_what_was_saved() {
    let edit = |text: &str| {
        let other = format!("digest: \"{}\"", "0".repeat(64));
        replaced(text, "    same-objects:", "digest: ${{ steps.bucket.digest }}", &other)
    };
    misses("ransomware-dynamodb-s3", edit, ("content", "same-objects"), "damaged");
}

#[test]
fn a_table_that_does_not_come_back() {
    let edit = |text: &str| {
        let name = "table: ${{ steps.restore-table.resource-id }}";
        replaced(text, "    same-items:", name, "table: ${{ steps.restore-table.resource-id }}-not")
    };
    misses("ransomware-dynamodb-s3", edit, ("content", "same-items"), "missing");
}

#[test]
fn a_restore_that_takes_too_long() {
    let edit = |text: &str| replaced(text, "recover:", "rto: 30m", "rto: 1ms");
    misses("ec2-stop-restore", edit, ("rto", "fault to verified content"), "late");
}

/// Somebody deletes the recovery point while the fault is on.
#[test]
fn a_backup_that_is_gone() {
    let drill = Drill::edited("ec2-stop-restore", str::to_owned);
    let running = drill.until(|line| is_finished(line, "backup"));
    delete_recovery_points(&drill.lab, &drill.desk.account);
    let ended = running.ended();
    assert_eq!(ended.code, Some(5), "{}\n{}", ended.out, ended.err);
    drill.scores("failed", "rto", "fault to verified content");
    drill.no_experiment_runs();
    drill.left_nothing();
}

fn delete_recovery_points(lab: &Lab, account: &str) {
    let backup = aws_sdk_backup::Client::new(&lab.sdk_config(account));
    wait_for(async {
        let vaults = backup.list_backup_vaults().send().await.expect("listed");
        for vault in vaults.backup_vault_list().iter().filter_map(|v| v.backup_vault_name()) {
            let points = backup.list_recovery_points_by_backup_vault().backup_vault_name(vault);
            for point in points.send().await.expect("listed").recovery_points() {
                let call = backup.delete_recovery_point().backup_vault_name(vault);
                let point = point.recovery_point_arn().expect("an ARN");
                call.recovery_point_arn(point).send().await.expect("deleted");
            }
        }
    });
}
