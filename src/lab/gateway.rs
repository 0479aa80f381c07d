//! The front as a process: started before the upstream, and what that process does. Owns its life; what it
//! answers is `front`'s.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::net::TcpListener;

use super::chosen::Chosen;
use super::front::{self, Front, Options};
use super::state::{FrontState, Kind, Process, State};
use super::{LabError, LabOptions, Progress, http, ministack, port, process, venv};

const PATIENCE: Duration = Duration::from_secs(30);
const READY: &str = "/_backburn/status";

/// Starts `program` as the front of the upstream in `state`, which then knows it.
pub(super) async fn start(
    mut state: State,
    program: &Path,
    options: &LabOptions,
    progress: &dyn Progress,
) -> Result<State, LabError> {
    // Two labs that start on one port at once: both would find it free.
    let _turn = match options.port {
        0 => None,
        port => {
            let held = options.cache.join(format!("port-{port}.lock"));
            Some(venv::lock(&held, "another lab starts on this port", progress).await?)
        }
    };
    let is_enforced = matches!(state.kind, Kind::MiniStack | Kind::Url)
        && ministack::is_enforced(&state.endpoint).await;
    let mut tries = 0;
    loop {
        tries += 1;
        let port = port::free(options.port)?;
        let mut command = command(&state, program, port, options);
        if is_enforced {
            command.arg("--enforced");
        }
        match started(&mut state, command, port, options, progress).await {
            // Between finding a free port and binding it, someone else was faster.
            Err(LabError::StartFailed { tail, .. })
                if options.port == 0 && tries < 4 && tail.contains("in use") => {}
            Ok(()) => return Ok(state),
            Err(error) => return Err(error),
        }
    }
}

async fn started(
    state: &mut State,
    command: Command,
    port: u16,
    options: &LabOptions,
    progress: &dyn Progress,
) -> Result<(), LabError> {
    let endpoint = format!("http://127.0.0.1:{port}");
    progress.say(&format!("starting the front on {endpoint}"));
    let log = options.home.join("front.log");
    let mut child = process::start(command, &log)?;
    let failed = || LabError::StartFailed { tail: process::log_tail(&log), log: log.clone() };
    let birth = process::birth(child.id()).ok_or_else(failed)?;
    let process = Process { pid: child.id(), birth };
    let chosen = Some(Chosen::of(options));
    let front = FrontState { endpoint: endpoint.clone(), port, process: process.clone(), chosen };
    state.front = Some(front);
    // Before it answers: an interrupted start is still ours to end.
    state.write(&options.home)?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let is_up = is_front_of(&state.endpoint, &endpoint).await;
        if !matches!(child.try_wait(), Ok(None)) {
            return Err(failed());
        }
        if is_up {
            return Ok(());
        }
        if Instant::now() > deadline {
            process::end(&process).await?;
            let (seconds, tail) = (PATIENCE.as_secs(), process::log_tail(&log));
            return Err(LabError::StartTimeout { endpoint, seconds, tail, log });
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Whether the front of this upstream answers, and not another lab's on the same port.
async fn is_front_of(upstream: &str, endpoint: &str) -> bool {
    let Ok((200, text)) = http::send(endpoint, READY, None, &[]).await else { return false };
    let said: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    said["upstream"] == upstream
}

fn command(state: &State, program: &Path, port: u16, options: &LabOptions) -> Command {
    let mut command = Command::new(program);
    command.args(["lab", "front", "--upstream", &state.endpoint]);
    command.args(["--port", &port.to_string(), "--clock", &options.clock.to_string()]);
    command.arg("--home").arg(&options.home);
    if state.kind != Kind::Url {
        command.args(["--named", state.kind.label()]);
    }
    for service in &options.passthrough {
        command.args(["--passthrough", service]);
    }
    if matches!(state.kind, Kind::LocalStackHost | Kind::LocalStackDocker | Kind::MiniStack) {
        // It evaluates alarms itself.
        command.args(["--passthrough", "monitoring"]);
    }
    if let Some(file) = &options.record {
        command.arg("--record").arg(file);
    }
    if options.has_quotas {
        command.args(["--quotas", "aws"]);
    }
    if options.enforces {
        command.args(["--enforce", "on"]);
    }
    for port in &options.deliver_to {
        command.args(["--deliver-to", &port.to_string()]);
    }
    if let Some(pid) = options.watch {
        command.args(["--watch", &pid.to_string()]);
    }
    command
}

/// A front's description of itself.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Told {
    /// The upstream that it passes calls to.
    pub upstream: String,
    /// How many times faster than AWS its waits are.
    pub clock: f64,
    pub passthrough: Vec<String>,
    pub has_quotas: bool,
    /// What was judged by policies; `None` where the front judges nothing.
    pub enforcement: Option<Judged>,
    /// By service: what the front stands in for, and where that differs from AWS, one plain sentence each.
    pub stand_ins: serde_json::Map<String, serde_json::Value>,
    /// What an earlier front had begun and this one could not carry on.
    pub lost: Vec<String>,
}

/// The calls that a front has judged by policies.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Judged {
    pub judged: u64,
    pub refused: u64,
    /// Those that passed because nobody can say what AWS would answer.
    pub not_judged: u64,
    pub reasons: Vec<Reason>,
}

