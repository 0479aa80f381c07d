//! The upstream's alarms: reading them, setting their state, publishing it.

use jiff::Timestamp;
use serde_json::json;

use super::alarm::{Alarm, Standing};
use super::notice;
use crate::wire::iso;
use crate::{AwsError, Event, Front, Session};

/// Metric alarms: all, or those of one name.
pub(super) async fn alarms(session: &Session, name: Option<&str>) -> Result<Vec<Alarm>, AwsError> {
    let mut params = json!({"AlarmTypes": ["MetricAlarm"]});
    if let Some(name) = name {
        params["AlarmNames"] = json!([name]);
    }
    let mut alarms = Vec::new();
    // An account's quota is 5,000; a page has 50 or more.
    for _ in 0..100 {
        let xml = session.query("monitoring", "DescribeAlarms", params.clone()).await?;
        let list = xml.find("MetricAlarms").map(|list| list.all("member")).unwrap_or_default();
        alarms.extend(list.into_iter().filter_map(Alarm::read));
        match xml
            .find("NextToken")
            .map(|token| token.text.as_str())
            .filter(|token| !token.is_empty())
        {
            Some(token) => params["NextToken"] = json!(token),
            None => break,
        }
    }
    Ok(alarms)
}

/// `SetAlarmState`.
pub(super) async fn set(session: &Session, name: &str, to: &Standing) -> Result<(), AwsError> {
    let mut params =
        json!({"AlarmName": name, "StateValue": to.state.name(), "StateReason": to.reason});
    if !to.data.is_empty() {
        params["StateReasonData"] = json!(to.data);
    }
    session.query("monitoring", "SetAlarmState", params).await.map(drop)
}

/// Notifies EventBridge, and the topics that the alarm names for its new state.
pub(super) async fn announce(front: &Front, session: &Session, alarm: &Alarm, new: &Standing) {
    let (at, old) = (session.scope(), &alarm.standing);
    let detail = notice::detail(alarm, old, new);
    front.raise(
        Event::new(at, "aws.cloudwatch", "CloudWatch Alarm State Change", detail).about(&alarm.arn),
    );
    if !alarm.actions_enabled {
        return;
    }
    for action in alarm.actions(new.state) {
        let mut parts = action.split(':').skip(2);
        if parts.next() != Some("sns") {
            tracing::warn!(
                alarm = alarm.name,
                action,
                "the lab's front takes SNS topics as alarm actions only"
            );
            continue;
        }
        let region = parts.next().unwrap_or(&at.region);
        let (subject, message) = notice::sns(alarm, at, old, new);
        let params = json!({"TopicArn": action, "Subject": subject, "Message": message});
        if let Err(error) = session.in_region(region).query("sns", "Publish", params).await {
            tracing::warn!(alarm = alarm.name, action, %error, "an alarm's topic was not notified");
        }
    }
}

/// A state of now.
pub(super) fn standing(state: super::evaluate::State, reason: String, data: String) -> Standing {
    Standing { state, reason, data, since: iso(Timestamp::now()) }
}
