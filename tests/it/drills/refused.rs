//! What the guard refuses: exit code 4, and nothing was touched.

use aws_sdk_cloudwatch::types::StateValue;
use aws_sdk_fis::types::{SafetyLeverStatusInput, UpdateSafetyLeverStateInput};
use jiff::{Timestamp, tz::TimeZone};

use super::{Drill, ended::under_an_alarm, replaced};
use crate::binary::wait_for;

fn refused(drill: &Drill, why: &str) {
    let ended = drill.ends(4);
    assert!(ended.err.contains(why), "{why}: {}", ended.err);
    assert!(ended.err.contains("nothing was"), "{}", ended.err);
    drill.no_experiment_runs();
    drill.left_nothing();
    assert!(drill.desk.runs().is_empty(), "there is no run to release");
}

fn edited(marker: &'static str, from: &'static str, to: String) -> Drill {
    Drill::edited("az-network-loss", move |text| replaced(text, marker, from, &to))
}

#[test]
fn an_account_that_is_not_on_the_list() {
    let drill = Drill::edited("az-network-loss", |text| {
        let at = text.find("accounts: [").expect("a list");
        let end = at + text[at..].find(']').expect("its end");
        format!("{}accounts: [\"999999999999\"{}", &text[..at], &text[end..])
    });
    refused(&drill, "the drill may run in `999999999999`");
}

#[test]
fn a_region_that_is_not_on_the_list() {
    let drill = edited("guard:", "[us-east-1]", "[eu-central-1, eu-west-1]".into());
    refused(&drill, "the drill may run in `eu-central-1`, `eu-west-1`");
}

#[test]
fn a_cost_over_the_cap() {
    let drill = edited("guard:", "max-cost: 4", "max-cost: 0.1".into());
    refused(&drill, "`max-cost` is 0.10");
}

#[test]
fn a_time_outside_of_the_window() {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let today = TimeZone::UTC.to_datetime(Timestamp::now()).weekday().to_monday_zero_offset();
    let day = days[(today as usize + 2) % 7];
    let window = format!(
        "max-cost: 4\n  window: {{ days: [{day}], from: \"00:00\", to: \"23:59\", time-zone: UTC }}"
    );
    let drill = edited("guard:", "max-cost: 4", window);
    refused(&drill, "now it is");
}

#[test]
fn an_alarm_that_is_on() {
    let drill = under_an_alarm(StateValue::Alarm);
    refused(&drill, "alarm `checkout-errors` is in ALARM");
}

#[test]
fn an_engaged_safety_lever() {
    let mut drill = Drill::edited("az-network-loss", str::to_owned);
    let state = UpdateSafetyLeverStateInput::builder()
        .status(SafetyLeverStatusInput::Engaged)
        .reason("a real incident")
        .build();
    let fis = aws_sdk_fis::Client::new(&drill.sdk());
    let moved = fis.update_safety_lever_state().id("default").state(state.expect("complete"));
    wait_for(moved.send()).expect("engaged");
    drill.before = drill.now();
    refused(&drill, "because: a real incident");
}

#[test]
fn nobody_said_yes() {
    let drill = Drill::edited("az-network-loss", str::to_owned);
    let ended = drill.commands(4, &["drill", "run", &drill.file]);
    assert!(ended.err.contains("nobody can be asked"), "{}", ended.err);
    let other = ["drill", "run", &drill.file, "--account", "999999999999"];
    drill.commands(4, &other);
    drill.left_nothing();
}
