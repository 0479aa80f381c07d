//! FIS as boto3 meets it, before moto: every case of `tests/support/front_fis.py`, with kills of the front.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::net::TcpListener;

use super::Fis;
use crate::lab::front::ssm::Ssm;
use crate::lab::front::testing::{moto, served_with};
use crate::lab::front::{Builder, Options, serve};

const SERVE: &str = "BACKBURN_FIS_SERVE";
const CLOCK: &str = "60x";

/// Not a test: the front as a process of its own, for `through_boto3` to kill.
#[tokio::test]
#[ignore = "a helper of `through_boto3`"]
async fn serve_until_killed() {
    let Ok(text) = std::env::var(SERVE) else { return };
    let [port, upstream, home] = text.splitn(3, ' ').collect::<Vec<_>>()[..] else { return };
    let mut options = Options::new(upstream);
    options.home = Some(home.into());
    options.clock = CLOCK.parse().expect("a factor");
    let front = Builder::new(options).with(Fis::default()).start().await.expect("started");
    for sentence in front.lost() {
        println!("lost: {sentence}");
    }
    let address = ("127.0.0.1", port.parse().expect("a port"));
    serve(front, TcpListener::bind(address).await.expect("bound")).await.expect("served");
}

/// Ends with the test, however it ends.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(port: u16, home: &Path) -> Process {
    let upstream = &moto().endpoint;
    let child = Command::new(std::env::current_exe().expect("this program has a path"))
        .args(["--ignored", "--exact", "lab::front::fis::tests::serve_until_killed", "--nocapture"])
        .env(SERVE, format!("{port} {upstream} {}", home.display()))
        .stdin(Stdio::null())
        .spawn()
        .expect("started");
    let process = Process(child);
    let began = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < Duration::from_secs(120), "the front does not answer");
        std::thread::sleep(Duration::from_millis(20));
    }
    process
}

#[test]
fn through_boto3() {
    let home = tempfile::tempdir().expect("a directory");
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = free.local_addr().expect("bound").port();
    drop(free);
    let mut front = start(port, home.path());
    let control = tempfile::tempdir().expect("a directory");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/front_fis.py");
    let python = moto().python.as_ref().expect("the lab installed its upstream");
    let wanted = std::env::var("FRONT_FIS").unwrap_or_default();
    let mut client = Command::new(python)
        .arg("-I")
        .arg(script)
        .arg(format!("http://127.0.0.1:{port}"))
        .arg(&moto().endpoint)
        .arg(control.path())
        .args(wanted.split_whitespace())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .spawn()
        .expect("python starts");
    let flag = control.path().join("kill");
    let status = loop {
        if let Some(status) = client.try_wait().expect("waited") {
            break status;
        }
        if flag.exists() {
            // kill -9, before its successor takes the port.
            drop(front);
            front = start(port, home.path());
            std::fs::remove_file(&flag).expect("removed");
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    drop(front);
    assert!(status.success(), "front_fis.py failed");
}

#[tokio::test]
async fn commands_go_through_run_command_where_that_stands_in() {
    let mut options = Options::new(moto().endpoint.clone());
    options.clock = CLOCK.parse().expect("a factor");
    let lab = served_with(options, |front| front.with(Fis::default()).with(Ssm)).await;
    let result = lab.boto3(include_str!("../../../../tests/support/front_fis_ssm.py")).await;
    assert_eq!(result, json!("done"));
}
