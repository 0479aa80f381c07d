//! Alarms before a real moto, through boto3, and over a restart.

use std::time::Duration;

use serde_json::json;

use super::Alarms;
use crate::lab::front::testing::{moto, served_with};
use crate::lab::front::{Clock, Options};

fn options(factor: f64) -> Options {
    let mut options = Options::new(moto().endpoint.clone());
    options.clock = Clock::times(factor).expect("a factor");
    options
}

#[tokio::test]
async fn boto3_sees_alarms_evaluated_and_told() {
    let lab = served_with(options(60.0), |front| front.with(Alarms::new(false))).await;
    let script = include_str!("../../../../tests/support/front_alarms.py");
    let result = lab.boto3(script).await;
    assert!(result["stopped"].as_f64().expect("seconds") < 10.0, "{result}");
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

#[tokio::test]
async fn a_restarted_front_goes_on_evaluating() {
    let home = tempfile::tempdir().expect("a directory");
    let at_home = || Options { home: Some(home.path().to_owned()), ..options(60.0) };
    let first = served_with(at_home(), |front| front.with(Alarms::new(false))).await;
    let alarm = json!({
        "AlarmName": "a", "Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "breaching",
    });
    first.client.query("monitoring", "PutMetricAlarm", alarm).await.expect("put");
    first.front.stop().await;
    let second = served_with(at_home(), |front| front.with(Alarms::new(false))).await;
    let session = second.front.as_service(&first.scope());
    let mut state = String::new();
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let xml =
            session.query("monitoring", "DescribeAlarms", json!({})).await.expect("described");
        state = xml.find("StateValue").map(|state| state.text.clone()).unwrap_or_default();
        if state == "ALARM" {
            break;
        }
    }
    assert_eq!(state, "ALARM");
}
