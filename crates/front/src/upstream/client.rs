//! Requests to the upstream, byte for byte, over pooled keep-alive connections. Loopback only.

use std::time::Duration;

use hyper::body::Incoming;
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::body::Body;
use crate::{NotLoopback, loopback};

/// Shorter than any upstream keeps its side open, so that a request never meets a connection about to close.
const IDLE: Duration = Duration::from_secs(2);

/// The upstream cannot be reached.
#[derive(Debug, thiserror::Error)]
#[error("the lab's upstream {endpoint} does not answer: {why}")]
pub(crate) struct Down {
    pub endpoint: String,
    pub why: String,
}

/// The endpoint behind the front.
#[derive(Clone)]
pub(crate) struct Upstream {
    endpoint: String,
    authority: String,
    client: Client<HttpConnector, Body>,
}

impl Upstream {
    /// # Errors
    /// [`NotLoopback`].
    pub(crate) fn new(endpoint: &str) -> Result<Self, NotLoopback> {
        let endpoint = loopback::check(endpoint)?;
        let authority = endpoint.trim_start_matches("http://").to_owned();
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(Duration::from_secs(5)));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .http1_preserve_header_case(true)
            .build(connector);
        Ok(Self { endpoint, authority, client })
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Host and port, for requests of the front's own.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// Sends a request whose URI is a path; its `Host` stays what it is.
    pub(crate) async fn send(
        &self,
        mut request: Request<Body>,
    ) -> Result<Response<Incoming>, Down> {
        let down = |why: String| Down { endpoint: self.endpoint.clone(), why };
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let uri: Uri = format!("http://{}{path}", self.authority)
            .parse()
            .map_err(|_| down("the request's path is no path".into()))?;
        *request.uri_mut() = uri;
        self.client.request(request).await.map_err(|error| down(causes(&error)))
    }
}

/// An error with what caused it, on one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    text
}
