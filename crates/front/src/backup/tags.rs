//! Tags of vaults, plans, recovery points and restore testing plans.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_TagResource.html>. Kept here; those that a job gives
//! its recovery point are set on the snapshot in the upstream as well.

use serde_json::{Value, json};

use super::desk::Desk;
use super::error::{invalid, missing, not_found, too_many};
use super::input::{page, required, texts};
use super::model::{Plan, Point, TestingPlan, Texts, Vault, kind};
use crate::{AwsError, Call};

const MOST: usize = 50;

pub(super) fn check(tags: &Texts) -> Result<(), AwsError> {
    if tags.len() > MOST {
        return Err(too_many(format!("a resource has at most {MOST} tags")));
    }
    match tags.iter().find(|(key, value)| !(1..=128).contains(&key.len()) || value.len() > 256) {
        Some((key, _)) => Err(invalid(format!("Invalid tag: {key}"))),
        None => Ok(()),
    }
}

pub(super) fn of(desk: &Desk, arn: &str) -> Texts {
    desk.get(kind::TAGS, arn).unwrap_or_default()
}

pub(super) fn set(desk: &Desk, arn: &str, tags: Texts) {
    if !tags.is_empty() {
        desk.put(kind::TAGS, arn, &tags);
    }
}

pub(super) fn forget(desk: &Desk, arn: &str) {
    desk.remove(kind::TAGS, arn);
}

pub(super) fn list(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let tags = of(desk, known(desk, call)?);
    let pairs = tags.into_iter().map(|(key, value)| json!([key, value])).collect();
    let mut page = page(call, "Tags", pairs)?;
    let pairs: Vec<(String, String)> =
        serde_json::from_value(page["Tags"].take()).unwrap_or_default();
    page["Tags"] = json!(Texts::from_iter(pairs));
    Ok(page)
}

pub(super) fn add(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let arn = known(desk, call)?;
    let mut tags = of(desk, arn);
    tags.extend(texts(Some(call.params.get("Tags").ok_or_else(|| missing("Tags"))?), "Tags")?);
    check(&tags)?;
    desk.put(kind::TAGS, arn, &tags);
    Ok(json!({}))
}

pub(super) fn take(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let arn = known(desk, call)?;
    let keys = call
        .params
        .get("TagKeyList")
        .and_then(Value::as_array)
        .ok_or_else(|| missing("TagKeyList"))?;
    let mut tags = of(desk, arn);
    tags.retain(|key, _| !keys.iter().any(|taken| taken == key));
    desk.put(kind::TAGS, arn, &tags);
    Ok(json!({}))
}

/// The ARN of the call, if it is of something here.
fn known<'a>(desk: &Desk, call: &'a Call) -> Result<&'a str, AwsError> {
    let arn = required(call, "ResourceArn")?;
    if !arn.starts_with("arn:") {
        return Err(invalid(format!("Invalid ARN provided: {arn}")));
    }
    let at = desk.at();
    let is_known = desk.get::<Point>(kind::POINT, arn).is_some()
        || desk.list::<Vault>(kind::VAULT).iter().any(|vault| vault.arn(at) == arn)
        || desk.list::<Plan>(kind::PLAN).iter().any(|plan| plan.arn(at) == arn)
        || desk.list::<TestingPlan>(kind::TESTING_PLAN).iter().any(|plan| plan.arn(at) == arn);
    is_known.then_some(arn).ok_or_else(|| not_found("Resource", arn))
}
