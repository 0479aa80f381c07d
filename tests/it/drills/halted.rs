//! `drill halt` from another process, in mid-experiment: the experiment ends, the drill is given back.

use aws_sdk_fis::types::{SafetyLeverStatusInput, UpdateSafetyLeverStateInput};

use super::{Drill, is_finished, replaced};
use crate::binary::wait_for;

/// `az-network-loss` with a fault that lasts until somebody ends it.
pub(super) fn endless() -> Drill {
    Drill::edited("az-network-loss", |text| {
        let text = replaced(text, "  cut:", "PT10M", "PT12H");
        replaced(&text, "guard:", "max-cost: 4", "max-cost: 100")
    })
}

#[test]
fn a_live_drill_is_halted() {
    let drill = endless();
    let running = drill.until(|line| is_finished(line, "inject"));
    let halt = drill.commands(0, &["drill", "halt"]);
    assert!(halt.err.contains("is stopping"), "{}", halt.err);
    assert!(halt.err.contains("given everything back"), "{}", halt.err);
    let ended = running.ended();
    // It may see the experiment's end before it sees that it is asked to stop.
    assert!(matches!(ended.code, Some(9 | 11)), "{}\n{}", ended.out, ended.err);
    assert_eq!(drill.experiments(), ["stopped"]);
    drill.left_nothing();
    // A second press of the button changes nothing.
    drill.commands(0, &["drill", "halt"]);
    drill.left_nothing();
}

#[test]
fn a_killed_drill_is_halted() {
    let drill = endless();
    drill.until(|line| is_finished(line, "inject")).kill();
    drill.experiment_is("running");
    let halt = drill.commands(11, &["drill", "halt"]);
    assert!(halt.out.contains("not-run"), "{}", halt.out);
    assert_eq!(drill.experiments(), ["stopped"]);
    drill.left_nothing();
}

#[test]
fn ctrl_c_ends_the_experiment_too() {
    let drill = endless();
    let running = drill.until(|line| is_finished(line, "inject"));
    running.interrupt();
    assert_eq!(running.ended().code, Some(9));
    assert_eq!(drill.experiments(), ["stopped"]);
    drill.left_nothing();
}

#[test]
fn the_safety_lever_is_engaged_on_demand() {
    let drill = endless();
    let running = drill.until(|line| is_finished(line, "inject"));
    let halt = drill.commands(0, &["drill", "halt", "--safety-lever"]);
    assert!(halt.err.contains("the safety lever is engaged"), "{}", halt.err);
    assert!(matches!(running.ended().code, Some(9 | 11)));
    assert_eq!(drill.now()["drills"]["lever"], "engaged");
    let refused = drill.ends(4);
    assert!(refused.err.contains("the safety lever"), "{}", refused.err);
    let state = UpdateSafetyLeverStateInput::builder()
        .status(SafetyLeverStatusInput::Disengaged)
        .reason("the drill is over")
        .build();
    let fis = aws_sdk_fis::Client::new(&drill.sdk());
    let moved = fis.update_safety_lever_state().id("default").state(state.expect("complete"));
    wait_for(moved.send()).expect("disengaged");
    drill.left_nothing();
}

/// Whoever runs a playbook has no drill to halt.
#[test]
fn a_run_that_is_no_drill_is_not_halted() {
    let (desk, seed) = crate::binary::Desk::seeded();
    let instance = format!("instance={}", seed.instance);
    desk.ends(
        0,
        &[
            "run",
            "playbooks/ec2-compromise.yaml",
            "-i",
            &instance,
            "-i",
            "case=IR-1",
            "--yes",
            "--accept-presumed",
        ],
    );
    let refused = desk.ends(2, &["drill", "halt"]);
    assert!(refused.err.contains("is no drill"), "{}", refused.err);
}
