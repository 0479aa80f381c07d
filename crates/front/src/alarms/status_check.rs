//! `AWS/EC2 StatusCheckFailed` of the instances that an alarm names, which no upstream publishes: 0 while an
//! instance runs, nothing once it is stopped, as on AWS.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html#status-check-metrics>

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::alarm::Alarm;
use crate::{AwsError, Session};

const METRICS: &[&str] = &[
    "StatusCheckFailed",
    "StatusCheckFailed_AttachedEBS",
    "StatusCheckFailed_Instance",
    "StatusCheckFailed_System",
];

/// Metric and instance of an alarm on a status check.
pub(super) fn watched(alarm: &Alarm) -> Option<(&'static str, &str)> {
    let metric = METRICS.iter().find(|metric| **metric == alarm.metric)?;
    if alarm.namespace != "AWS/EC2" || alarm.dimensions.len() != 1 {
        return None;
    }
    Some((metric, alarm.dimension("InstanceId")?))
}

/// Puts one datapoint for each running instance.
pub(super) async fn publish(session: &Session, alarms: &[Alarm]) -> Result<(), AwsError> {
    let watched: BTreeSet<(&str, &str)> = alarms.iter().filter_map(watched).collect();
    if watched.is_empty() {
        return Ok(());
    }
    let xml = session.query("ec2", "DescribeInstances", json!({})).await?;
    let instances = xml.all("reservationSet/item/instancesSet/item");
    let running: BTreeSet<&str> = instances
        .iter()
        .filter(|instance| instance.text("instanceState/name") == "running")
        .map(|instance| instance.text("instanceId"))
        .collect();
    let data: Vec<Value> = watched
        .into_iter()
        .filter(|(_, instance)| running.contains(instance))
        .map(|(metric, instance)| {
            let dimensions = json!([{"Name": "InstanceId", "Value": instance}]);
            json!({"MetricName": metric, "Dimensions": dimensions, "Value": 0, "Unit": "Count"})
        })
        .collect();
    // As many as PutMetricData takes.
    for part in data.chunks(1000) {
        let params = json!({"Namespace": "AWS/EC2", "MetricData": part});
        session.query("monitoring", "PutMetricData", params).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::alarm::tests::sample;
    use super::*;

    #[test]
    fn only_status_checks_of_one_instance_are_watched() {
        let mut alarm = sample();
        assert_eq!(watched(&alarm), None);
        alarm.metric = "StatusCheckFailed_System".into();
        assert_eq!(watched(&alarm), Some(("StatusCheckFailed_System", "i-1")));
        alarm.namespace = "Mine".into();
        assert_eq!(watched(&alarm), None);
    }
}
