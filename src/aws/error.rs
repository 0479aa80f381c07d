//! SDK errors to the engine's classes. Owns which AWS error code means what; what a class means
//! for a run is the engine's.
//!
//! Codes: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html> and
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>.

use std::{error::Error, iter};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{denial, service};
use crate::engine::{CallError, Class};

const THROTTLED: &[&str] = &[
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "RateExceeded",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttled",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
    "TooManyRequestsException",
];
/// The one thing is busy; the account's rate is not at fault.
const BUSY: &[&str] = &[
    "ConcurrentModification",
    "OperationAborted",
    "PriorRequestNotComplete",
    "SnapshotCreationPerVolumeRateExceeded",
];
const DENIED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "OptInRequired",
    "UnauthorizedAccess",
    "UnauthorizedOperation",
];
const EXPIRED: &[&str] = &[
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];
/// The session's time is over, or the signature's.
const OVER: &[&str] = &["ExpiredToken", "ExpiredTokenException", "RequestExpired"];
const MISSING: &[&str] =
    &["InvalidAction", "NotImplemented", "UnknownOperation", "UnknownOperationException"];
const GONE: &[&str] = &[
    "InvalidInstanceID",
    "InvocationDoesNotExist",
    "NoSuchBucket",
    "NoSuchBucketPolicy",
    "NoSuchEntity",
    "NoSuchEntityException",
    "NoSuchKey",
    "NoSuchPublicAccessBlockConfiguration",
    "NoSuchTagSet",
    "NoSuchVersion",
];
const ALREADY: &[&str] = &[
    "BucketAlreadyOwnedByYou",
    "EntityAlreadyExists",
    "EntityAlreadyExistsException",
    "Resource.AlreadyAssociated",
];
const INVALID: &[&str] = &[
    "IdempotentParameterMismatch",
    "MalformedPolicyDocument",
    "MissingParameter",
    "OperationNotPermitted",
    "UnknownParameter",
    "UnsupportedOperation",
];

/// `call` is the permission-style name, such as `ec2:CreateSnapshots`.
pub fn call_error<E>(call: &str, error: SdkError<E, HttpResponse>) -> CallError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let meta = error.as_service_error().map(ProvideErrorMetadata::meta);
    let code = meta.and_then(|meta| meta.code()).map(str::to_string);
    let response = error.raw_response();
    let status = response.map(|r| r.status().as_u16());
    let request_id = response
        .and_then(|r| r.headers().get("x-amzn-requestid").or(r.headers().get("x-amz-request-id")))
        .or_else(|| meta.and_then(|meta| meta.extra("aws_request_id")))
        .map(str::to_string);
    let told = meta.and_then(|meta| meta.message()).filter(|text| !text.is_empty());
    let chain = told.map_or_else(|| chain(&error), str::to_string);
    let class = match &error {
        // The SDK asks for credentials while it dispatches; nothing was sent without them.
        SdkError::DispatchFailure(_) if chain.contains("redential") => Class::Expired,
        // Our own guard spoke: nothing was sent.
        SdkError::DispatchFailure(_) if chain.contains("--allow-remote-endpoint") => Class::Invalid,
        SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => Class::Unreachable,
        SdkError::ConstructionFailure(_) => Class::Invalid,
        _ => own_class(call, code.as_deref()).unwrap_or_else(|| class(code.as_deref(), status)),
    };
    let mut message = plain(&chain);
    if class == Class::Expired {
        message += "; sign in again or choose other credentials with `--profile`";
    }
    if class == Class::Denied {
        message = format!("{message}; {}", denial::advice(call, &chain));
    }
    if let (None, Some(status)) = (&code, status) {
        message = format!("HTTP status {status}: {message}");
    }
    CallError { call: call.into(), class, code, message, request_id }
}

/// What a code means in the service of `call` alone.
fn own_class(call: &str, code: Option<&str>) -> Option<Class> {
    let code = code?.rsplit('.').next()?;
    let codes = service::of(call)?.codes;
    codes.iter().find(|(own, _)| *own == code).map(|(_, class)| *class)
}

pub(super) fn is_busy(code: &str) -> bool {
    BUSY.contains(&code)
}

pub(super) fn is_over(code: &str) -> bool {
    OVER.contains(&code)
}

/// The error code of an answer that has been read, in any of AWS's protocols.
pub(super) fn code_of(response: &HttpResponse) -> Option<String> {
    let header = |name: &str| response.headers().get(name);
    if let Some(code) = header("x-amzn-query-error").and_then(|text| text.split(';').next()) {
        return Some(code.into());
    }
    let body = response.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
    let named = header("x-amzn-errortype").map(str::to_owned).or_else(|| {
        let within = |open: &str, close: char| {
            let rest = body.split_once(open)?.1.trim_start_matches([' ', ':', '"']);
            Some(rest.split(close).next().unwrap_or_default().to_owned())
        };
        within("<Code>", '<').or_else(|| within("\"__type\"", '"'))
    })?;
    let code = named.split(':').next().unwrap_or_default();
    Some(code.rsplit('#').next().unwrap_or_default().into())
}

