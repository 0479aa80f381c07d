//! What a stand-in answers with: a value, an error or bytes. `wire` writes it in the caller's protocol.

use bytes::Bytes;
use hyper::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};

/// An answer that is not yet bytes.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Output members by their wire names. Times are [`time`](super::wire::time).
    Value {
        status: u16,
        value: Value,
    },
    /// Ready bytes: XML that the general writer cannot shape, or an upstream's own answer.
    Raw {
        status: StatusCode,
        headers: HeaderMap,
        body: Bytes,
    },
    Error(AwsError),
}

impl Answer {
    /// 200 with output members.
    pub fn ok(value: Value) -> Self {
        Self::Value { status: 200, value }
    }

    pub fn with_status(status: u16, value: Value) -> Self {
        Self::Value { status, value }
    }

    /// 200 with a serialised type.
    pub fn of(output: &impl Serialize) -> Self {
        match serde_json::to_value(output) {
            Ok(value) => Self::ok(value),
            Err(error) => AwsError::internal(error.to_string()).into(),
        }
    }

    /// 200 with no members.
    pub fn empty() -> Self {
        Self::ok(Value::Object(Map::new()))
    }

    pub fn is_success(&self) -> bool {
        match self {
            Self::Value { status, .. } => *status < 400,
            Self::Raw { status, .. } => status.as_u16() < 400,
            Self::Error(_) => false,
        }
    }
}

impl From<AwsError> for Answer {
    fn from(error: AwsError) -> Self {
        Self::Error(error)
    }
}

impl From<Result<Answer, AwsError>> for Answer {
    fn from(result: Result<Answer, AwsError>) -> Self {
        result.unwrap_or_else(Self::Error)
    }
}

impl From<Result<Value, AwsError>> for Answer {
    fn from(result: Result<Value, AwsError>) -> Self {
        result.map_or_else(Self::Error, Self::ok)
    }
}

/// An error as AWS names it: of a stand-in, or read from an upstream's answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct AwsError {
    pub status: u16,
    pub code: String,
    pub message: String,
    /// Further members of the error's shape: `resourceId`.
    pub fields: Map<String, Value>,
}

impl AwsError {
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), fields: Map::new() }
    }

    /// 400 `ValidationException`.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationException", message)
    }

    /// 404 `ResourceNotFoundException`.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "ResourceNotFoundException", message)
    }

    /// 409 `ConflictException`.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, "ConflictException", message)
    }

    /// 402 `ServiceQuotaExceededException`.
    pub fn quota(message: impl Into<String>) -> Self {
        Self::new(402, "ServiceQuotaExceededException", message)
    }

    /// 500 `InternalServerException`: a fault of the front itself.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "InternalServerException", message)
    }

    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(field.into(), value.into());
        self
    }

    /// Whether the code is `code` with or without a namespace or `Exception` at its end.
    pub fn is(&self, code: &str) -> bool {
        let bare = self.code.rsplit(['#', '.']).next().unwrap_or(&self.code);
        let bare = if code.contains('.') { self.code.as_str() } else { bare };
        bare == code || bare.strip_suffix("Exception") == Some(code)
    }
}
