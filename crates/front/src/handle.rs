//! The way of one request through the front: understood, faulted, answered by a stand-in or passed on, recorded.

use std::net::IpAddr;

use bytes::Bytes;
use hyper::body::{Body as _, Incoming};
use hyper::header::USER_AGENT;
use hyper::{Request, Response, StatusCode, http};
use serde_json::Value;

use super::body::{self, Body, LIMIT, Peeked};
use super::faults::Strike;
use super::observe::{self, Outcome};
use super::record::Recorder;
use super::upstream::Down;
use super::wire::{self, Head, Protocol, Route};
use super::{
    Answer, AwsError, Call, Front, Scope, cloudtrail, control, enforce, foreign, guard, ids,
    quotas, standing, webhooks,
};

/// The connection is to break off without an answer.
#[derive(Debug, thiserror::Error)]
#[error("reset by a fault rule")]
pub(super) struct Reset;

type Answered = Result<Response<Body>, Reset>;

pub(super) async fn handle(front: Front, request: Request<Incoming>, peer: IpAddr) -> Answered {
    let (parts, incoming) = request.into_parts();
    if let Some((status, why)) = guard::refuses(&parts) {
        let mut answer = Response::new(body::full(format!("{why}\n")));
        *answer.status_mut() = status;
        return Ok(answer);
    }
    let body = body::streamed(incoming);
    if parts.uri.path().starts_with(control::PREFIX) {
        return Ok(control::answer(&front, &parts, body).await);
    }
    front.counts().call();
    let routes = |service: &str| routes(&front, service);
    match Head::read(&parts.method, &parts.uri, &parts.headers, routes) {
        Some(head) => {
            let body = match front.recorder() {
                Some(recorder) => recorded(&front, recorder, &parts, body, &head).await,
                None => body,
            };
            understood(front, parts, body, head, peer).await
        }
        None => Ok(foreign::answer(&front, parts, body).await),
    }
}

/// The same body, after it was written down; a long one is written down as none.
async fn recorded(
    front: &Front,
    recorder: &Recorder,
    parts: &http::request::Parts,
    body: Body,
    head: &Head,
) -> Body {
    let signed = &head.signed;
    match front.budget().peek(body, LIMIT).await {
        Peeked::Whole(bytes, _held) => {
            recorder.request(&signed.service, &signed.access_key, parts, Some(&bytes));
            body::full(bytes)
        }
        Peeked::Long(body) => {
            recorder.request(&signed.service, &signed.access_key, parts, None);
            body
        }
        Peeked::Broken(why) => body::failing(why),
    }
}

fn routes(front: &Front, service: &str) -> Vec<Route> {
    let of = front.stand_ins().iter().filter(|stand_in| stand_in.service() == service);
    of.flat_map(|stand_in| stand_in.routes().iter().copied()).collect()
}

async fn understood(
    front: Front,
    parts: http::request::Parts,
    body: Body,
    head: Head,
    peer: IpAddr,
) -> Answered {
    let operation = head.operation.as_deref();
    let is_wanted = operation.is_some_and(|name| has_stand_in(&front, &head, name));
    let is_data = |name: &str| cloudtrail::is_data(&head.signed.service, name);
    let is_plain = match operation {
        Some(name) => !is_wanted && is_data(name) && !is_told_by_body(&front, &head, name),
        None => !head.is_named_by_body(),
    };
    if is_plain {
        return streamed(&front, parts, body, &head, peer).await;
    }
    let must_read = is_wanted || head.is_named_by_body();
    let (bytes, held) = match front.budget().peek(body, LIMIT).await {
        Peeked::Whole(bytes, held) => (bytes, held),
        Peeked::Long(_) if must_read => return Ok(refused(&front, &head, too_large())),
        Peeked::Long(body) => return long(&front, parts, body, &head, peer).await,
        Peeked::Broken(why) => {
            let error = AwsError::new(408, "RequestTimeout", format!("the body broke off: {why}"));
            return Ok(refused(&front, &head, error));
        }
    };
    // A task of its own: a client that disconnects does not cancel its request, as on AWS.
    let work = tokio::spawn(async move {
        let _held = held;
        looked_into(&front, parts, bytes, &head, peer).await
    });
    match work.await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::error!(%error, "a call was lost");
            let mut answer = Response::new(body::full("the lab's front failed\n"));
            *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            Ok(answer)
        }
    }
}

