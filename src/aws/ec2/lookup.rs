//! One resource by its id, or an error of class `Gone`. Owns the describe calls that several
//! facts and settings share, and the reading of optional SDK fields.

use std::collections::BTreeMap;

use aws_sdk_ec2::types;

use super::permissions::*;
use crate::aws::kit::*;

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html>
pub(crate) async fn instance(aws: &Aws, id: &str) -> Result<types::Instance, CallError> {
    let call = aws.ec2().describe_instances().instance_ids(id).send().await;
    let found = call.by(DESCRIBE_INSTANCES)?;
    let mut all =
        found.reservations.into_iter().flatten().flat_map(|r| r.instances.into_iter().flatten());
    all.next().ok_or_else(|| gone(DESCRIBE_INSTANCES.action, "instance", id))
}

pub(crate) fn gone(call: &str, what: &str, id: &str) -> CallError {
    CallError::local(
        call,
        Class::Gone,
        format!("there is no {what} `{id}` in this account and Region"),
    )
}

/// Local endpoints send empty texts where AWS sends nothing.
pub(crate) fn some(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

pub(crate) fn tags(tags: Option<Vec<types::Tag>>) -> BTreeMap<String, String> {
    let pair = |tag: types::Tag| Some((tag.key?, tag.value.unwrap_or_default()));
    tags.into_iter().flatten().filter_map(pair).collect()
}
