//! What tests of the lab share: one endpoint a test process, one account a test, an independent reader.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use backburn::lab::{self, Lab, LabOptions, Silent, seed::Seed};

use crate::contract;

/// How long a test waits for an expected event: longer than anything takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(5);

/// Looks again and again until there is something.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} never came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Installed upstreams, kept between test runs.
pub(crate) fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("lab-cache")
}

/// A fresh state directory. Those of earlier runs are removed after a day.
pub(crate) fn home() -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lab-homes");
    std::fs::create_dir_all(&root).expect("the target directory is ours");
    let old = SystemTime::now() - Duration::from_hours(24);
    for entry in std::fs::read_dir(&root).into_iter().flatten().flatten() {
        if entry.metadata().and_then(|data| data.modified()).is_ok_and(|changed| changed < old) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    tempfile::Builder::new().prefix("home-").tempdir_in(&root).expect("a directory").keep()
}

/// A free port, a fresh home, the shared cache. The endpoint ends with this process, even one that is killed.
pub(crate) fn options() -> LabOptions {
    LabOptions { port: 0, watch: Some(std::process::id()), ..LabOptions::new(home(), cache()) }
}

/// The same with the front before it, as the program starts it.
pub(crate) fn fronted() -> LabOptions {
    LabOptions {
        program: Some(env!("CARGO_BIN_EXE_backburn").into()),
        record: Some(contract::recording()),
        ..options()
    }
}

/// The endpoint that all tests of this process share.
pub(crate) struct LabHandle {
    pub lab: Lab,
    next: AtomicU64,
}

/// Starts the shared endpoint at the first call.
pub(crate) fn lab() -> &'static LabHandle {
    static LAB: OnceLock<LabHandle> = OnceLock::new();
    LAB.get_or_init(|| start(&fronted()))
}

/// The endpoint that all drills of this process share: what lasts a minute on AWS lasts a second there.
pub(crate) fn drill_lab() -> &'static LabHandle {
    static LAB: OnceLock<LabHandle> = OnceLock::new();
    LAB.get_or_init(|| start(&LabOptions { clock: "60x".parse().expect("a factor"), ..fronted() }))
}

fn start(options: &LabOptions) -> LabHandle {
    // A thread of its own: the caller may be inside a runtime, which cannot block on another.
    let lab = std::thread::scope(|threads| {
        threads.spawn(|| runtime().block_on(lab::up(options, &Silent))).join().expect("no panic")
    });
    let lab = lab.unwrap_or_else(|error| panic!("{:?}", miette::Report::new(error)));
    LabHandle { lab, next: AtomicU64::new(1) }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

impl LabHandle {
    /// Twelve digits that no other test of this process uses: both account and access key id.
    pub(crate) fn account(&self) -> String {
        format!("{:012}", 100_000_000_000 + self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// A fresh account, seeded.
    pub(crate) async fn seeded(&self) -> Seed {
        let account = self.account();
        lab::seed::seed(&self.lab.sdk_config(&account), &Silent).await.expect("seeded")
    }

    /// Everything in the account that a playbook could touch, read by another client.
    pub(crate) fn account_state(&self, account: &str) -> serde_json::Value {
        account_state(&self.lab, account)
    }
}

/// What `tests/support/account.py` reads. A reader is kept for the next call.
pub(crate) fn account_state(lab: &Lab, account: &str) -> serde_json::Value {
    state_read(lab, account, "")
}

/// The same with all that a drill could leave, and without instances that are terminated: they stay
/// listed for a while and cost nothing.
pub(crate) fn drill_state(lab: &Lab, account: &str) -> serde_json::Value {
    let mut state = state_read(lab, account, " drills");
    if let Some(instances) = state["ec2"]["instances"].as_object_mut() {
        instances.retain(|_, instance| instance["state"] != "terminated");
    }
    state
}

fn state_read(lab: &Lab, account: &str, more: &str) -> serde_json::Value {
    static IDLE: Mutex<Vec<Reader>> = Mutex::new(Vec::new());
    let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let mut reader = idle.unwrap_or_else(|| Reader::start(lab));
    let state = reader.read(&format!("{} {account} {}{more}", lab.endpoint, lab.region));
    IDLE.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
    state
}

/// A running `account.py`; it ends when its stdin does, which is at the latest when this process ends.
struct Reader {
    _child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Reader {
    fn start(lab: &Lab) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/account.py");
        let mut command =
            Command::new(lab.python.as_ref().expect("the lab installed its upstream"));
        command.arg("-I").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("python starts");
        let ask = child.stdin.take().expect("a pipe");
        let answers = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { _child: child, ask, answers }
    }

    fn read(&mut self, of: &str) -> serde_json::Value {
        writeln!(self.ask, "{of}").expect("python reads");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("python writes");
        serde_json::from_str(&answer).expect("JSON; account.py's own error is above")
    }
}
