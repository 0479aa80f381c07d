//! One CloudWatch alarm: its current state, and the earlier states in its history, so
//! that one that went to `ALARM` and back between two looks is seen.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html>

use aws_sdk_cloudwatch::types::{
    AlarmHistoryItem, AlarmType, CompositeAlarm, HistoryItemType, MetricAlarm,
};
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    event::{About, names},
    permissions::*,
    score::{Event, counts_from},
};
use crate::aws::kit::*;

/// # Errors
/// `Class::Gone` when there is no such alarm.
pub(super) async fn look(
    aws: &Aws,
    alarm: &str,
    state: &str,
    about: &About<'_>,
) -> Result<Vec<Event>, CallError> {
    let call = aws
        .cloudwatch()
        .describe_alarms()
        .alarm_names(alarm)
        .alarm_types(AlarmType::MetricAlarm)
        .alarm_types(AlarmType::CompositeAlarm)
        .send()
        .await
        .by(DESCRIBE_ALARMS)?;
    let metric = call.metric_alarms.into_iter().flatten().map(|alarm| of_metric(&alarm));
    let composite = call.composite_alarms.into_iter().flatten().map(|alarm| of_composite(&alarm));
    let Some(now_is) = metric.chain(composite).find(|found| found.name == alarm) else {
        return Err(CallError::local(
            DESCRIBE_ALARMS.action,
            Class::Gone,
            format!("no alarm `{alarm}`"),
        ));
    };
    let now = aws.now().await?;
    let binds = names(&now_is.about, about.resource);
    let event = |at: Timestamp, reason: &str| Event {
        id: format!("{alarm} {}", at.as_millisecond()),
        name: now_is.arn.clone(),
        kind: alarm.into(),
        title: reason.into(),
        created: at,
        received: now,
        binds,
        sample: false,
    };
    let mut events = Vec::new();
    if now_is.state == state
        && let Some(at) = now_is.since
    {
        events.push(event(at, &now_is.reason));
    }
    let call = aws
        .cloudwatch()
        .describe_alarm_history()
        .alarm_name(alarm)
        .history_item_type(HistoryItemType::StateUpdate)
        .start_date(DateTime::from_secs(counts_from(about.since).as_second()));
    let page = |token| call.clone().set_next_token(token).send();
    match Pages::new(DESCRIBE_ALARM_HISTORY, page).all().await {
        Ok(pages) => {
            let items = pages.into_iter().flat_map(|p| p.alarm_history_items.unwrap_or_default());
            let reached = items.filter_map(|item| reached(&item, state));
            events.extend(reached.map(|(at, reason)| event(at, &reason)));
        }
        // Local endpoints have no history; the alarm's current state may be enough.
        Err(e) if e.class == Class::Missing || !events.is_empty() => {}
        Err(e) => return Err(e),
    }
    Ok(events)
}

/// An alarm as it is now.
struct Now {
    name: String,
    arn: String,
    state: String,
    since: Option<Timestamp>,
    reason: String,
    /// What it is about: where a resource may be named.
    about: Value,
}

fn of_metric(alarm: &MetricAlarm) -> Now {
    let at = alarm.state_transitioned_timestamp.or(alarm.state_updated_timestamp);
    let metrics = alarm.metrics.iter().flatten();
    let inner = metrics.filter_map(|query| query.metric_stat()?.metric());
    let dimensions =
        inner.flat_map(aws_sdk_cloudwatch::types::Metric::dimensions).chain(alarm.dimensions());
    let values: Vec<_> = dimensions.filter_map(|dimension| dimension.value()).collect();
    let name = alarm.alarm_name.clone().unwrap_or_default();
    let arn = alarm.alarm_arn.clone().unwrap_or_default();
    Now {
        about: json!([name, arn, values]),
        name,
        arn,
        state: alarm.state_value.as_ref().map_or_else(String::new, |s| s.as_str().into()),
        since: at.and_then(|at| moment(&at)),
        reason: alarm.state_reason.clone().unwrap_or_default(),
    }
}

fn of_composite(alarm: &CompositeAlarm) -> Now {
    let at = alarm.state_transitioned_timestamp.or(alarm.state_updated_timestamp);
    let name = alarm.alarm_name.clone().unwrap_or_default();
    let arn = alarm.alarm_arn.clone().unwrap_or_default();
    // What set it off, by name and state: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html>.
    let data = alarm.state_reason_data.as_deref().and_then(|text| serde_json::from_str(text).ok());
    Now {
        about: json!([name, arn, data.unwrap_or(Value::Null)]),
        name,
        arn,
        state: alarm.state_value.as_ref().map_or_else(String::new, |s| s.as_str().into()),
        since: at.and_then(|at| moment(&at)),
        reason: alarm.state_reason.clone().unwrap_or_default(),
    }
}

/// When the alarm reached `state`, and why, if this is an item about that.
fn reached(item: &AlarmHistoryItem, state: &str) -> Option<(Timestamp, String)> {
    let data: Value = serde_json::from_str(item.history_data.as_deref()?).ok()?;
    let new = &data["newState"];
    let is = new["stateValue"] == state && data["oldState"]["stateValue"] != state;
    let at = item.timestamp.as_ref().and_then(moment)?;
    is.then(|| (at, new["stateReason"].as_str().unwrap_or_default().into()))
}

fn moment(at: &DateTime) -> Option<Timestamp> {
    Timestamp::from_millisecond(at.to_millis().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::types::{Dimension, StateValue};

    use super::*;

    fn at(seconds: i64) -> DateTime {
        DateTime::from_secs(seconds)
    }

    #[test]
    fn an_alarm_is_as_old_as_its_transition() {
        let instance = Dimension::builder().name("InstanceId").value("i-1").build();
        let alarm = MetricAlarm::builder()
            .alarm_name("cpu")
            .state_value(StateValue::Alarm)
            .state_transitioned_timestamp(at(100))
            .state_updated_timestamp(at(160))
            .dimensions(instance)
            .build();
        let now = of_metric(&alarm);
        assert_eq!((now.state.as_str(), now.since), ("ALARM", Timestamp::from_second(100).ok()));
        assert!(names(&now.about, "i-1") && !names(&now.about, "i-2"));
    }

    #[test]
    fn history_tells_of_states_that_were() {
        let item = |old: &str, new: &str| {
            let data = json!({ "version": "1.0", "oldState": { "stateValue": old },
                "newState": { "stateValue": new, "stateReason": "Threshold Crossed" } });
            AlarmHistoryItem::builder().timestamp(at(7)).history_data(data.to_string()).build()
        };
        let found = reached(&item("OK", "ALARM"), "ALARM").expect("reached");
        assert_eq!(
            found,
            (Timestamp::from_second(7).expect("in range"), "Threshold Crossed".into())
        );
        assert_eq!(reached(&item("ALARM", "OK"), "ALARM"), None);
        assert_eq!(reached(&item("ALARM", "ALARM"), "ALARM"), None);
        assert_eq!(reached(&AlarmHistoryItem::builder().build(), "ALARM"), None);
    }
}