/// Whether only the body of a data call tells on what it acts.
fn is_told_by_body(front: &Front, head: &Head, operation: &str) -> bool {
    let is_in_head = matches!(head.protocol, Protocol::RestJson | Protocol::RestXml);
    if standing::reads_body(front, &head.signed.service, operation) {
        return true;
    }
    enforce::judges(front, &head.signed.access_key) && (!is_in_head || operation == "DeleteObjects")
}

fn too_large() -> AwsError {
    AwsError::new(413, "RequestEntityTooLarge", "Request size exceeded the limit")
}

fn has_stand_in(front: &Front, head: &Head, operation: &str) -> bool {
    front.stand_ins_of(&head.signed.service, operation).next().is_some()
}

/// A management call whose body is too long to be looked into: recorded without its parameters.
async fn long(
    front: &Front,
    parts: http::request::Parts,
    body: Body,
    head: &Head,
    peer: IpAddr,
) -> Answered {
    let operation = head.operation.clone().unwrap_or_default();
    if webhooks::is_subscription(&head.signed.service, &operation) {
        return Ok(refused(front, head, too_large()));
    }
    let call = understand(front, &parts, Bytes::new(), head, operation, Value::Null, peer).await;
    let answer = streamed(front, parts, body, head, peer).await?;
    let outcome =
        Outcome { status: answer.status().as_u16(), headers: answer.headers(), body: None };
    observe::client_call(front, &call, &outcome);
    Ok(answer)
}

/// Bodies that nobody looks into.
async fn streamed(
    front: &Front,
    parts: http::request::Parts,
    body: Body,
    head: &Head,
    peer: IpAddr,
) -> Answered {
    let operation = head.operation.as_deref().unwrap_or("");
    let strike = front.faults().strike(front, &head.signed, operation).await;
    match &strike {
        Strike::None => {}
        Strike::Error(error) => {
            taken(front, body).await;
            return Ok(refused(front, head, error.clone()));
        }
        Strike::Throttle => {
            taken(front, body).await;
            return Ok(refused(
                front,
                head,
                super::faults::throttle(head.protocol, &head.signed.service),
            ));
        }
        Strike::ResetBefore => return Err(Reset),
        Strike::HoldBefore(rule) => {
            front.faults().held(rule).await;
            return Err(Reset);
        }
        Strike::ResetAfter | Strike::HoldAfter(_) => {
            if let Ok(answer) = sent_on(front, parts, body, head).await {
                front.budget().peek(body::streamed(answer.into_body()), LIMIT).await;
            }
            if let Strike::HoldAfter(rule) = &strike {
                front.faults().held(rule).await;
            }
            return Err(Reset);
        }
    }
    if let Some(answer) = refused_by_head(front, &parts, head, peer).await {
        taken(front, body).await;
        return Ok(answer);
    }
    Ok(match sent_on(front, parts, body, head).await {
        Ok(answer) => passed(answer.map(body::streamed)),
        Err(down) => refused(front, head, unavailable(&down)),
    })
}

/// Reads what a client sends along, if it is short: one that is still sending may not see an answer that closes its
/// connection.
async fn taken(front: &Front, body: Body) {
    front.budget().peek(body, LIMIT).await;
}

/// A refusal, as far as the head of a request tells whom and what for.
async fn refused_by_head(
    front: &Front,
    parts: &http::request::Parts,
    head: &Head,
    peer: IpAddr,
) -> Option<Response<Body>> {
    let is_judged = enforce::judges(front, &head.signed.access_key);
    let operation = head.operation.clone().unwrap_or_default();
    let is_watched = standing::watches(front, &head.signed.service, &operation);
    if !is_judged && !is_watched {
        return None;
    }
    let is_in_head = matches!(head.protocol, Protocol::RestJson | Protocol::RestXml);
    let params = wire::decode(head, b"").ok().filter(|_| is_in_head);
    let params = params.map(|(_, params)| params).unwrap_or_default();
    let is_named = !operation.is_empty();
    let call = understand(front, parts, Bytes::new(), head, operation, params, peer).await;
    let error = match (is_judged, is_named) {
        (false, _) => None,
        (true, true) => enforce::refuses(front, &call).await,
        (true, false) => enforce::refuses_credentials(front, &call).await,
    };
    match error {
        Some(error) => Some(own(&call, error.into())),
        None => Some(own(&call, standing::answer(front, &call).await?)),
    }
}

