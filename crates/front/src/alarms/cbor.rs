//! CloudWatch calls in CBOR, which newer clients send and the upstream does not know: put to it in the query
//! protocol, and its XML read back into typed members.
//!
//! Which members are lists, numbers or times follows from their names:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html>.

use hyper::StatusCode;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use crate::upstream::{error_of, form};
use crate::wire::{Protocol, Xml, time};
use crate::{Answer, AwsError, Call};

/// Calls that the upstream knows, whatever the front does with them.
pub(super) const OPERATIONS: &[&str] = &[
    "PutMetricAlarm",
    "SetAlarmState",
    "DescribeAlarms",
    "DeleteAlarms",
    "DescribeAlarmHistory",
    "DescribeAlarmsForMetric",
    "DisableAlarmActions",
    "EnableAlarmActions",
    "GetMetricData",
    "GetMetricStatistics",
    "ListMetrics",
    "ListTagsForResource",
    "PutCompositeAlarm",
    "PutMetricData",
    "TagResource",
    "UntagResource",
];

/// The same call in the query protocol.
pub(super) fn as_query(call: &Call) -> Call {
    let body: bytes::Bytes = form(&call.service, &call.operation, &call.params).into();
    let mut headers = call.headers.clone();
    for name in ["smithy-protocol", "accept", "content-encoding"] {
        headers.remove(HeaderName::from_static(name));
    }
    let kind = "application/x-www-form-urlencoded; charset=utf-8";
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    let (protocol, path) = (Protocol::Query, "/".to_owned());
    Call { protocol, path, headers, body, ..call.clone() }
}

/// An answer to [`as_query`]'s call as members that can be written in CBOR.
pub(super) fn as_members(operation: &str, answer: Answer) -> Answer {
    let Answer::Raw { status, headers, body } = answer else { return answer };
    if status >= StatusCode::BAD_REQUEST {
        return error_of(status.as_u16(), &headers, &body).into();
    }
    let Some(root) = Xml::parse(&String::from_utf8_lossy(&body)) else {
        return AwsError::internal("the upstream's answer is no XML").into();
    };
    match root.get(&format!("{operation}Result")) {
        Some(result) => Answer::ok(members(result)),
        None => Answer::empty(),
    }
}

fn members(xml: &Xml) -> Value {
    let typed = |child: &Xml| (child.name.clone(), typed(&child.name, child));
    xml.children
        .iter()
        .map(typed)
        .filter(|(_, value)| !value.is_null())
        .collect::<Map<_, _>>()
        .into()
}

fn typed(name: &str, xml: &Xml) -> Value {
    if is_list(name) || xml.children.iter().any(|child| child.name == "member") {
        let item = |child: &Xml| match child.children.is_empty() {
            true => scalar(name, &child.text),
            false => members(child),
        };
        return xml.children.iter().map(item).collect();
    }
    match xml.children.is_empty() {
        true => scalar(name, &xml.text),
        false => members(xml),
    }
}

fn is_list(name: &str) -> bool {
    const LISTS: &[&str] = &[
        "AlarmActions",
        "AlarmHistoryItems",
        "CompositeAlarms",
        "Datapoints",
        "Dimensions",
        "InsufficientDataActions",
        "MetricAlarms",
        "MetricDataResults",
        "Metrics",
        "OKActions",
        "Tags",
        "Timestamps",
        "Values",
    ];
    LISTS.contains(&name)
}

/// Null for what is empty: AWS leaves it out.
fn scalar(name: &str, text: &str) -> Value {
    const DOUBLES: &[&str] =
        &["Average", "Maximum", "Minimum", "SampleCount", "Sum", "Threshold", "Values"];
    const WHOLE: &[&str] = &["DatapointsToAlarm", "EvaluationPeriods", "Period"];
    const FLAGS: &[&str] = &["ActionsEnabled", "ReturnData"];
    if text.is_empty() {
        return Value::Null;
    }
    if DOUBLES.contains(&name) {
        return text.parse::<f64>().map_or(Value::Null, |number| json!(number));
    }
    if WHOLE.contains(&name) {
        return text.parse::<i64>().map_or(Value::Null, |number| json!(number));
    }
    if FLAGS.contains(&name) {
        return json!(text.eq_ignore_ascii_case("true"));
    }
    if name.ends_with("Timestamp") || name == "Timestamps" {
        // moto leaves out that its times are UTC.
        let at = text.parse().or_else(|_| format!("{text}Z").parse());
        return at.map_or(Value::Null, time);
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_have_the_types_of_the_api() {
        let xml = "<DescribeAlarmsResponse><DescribeAlarmsResult><MetricAlarms><member>\
            <AlarmName>a</AlarmName><ActionsEnabled>true</ActionsEnabled><Threshold>1</Threshold>\
            <Period>60</Period><OKActions/><StateUpdatedTimestamp>2026-11-24T10:00:00.5</StateUpdatedTimestamp>\
            <Dimensions><member><Name>InstanceId</Name><Value>i-1</Value></member></Dimensions>\
            <Unit/></member></MetricAlarms><CompositeAlarms/></DescribeAlarmsResult></DescribeAlarmsResponse>";
        let root = Xml::parse(xml).expect("XML");
        let value = members(root.get("DescribeAlarmsResult").expect("a result"));
        let at = "2026-11-24T10:00:00.5Z".parse().expect("a moment");
        assert_eq!(
            value,
            json!({ "CompositeAlarms": [], "MetricAlarms": [{
                "AlarmName": "a", "ActionsEnabled": true, "Threshold": 1.0, "Period": 60, "OKActions": [],
                "StateUpdatedTimestamp": time(at),
                "Dimensions": [{ "Name": "InstanceId", "Value": "i-1" }],
            }] })
        );
    }
}
