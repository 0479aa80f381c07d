//! From nothing to an endpoint that answers: installs, starts, waits, writes down what it started.
//! Decides neither whether to (that is `up`) nor what an upstream needs (its own file).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::state::{Kind, Process, State};
use super::venv::{self, Venv};
use super::{
    LabError, LabOptions, Progress, Upstream, file, front, gateway, http, localstack, ministack,
    moto, port, process,
};

const SCRIPT: &str = include_str!("../../localstack/serve.py");
/// A cold disk and a busy machine included; a quiet one needs 1 s (moto) or 5 s (LocalStack).
const PATIENCE: Duration = Duration::from_mins(2);
/// The first start in Docker pulls an image of 1 GB before it returns, so this is only for what comes after.
const DOCKER_PATIENCE: Duration = Duration::from_mins(5);

/// Starts what `options` ask for and returns its state, already written to `lab.json`.
pub(super) async fn launch(
    options: &LabOptions,
    progress: &dyn Progress,
) -> Result<State, LabError> {
    let Some(program) = &options.program else { return upstream(options, progress).await };
    // Reported before minutes of installing, and again when the front starts.
    port::free(options.port)?;
    let behind = LabOptions { port: 0, ..options.clone() };
    let state = upstream(&behind, progress).await?;
    // A new upstream is empty, so what stand-ins remember of the last one is nothing's any more.
    if state.kind != Kind::Url {
        let _ = fs::remove_file(options.home.join("front.json"));
    }
    gateway::start(state, program, options, progress).await
}

async fn upstream(options: &LabOptions, progress: &dyn Progress) -> Result<State, LabError> {
    match &options.upstream {
        Upstream::Url(url) => adopt(url, options).await,
        Upstream::Moto => host(Kind::Moto, options, progress).await,
        Upstream::MiniStack => host(Kind::MiniStack, options, progress).await,
        Upstream::LocalStack => match localstack::docker().await {
            Ok(()) => in_docker(options, progress).await,
            Err(docker) => {
                progress
                    .say(&format!("no Docker engine ({docker}): starting LocalStack in host mode"));
                host(Kind::LocalStackHost, options, progress).await.map_err(|error| match error {
                    LabError::NoPython { wanted, .. } => LabError::NoDocker { docker, wanted },
                    other => other,
                })
            }
        },
    }
}

async fn adopt(url: &str, options: &LabOptions) -> Result<State, LabError> {
    let endpoint = front::check_loopback(url)?;
    http::account(&endpoint, super::ACCESS_KEY_ID, super::REGION).await?;
    let port = endpoint.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(80);
    let state = state(Kind::Url, endpoint, port, None, None);
    state.write(&options.home)?;
    Ok(state)
}