/// To the upstream, unread.
async fn sent_on(
    front: &Front,
    parts: http::request::Parts,
    body: Body,
    head: &Head,
) -> Result<Response<Incoming>, Down> {
    let key = &head.signed.access_key;
    let is_read = parts.method == http::Method::GET || parts.method == http::Method::HEAD;
    let parts = enforce::known_upstream(front, onward(parts), key);
    let answer = front.upstream().send(Request::from_parts(parts, body)).await;
    if !is_read && enforce::judges(front, "") {
        let account = front.identity(key, &head.signed.region).await.account;
        let operation = head.operation.as_deref().unwrap_or("Unknown");
        front.changed(&account, &head.signed.service, operation);
    }
    answer
}

async fn looked_into(
    front: &Front,
    parts: http::request::Parts,
    body: Bytes,
    head: &Head,
    peer: IpAddr,
) -> Answered {
    let (operation, params) = match wire::decode(head, &body) {
        Ok((Some(operation), params)) => (operation, params),
        Ok((None, _)) => return streamed(front, parts, body::full(body), head, peer).await,
        // A stand-in refuses it; an upstream may understand it.
        Err(error) => match &head.operation {
            Some(name) if has_stand_in(front, head, name) => {
                return Ok(refused(front, head, error));
            }
            Some(name) => (name.clone(), Value::Null),
            None => return streamed(front, parts, body::full(body), head, peer).await,
        },
    };
    let call = understand(front, &parts, body, head, operation, params, peer).await;
    let strike = front.faults().strike(front, &head.signed, &call.operation).await;
    let answer = match &strike {
        Strike::ResetBefore => return Err(Reset),
        Strike::HoldBefore(rule) => {
            front.faults().held(rule).await;
            return Err(Reset);
        }
        Strike::Throttle => {
            own(&call, super::faults::throttle(call.protocol, &call.service).into())
        }
        Strike::Error(error) => own(&call, error.clone().into()),
        Strike::None | Strike::ResetAfter | Strike::HoldAfter(_) => {
            answered(front, parts, &call).await
        }
    };
    let (mut answer, mut whole) = whole(front, answer).await;
    front.changed(&call.identity.account, &call.service, &call.operation);
    if answer.status().is_success()
        && let Some(bytes) = &whole
        && let Some(changed) = enforce::learn(front, &call, bytes)
    {
        let changed = Bytes::from(changed);
        answer = answer.map(|_| body::full(changed.clone()));
        whole = Some(changed);
    }
    let outcome = Outcome {
        status: answer.status().as_u16(),
        headers: answer.headers(),
        body: whole.as_ref(),
    };
    if !cloudtrail::is_data(&call.service, &call.operation) {
        observe::client_call(front, &call, &outcome);
    }
    front.bus().watch(&call);
    if let Strike::HoldAfter(rule) = &strike {
        front.faults().held(rule).await;
    }
    if strike.is_after() { Err(Reset) } else { Ok(answer) }
}

/// By quota, stand-in or upstream.
async fn answered(front: &Front, parts: http::request::Parts, call: &Call) -> Response<Body> {
    if let Some(error) = enforce::refuses(front, call).await {
        return own(call, error.into());
    }
    if let Some(answer) = standing::answer(front, call).await {
        return own(call, answer);
    }
    if let Some(answer) = enforce::simulates(front, call).await {
        front.counts().answered();
        return own(call, answer);
    }
    if let Some(answer) = enforce::identity_of_minted(front, call) {
        return own(call, answer);
    }
    if front.quotas().is_some_and(|quotas| !quotas.admits(call, front.clock())) {
        return own(call, quotas::exceeded().into());
    }
    if let Some(error) = webhooks::refuses(call, front.deliver_to()) {
        return own(call, error.into());
    }
    if let Some(answer) = cloudtrail::answer(front, call) {
        return own(call, answer);
    }
    for stand_in in front.stand_ins_of(&call.service, &call.operation) {
        if let Some(answer) = stand_in.answer(call, front).await {
            front.counts().answered();
            return own(call, answer);
        }
    }
    let parts = enforce::known_upstream(front, onward(parts), &call.identity.access_key);
    let onward = Request::from_parts(parts, body::full(call.body.clone()));
    match front.upstream().send(onward).await {
        Ok(answer) => passed(answer.map(body::streamed)),
        Err(down) => own(call, unavailable(&down).into()),
    }
}