/// Why calls of a service were not judged.
#[derive(Debug, Clone, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Reason {
    pub service: String,
    /// What was missing for an answer, in words.
    pub without: String,
    pub calls: u64,
}

fn judged(said: &serde_json::Value) -> Option<Judged> {
    let count = |name: &str| said[name].as_u64().unwrap_or_default();
    let reasons = || serde_json::from_value(said["reasons"].clone()).unwrap_or_default();
    said.is_object().then(|| Judged {
        judged: count("judged"),
        refused: count("refused"),
        not_judged: count("notJudged"),
        reasons: reasons(),
    })
}

/// The description of the front of `state`, if it has one.
pub(super) async fn told(state: &State) -> Result<Option<Told>, LabError> {
    let Some(front) = &state.front else { return Ok(None) };
    let (_, text) = http::send(&front.endpoint, READY, None, &[]).await?;
    let bad = |why: String| LabError::NoAnswer { url: front.endpoint.clone(), why };
    let mut said: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
    let texts = |value: &serde_json::Value| -> Vec<String> {
        value
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|t| t.as_str().map(str::to_owned))
            .collect()
    };
    Ok(Some(Told {
        upstream: state.endpoint.clone(),
        clock: said["clock"].as_f64().unwrap_or(1.0),
        passthrough: texts(&said["passthrough"]),
        has_quotas: said["quotas"].as_bool().unwrap_or_default(),
        enforcement: judged(&said["enforcement"]),
        lost: texts(&said["lost"]),
        stand_ins: said["standIns"].as_object_mut().map(std::mem::take).unwrap_or_default(),
    }))
}

/// Starts the front again if it has ended and its upstream is still running: it continues with its saved state.
pub(super) async fn again(
    state: &State,
    options: &LabOptions,
    progress: &dyn Progress,
) -> Result<Option<State>, LabError> {
    let (Some(program), Some(front)) = (&options.program, &state.front) else { return Ok(None) };
    let upstream = http::account(&state.endpoint, super::ACCESS_KEY_ID, super::REGION).await;
    if front.process.is_ours() || upstream.is_err() {
        return Ok(None);
    }
    progress.say("the front has ended, its upstream still runs: the front is started again");
    let options = front.chosen.as_ref().map_or_else(|| options.clone(), |has| has.again(options));
    let options = LabOptions { port: front.port, ..options };
    start(state.clone(), program, &options, progress).await.map(Some)
}

/// Empties what the stand-ins remember.
#[cfg(feature = "aws")]
pub(super) async fn forget(state: &State) -> Result<(), LabError> {
    match &state.front {
        Some(front) => {
            http::send(&front.endpoint, "/_backburn/reset", Some(""), &[]).await.map(drop)
        }
        None => Ok(()),
    }
}

/// Answers on 127.0.0.1:`port` until it is asked to end, or the process `watch` has ended.
///
/// # Errors
/// The port is in use, the upstream is not on this machine, or the saved state cannot be read.
pub async fn serve(options: Options, port: u16, watch: Option<u32>) -> Result<(), LabError> {
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(LabError::io("cannot listen on", Path::new(&format!("127.0.0.1:{port}"))))?;
    let front = front::full(options).start().await?;
    tokio::spawn(end(front.clone(), watch));
    Ok(front::serve(front, listener).await?)
}

async fn end(front: Front, watch: Option<u32>) {
    let watched = async {
        let Some(pid) = watch else { return std::future::pending().await };
        let birth = process::birth(pid);
        while birth.is_some() && process::birth(pid) == birth {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    #[cfg(unix)]
    let asked = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                terminate.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let asked = std::future::pending::<()>();
    tokio::select! {
        () = watched => {}
        () = asked => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    front.stop().await;
}
