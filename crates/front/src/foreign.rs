//! Requests that no AWS client signed: health pages, browsers, an upstream's own controls, and those of STS that a token of
//! an identity provider vouches for.

use std::net::Ipv4Addr;

use hyper::header::CONTENT_TYPE;
use hyper::{Request, Response, StatusCode, http};

use super::body::{self, Body, Peeked};
use super::handle::{onward, passed, whole};
use super::wire::{self, Head, Protocol, Signed};
use super::{Call, Front, Identity, Scope, enforce, ids};

/// Longer forms carry no token: STS takes 20,000 letters of one.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>
const LIMIT: usize = 256 << 10;

pub(super) async fn answer(
    front: &Front,
    parts: http::request::Parts,
    body: Body,
) -> Response<Body> {
    if front.enforcement().is_some() && is_signed_otherwise(&parts) {
        front.counts().refused();
        let mut answer = Response::new(body::full(OTHERWISE));
        *answer.status_mut() = StatusCode::BAD_REQUEST;
        return answer;
    }
    let path = parts.uri.path();
    let is_reset = ["/moto-api/reset", "/_ministack/reset", "/_localstack/state/reset"]
        .contains(&path)
        && parts.method == http::Method::POST;
    let (body, assumes) = match front.enforcement().is_some() && is_form(&parts) {
        true => match front.budget().peek(body, LIMIT).await {
            Peeked::Whole(bytes, _held) => {
                let call = assumes(&parts, &bytes);
                (body::full(bytes), call)
            }
            Peeked::Long(body) => (body, None),
            Peeked::Broken(why) => (body::failing(why), None),
        },
        false => (body, None),
    };
    let answer = front.upstream().send(Request::from_parts(onward(parts), body)).await;
    match answer {
        Ok(answer) => {
            if is_reset && answer.status().is_success() {
                front.forget();
            }
            let answer = passed(answer.map(body::streamed));
            match assumes.filter(|_| answer.status().is_success()) {
                Some(call) => remembered(front, &call, answer).await,
                None => answer,
            }
        }
        Err(down) => {
            let mut answer = Response::new(body::full(format!("{down}\n")));
            *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            answer
        }
    }
}

/// Nobody can say whose such a request is, so no policy could refuse it.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>, `InvalidRequest`
const OTHERWISE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>InvalidRequest</Code><Message>The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.</Message></Error>";

/// Whether it carries credentials in another form than Signature Version 4, or in one that nobody writes.
fn is_signed_otherwise(parts: &http::request::Parts) -> bool {
    let query = parts.uri.query().unwrap_or_default();
    let mut names = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name.to_lowercase());
    parts.headers.contains_key(http::header::AUTHORIZATION)
        || names.any(|name| ["awsaccesskeyid", "x-amz-credential"].contains(&name.as_str()))
}

fn is_form(parts: &http::request::Parts) -> bool {
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_form = kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    parts.method == http::Method::POST && parts.uri.path() == "/" && is_form
}

/// The call, if it is one of those that assume a role by another's token.
fn assumes(parts: &http::request::Parts, body: &bytes::Bytes) -> Option<Call> {
    let signed = Signed {
        access_key: String::new(),
        region: "us-east-1".into(),
        service: "sts".into(),
        is_presigned: false,
    };
    let (protocol, query, labels) = (Protocol::Query, Vec::new(), Vec::new());
    let head = Head { signed, protocol, operation: None, query, labels };
    let (operation, params) = wire::decode(&head, body).ok()?;
    let operation = operation.filter(|name| name.starts_with("AssumeRoleWith"))?;
    let role = params.get("RoleArn")?.as_str()?.to_owned();
    let account = role.split(':').nth(4)?.to_owned();
    // Nobody's yet: what it becomes is in the answer.
    let identity = Identity {
        account: account.clone(),
        arn: role,
        user_id: String::new(),
        access_key: String::new(),
    };
    Some(Call {
        id: ids::uuid(),
        service: "sts".into(),
        operation,
        protocol,
        scope: Scope::new(account, "us-east-1"),
        identity,
        source: Ipv4Addr::LOCALHOST.into(),
        user_agent: String::new(),
        received: jiff::Timestamp::now(),
        method: parts.method.clone(),
        path: parts.uri.path().to_owned(),
        raw_query: String::new(),
        query: Vec::new(),
        headers: parts.headers.clone(),
        body: body.clone(),
        params,
    })
}

async fn remembered(front: &Front, call: &Call, answer: Response<Body>) -> Response<Body> {
    let (answer, whole) = whole(front, answer).await;
    let changed = whole.and_then(|bytes| enforce::learn(front, call, &bytes));
    match changed {
        Some(changed) => answer.map(|_| body::full(changed)),
        None => answer,
    }
}