pub(super) fn class(code: Option<&str>, status: Option<u16>) -> Class {
    if status == Some(501) {
        return Class::Missing;
    }
    let code = code.unwrap_or_default();
    let code = code.strip_prefix("Client.").or(code.strip_prefix("Server.")).unwrap_or(code);
    let known: [(&[&str], Class); 8] = [
        (THROTTLED, Class::Throttled),
        (BUSY, Class::Throttled),
        (DENIED, Class::Denied),
        (EXPIRED, Class::Expired),
        (MISSING, Class::Missing),
        (GONE, Class::Gone),
        (ALREADY, Class::AlreadySo),
        (INVALID, Class::Invalid),
    ];
    if let Some((_, class)) = known.iter().find(|(codes, _)| codes.contains(&code)) {
        return *class;
    }
    let ends = |ends: &[&str]| ends.iter().any(|end| code.ends_with(end));
    match status {
        Some(429) => Class::Throttled,
        _ if ends(&["NotFound", "NotFoundException"]) => Class::Gone,
        _ if ends(&[".Duplicate", "AlreadyExists", "AlreadyExistsException"]) => Class::AlreadySo,
        _ if code.starts_with("Invalid") || code.starts_with("Validation") => Class::Invalid,
        // AWS answered that it does not know the result of the call itself.
        Some(500..) => Class::Unreachable,
        _ => Class::Unknown,
    }
}

/// The error and its sources, each text once. The SDK's own texts stop at the first level, and its
/// debug form would print whole responses.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    for error in iter::successors(Some(error), |&error| error.source()) {
        let text = error.to_string();
        if !texts.iter().any(|before| before.contains(&text)) {
            texts.push(text);
        }
    }
    texts.join(": ")
}

/// Without the encoded authorization message, which is long and carries no readable information.
fn plain(text: &str) -> String {
    const ENCODED: &str = "Encoded authorization failure message:";
    let text = match text.split_once(ENCODED) {
        Some((before, _)) => format!(
            "{} (AWS sent an encoded authorization message; `aws sts decode-authorization-message` reads it)",
            before.trim().trim_end_matches('.')
        ),
        None => text.trim().trim_end_matches('.').to_string(),
    };
    text.replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    async fn error(replay: Replay) -> CallError {
        let sent = aws(&replay).ec2().describe_instances().send().await;
        call_error("ec2:DescribeInstances", sent.expect_err("a canned error"))
    }

    async fn coded(status: u16, code: &str) -> CallError {
        error(Replay::default().ec2_error("DescribeInstances", status, code, "No, thank you."))
            .await
    }

    #[tokio::test]
    async fn codes_have_their_class() {
        for (status, code, class) in [
            (503, "RequestLimitExceeded", Class::Throttled),
            (403, "UnauthorizedOperation", Class::Denied),
            (400, "ExpiredToken", Class::Expired),
            (401, "AuthFailure", Class::Expired),
            (400, "InvalidInstanceID.NotFound", Class::Gone),
            (400, "InvalidPermission.Duplicate", Class::AlreadySo),
            (400, "InvalidInstanceID.Malformed", Class::Invalid),
            (400, "DependencyViolation", Class::Unknown),
            (501, "InternalFailure", Class::Missing),
            (400, "InvalidAction", Class::Missing),
            (500, "InternalError", Class::Unreachable),
        ] {
            let error = coded(status, code).await;
            assert_eq!(error.class, class, "{code}");
            assert_eq!(error.code.as_deref(), Some(code));
            assert!(error.message.starts_with("No, thank you"), "{}", error.message);
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_no_aws_answer_keeps_its_status() {
        let error = error(Replay::default().answer("DescribeInstances", 502, "<html>")).await;
        assert_eq!(error.class, Class::Unreachable, "{error}");
        assert!(error.message.starts_with("HTTP status 502"), "{error}");
    }

    #[tokio::test]
    async fn no_answer_is_unreachable() {
        for replay in [Replay::default(), Replay::default().hanging()] {
            let error = error(replay).await;
            assert_eq!(error.class, Class::Unreachable, "{error}");
            assert_eq!(error.code, None);
        }
    }

    #[tokio::test]
    async fn the_encoded_message_is_told_of_but_not_shown() {
        let text = "You are not authorized. Encoded authorization failure message: AbCdEf";
        let replay = Replay::default();
        let error =
            error(replay.ec2_error("DescribeInstances", 403, "UnauthorizedOperation", text));
        let error = error.await;
        assert!(!error.message.contains("AbCdEf"), "{error}");
        assert!(error.message.starts_with("You are not authorized (AWS sent"), "{error}");
    }
}
