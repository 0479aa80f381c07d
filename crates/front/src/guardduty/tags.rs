//! Tags of detectors and filters, by ARN.

use serde_json::{Map, Value, json};

use super::bad::{invalid, missing};
use super::detector::{self, Detector};
use super::filter::{self, Filter};
use crate::{AwsError, Call, Front};

pub(super) fn list(call: &Call, front: &Front) -> Result<Value, AwsError> {
    edit(call, front, |tags| tags.clone()).map(|tags| json!({"tags": tags}))
}

pub(super) fn add(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let new = call.params["tags"]
        .as_object()
        .filter(|tags| !tags.is_empty())
        .ok_or_else(|| missing("tags"))?;
    edit(call, front, |tags| tags.extend(new.clone())).map(|()| json!({}))
}

pub(super) fn remove(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let keys = call.query_all("tagKeys");
    edit(call, front, |tags| tags.retain(|key, _| !keys.contains(&key.as_str())))
        .map(|()| json!({}))
}

fn edit<R>(
    call: &Call,
    front: &Front,
    edit: impl FnOnce(&mut Map<String, Value>) -> R,
) -> Result<R, AwsError> {
    let arn = call
        .text("ResourceArn")
        .or_else(|| call.text("resourceArn"))
        .ok_or_else(|| missing("resourceArn"))?;
    let own = call.scope.arn("guardduty", "detector/");
    let rest: Vec<&str> =
        arn.strip_prefix(&own).map(|rest| rest.split('/').collect()).unwrap_or_default();
    let store = front.store();
    let done = match rest.as_slice() {
        [id] => store.update(&call.scope, detector::KIND, id, |detector: &mut Detector| {
            edit(&mut detector.tags)
        }),
        [_, "filter", name] => {
            store.update(&call.scope, filter::KIND, name, |filter: &mut Filter| {
                edit(&mut filter.tags)
            })
        }
        _ => None,
    };
    done.ok_or_else(|| invalid("resourceArn"))
}
