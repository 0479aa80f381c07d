//! The second upstream, LocalStack community 4.14.0, in host mode or in Docker: what it installs, how it is
//! started and ended, what it lacks.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::LabError;
use super::process::tail;
use super::python::{Version, Wanted};
use super::venv::{Recipe, Venv};

/// Its metadata claims 3.10, but its stores use the generics of 3.12; its dependencies of that time end at 3.13.
pub(super) const PYTHON: Wanted = Wanted { from: Version(3, 12), to: Some(Version(3, 13)) };

pub(super) const RECIPE: Recipe = Recipe {
    name: "localstack-4.14.0",
    requirements: include_str!("../../localstack/localstack-requirements.txt"),
    python: PYTHON,
    wheels_only: false,
};

pub(super) const READY: &str = "/_localstack/health";

pub(super) const STAND_INS: &[&str] = &[
    super::NOT_ENFORCED,
    "no packet flows: an isolated instance is isolated in its settings only",
    "SSM commands answer at once and run nothing",
    "snapshots are complete at once and hold no data",
    "FIS, Backup, CloudTrail, GuardDuty, RDS, WAF, Organizations, Auto Scaling and load balancers are missing",
];

const COMPOSE: &str = include_str!("../../localstack/compose.yaml");

pub(super) fn command(
    venv: &Venv,
    script: &Path,
    home: &Path,
    port: u16,
    watch: Option<u32>,
) -> Command {
    let address = format!("127.0.0.1:{port}");
    let volume = home.join("localstack");
    let mut command = super::launch::python(venv, script, "localstack", port, watch);
    command
        .env("LOCALSTACK_VOLUME_DIR", &volume)
        .env("XDG_CACHE_HOME", volume.join("cache"))
        .env("TMPDIR", volume.join("tmp"))
        .env("GATEWAY_LISTEN", &address)
        // Its default server listens on every interface of the machine, whatever address it is given.
        .env("GATEWAY_SERVER", "hypercorn")
        .env("LOCALSTACK_HOST", &address)
        .envs([("DNS_ADDRESS", "0"), ("SKIP_SSL_CERT_DOWNLOAD", "1"), ("DISABLE_EVENTS", "1")])
        .envs([
            ("DISABLE_UPDATES", "1"),
            ("EAGER_SERVICE_LOADING", "0"),
            ("IAM_LOAD_MANAGED_POLICIES", "1"),
            // Else key ids begin with `LKIA`, which no access key of AWS does.
            ("PARITY_AWS_ACCESS_KEY_ID", "1"),
        ]);
    command
}

/// Folders that host mode expects to find.
pub(super) fn prepare(home: &Path) -> Result<(), LabError> {
    for folder in ["localstack/cache", "localstack/tmp"] {
        let folder = home.join(folder);
        std::fs::create_dir_all(&folder).map_err(LabError::io("cannot make", &folder))?;
    }
    Ok(())
}

/// Whether a Docker engine with compose answers; else why not.
pub(super) async fn docker() -> Result<(), String> {
    for arguments in [&["version", "--format", "{{.Server.Version}}"][..], &["compose", "version"]]
    {
        let mut docker = tokio::process::Command::new("docker");
        docker.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
        match tokio::time::timeout(Duration::from_secs(10), docker.output()).await {
            Err(_) => return Err("Docker does not answer within 10 s".into()),
            Ok(Err(_)) => return Err("no `docker` on PATH".into()),
            Ok(Ok(done)) if !done.status.success() => {
                return Err(tail(&String::from_utf8_lossy(&done.stderr), 1));
            }
            Ok(Ok(_)) => {}
        }
    }
    Ok(())
}

/// Runs `docker compose ARGUMENTS` on the embedded compose file.
pub(super) async fn compose(home: &Path, port: u16, arguments: &[&str]) -> Result<(), LabError> {
    let file = home.join("compose.yaml");
    std::fs::write(&file, COMPOSE).map_err(LabError::io("cannot write", &file))?;
    let done = tokio::process::Command::new("docker")
        .args(["compose", "--project-name", &format!("backburn-lab-{port}"), "--file"])
        .arg(&file)
        .args(arguments)
        .env("BACKBURN_LAB_PORT", port.to_string())
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(LabError::io("cannot start", "docker"))?;
    if done.status.success() {
        return Ok(());
    }
    let command = format!("compose {}", arguments.join(" "));
    Err(LabError::Docker { command, tail: tail(&String::from_utf8_lossy(&done.stderr), 8) })
}