async fn in_docker(options: &LabOptions, progress: &dyn Progress) -> Result<State, LabError> {
    let port = port::free(options.port)?;
    progress.say("starting LocalStack in Docker (the first start pulls its image)");
    let state = state(Kind::LocalStackDocker, format!("http://127.0.0.1:{port}"), port, None, None);
    // Before the container: an interrupted start is still ours to end.
    state.write(&options.home)?;
    localstack::compose(&options.home, port, &["up", "--detach"]).await?;
    let deadline = Instant::now() + DOCKER_PATIENCE;
    while !answers(&state.endpoint, localstack::READY).await {
        if Instant::now() > deadline {
            let tail = "see `docker compose logs`".to_owned();
            let (seconds, log) = (DOCKER_PATIENCE.as_secs(), options.home.join("compose.yaml"));
            return Err(LabError::StartTimeout { endpoint: state.endpoint, seconds, tail, log });
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Ok(state)
}

async fn host(
    kind: Kind,
    options: &LabOptions,
    progress: &dyn Progress,
) -> Result<State, LabError> {
    // Reported before minutes of installing, and again below in case the wait changed it.
    port::free(options.port)?;
    let (recipe, ready) = match kind {
        Kind::Moto => (&moto::RECIPE, moto::READY),
        Kind::MiniStack => (&ministack::RECIPE, ministack::READY),
        _ => (&localstack::RECIPE, localstack::READY),
    };
    let venv = venv::ensure(recipe, &options.cache, progress).await?;
    let script = venv.folder.join("serve.py");
    keep(&script, SCRIPT)?;
    if kind == Kind::Moto {
        keep(&venv.folder.join(moto::IMAGES.0), moto::IMAGES.1)?;
    }
    // Two labs that start on one port at once: both would find it free, and the slower one would take the other's
    // answer for its own.
    let _turn = match options.port {
        0 => None,
        port => {
            let held = options.cache.join(format!("port-{port}.lock"));
            Some(venv::lock(&held, "another lab starts on this port", progress).await?)
        }
    };
    let mut tries = 0;
    loop {
        let port = port::free(options.port)?;
        let (home, watch) = (&options.home, options.watch);
        let command = match kind {
            Kind::Moto => moto::command(&venv, &script, port, watch),
            Kind::MiniStack => {
                ministack::prepare(home)?;
                ministack::command(&venv, &script, home, port, watch)
            }
            _ => {
                localstack::prepare(home)?;
                localstack::command(&venv, &script, home, port, watch)
            }
        };
        tries += 1;
        match started(kind, command, port, ready, &venv, options, progress).await {
            // Between finding a free port and binding it, someone else was faster.
            Err(LabError::StartFailed { tail, .. })
                if options.port == 0 && tries < 4 && tail.contains("in use") => {}
            Ok(state) => {
                if kind == Kind::Moto {
                    moto::configure(&state.endpoint).await?;
                }
                return Ok(state);
            }
            Err(error) => return Err(error),
        }
    }
}

async fn started(
    kind: Kind,
    command: Command,
    port: u16,
    ready: &str,
    venv: &Venv,
    options: &LabOptions,
    progress: &dyn Progress,
) -> Result<State, LabError> {
    let log = options.home.join("lab.log");
    let endpoint = format!("http://127.0.0.1:{port}");
    progress.say(&format!("starting {} on {endpoint}", kind.label()));
    let mut child = process::start(command, &log)?;
    let failed = || LabError::StartFailed { tail: process::log_tail(&log), log: log.clone() };
    let birth = process::birth(child.id()).ok_or_else(failed)?;
    let running = Process { pid: child.id(), birth };
    let state = state(kind, endpoint, port, Some(running.clone()), Some(venv.folder.clone()));
    // Before it answers: an interrupted start is still ours to end.
    state.write(&options.home)?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let is_up = answers(&state.endpoint, ready).await;
        // Checked after the answer: it may have come from someone else on that port.
        if !matches!(child.try_wait(), Ok(None)) {
            State::remove(&options.home);
            return Err(failed());
        }
        if is_up {
            return Ok(state);
        }
        if Instant::now() > deadline {
            process::end(&running).await?;
            State::remove(&options.home);
            let (seconds, tail) = (PATIENCE.as_secs(), process::log_tail(&log));
            return Err(LabError::StartTimeout { endpoint: state.endpoint, seconds, tail, log });
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn answers(endpoint: &str, path: &str) -> bool {
    matches!(http::send(endpoint, path, None, &[]).await, Ok((200, _)))
}

fn state(
    kind: Kind,
    endpoint: String,
    port: u16,
    process: Option<Process>,
    venv: Option<PathBuf>,
) -> State {
    State {
        version: State::VERSION,
        kind,
        endpoint,
        port,
        process,
        venv,
        front: None,
        started: jiff::Timestamp::now(),
    }
}

/// `serve.py` of the environment, without the caller's AWS, Python and upstream settings.
pub(super) fn python(
    venv: &Venv,
    script: &Path,
    upstream: &str,
    port: u16,
    watch: Option<u32>,
) -> Command {
    let mut command = Command::new(venv.python());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["AWS_", "MOTO_", "PYTHON", "LOCALSTACK_", "INITIAL_NO_AUTH"]
            .iter()
            .any(|prefix| text.starts_with(prefix))
        {
            command.env_remove(&name);
        }
    }
    // What an upstream calls on this machine, itself above all, passes no proxy of the caller's.
    for name in ["NO_PROXY", "no_proxy"] {
        let theirs = std::env::var(name).unwrap_or_default();
        let all = [theirs.as_str(), "localhost", "127.0.0.1", "::1", ".localhost"];
        let all: Vec<_> = all.into_iter().filter(|one| !one.is_empty()).collect();
        command.env(name, all.join(","));
    }
    command.args(["-I", "-u"]).arg(script).arg(upstream).args(["--port", &port.to_string()]);
    if let Some(pid) = watch {
        command.args(["--watch", &pid.to_string()]);
    }
    command
}

/// Writes a file of the environment unless it already exists with the right content.
fn keep(path: &Path, text: &str) -> Result<(), LabError> {
    match fs::read_to_string(path) {
        Ok(old) if old == text => Ok(()),
        _ => file::replace(path, text),
    }
}
