//! Retention of an object that Object Lock holds: it may be made longer, and not shorter. Deletions of locked versions are
//! refused by the upstream itself.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html>

use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::wire::Xml;
use crate::{AwsError, Call, Front};

pub(super) fn watches(operation: &str) -> bool {
    operation == "PutObjectRetention"
}

pub(super) async fn refuses(front: &Front, call: &Call) -> Option<AwsError> {
    let has = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok());
    let bypasses = has("x-amz-bypass-governance-retention")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let version = call.query.iter().find(|(name, _)| name == "versionId");
    let version =
        version.map(|(_, id)| format!("?versionId={}", utf8_percent_encode(id, NON_ALPHANUMERIC)));
    let path = format!("{}{}", call.path, version.unwrap_or_default());
    let session = front.as_service(&call.scope);
    let host: Vec<(&str, &str)> = has("host").map(|host| ("host", host)).into_iter().collect();
    let headers = session.head("s3", "HeadObject", &path, &host).await.ok()?;
    let of = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let until: Timestamp = of("x-amz-object-lock-retain-until-date")?.parse().ok()?;
    let mode = of("x-amz-object-lock-mode")?;
    let wanted = Xml::parse(&String::from_utf8_lossy(&call.body))?;
    let later = wanted.text("RetainUntilDate").parse::<Timestamp>().ok();
    let keeps = wanted.text("Mode") == mode && later.is_some_and(|later| later >= until);
    let is_over = until <= Timestamp::now();
    if keeps || is_over || (mode == "GOVERNANCE" && bypasses) {
        return None;
    }
    Some(AwsError::new(
        403,
        "AccessDenied",
        "Access Denied because object protected by object lock.",
    ))
}
