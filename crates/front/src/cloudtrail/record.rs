//! One event in CloudTrail's record format. Reads a call and its outcome; keeps nothing.

use serde_json::{Map, Value, json};

use super::{error_code, identity, names, params, resources, response};
use crate::observe::{Acting, Outcome};
use crate::upstream::error_of;
use crate::{Call, ids};

const VERSION: &str = "1.11";
/// Longer elements are left out, as CloudTrail truncates events of more than 256 KB.
const LONGEST: usize = 100_000;

/// The whole record.
pub(crate) fn event(call: &Call, outcome: &Outcome<'_>, acting: Option<&Acting>) -> Value {
    let (user, _) = identity::of(&call.identity, acting);
    let is_read_only = names::is_read_only(&call.service, &call.operation);
    let is_error = outcome.status >= 400;
    // STS only reads, yet the credentials it issues are shown.
    let shows_response = !is_error && (!is_read_only || call.operation.starts_with("Assume"));
    let body = outcome.body.map_or(&[][..], |body| body);
    let elements = if shows_response { response::of(call, body) } else { Value::Null };
    let address = acting.map_or_else(|| call.source.to_string(), |acting| acting.service.clone());
    let mut event = json!({
        "eventVersion": VERSION,
        "userIdentity": user,
        "eventTime": format!("{:.0}", call.received),
        "eventSource": names::source(&call.service),
        "eventName": names::event_name(&call.service, &call.operation),
        "awsRegion": call.scope.region,
        "sourceIPAddress": address,
        "userAgent": call.user_agent,
        "requestParameters": short(params::of(call)),
        "responseElements": short(elements),
        "requestID": request_id(outcome).unwrap_or_else(|| call.id.clone()),
        "eventID": ids::uuid(),
        "readOnly": is_read_only,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": call.scope.account,
        "eventCategory": "Management",
    });
    if is_error {
        let error = error_of(outcome.status, outcome.headers, body);
        event["errorCode"] = error_code::of(&call.service, &error).into();
        event["errorMessage"] = error.message.into();
    }
    let buckets = resources::of(&call.service, &event);
    let arns = buckets.iter().filter(|(kind, _)| kind == "AWS::S3::Bucket").map(|(kind, name)| {
        json!({ "accountId": call.scope.account, "type": kind, "ARN": format!("arn:aws:s3:::{name}") })
    });
    let arns: Vec<Value> = arns.collect();
    if !arns.is_empty() {
        event["resources"] = arns.into();
    }
    event
}

fn request_id(outcome: &Outcome<'_>) -> Option<String> {
    let names = ["x-amzn-requestid", "x-amz-request-id"];
    let value = names.iter().find_map(|name| outcome.headers.get(*name))?;
    value.to_str().ok().map(str::to_owned)
}

fn short(value: Value) -> Value {
    let is_long = value.is_object() && value.to_string().len() > LONGEST;
    if is_long { Map::from_iter([("omitted".into(), true.into())]).into() } else { value }
}
