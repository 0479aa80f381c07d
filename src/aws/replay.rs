//! Canned AWS answers for unit tests, given to the real SDK in place of its HTTP client. Owns the
//! matching of requests to answers; an answer that nobody prepared is a refused connection.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings,
            SharedHttpConnector,
        },
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;

use super::Aws;
use crate::engine::Scope;

/// Answers by the `Action` of a query request (EC2, IAM, STS), the end of `X-Amz-Target` (SSM), or
/// method and path of a REST request (GuardDuty): `POST /detector/d-1/findings`.
/// method and path without host and query, `GET /detector`.
/// Several answers to one action are given in order, the last one again and again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replay(Arc<Mutex<State>>, Option<Duration>);

#[derive(Debug, Default)]
struct State {
    answers: Vec<Answer>,
    date: Option<String>,
    headers: Vec<(String, String)>,
    hang: bool,
    nothing: bool,
    player: Option<Player>,
    seen: Vec<Seen>,
}

/// What a world with a state of its own answers to an action and its body; none is no answer.
type Play = dyn Fn(&str, &str) -> Option<String> + Send + Sync;

#[derive(Clone)]
struct Player(Arc<Play>);

impl fmt::Debug for Player {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Player")
    }
}

#[derive(Debug)]
struct Answer {
    action: String,
    status: u16,
    body: String,
    headers: Vec<(String, String)>,
}

/// One request as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub action: String,
    pub uri: String,
    /// Form-encoded or JSON.
    pub body: String,
    pub user_agent: String,
    /// Access key id of the signature.
    pub signed_by: String,
    /// `x-amz-expected-bucket-owner`, where it has one.
    pub owner: String,
    /// Time of the signature: `20991124T100000Z`.
    pub signed_at: String,
}

impl Replay {
    fn with(self, change: impl FnOnce(&mut State)) -> Self {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
        self
    }

    pub(crate) fn answer(self, action: &str, status: u16, body: &str) -> Self {
        self.headed(action, status, body, &[])
    }

    /// An answer with these headers.
    pub(crate) fn headed(
        self,
        action: &str,
        status: u16,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let answer =
            Answer { action: action.into(), status, body: body.into(), headers: headers.collect() };
        self.with(|s| s.answers.push(answer))
    }

    pub(crate) fn xml(self, action: &str, body: &str) -> Self {
        self.answer(action, 200, body)
    }

    /// An EC2 error answer.
    pub(crate) fn ec2_error(self, action: &str, status: u16, code: &str, message: &str) -> Self {
        let body = format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors><RequestID>req-1</RequestID></Response>"
        );
        self.answer(action, status, &body)
    }

    /// Sends this `Date` header with every answer.
    pub(crate) fn date(self, date: &str) -> Self {
        self.with(|s| s.date = Some(date.into()))
    }

    /// Sends this header with every answer.
    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        self.with(|s| s.headers.push((name.into(), value.into())))
    }

    /// What nobody prepared is answered with the code by which the service says that it has no such
    /// thing, in the protocol of the request.
    pub(crate) fn finding_nothing(self) -> Self {
        self.with(|s| s.nothing = true)
    }

    /// What nobody prepared is answered by this, with status 200.
    pub(crate) fn played(
        self,
        play: impl Fn(&str, &str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.with(|s| s.player = Some(Player(Arc::new(play))))
    }

    /// Never answers.
    pub(crate) fn hanging(self) -> Self {
        self.with(|s| s.hang = true)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).seen.clone()
    }

    /// The actions called, in order.
    pub(crate) fn actions(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.action).collect()
    }
}

impl HttpClient for Replay {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Self(self.0.clone(), settings.read_timeout()))
    }
}

