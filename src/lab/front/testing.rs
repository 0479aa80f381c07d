//! What tests of the front and of its stand-ins share: one moto a test process, a front and an account a test, a
//! client, and boto3 as a client that we did not write.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::net::TcpListener;

use super::{Builder, Front, Options, Scope, Session, serve};
use crate::lab::{Lab, LabOptions, Silent, up};

/// A running front before the shared moto.
pub struct Served {
    pub front: Front,
    pub endpoint: String,
    /// An account of this test's own; its number is an access key of it.
    pub account: String,
    /// Calls upon the front, as a client in `us-east-1`.
    pub client: Session,
}

/// A front with the stand-ins that `build` adds, before moto.
pub async fn served(build: impl FnOnce(Builder) -> Builder) -> Served {
    served_with(Options::new(moto().endpoint.clone()), build).await
}

/// The same with options of the test's own.
pub async fn served_with(options: Options, build: impl FnOnce(Builder) -> Builder) -> Served {
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
pub fn account() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{:012}", 200_000_000_000 + NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The shared upstream. The first start installs it; it ends with this process.
pub fn moto() -> &'static Lab {
    static MOTO: OnceLock<Lab> = OnceLock::new();
    MOTO.get_or_init(|| {
        // A thread of its own: the caller is inside a runtime, which cannot block on another.
        std::thread::spawn(|| {
            let cache = scratch("lab-cache");
            let home = tempfile::tempdir_in(scratch("lab-homes")).expect("a directory").keep();
            let options = LabOptions {
                port: 0,
                watch: Some(std::process::id()),
                ..LabOptions::new(home, cache)
            };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a runtime");
            runtime.block_on(up(&options, &Silent)).unwrap_or_else(|error| panic!("{error}"))
        })
        .join()
        .expect("no panic")
    })
}

/// Waits until a file of a front's home has `text` in it: a kill does not take that back.
pub async fn written(home: &Path, file: &str, text: &str) {
    let kept = || std::fs::read_to_string(home.join(file)).unwrap_or_default();
    until(text, async || kept().contains(text)).await;
}

/// Waits for what has to come, for longer than anything takes on a busy machine.
pub async fn until(what: &str, mut has_come: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(300);
    while !has_come().await {
        assert!(Instant::now() < deadline, "{what} never came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A directory beside this test's executable, in the target directory.
pub fn scratch(name: &str) -> PathBuf {
    let executable = std::env::current_exe().expect("this program has a path");
    let target = executable.ancestors().nth(3).expect("target/debug/deps/NAME");
    let folder = target.join("tmp").join(name);
    std::fs::create_dir_all(&folder).expect("the target directory is ours");
    folder
}

impl Served {
    pub fn scope(&self) -> Scope {
        self.client.scope().clone()
    }

    /// [`boto3`] against this front, in this test's account.
    pub async fn boto3(&self, script: &str) -> Value {
        boto3(&self.endpoint, &self.account, script).await
    }

    /// A resource on the front's own control pages.
    pub async fn control(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let (url, method, body) =
            (format!("{}{path}", self.endpoint), method.to_owned(), body.to_owned());
        let asked = move || {
            let agent: ureq::Agent = ureq::Agent::config_builder()
                .proxy(None)
                .http_status_as_error(false)
                .allow_non_standard_methods(true)
                .build()
                .into();
            let answer = match method.as_str() {
                "POST" => agent.post(&url).send(body),
                "DELETE" => agent.delete(&url).call(),
                _ => agent.get(&url).call(),
            };
            let mut answer = answer.expect("answered");
            let text = answer.body_mut().read_to_string().expect("text");
            (answer.status().as_u16(), serde_json::from_str(&text).expect("JSON"))
        };
        tokio::task::spawn_blocking(asked).await.expect("no panic")
    }
}

/// Runs Python with boto3 against a front: `client(NAME)` makes a client of the account; what the script puts into
/// `result` comes back.
pub async fn boto3(endpoint: &str, account: &str, script: &str) -> Value {
    let prelude = format!(
        "import json, boto3, botocore\nfrom botocore.exceptions import ClientError\nresult = None\n\
             def client(name, key='{}', region='us-east-1', attempts=1):\n    \
             config = botocore.config.Config(retries={{'total_max_attempts': attempts}})\n    \
             return boto3.client(name, endpoint_url='{}', region_name=region, aws_access_key_id=key, \
             aws_secret_access_key='test', config=config)\n",
        account, endpoint
    );
    let python = moto().python.as_ref().expect("the lab installed its upstream");
    let whole = format!("{prelude}\n{script}\nprint(json.dumps(result, default=str))");
    let mut command = tokio::process::Command::new(python);
    command.args(["-I", "-c", &whole]).env("AWS_EC2_METADATA_DISABLED", "true");
    let run = command.stdin(Stdio::null()).output().await.expect("python starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let text = String::from_utf8_lossy(&run.stdout);
    let last = text.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|_| panic!("no JSON: {text}"))
}
