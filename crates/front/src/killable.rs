//! A front in a process of its own, for tests that kill it. The process is this test program, started as a front.

use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use super::{Builder, Options, Scope, Session, full, serve, testing};

const HOME: &str = "BACKBURN_TEST_FRONT_HOME";
const UPSTREAM: &str = "BACKBURN_TEST_FRONT_UPSTREAM";
const CLOCK: &str = "BACKBURN_TEST_FRONT_CLOCK";
const PORT: &str = "BACKBURN_TEST_FRONT_PORT";
const PASSTHROUGH: &str = "BACKBURN_TEST_FRONT_PASSTHROUGH";
const SIGN: &str = "the front answers on ";

/// A running front that keeps its memory in `home`. It is killed when this is dropped.
pub(crate) struct Killable {
    pub endpoint: String,
    child: Child,
}

impl Killable {
    /// A front with every stand-in before the shared moto; `clock` as in `60x`.
    pub(crate) async fn start(home: &Path, clock: &str) -> Self {
        Self::at(0, home, clock, &[]).await
    }

    /// The same on a port, 0 for any, without the stand-ins for some services.
    pub(crate) async fn at(port: u16, home: &Path, clock: &str, passthrough: &[&str]) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program has a path"))
            .args(["--ignored", "--exact", "--nocapture", "killable::be_a_front"])
            .env(HOME, home)
            .env(UPSTREAM, &testing::moto().endpoint)
            .env(CLOCK, clock)
            .env(PORT, port.to_string())
            .env(PASSTHROUGH, passthrough.join(" "))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .expect("started");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        while let Some(line) = lines.next_line().await.expect("text") {
            if let Some((_, endpoint)) = line.split_once(SIGN) {
                let endpoint = endpoint.trim().to_owned();
                // Otherwise its later output meets a closed pipe.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Self { endpoint, child };
            }
        }
        panic!("the front ended before it answered");
    }

    /// Where the next front must be for clients that know this one.
    pub(crate) fn port(&self) -> u16 {
        let port = self.endpoint.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        port.expect("an endpoint has a port")
    }

    /// Calls upon it, as a client in `us-east-1`.
    pub(crate) async fn client(&self, account: &str) -> Session {
        // A front is a client too: of whatever its upstream is.
        let front = Builder::new(Options::new(&self.endpoint)).start().await.expect("started");
        front.as_service(&Scope::new(account, "us-east-1"))
    }

    /// SIGKILL: it can tidy nothing up.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("killed");
    }
}

/// Also by hand: `BACKBURN_TEST_FRONT_UPSTREAM=http://127.0.0.1:5000 BACKBURN_TEST_FRONT_PORT=4566 cargo test
/// -p backburn-front -- --ignored --exact --nocapture killable::be_a_front`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "not a test: a front that runs until it is killed"]
async fn be_a_front() {
    let text = |name: &str| std::env::var(name).ok();
    let Some(upstream) = text(UPSTREAM) else { return };
    let options = Options {
        home: text(HOME).map(Into::into),
        clock: text(CLOCK).and_then(|clock| clock.parse().ok()).unwrap_or_default(),
        passthrough: text(PASSTHROUGH)
            .map(|names| names.split_whitespace().map(str::to_owned).collect())
            .unwrap_or_default(),
        ..Options::new(upstream)
    };
    let front = full(options).start().await.expect("started");
    let port = text(PORT).and_then(|port| port.parse().ok()).unwrap_or(0);
    let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a free port");
    println!("{SIGN}http://{}", listener.local_addr().expect("bound"));
    serve(front, listener).await.expect("served");
}
