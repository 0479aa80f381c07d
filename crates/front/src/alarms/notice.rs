//! What CloudWatch publishes about a changed state: the message to SNS topics and the event's detail.
//! Pure; who sends it is `notify`.

use serde_json::{Map, Value, json};

use super::alarm::{Alarm, Standing};
use super::reason::stamp;
use crate::{Scope, ids};

/// Subject and message for an SNS topic.
pub(super) fn sns(alarm: &Alarm, at: &Scope, old: &Standing, new: &Standing) -> (String, String) {
    let region = region_name(&at.region);
    let mut subject = format!("{}: \"{}\" in {region}", new.state.name(), alarm.name);
    // SNS takes no more.
    subject.truncate(subject.char_indices().nth(100).map_or(subject.len(), |(end, _)| end));
    let message = json!({
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": at.account,
        "AlarmConfigurationUpdatedTimestamp": restamp(&alarm.configured),
        "NewStateValue": new.state.name(),
        "NewStateReason": new.reason,
        "StateChangeTime": restamp(&new.since),
        "Region": region,
        "AlarmArn": alarm.arn,
        "OldStateValue": old.state.name(),
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_actions,
        "Trigger": trigger(alarm),
    });
    (subject, message.to_string())
}

fn trigger(alarm: &Alarm) -> Value {
    let mut trigger = Map::new();
    if alarm.metrics.is_empty() {
        let dimension = |(name, value): &(String, String)| json!({"value": value, "name": name});
        trigger.insert("MetricName".into(), json!(alarm.metric));
        trigger.insert("Namespace".into(), json!(alarm.namespace));
        if alarm.is_extended {
            trigger.insert("StatisticType".into(), json!("ExtendedStatistic"));
            trigger.insert("ExtendedStatistic".into(), json!(alarm.statistic));
        } else {
            let upper = alarm.statistic.replace("SampleCount", "Sample_Count").to_uppercase();
            trigger.insert("StatisticType".into(), json!("Statistic"));
            trigger.insert("Statistic".into(), json!(upper));
        }
        trigger.insert("Unit".into(), json!(alarm.unit));
        trigger.insert("Dimensions".into(), alarm.dimensions.iter().map(dimension).collect());
    }
    trigger.insert("Period".into(), json!(alarm.period));
    trigger.insert("EvaluationPeriods".into(), json!(alarm.periods));
    if let Some(to_alarm) = alarm.to_alarm {
        trigger.insert("DatapointsToAlarm".into(), json!(to_alarm));
    }
    trigger.insert("ComparisonOperator".into(), json!(alarm.comparison));
    trigger.insert("Threshold".into(), json!(alarm.threshold));
    trigger.insert("TreatMissingData".into(), json!(alarm.treat_missing));
    trigger.insert("EvaluateLowSampleCountPercentile".into(), json!(""));
    if !alarm.metrics.is_empty() {
        trigger.insert("Metrics".into(), json!(alarm.metrics));
    }
    trigger.into()
}

/// `detail` of a `CloudWatch Alarm State Change`.
pub(super) fn detail(alarm: &Alarm, old: &Standing, new: &Standing) -> Value {
    let mut configuration = Map::new();
    if let Some(description) = &alarm.description {
        configuration.insert("description".into(), json!(description));
    }
    configuration.insert("metrics".into(), metrics(alarm));
    json!({
        "alarmName": alarm.name,
        "state": standing(new),
        "previousState": standing(old),
        "configuration": configuration,
    })
}

fn standing(of: &Standing) -> Value {
    let mut state = json!({"value": of.state.name(), "reason": of.reason});
    if !of.data.is_empty() {
        state["reasonData"] = json!(of.data);
    }
    state["timestamp"] = json!(restamp(&of.since));
    state
}

