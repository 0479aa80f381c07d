//! Experiments that end otherwise than the drill wants: a stop condition, a target that may not be hit.

use aws_sdk_cloudwatch::types::{ComparisonOperator, StateValue, Statistic};

use super::{Drill, is_finished, replaced};
use crate::binary::wait_for;

/// An alarm that stays in the state that it is given.
pub(super) fn make_alarm(drill: &Drill, state: StateValue) {
    let cloudwatch = aws_sdk_cloudwatch::Client::new(&drill.sdk());
    wait_for(async {
        let made = cloudwatch
            .put_metric_alarm()
            .alarm_name("checkout-errors")
            .namespace("Checkout")
            .metric_name("Errors")
            .statistic(Statistic::Sum)
            .period(60)
            .evaluation_periods(1)
            .threshold(1.0)
            .comparison_operator(ComparisonOperator::GreaterThanThreshold)
            .treat_missing_data("ignore");
        made.send().await.expect("made");
    });
    set_alarm(drill, state);
}

fn set_alarm(drill: &Drill, state: StateValue) {
    let cloudwatch = aws_sdk_cloudwatch::Client::new(&drill.sdk());
    let set = cloudwatch.set_alarm_state().alarm_name("checkout-errors").state_value(state);
    wait_for(set.state_reason("as arranged").send()).expect("set");
}

/// A long fault that the alarm would stop.
pub(super) fn watched(text: &str, account: &str) -> String {
    let text = replaced(text, "  cut:", "PT10M", "PT2H");
    let text = replaced(&text, "guard:", "max-cost: 4", "max-cost: 50");
    format!(
        "{text}\nstop-conditions: [\"arn:aws:cloudwatch:us-east-1:{account}:alarm:checkout-errors\"]\n"
    )
}

/// `az-network-loss` under an alarm that was there before, in `state`.
pub(super) fn under_an_alarm(state: StateValue) -> Drill {
    let mut drill = Drill::edited("az-network-loss", str::to_owned);
    let text = std::fs::read_to_string(&drill.file).expect("the simulation");
    std::fs::write(&drill.file, watched(&text, &drill.desk.account)).expect("written");
    make_alarm(&drill, state);
    drill.before = drill.now();
    drill
}

#[test]
fn an_alarm_stops_the_experiment() {
    let drill = under_an_alarm(StateValue::Ok);
    // Stopped before anything showed it, the fault would be unproven.
    let running = drill.until(|line| is_finished(line, "faulted"));
    set_alarm(&drill, StateValue::Alarm);
    let ended = running.ended();
    assert_eq!(ended.code, Some(11), "{}\n{}", ended.out, ended.err);
    drill.scores("stopped", "fault", "experiment");
    assert_eq!(drill.objective("steady-after", "same-acl")["outcome"], "pass");
    drill.no_experiment_runs();
    drill.left_nothing();
}

/// Its tags are known only when it is there: refused in the run, before the experiment.
#[test]
fn a_target_without_the_tag_is_not_hit() {
    let drill = Drill::edited("az-network-loss", |text| {
        replaced(text, "  network:", "      tags: { \"backburn:drill\": az-network-loss }\n", "")
    });
    let ended = drill.ends(5);
    assert!(ended.out.contains("is not tagged"), "{}", ended.out);
    drill.scores("failed", "fault", "experiment");
    assert_eq!(drill.experiments(), Vec::<String>::new());
    drill.left_nothing();
}
