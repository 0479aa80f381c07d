//! Lambda functions whose reserved concurrency is zero, so that none of their invocations runs.
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html>

use hyper::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use crate::{Answer, AwsError, Call, Front, Scope};

pub(super) fn watches(operation: &str) -> bool {
    ["Invoke", "InvokeAsync", "InvokeWithResponseStream"].contains(&operation)
}

pub(super) async fn answer(front: &Front, call: &Call) -> Option<Answer> {
    let (account, region, name) = function(call)?;
    let kind = call.headers.get("x-amz-invocation-type").and_then(|kind| kind.to_str().ok());
    // It only asks whether the caller may.
    if kind == Some("DryRun") {
        return None;
    }
    let path = format!("/2019-09-30/functions/{name}/concurrency");
    let session = front.as_service(&Scope::new(account, region));
    let none = bytes::Bytes::new();
    let read = session.bytes("lambda", "GetFunctionConcurrency", Method::GET, &path, &[], none);
    let told: Value = serde_json::from_slice(&read.await.ok()?).ok()?;
    if told["ReservedConcurrentExecutions"].as_i64() != Some(0) {
        return None;
    }
    // An event is taken, and does not run: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    if kind == Some("Event") || call.operation == "InvokeAsync" {
        let body = bytes::Bytes::new();
        return Some(Answer::Raw { status: StatusCode::ACCEPTED, headers: HeaderMap::new(), body });
    }
    Some(throttled().into())
}

/// <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
fn throttled() -> AwsError {
    AwsError::new(429, "TooManyRequestsException", "Rate Exceeded.")
        .with("Reason", "ReservedFunctionConcurrentInvocationLimitExceeded")
        .with("Type", "User")
}

/// Account, Region and name: of a name, `ACCOUNT:function:NAME` or an ARN, each perhaps with a version or alias.
fn function(call: &Call) -> Option<(String, String, String)> {
    let given = call.text("FunctionName").or_else(|| call.text("functionName"))?;
    let (before, name) = given.rsplit_once("function:").unwrap_or(("", given));
    let name = name.split(':').next().unwrap_or(name);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_plain) {
        return None;
    }
    let parts: Vec<&str> = before.trim_end_matches(':').split(':').collect();
    let (account, region) = match parts.as_slice() {
        ["arn", _, _, region, account] => (*account, *region),
        [account] if !account.is_empty() => (*account, call.region()),
        _ => (call.account(), call.region()),
    };
    Some((account.into(), region.into(), name.into()))
}
