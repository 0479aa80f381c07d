//! SDK errors to the engine's classes. Owns which AWS error code means what; what a class means
//! for a run is the engine's.
//!
//! Codes: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>,
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html> and the page of that name of each service,
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>,
//! <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>.

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
    "ConcurrentCreateImageNoRebootLimitExceeded",
    "ConcurrentModification",
    "ConcurrentModificationException",
    "ConcurrentSnapshotLimitExceeded",
    "ConcurrentTagAccess",
    "EntityTemporarilyUnmodifiable",
    "EntityTemporarilyUnmodifiableException",
    "OperationAborted",
    "PendingSnapshotLimitExceeded",
    "PriorRequestNotComplete",
    "SnapshotCreationPerVolumeRateExceeded",
];
const DENIED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "KMSAccessDenied",
    "KMSAccessDeniedException",
    "NotAuthorized",
    "UnauthorizedAccess",
    "UnauthorizedOperation",
];
/// The account itself may not: no policy helps.
const CLOSED: &[&str] = &[
    "AccountDisabled",
    "AccountProblem",
    "AllAccessDisabled",
    "Blocked",
    "NotSignedUp",
    "OptInRequired",
    "PendingVerification",
    "RegionDisabledException",
    "SubscriptionRequiredException",
    "UnauthorizedAccessError",
];
const EXPIRED: &[&str] = &[
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSecurity",
    "InvalidSignature",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];
/// So a Region that is not enabled in the account answers, whatever the credentials.
/// <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>,
/// <https://repost.aws/knowledge-center/iam-validate-access-credentials>
const ALSO_NOT_ENABLED: &[&str] = &[
    "AuthFailure",
    "InvalidClientTokenId",
    "OptInRequired",
    "RegionDisabledException",
    "UnrecognizedClientException",
];
/// The session's time is over, or the signature's.
const OVER: &[&str] = &["ExpiredToken", "ExpiredTokenException", "RequestExpired"];
const MISSING: &[&str] =
    &["InvalidAction", "NotImplemented", "UnknownOperation", "UnknownOperationException"];
const GONE: &[&str] = &[
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
const ALREADY: &[&str] =
    &["BucketAlreadyOwnedByYou", "EntityAlreadyExists", "EntityAlreadyExistsException"];
const INVALID: &[&str] = &[
    // The bucket is elsewhere, not gone.
    "EndpointNotFound",
    "IdempotentParameterMismatch",
    "IncorrectEndpoint",
    // The key that a thing is encrypted with, not the thing.
    "KMS.NotFoundException",
    "KMSNotFoundException",
    "MalformedPolicyDocument",
    "MissingParameter",
    "OperationNotPermitted",
    // Perhaps with another one than was asked for.
    "Resource.AlreadyAssociated",
    "TagPolicyViolation",
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
        _ => own_class(call, code.as_deref())
            .unwrap_or_else(|| self::class(code.as_deref(), status, &chain)),
    };
    let mut message = plain(&chain);
    let is_one_of =
        |codes: &[&str]| code.as_deref().is_some_and(|code| codes.contains(&bare(code)));
    match class {
        Class::Expired if is_one_of(&["RequestTimeTooSkewed"]) => {
            message += "; set the clock of this machine";
        }
        Class::Expired => message += "; sign in again or choose other credentials with `--profile`",
        Class::Denied if is_one_of(CLOSED) => {
            message += "; the account itself may not, so no policy helps";
        }
        Class::Denied => message = format!("{message}; {}", denial::advice(call, &chain)),
        _ => {}
    }
    // `AuthFailure` is a denial where it is about a thing; that says nothing of the Region.
    if is_one_of(ALSO_NOT_ENABLED) && (class == Class::Expired || is_one_of(CLOSED)) {
        message += "; a Region that is not enabled in the account gives the same answer: see `aws account list-regions`";
    }
    // S3 answers where a bucket is to who looks for it elsewhere.
    // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html>
    if let Some(region) = response.and_then(|r| r.headers().get("x-amz-bucket-region"))
        && class == Class::Invalid
    {
        message += &format!("; the bucket is in Region `{region}`");
    }
    if let (None, Some(status)) = (&code, status) {
        message = format!("HTTP status {status}: {message}");
    }
    CallError { call: call.into(), class, code, message, request_id }
}

