//! An HTTP server on this machine that keeps what it is sent, and answers by the first part of the
//! path: a status, or `slow`, which never answers.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::Value;

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Hit {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Hit {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a text"))
    }
}

type Seen = Arc<Mutex<Vec<Hit>>>;

pub(crate) struct Listener {
    pub url: String,
    seen: Seen,
}

impl Listener {
    /// Listens until the test process ends.
    pub(crate) fn start() -> Self {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        socket.set_nonblocking(true).expect("a socket");
        let url = format!("http://{}", socket.local_addr().expect("an address"));
        let seen = Seen::default();
        let router = Router::new().fallback(answer).with_state(seen.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let socket = tokio::net::TcpListener::from_std(socket).expect("a socket");
                axum::serve(socket, router).await.expect("served");
            });
        });
        Self { url, seen }
    }

    pub(crate) fn hits(&self, path: &str) -> Vec<Hit> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().filter(|hit| hit.path == path).cloned().collect()
    }

    /// Waits until that path was asked for.
    pub(crate) fn wait(&self, path: &str) {
        let is_hit = async || (!self.hits(path).is_empty()).then_some(());
        crate::binary::wait_for(crate::support::until(path, is_hit));
    }
}

async fn answer(State(seen): State<Seen>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let path = uri.path().to_owned();
    let how = path.split('/').nth(1).unwrap_or_default().to_owned();
    let hit = Hit { path, headers, body: body.to_vec() };
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(hit);
    match how.as_str() {
        "slow" => std::future::pending().await,
        "302" => (StatusCode::FOUND, [(header::LOCATION, "/200/moved")]).into_response(),
        how => {
            let status = how.parse().ok().and_then(|code| StatusCode::from_u16(code).ok());
            status.unwrap_or(StatusCode::OK).into_response()
        }
    }
}
