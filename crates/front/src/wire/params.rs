//! The input of a call from its body, whatever the protocol.

use serde_json::{Map, Value};

use super::head::{Head, is_name};
use super::{Protocol, cbor, query};
use crate::AwsError;

/// Operation and input members. REST labels and query parameters are merged in as strings.
///
/// # Errors
/// What AWS answers to a body that is not in the protocol's encoding.
pub(crate) fn decode(head: &Head, body: &[u8]) -> Result<(Option<String>, Value), AwsError> {
    match head.protocol {
        Protocol::Ec2 | Protocol::Query => {
            let mut pairs = head.query.clone();
            pairs.extend(query::pairs(&String::from_utf8_lossy(body)));
            let action = pairs.iter().find(|(name, _)| name == "Action").map(|(_, v)| v.clone());
            let signature = |name: &str| name.starts_with("X-Amz-") || name == "Signature";
            pairs.retain(|(n, _)| !matches!(n.as_str(), "Action" | "Version") && !signature(n));
            Ok((action.filter(|name| is_name(name)), query::nest(pairs)))
        }
        Protocol::Json10 | Protocol::Json11 => Ok((head.operation.clone(), json(body)?.into())),
        Protocol::RestJson => {
            let mut members = json(body)?;
            merge(&mut members, head);
            Ok((head.operation.clone(), members.into()))
        }
        Protocol::RestXml => {
            let mut members = Map::new();
            merge(&mut members, head);
            Ok((head.operation.clone(), members.into()))
        }
        Protocol::Cbor => {
            let value =
                if body.is_empty() { Some(Value::Object(Map::new())) } else { cbor::decode(body) };
            let value = value.filter(Value::is_object).ok_or_else(unreadable)?;
            Ok((head.operation.clone(), value))
        }
    }
}

fn json(body: &[u8]) -> Result<Map<String, Value>, AwsError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    serde_json::from_slice(body).map_err(|_| unreadable())
}

fn unreadable() -> AwsError {
    AwsError::new(400, "SerializationException", "the request's body cannot be read")
}

fn merge(members: &mut Map<String, Value>, head: &Head) {
    let signature = |name: &str| name.starts_with("X-Amz-");
    for (name, value) in head.query.iter().chain(&head.labels).filter(|(n, _)| !signature(n)) {
        match members.get_mut(name) {
            Some(Value::Array(items)) => items.push(value.clone().into()),
            Some(first @ Value::String(_)) => {
                *first = vec![first.take(), value.clone().into()].into();
            }
            _ => drop(members.insert(name.clone(), value.clone().into())),
        }
    }
}