pub(super) fn unavailable(down: &Down) -> AwsError {
    AwsError::new(503, "ServiceUnavailable", down.to_string())
}

/// The answer again, and its body where that is short enough to be looked into.
pub(super) async fn whole(
    front: &Front,
    answer: Response<Body>,
) -> (Response<Body>, Option<Bytes>) {
    let (parts, body) = answer.into_parts();
    // A HEAD answer has the length of a body that does not come.
    if body::is_empty(&body.size_hint()) {
        return (Response::from_parts(parts, body), Some(Bytes::new()));
    }
    match front.budget().peek(body, LIMIT).await {
        Peeked::Whole(bytes, _held) => {
            (Response::from_parts(parts, body::full(bytes.clone())), Some(bytes))
        }
        Peeked::Long(body) => (Response::from_parts(parts, body), None),
        Peeked::Broken(why) => {
            let mut answer =
                Response::new(body::full(format!("the upstream's answer broke off: {why}\n")));
            *answer.status_mut() = StatusCode::BAD_GATEWAY;
            (answer, None)
        }
    }
}

async fn understand(
    front: &Front,
    parts: &http::request::Parts,
    body: Bytes,
    head: &Head,
    operation: String,
    params: Value,
    peer: IpAddr,
) -> Call {
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let identity = front.identity(&head.signed.access_key, &head.signed.region).await;
    // Everything comes from this machine: a drill names the address that its attacker is to have.
    let forwarded = text("x-forwarded-for").and_then(|value| value.split(',').next());
    Call {
        id: ids::uuid(),
        service: head.signed.service.clone(),
        operation,
        protocol: head.protocol,
        scope: Scope::new(&identity.account, &head.signed.region),
        identity,
        source: forwarded.and_then(|address| address.trim().parse().ok()).unwrap_or(peer),
        user_agent: text(USER_AGENT.as_str()).unwrap_or_default().to_owned(),
        received: jiff::Timestamp::now(),
        method: parts.method.clone(),
        path: parts.uri.path().to_owned(),
        raw_query: parts.uri.query().unwrap_or_default().to_owned(),
        query: head.query.clone(),
        headers: parts.headers.clone(),
        body,
        params,
    }
}

/// Without the headers that belong to one connection.
pub(super) fn onward(mut parts: http::request::Parts) -> http::request::Parts {
    for name in ["connection", "keep-alive", "proxy-connection", "upgrade"] {
        parts.headers.remove(name);
    }
    parts.version = http::Version::HTTP_11;
    parts
}

pub(super) fn passed(mut answer: Response<Body>) -> Response<Body> {
    for name in ["connection", "keep-alive"] {
        answer.headers_mut().remove(name);
    }
    *answer.version_mut() = http::Version::HTTP_11;
    answer
}

/// An answer of the front's own.
fn own(call: &Call, answer: Answer) -> Response<Body> {
    sent(wire::render(answer, call.protocol, &call.service, &call.operation, &call.id))
}

fn refused(front: &Front, head: &Head, error: AwsError) -> Response<Body> {
    front.counts().refused();
    let operation = head.operation.as_deref().unwrap_or("Unknown");
    sent(wire::render(error.into(), head.protocol, &head.signed.service, operation, &ids::uuid()))
}

fn sent(bytes: wire::Bytes) -> Response<Body> {
    let mut answer = Response::new(body::full(bytes.body));
    *answer.status_mut() = bytes.status;
    *answer.headers_mut() = bytes.headers;
    answer
}
