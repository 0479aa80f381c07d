//! How AWS words a refusal, and with which code and status in which protocol. Owns the words.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>; EC2's:
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>; S3's:
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>; the others':
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>

use backburn_policy::{Answer, Decision, Kind, Request};

use crate::wire::Protocol;
use crate::{AwsError, Call};

/// What is wrong with the credentials of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bad {
    /// Nobody's key, or one that was made inactive: AWS does not tell them apart.
    Key,
    Expired,
}

/// The answer to credentials that AWS does not take.
pub(super) fn credentials(call: &Call, bad: Bad) -> AwsError {
    let (code, status, message) = match (bad, call.service.as_str()) {
        (Bad::Key, "ec2") => {
            ("AuthFailure", 401, "AWS was not able to validate the provided access credentials")
        }
        (Bad::Expired, "ec2") => ("RequestExpired", 400, "Request has expired."),
        (Bad::Key, "s3") => (
            "InvalidAccessKeyId",
            403,
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
        (Bad::Expired, "s3") => ("ExpiredToken", 400, "The provided token has expired."),
        (bad, _) => {
            let is_form = matches!(call.protocol, Protocol::Query | Protocol::RestXml);
            let status = if is_json(call.protocol) { 400 } else { 403 };
            match (bad, is_form) {
                (Bad::Key, true) => ("InvalidClientTokenId", status, INVALID),
                (Bad::Key, false) => ("UnrecognizedClientException", status, INVALID),
                (Bad::Expired, true) => ("ExpiredToken", status, EXPIRED),
                (Bad::Expired, false) => ("ExpiredTokenException", status, EXPIRED),
            }
        }
    };
    AwsError::new(status, code, message)
}

const INVALID: &str = "The security token included in the request is invalid.";
const EXPIRED: &str = "The security token included in the request is expired";

/// The answer to a call that policies refuse.
pub(super) fn policies(call: &Call, who: &str, request: &Request, decision: &Decision) -> AwsError {
    let action = &request.action;
    let on = match request.resource.as_str() {
        "*" | Request::SOME => String::new(),
        arn if call.service == "s3" => format!(" on resource: \"{arn}\""),
        arn => format!(" on resource: {arn}"),
    };
    let because = because(request, decision);
    let text = match is_abroad(request) {
        true => "Cross-account pass role is not allowed.".into(),
        false => format!("User: {who} is not authorized to perform: {action}{on}{because}"),
    };
    let (code, status) = match call.service.as_str() {
        "ec2" => ("UnauthorizedOperation", 403),
        "sns" => ("AuthorizationError", 403),
        _ if is_json(call.protocol) => ("AccessDeniedException", 400),
        _ if call.protocol == Protocol::RestJson => ("AccessDeniedException", 403),
        _ => ("AccessDenied", 403),
    };
    let text = match call.service.as_str() {
        "ec2" => format!("You are not authorized to perform this operation. {text}"),
        _ => text,
    };
    AwsError::new(status, code, text)
}

/// "You can only use the PassRole permission to pass an IAM role to a service that shares the same AWS account."
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>
fn is_abroad(request: &Request) -> bool {
    let owner = request.resource_account.as_deref();
    request.action == "iam:PassRole" && owner.is_some() && owner != request.principal.account()
}

/// The services of these answer 400 to everything that is the client's fault.
fn is_json(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::Json10 | Protocol::Json11 | Protocol::Cbor)
}

fn because(request: &Request, decision: &Decision) -> String {
    let order =
        [Kind::Scp, Kind::Rcp, Kind::Resource, Kind::Identity, Kind::Boundary, Kind::Session];
    if decision.answer == Answer::ExplicitlyDenied {
        let denies = |kind: &Kind| decision.because.iter().any(|named| named.kind == *kind);
        let kind = order.into_iter().find(denies).unwrap_or(Kind::Identity);
        let article = if kind == Kind::Identity { "an" } else { "a" };
        return format!(" with an explicit deny in {article} {}", name(kind));
    }
    let own = request.principal.account();
    let lacks = |kind: &Kind| decision.lacking.contains(kind);
    match order.into_iter().find(lacks) {
        // "AWS doesn't include" a reason that lies in another account's policies, and none where a role's trust does.
        Some(Kind::Resource) if lacks(&Kind::Identity) => reason(Kind::Identity, request),
        Some(Kind::Resource) if request.action.starts_with("sts:") => String::new(),
        Some(Kind::Resource) if request.resource_account.as_deref() != own => String::new(),
        Some(kind) => reason(kind, request),
        None => String::new(),
    }
}

fn reason(kind: Kind, request: &Request) -> String {
    format!(" because no {} allows the {} action", name(kind), request.action)
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Identity => "identity-based policy",
        Kind::Resource => "resource-based policy",
        Kind::Boundary => "permissions boundary",
        Kind::Session => "session policy",
        Kind::Scp => "service control policy",
        Kind::Rcp => "resource control policy",
    }
}
