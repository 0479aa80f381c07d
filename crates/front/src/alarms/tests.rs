//! Alarms before a real moto, through boto3, and over a restart.

use std::time::Duration;

use serde_json::{Value, json};

use super::Alarms;
use crate::killable::Killable;
use crate::testing::{account, moto, served_with, until};
use crate::{Clock, Options, Session};

fn options(factor: f64) -> Options {
    let mut options = Options::new(moto().endpoint.clone());
    options.clock = Clock::times(factor).expect("a factor");
    options
}

#[tokio::test]
async fn boto3_sees_alarms_evaluated_and_told() {
    let lab = served_with(options(60.0), |front| front.with(Alarms::new(false))).await;
    let script = include_str!("../../tests/alarms.py");
    let result = lab.boto3(script).await;
    assert_eq!(result, json!("done"));
}

#[tokio::test]
async fn an_upstream_that_evaluates_is_left_alone() {
    let lab = served_with(options(60.0), |front| front.with(Alarms::new(true))).await;
    let alarm = json!({
        "AlarmName": "a", "Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold",
    });
    lab.client.query("monitoring", "PutMetricAlarm", alarm).await.expect("put");
    tokio::time::sleep(Duration::from_secs(2)).await;
    let xml = lab.client.query("monitoring", "DescribeAlarms", json!({})).await.expect("described");
    // moto's own.
    assert_eq!(xml.find("StateValue").map(|state| state.text.as_str()), Some("OK"));
}

/// An alarm without data, which that lets go off after a while.
fn breaching() -> Value {
    json!({
        "AlarmName": "a", "Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "breaching",
    })
}

async fn goes_off(session: &Session) {
    until("an alarm", async || {
        let xml =
            session.query("monitoring", "DescribeAlarms", json!({})).await.expect("described");
        xml.find("StateValue").is_some_and(|state| state.text == "ALARM")
    })
    .await;
}

#[tokio::test]
async fn a_restarted_front_goes_on_evaluating() {
    let home = tempfile::tempdir().expect("a directory");
    let at_home = || Options { home: Some(home.path().to_owned()), ..options(60.0) };
    let first = served_with(at_home(), |front| front.with(Alarms::new(false))).await;
    first.client.query("monitoring", "PutMetricAlarm", breaching()).await.expect("put");
    first.front.stop().await;
    let second = served_with(at_home(), |front| front.with(Alarms::new(false))).await;
    goes_off(&second.front.as_service(&first.scope())).await;
}

/// An answered `PutMetricAlarm` is all that the next front needs.
#[tokio::test]
async fn a_killed_front_goes_on_evaluating() {
    let home = tempfile::tempdir().expect("a directory");
    let account = account();
    let first = Killable::start(home.path(), "60x").await;
    let client = first.client(&account).await;
    client.query("monitoring", "PutMetricAlarm", breaching()).await.expect("put");
    first.kill().await;
    let second = Killable::start(home.path(), "60x").await;
    goes_off(&second.client(&account).await).await;
    second.kill().await;
}