/// What a code means in the service of `call` alone.
fn own_class(call: &str, code: Option<&str>) -> Option<Class> {
    let code = code?.rsplit('.').next()?;
    // 20 copies of snapshots at a time in one destination Region; any other limit does not pass by waiting.
    if call == "ec2:CopySnapshot" && code == "ResourceLimitExceeded" {
        return Some(Class::Throttled);
    }
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

fn bare(code: &str) -> &str {
    code.strip_prefix("Client.").or(code.strip_prefix("Server.")).unwrap_or(code)
}

/// `AuthFailure` has two meanings: credentials that are not valid, with status 401, and something of
/// another account, which these may not use.
fn auth_failure(status: Option<u16>, text: &str) -> Class {
    match status == Some(401) || text.contains("credential") {
        true => Class::Expired,
        false => Class::Denied,
    }
}

/// `text` is what AWS says with the code.
pub(super) fn class(code: Option<&str>, status: Option<u16>, text: &str) -> Class {
    if status == Some(501) {
        return Class::Missing;
    }
    let code = bare(code.unwrap_or_default());
    if code == "AuthFailure" {
        return auth_failure(status, text);
    }
    let known: [(&[&str], Class); 9] = [
        (THROTTLED, Class::Throttled),
        (BUSY, Class::Throttled),
        (DENIED, Class::Denied),
        (CLOSED, Class::Denied),
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
        // A quota of things (groups, tags, addresses, policies) does not pass by waiting.
        _ if ends(&["LimitExceeded"]) => Class::Invalid,
        // An answer to HEAD has no body, and so no code.
        Some(301 | 307) => Class::Invalid,
        Some(401) => Class::Expired,
        Some(403) => Class::Denied,
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
            (400, "AuthFailure", Class::Denied),
            (400, "InvalidInstanceID.NotFound", Class::Gone),
            (400, "InvalidPermission.Duplicate", Class::AlreadySo),
            (400, "InvalidInstanceID.Malformed", Class::Invalid),
            (400, "DependencyViolation", Class::Unknown),
            (400, "IncorrectState", Class::Unknown),
            // Of copies of snapshots only, it passes by waiting.
            (400, "ResourceLimitExceeded", Class::Invalid),
            (400, "ConcurrentCreateImageNoRebootLimitExceeded", Class::Throttled),
            (400, "InvalidInstanceID", Class::Invalid),
            (400, "InvalidInstanceID.NotFound", Class::Gone),
            (400, "Resource.AlreadyAssociated", Class::Invalid),
            (404, "EndpointNotFound", Class::Invalid),
            (400, "TagPolicyViolation", Class::Invalid),
            (400, "ConcurrentSnapshotLimitExceeded", Class::Throttled),
            (400, "PendingSnapshotLimitExceeded", Class::Throttled),
            (400, "ConcurrentTagAccess", Class::Throttled),
            (409, "EntityTemporarilyUnmodifiable", Class::Throttled),
            (409, "ConcurrentModification", Class::Throttled),
            (503, "RequestLimitExceeded", Class::Throttled),
            (400, "SecurityGroupLimitExceeded", Class::Invalid),
            (400, "TagLimitExceeded", Class::Invalid),
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

    /// The texts are EC2's own.
    #[tokio::test]
    async fn auth_failure_is_about_credentials_or_about_a_thing_of_another_account() {
        let said = async |status, text| {
            error(Replay::default().ec2_error("DescribeInstances", status, "AuthFailure", text))
                .await
        };
        let keys = "AWS was not able to validate the provided access credentials";
        for status in [401, 403] {
            let refused = said(status, keys).await;
            assert_eq!(refused.class, Class::Expired, "{refused}");
            assert!(refused.message.contains("sign in again"), "{refused}");
            assert!(refused.message.contains("a Region that is not enabled"), "{refused}");
        }
        let address = "The address '203.0.113.5' does not belong to you.";
        let refused = said(400, address).await;
        assert_eq!(refused.class, Class::Denied, "{refused}");
        assert!(!refused.message.contains("sign in again"), "{refused}");
        assert!(!refused.message.contains("not enabled"), "{refused}");
    }

    #[tokio::test]
    async fn what_the_account_itself_may_not_is_no_matter_of_policies() {
        for code in ["OptInRequired", "SubscriptionRequiredException", "PendingVerification"] {
            let refused = coded(403, code).await;
            assert_eq!(refused.class, Class::Denied, "{refused}");
            assert!(refused.message.contains("no policy helps"), "{refused}");
        }
        let refused = coded(403, "UnauthorizedOperation").await;
        assert!(!refused.message.contains("no policy helps"), "{refused}");
    }

    /// As S3 answers for a bucket of another Region, with a body and (to HEAD) without.
    #[tokio::test]
    async fn a_redirect_says_where_the_bucket_is() {
        let body = "<Error><Code>PermanentRedirect</Code><Message>The bucket you are attempting to access must be addressed \
            using the specified endpoint.</Message><Endpoint>photos.s3.eu-west-1.amazonaws.com</Endpoint></Error>";
        let replay = Replay::default()
            .header("x-amz-bucket-region", "eu-west-1")
            .answer("GET /photos", 301, body)
            .answer("HEAD /photos", 301, "");
        let aws = aws(&replay);
        let got = aws.s3().get_bucket_versioning().bucket("photos").send().await;
        let error = call_error("s3:GetBucketVersioning", got.expect_err("a redirect"));
        assert_eq!(error.class, Class::Invalid, "{error}");
        assert!(error.message.contains("the bucket is in Region `eu-west-1`"), "{error}");
        let head = aws.s3().head_bucket().bucket("photos").send().await;
        let error = call_error("s3:ListBucket", head.expect_err("a redirect"));
        assert_eq!(error.class, Class::Invalid, "{error}");
        assert!(error.message.contains("`eu-west-1`"), "{error}");
    }

    #[test]
    fn every_services_word_for_denied_and_for_refused_credentials_is_known() {
        for (status, code, class) in [
            // SNS, SQS with a key of KMS.
            (403, "AuthorizationError", Class::Denied),
            (400, "KMSAccessDeniedException", Class::Denied),
            (400, "NotAuthorized", Class::Denied),
            // DynamoDB.
            (400, "MissingAuthenticationTokenException", Class::Expired),
            (400, "IncompleteSignatureException", Class::Expired),
            (400, "UnrecognizedClientException", Class::Expired),
            // Accounts of S3 and EC2 that are closed to something.
            (403, "NotSignedUp", Class::Denied),
            (403, "AllAccessDisabled", Class::Denied),
            (403, "InvalidSecurity", Class::Expired),
            // A HEAD of S3.
            (403, "", Class::Denied),
            (401, "", Class::Expired),
            // An archived object: it is there, and may be read when it is restored.
            (403, "InvalidObjectState", Class::Invalid),
        ] {
            assert_eq!(super::class(Some(code), Some(status), ""), class, "{code}");
        }
        for (code, class) in
            [("InvalidToken", Class::Expired), ("RequestTimeout", Class::Unreachable)]
        {
            assert_eq!(own_class("s3:GetObject", Some(code)), Some(class), "{code}");
        }
        let full = Some("ResourceLimitExceeded");
        assert_eq!(own_class("ec2:CopySnapshot", full), Some(Class::Throttled));
        assert_eq!(own_class("ec2:CreateSnapshots", full), None);
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
