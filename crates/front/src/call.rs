//! One AWS call as the front understood it. Owns the shape; `wire` makes it, nothing here reads bytes.

use std::net::IpAddr;

use bytes::Bytes;
use hyper::{HeaderMap, Method};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::AwsError;
use super::wire::Protocol;

/// Account and Region: what AWS keeps state by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    pub account: String,
    pub region: String,
}

impl Scope {
    pub fn new(account: impl Into<String>, region: impl Into<String>) -> Self {
        Self { account: account.into(), region: region.into() }
    }

    /// `arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE`.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account)
    }
}

/// Whose credentials signed a call, according to `sts:GetCallerIdentity` of the upstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub account: String,
    pub arn: String,
    pub user_id: String,
    pub access_key: String,
}

impl Identity {
    /// `arn:aws:iam::ACCOUNT:role/NAME` of a role session; `None` for users and root.
    ///
    /// A session's ARN does not carry the role's path.
    pub fn role_arn(&self) -> Option<String> {
        let (_, session) = self.arn.split_once(":assumed-role/")?;
        let role = session.split('/').next()?;
        Some(format!("arn:aws:iam::{}:role/{role}", self.account))
    }
}

/// A call with its operation, its caller and its decoded input.
#[derive(Debug, Clone)]
pub struct Call {
    /// UUID; goes out as `x-amzn-RequestId`.
    pub id: String,
    /// Signing name: `fis`, `ec2`, `monitoring`.
    pub service: String,
    pub operation: String,
    pub protocol: Protocol,
    pub scope: Scope,
    pub identity: Identity,
    pub source: IpAddr,
    pub user_agent: String,
    pub received: jiff::Timestamp,
    pub method: Method,
    /// As sent, still percent-encoded.
    pub path: String,
    /// As sent, without the question mark.
    pub raw_query: String,
    /// Decoded, in order.
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Input members by the name on the wire: JSON body, query parameters (lists as arrays), CBOR map; for REST
    /// the JSON body with path labels and query parameters merged in (strings).
    pub params: Value,
}

impl Call {
    pub fn account(&self) -> &str {
        &self.scope.account
    }

    pub fn region(&self) -> &str {
        &self.scope.region
    }

    /// A string member at the top of the input.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.params.get(name)?.as_str()
    }

    /// [`text`](Self::text), or the error AWS gives for a member that is missing.
    pub fn required(&self, name: &str) -> Result<&str, AwsError> {
        self.text(name).filter(|text| !text.is_empty()).ok_or_else(|| {
            AwsError::validation(format!(
                "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null",
                super::wire::lower_first(name)
            ))
        })
    }

    /// A whole number: JSON numbers and the strings of query parameters.
    pub fn number(&self, name: &str) -> Option<i64> {
        match self.params.get(name)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A truth value: JSON booleans and the strings of query parameters.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.params.get(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Every value of a query parameter: `?tagKeys=a&tagKeys=b`.
    pub fn query_all(&self, name: &str) -> Vec<&str> {
        self.query.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The input as a type; what does not fit is `SerializationException`.
    pub fn input<T: serde::de::DeserializeOwned>(&self) -> Result<T, AwsError> {
        serde_json::from_value(self.params.clone())
            .map_err(|error| AwsError::new(400, "SerializationException", error.to_string()))
    }
}
