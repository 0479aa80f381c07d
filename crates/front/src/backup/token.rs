//! Idempotency tokens: the same request again gets the first one's job; another request with the token is refused.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::desk::Desk;
use super::error::invalid;
use super::model::kind;
use crate::{AwsError, Call};

#[derive(Serialize, Deserialize)]
struct Used {
    job: String,
    params: Value,
}

/// What a token is worth.
#[derive(Debug, PartialEq)]
pub(super) enum Claim {
    New,
    /// The job of the first request.
    Known(String),
}

/// Ties the call's token, if it has one, to `job`.
pub(super) fn claim(desk: &Desk, call: &Call, job: &str) -> Result<Claim, AwsError> {
    let Some(token) = call.text("IdempotencyToken") else { return Ok(Claim::New) };
    let id = format!("{}/{token}", call.operation);
    if let Some(used) = desk.get::<Used>(kind::TOKEN, &id) {
        if used.params == call.params {
            return Ok(Claim::Known(used.job));
        }
        return Err(invalid("IdempotencyToken was used by a request with other parameters"));
    }
    desk.put(kind::TOKEN, &id, &Used { job: job.to_owned(), params: call.params.clone() });
    Ok(Claim::New)
}
