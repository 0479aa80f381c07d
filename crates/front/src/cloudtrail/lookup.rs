//! LookupEvents. <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Record;
use crate::{Answer, AwsError, Call, Front, wire};

/// `None` for calls that are the upstream's.
pub(crate) fn answer(front: &Front, call: &Call) -> Option<Answer> {
    let is_ours = call.service == "cloudtrail" && call.operation == "LookupEvents";
    (is_ours && !front.passes("cloudtrail")).then(|| lookup(front, call).into())
}

fn lookup(front: &Front, call: &Call) -> Result<Value, AwsError> {
    let filter = Filter::read(call)?;
    let most = match call.number("MaxResults") {
        None => 50,
        Some(number @ 1..=50) => number as usize,
        Some(_) => {
            let message = "This exception is thrown if the limit specified is not valid.";
            return Err(AwsError::new(400, "InvalidMaxResultsException", message));
        }
    };
    let before = match call.text("NextToken") {
        None => u64::MAX,
        Some(token) => number_of(token).ok_or_else(|| {
            AwsError::new(
                400,
                "InvalidNextTokenException",
                "A token that is not valid, or was issued with other parameters.",
            )
        })?,
    };
    // Insights events are made of weeks of calls; there are none.
    if call.text("EventCategory").is_some() {
        return Ok(json!({ "Events": [] }));
    }
    let mut found = front.trail().before(&call.scope, before);
    found.retain(|record| filter.admits(record));
    let has_more = found.len() > most;
    found.truncate(most);
    let mut answer = json!({ "Events": found.iter().map(shown).collect::<Vec<_>>() });
    if let Some(last) = found.last().filter(|_| has_more) {
        answer["NextToken"] = URL_SAFE_NO_PAD.encode(format!("before:{}", last.number)).into();
    }
    Ok(answer)
}

fn number_of(token: &str) -> Option<u64> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    std::str::from_utf8(&bytes).ok()?.strip_prefix("before:")?.parse().ok()
}

fn shown(record: &Arc<Record>) -> Value {
    let resources: Vec<Value> = record
        .resources
        .iter()
        .map(|(kind, name)| json!({ "ResourceType": kind, "ResourceName": name }))
        .collect();
    let mut event = json!({
        "EventId": record.id,
        "EventName": record.name,
        "ReadOnly": record.is_read_only.to_string(),
        "EventTime": wire::time(record.time),
        "EventSource": record.source,
        "Username": record.user_name,
        "Resources": resources,
        "CloudTrailEvent": record.json(),
    });
    if !record.access_key.is_empty() {
        event["AccessKeyId"] = record.access_key.as_str().into();
    }
    event
}

struct Filter {
    attribute: Option<(String, String)>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl Filter {
    fn read(call: &Call) -> Result<Self, AwsError> {
        let invalid =
            |message: &str| AwsError::new(400, "InvalidLookupAttributesException", message);
        let attributes = call.params.get("LookupAttributes").and_then(Value::as_array);
        let attribute = match attributes.map(Vec::as_slice) {
            None | Some([]) => None,
            Some([attribute]) => {
                let text = |name: &str| attribute[name].as_str().map(str::to_owned);
                let pair = text("AttributeKey").zip(text("AttributeValue"));
                let pair = pair.filter(|(key, _)| KEYS.contains(&key.as_str()));
                Some(pair.ok_or_else(|| invalid("The lookup attribute is not valid."))?)
            }
            Some(_) => return Err(invalid("You can only specify one lookup attribute.")),
        };
        let (from, to) = (at(call, "StartTime")?, at(call, "EndTime")?);
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            let message = "The start time must be before the end time.";
            return Err(AwsError::new(400, "InvalidTimeRangeException", message));
        }
        Ok(Self { attribute, from, to })
    }

    fn admits(&self, record: &Record) -> bool {
        let is_in_time = self.from.is_none_or(|from| record.time >= from)
            && self.to.is_none_or(|to| record.time <= to);
        is_in_time && self.attribute.as_ref().is_none_or(|(key, value)| fits(record, key, value))
    }
}

const KEYS: &[&str] = &[
    "EventId",
    "EventName",
    "ReadOnly",
    "Username",
    "ResourceType",
    "ResourceName",
    "EventSource",
    "AccessKeyId",
];

fn fits(record: &Record, key: &str, value: &str) -> bool {
    match key {
        "EventId" => record.id == value,
        "EventName" => record.name == value,
        "ReadOnly" => record.is_read_only.to_string() == value,
        "Username" => record.user_name == value,
        "ResourceType" => record.resources.iter().any(|(kind, _)| kind == value),
        "ResourceName" => record.resources.iter().any(|(_, name)| name == value),
        "EventSource" => record.source == value,
        "AccessKeyId" => record.access_key == value,
        _ => false,
    }
}

/// Epoch seconds, or the ISO 8601 text that some clients send.
fn at(call: &Call, name: &str) -> Result<Option<Timestamp>, AwsError> {
    let found = match call.params.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.parse().ok(),
        Some(value) => {
            let milliseconds = value.as_f64().map(|seconds| (seconds * 1000.0).round() as i64);
            milliseconds.and_then(|ms| Timestamp::from_millisecond(ms).ok())
        }
    };
    let invalid = || AwsError::new(400, "InvalidTimeRangeException", format!("{name} is no time"));
    found.map(Some).ok_or_else(invalid)
}