impl HttpConnector for Replay {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
        let action = body
            .split('&')
            .find_map(|pair| pair.strip_prefix("Action="))
            .or_else(|| request.headers().get("x-amz-target")?.rsplit('.').next())
            .map_or_else(|| method_and_path(&request), str::to_string);
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let nth = state.seen.iter().filter(|seen| seen.action == action).count();
        state.seen.push(Seen {
            action: action.clone(),
            uri: request.uri().to_string(),
            body: body.to_string(),
            user_agent: request.headers().get("x-amz-user-agent").unwrap_or_default().to_string(),
            owner: request.headers().get("x-amz-expected-bucket-owner").unwrap_or_default().into(),
            signed_at: request.headers().get("x-amz-date").unwrap_or_default().to_string(),
            signed_by: signed_by(request.headers().get("authorization").unwrap_or_default()),
        });
        if state.hang {
            let time = self.1.unwrap_or(Duration::MAX);
            return HttpConnectorFuture::new(async move {
                tokio::time::sleep(time).await;
                Err(ConnectorError::timeout("no answer in time".into()))
            });
        }
        let ours: Vec<_> = state.answers.iter().filter(|a| a.action == action).collect();
        let played = state.player.as_ref().filter(|_| ours.is_empty());
        if let Some(body) = played.and_then(|player| player.0(&action, &body)) {
            let ok = StatusCode::try_from(200).expect("a status");
            return HttpConnectorFuture::ready(Ok(HttpResponse::new(ok, SdkBody::from(body))));
        }
        if ours.is_empty() && state.nothing {
            return HttpConnectorFuture::ready(Ok(no_such_thing(&request, &action)));
        }
        let Some(answer) = ours.get(nth).or(ours.last()) else {
            let refused = ConnectorError::io(format!("no answer to `{action}`").into());
            return HttpConnectorFuture::ready(Err(refused));
        };
        let status = StatusCode::try_from(answer.status).expect("a test gives a status");
        let mut response = HttpResponse::new(status, SdkBody::from(answer.body.as_str()));
        for (name, value) in &answer.headers {
            response.headers_mut().insert(name.clone(), value.clone());
        }
        if let Some(date) = state.date.clone() {
            response.headers_mut().insert("date", date);
        }
        for (name, value) in state.headers.clone() {
            response.headers_mut().insert(name, value);
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}

/// Error codes: `InvalidInstanceID.NotFound` and the like for EC2, whose describes by filter answer with
/// nothing; `NoSuchEntity` for IAM; `NoSuchBucket`; `ResourceNotFoundException` where errors are JSON.
fn no_such_thing(request: &HttpRequest, action: &str) -> HttpResponse {
    let body = request.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
    let uri = request.uri();
    let xml = |code: &str| {
        format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>none</Message></Error></ErrorResponse>"
        )
    };
    let (status, body) = if uri.contains("//ec2.") {
        let filtered = body.contains("Filter.1") && action.starts_with("Describe");
        match filtered {
            true => (200, format!("<{action}Response></{action}Response>")),
            false => {
                let error = "<Code>InvalidID.NotFound</Code><Message>none</Message>";
                (400, format!("<Response><Errors><Error>{error}</Error></Errors></Response>"))
            }
        }
    } else if uri.contains("//iam.") {
        (404, xml("NoSuchEntity"))
    } else if uri.contains(".s3.") || uri.contains("//s3.") {
        (404, "<Error><Code>NoSuchBucket</Code><Message>none</Message></Error>".into())
    } else {
        (404, r#"{"__type":"ResourceNotFoundException","message":"none"}"#.into())
    };
    let status = StatusCode::try_from(status).expect("a status");
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    response.headers_mut().insert("x-amzn-errortype", "ResourceNotFoundException");
    response
}

/// A bucket that is a part of the host counts as the begin of the path.
fn method_and_path(request: &HttpRequest) -> String {
    let uri = request.uri().split_once("://").map_or(request.uri(), |(_, rest)| rest);
    let (host, path) = uri.split_once('/').unwrap_or((uri, ""));
    let path = path.split('?').next().unwrap_or_default();
    let bucket = host.split_once(".s3.").map(|(bucket, _)| bucket);
    let path = match bucket {
        Some(bucket) if path.is_empty() => bucket.into(),
        Some(bucket) => format!("{bucket}/{path}"),
        None => path.to_string(),
    };
    format!("{} /{path}", request.method())
}

fn signed_by(authorization: &str) -> String {
    let credential = authorization.split_once("Credential=").map_or("", |(_, rest)| rest);
    credential.split('/').next().unwrap_or_default().into()
}

/// Account 123456789012 in us-east-1, answered by `replay`; no retries, attempts end after 200 ms.
pub(crate) fn aws(replay: &Replay) -> Aws {
    with(replay, RetryConfig::disabled())
}

/// The same with retries, as in a run; they begin after some milliseconds.
pub(crate) fn retrying(replay: &Replay) -> Aws {
    let retries = RetryConfig::standard().with_max_attempts(6);
    with(replay, retries.with_initial_backoff(Duration::from_millis(5)))
}

fn with(replay: &Replay, retries: RetryConfig) -> Aws {
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(retries)
        .timeout_config(
            TimeoutConfig::builder().operation_attempt_timeout(Duration::from_millis(200)).build(),
        )
        .http_client(replay.clone())
        .build();
    let scope = Scope {
        account: "123456789012".into(),
        region: "us-east-1".into(),
        principal: "arn:aws:iam::123456789012:user/responder".into(),
    };
    Aws::from_config(config, scope)
}
