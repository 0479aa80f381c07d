//! What can be asked of the server: the link, the page, its stream, an answer. Owns the order of the
//! checks before each.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, Query, Request, State, rejection::JsonRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use serde_json::json;
use tokio::sync::Semaphore;

use super::{
    Given,
    guard::{self, Names},
    hub::Hub,
    page,
    secret::{Entry, Gate},
    stream,
};

/// The largest answer, in bytes: a reason of 2,000 characters fits in any script.
const BODY: usize = 16 * 1024;

/// Streams at one time.
const STREAMS: usize = 12;

/// What the handlers share.
pub(super) struct Shared {
    pub gate: Gate,
    pub hub: Arc<Hub>,
    pub run: String,
    pub names: Names,
    streams: Arc<Semaphore>,
    policy: HeaderValue,
}

impl Shared {
    pub(super) fn new(gate: Gate, hub: Arc<Hub>, run: &str, names: Names) -> Self {
        let policy = format!("{}; frame-ancestors 'none'", page::EXTRAS.policy());
        // It is made of hashes and words: always a value.
        let policy = HeaderValue::from_str(&policy)
            .unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"));
        let streams = Arc::new(Semaphore::new(STREAMS));
        Self { gate, hub, run: run.into(), names, streams, policy }
    }
}

type Server = State<Arc<Shared>>;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(enter))
        .route("/{folder}/", get(show))
        .route("/{folder}/events", get(events))
        .route("/{folder}/answer", post(answer))
        .fallback(nothing)
        .layer(DefaultBodyLimit::max(BODY))
        .layer(middleware::from_fn_with_state(shared.clone(), guarded))
        .with_state(shared)
}

async fn guarded(State(shared): Server, request: Request, next: Next) -> Response {
    let checked = guard::check(shared.names, request.method(), request.uri(), request.headers());
    let mut answer = match checked {
        Ok(()) => next.run(request).await,
        Err((status, why)) => refused(status, why),
    };
    if answer.status().is_client_error() {
        // Only sessions keep their connections.
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    guard::protect(answer.headers_mut(), &shared.policy);
    answer
}

fn refused(status: StatusCode, why: &str) -> Response {
    (status, Html(page::refusal(why))).into_response()
}

async fn nothing() -> Response {
    refused(StatusCode::NOT_FOUND, "This server has one page, behind the link that was printed.")
}

#[derive(serde::Deserialize)]
struct Link {
    token: Option<String>,
}

async fn enter(State(shared): Server, link: Query<Link>) -> Response {
    let token = link.0.token.unwrap_or_default();
    let why = match shared.gate.enter(&token) {
        Entry::Open => {
            let headers = [
                (header::LOCATION, shared.gate.place()),
                (header::SET_COOKIE, shared.gate.cookie()),
            ];
            return (StatusCode::SEE_OTHER, headers).into_response();
        }
        Entry::Used => {
            "This link was used already, and works once. If it was not you, somebody else has it: stop the run's page and look at who reads its output."
        }
        Entry::Wrong => "The link that was printed opens the page; this is not it.",
    };
    refused(StatusCode::UNAUTHORIZED, why)
}

/// Whether the request is of the session: the same answer for a wrong folder and a wrong cookie.
fn known(shared: &Shared, folder: &str, headers: &HeaderMap) -> Result<(), Response> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|one| one.to_str().ok());
    match shared.gate.is_place(folder) & shared.gate.knows(cookies) {
        true => Ok(()),
        false => {
            let why = "The link that was printed opens the page, once and in one browser.";
            Err(refused(StatusCode::UNAUTHORIZED, why))
        }
    }
}

async fn show(State(shared): Server, Path(folder): Path<String>, headers: HeaderMap) -> Response {
    if let Err(refused) = known(&shared, &folder, &headers) {
        return refused;
    }
    shared.hub.refresh().await;
    Html(page::page(&shared.gate, &shared.run, &shared.hub.now())).into_response()
}

async fn events(State(shared): Server, Path(folder): Path<String>, headers: HeaderMap) -> Response {
    if let Err(refused) = known(&shared, &folder, &headers) {
        return refused;
    }
    let Ok(place) = shared.streams.clone().try_acquire_owned() else {
        return refused(StatusCode::SERVICE_UNAVAILABLE, "The page is open too often.");
    };
    let views = shared.hub.watch();
    shared.hub.refresh().await;
    let kind = [(header::CONTENT_TYPE, "text/event-stream")];
    (kind, stream::body(views, place)).into_response()
}

async fn answer(
    State(shared): Server,
    Path(folder): Path<String>,
    headers: HeaderMap,
    given: Result<Json<Given>, JsonRejection>,
) -> Response {
    if let Err(refused) = known(&shared, &folder, &headers) {
        return refused;
    }
    let said = |status: StatusCode, key: &str, text: String| {
        (status, Json(json!({ key: text }))).into_response()
    };
    let csrf = headers.get("x-backburn-csrf").and_then(|value| value.to_str().ok());
    if !csrf.is_some_and(|given| shared.gate.is_csrf(given)) {
        let text = "it did not come from the page; load the page again";
        return said(StatusCode::FORBIDDEN, "error", text.into());
    }
    let given = match given.map_err(|e| (e.status(), e.body_text())) {
        Ok(Json(given)) => given,
        Err((status, text)) => return said(status, "error", text),
    };
    let given = match given.checked() {
        Ok(given) => given,
        Err(text) => return said(StatusCode::UNPROCESSABLE_ENTITY, "error", text),
    };
    let source = shared.hub.source();
    let told = tokio::task::spawn_blocking(move || source.answer(given)).await;
    shared.hub.wake();
    match told {
        Ok(Ok(text)) => said(StatusCode::OK, "said", text),
        Ok(Err(text)) => said(StatusCode::CONFLICT, "error", text),
        Err(_) => said(
            StatusCode::INTERNAL_SERVER_ERROR,
            "error",
            "the answer could not be stored".into(),
        ),
    }
}
