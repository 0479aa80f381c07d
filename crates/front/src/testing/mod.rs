//! What tests of the front and of its stand-ins share: one moto a test process, a front and an account a test, a
//! client, and boto3 as a client that we did not write.

mod moto;

use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::net::TcpListener;

use super::{Builder, Front, Options, Scope, Session, serve};
pub(crate) use moto::{moto, python, scratch, started};

/// A running front before the shared moto.
pub(crate) struct Served {
    pub front: Front,
    pub endpoint: String,
    /// An account of this test's own; its number is an access key of it.
    pub account: String,
    /// Calls upon the front, as a client in `us-east-1`.
    pub client: Session,
}

/// A front with the stand-ins that `build` adds, before moto.
pub(crate) async fn served(build: impl FnOnce(Builder) -> Builder) -> Served {
    served_with(Options::new(moto().endpoint.clone()), build).await
}

/// The same with options of the test's own.
pub(crate) async fn served_with(
    options: Options,
    build: impl FnOnce(Builder) -> Builder,
) -> Served {
    let front = build(Builder::new(options)).start().await.expect("started");
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(serve(front.clone(), listener));
    let account = account();
    // A front is a client too: of whatever its upstream is.
    let client = Builder::new(Options::new(endpoint.clone())).start().await.expect("started");
    let client = client.as_service(&Scope::new(account.clone(), "us-east-1"));
    Served { front, endpoint, account, client }
}

/// Twelve digits that no other test of this process uses.
pub(crate) fn account() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{:012}", 200_000_000_000 + NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Waits until a front with this home has written `count` records of an event: a kill takes none of them.
pub(crate) async fn recorded(home: &Path, event: &str, count: usize) {
    let event = format!("\"eventName\":\"{event}\"");
    let written = || std::fs::read_to_string(home.join("trail.jsonl")).unwrap_or_default();
    until("a record", async || written().matches(&event).count() >= count).await;
}

/// Waits for an expected event, for longer than anything takes on a busy machine.
pub(crate) async fn until(what: &str, mut has_come: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(5);
    while !has_come().await {
        assert!(Instant::now() < deadline, "{what} never came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Served {
    pub(crate) fn scope(&self) -> Scope {
        self.client.scope().clone()
    }

    /// [`boto3`] against this front, in this test's account.
    pub(crate) async fn boto3(&self, script: &str) -> Value {
        boto3(&self.endpoint, &self.account, script).await
    }

    /// A resource on the front's own control pages.
    pub(crate) async fn control(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let (endpoint, method) = (self.endpoint.clone(), method.to_owned());
        let (path, body) = (path.to_owned(), body.to_owned());
        let asked = move || moto::ask(&endpoint, &method, &path, &body).expect("answered");
        let asked = tokio::task::spawn_blocking(asked).await;
        let (status, text) = asked.expect("no panic");
        (status, serde_json::from_str(&text).expect("JSON"))
    }
}

/// Runs Python with boto3 against a front, after `tests/prelude.py`: what the script puts into `result` comes back.
pub(crate) async fn boto3(endpoint: &str, account: &str, script: &str) -> Value {
    let known = format!("ENDPOINT, ACCOUNT = '{endpoint}', '{account}'");
    let prelude = include_str!("../../tests/prelude.py");
    let whole = format!("{known}\n{prelude}\n{script}\nprint(json.dumps(result, default=str))");
    let mut command = tokio::process::Command::new(&moto().python);
    command.args(["-I", "-c", &whole]).env("AWS_EC2_METADATA_DISABLED", "true");
    let run = command.stdin(Stdio::null()).output().await.expect("python starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let text = String::from_utf8_lossy(&run.stdout);
    let last = text.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|_| panic!("no JSON: {text}"))
}