fn metrics(alarm: &Alarm) -> Value {
    if alarm.metrics.is_empty() {
        let dimensions: Map<String, Value> =
            alarm.dimensions.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let metric =
            json!({"namespace": alarm.namespace, "name": alarm.metric, "dimensions": dimensions});
        let stat = json!({"metric": metric, "period": alarm.period, "stat": alarm.statistic});
        return json!([{"id": ids::uuid(), "metricStat": stat, "returnData": true}]);
    }
    alarm.metrics.iter().map(of_query).collect()
}

fn of_query(query: &Value) -> Value {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut one = json!({"id": text(query.get("Id")), "returnData": text(query.get("ReturnData")) != "false"});
    for (from, to) in [("Expression", "expression"), ("Label", "label")] {
        if query.get(from).is_some_and(|value| value != "") {
            one[to] = json!(text(query.get(from)));
        }
    }
    if let Some(stat) = query.get("MetricStat") {
        let metric = &stat["Metric"];
        let pairs = metric.get("Dimensions").and_then(Value::as_array).into_iter().flatten();
        let dimensions: Map<String, Value> =
            pairs.map(|pair| (text(pair.get("Name")), json!(text(pair.get("Value"))))).collect();
        one["metricStat"] = json!({
            "metric": {"namespace": metric["Namespace"], "name": metric["MetricName"], "dimensions": dimensions},
            "period": text(stat.get("Period")).parse::<u32>().ok(),
            "stat": stat["Stat"],
        });
    }
    one
}

/// An upstream's ISO time in CloudWatch's own form; as it was, when it is no time.
fn restamp(text: &str) -> String {
    text.parse().map_or_else(|_| text.to_owned(), stamp)
}

/// What CloudWatch calls a Region in messages; the code for those not listed.
fn region_name(code: &str) -> &str {
    match code {
        "us-east-1" => "US East (N. Virginia)",
        "us-east-2" => "US East (Ohio)",
        "us-west-1" => "US West (N. California)",
        "us-west-2" => "US West (Oregon)",
        "ca-central-1" => "Canada (Central)",
        "sa-east-1" => "South America (Sao Paulo)",
        "eu-west-1" => "EU (Ireland)",
        "eu-west-2" => "EU (London)",
        "eu-west-3" => "EU (Paris)",
        "eu-central-1" => "EU (Frankfurt)",
        "eu-north-1" => "EU (Stockholm)",
        "ap-south-1" => "Asia Pacific (Mumbai)",
        "ap-southeast-1" => "Asia Pacific (Singapore)",
        "ap-southeast-2" => "Asia Pacific (Sydney)",
        "ap-northeast-1" => "Asia Pacific (Tokyo)",
        "ap-northeast-2" => "Asia Pacific (Seoul)",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::alarm::tests::sample;
    use super::super::evaluate::State;
    use super::*;

    #[test]
    fn message_and_event_have_awss_members() {
        let alarm = sample();
        let new = Standing {
            state: State::Alarm,
            reason: "r".into(),
            data: "{}".into(),
            since: "2026-11-24T11:26:05.4Z".into(),
        };
        let at = Scope::new("111122223333", "eu-west-1");
        let (subject, message) = sns(&alarm, &at, &alarm.standing, &new);
        assert_eq!(subject, "ALARM: \"cpu\" in EU (Ireland)");
        let message: Value = serde_json::from_str(&message).expect("JSON");
        assert_eq!(message["StateChangeTime"], "2026-11-24T11:26:05.400+0000");
        assert_eq!(
            (&message["OldStateValue"], &message["NewStateValue"]),
            (&json!("INSUFFICIENT_DATA"), &json!("ALARM"))
        );
        assert_eq!(
            message["Trigger"]["Dimensions"],
            json!([{"value": "i-1", "name": "InstanceId"}])
        );
        assert_eq!(message["Trigger"]["Statistic"], "AVERAGE");
        let detail = detail(&alarm, &alarm.standing, &new);
        assert_eq!(detail["state"]["value"], "ALARM");
        assert_eq!(detail["previousState"].get("reasonData"), None);
        assert_eq!(
            detail["configuration"]["metrics"][0]["metricStat"]["metric"]["dimensions"]["InstanceId"],
            "i-1"
        );
    }
}
