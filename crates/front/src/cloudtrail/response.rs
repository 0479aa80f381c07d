//! `responseElements`: what a changing call answered, in CloudTrail's words.

use serde_json::{Map, Value};

use super::params::lowered;
use crate::Call;
use crate::wire::{Protocol, Xml};

/// `null` for an answer without members.
pub(super) fn of(call: &Call, body: &[u8]) -> Value {
    let mut value = match call.protocol {
        Protocol::Ec2 => xml(body).map(|xml| xml.to_value()).unwrap_or_default(),
        Protocol::Query => query(body).unwrap_or_default(),
        Protocol::RestXml => Value::Null,
        Protocol::Json10 | Protocol::Json11 | Protocol::RestJson => {
            serde_json::from_slice(body).map(|value| lowered(&value)).unwrap_or_default()
        }
        Protocol::Cbor => Value::Null,
    };
    super::mask::mask(&call.service, &call.operation, &mut value);
    match &value {
        Value::Object(members) if members.is_empty() => Value::Null,
        Value::Object(_) => value,
        _ => Value::Null,
    }
}

fn xml(body: &[u8]) -> Option<Xml> {
    Xml::parse(&String::from_utf8_lossy(body))
}

/// The members of `OperationResult`.
fn query(body: &[u8]) -> Option<Value> {
    let root = xml(body)?;
    let result = root.children.iter().find(|child| child.name.ends_with("Result"))?;
    let members: Map<String, Value> =
        result.children.iter().map(|c| (crate::wire::lower_first(&c.name), c.to_value())).collect();
    Some(members.into())
}
