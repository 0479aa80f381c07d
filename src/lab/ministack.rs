//! The upstream that enforces IAM, ministack: what it installs, how it is started, what it lacks. Ends nothing.

use std::path::Path;
use std::process::Command;

use super::python::{Version, Wanted};
use super::venv::{Recipe, Venv};
use super::{LabError, http};

pub(super) const RECIPE: Recipe = Recipe {
    name: "ministack-1.5.33",
    requirements: include_str!("../../localstack/ministack-requirements.txt"),
    python: Wanted { from: Version(3, 10), to: None },
    wheels_only: true,
};

pub(super) const READY: &str = "/_ministack/health";

/// In plain words, for people who judge what a run in the lab proves.
pub(super) const STAND_INS: &[&str] = &[
    "IAM policies, key status and signatures are enforced, but not on calls that the front answers itself",
    "the lab's own key `test` and 12-digit keys are the root user of their account: nothing is denied to them",
    "the policy simulator ignores context entries, so a deny of older sessions looks like a deny of everything",
    "instances have no interfaces and no ModifyInstanceAttribute: `ec2-compromise` cannot run here",
    "no packet flows: an isolated instance is isolated in its settings only",
    "FIS effects, Security Hub, GuardDuty findings and SSM documents are missing",
];

pub(super) fn command(
    venv: &Venv,
    script: &Path,
    home: &Path,
    port: u16,
    watch: Option<u32>,
) -> Command {
    let mut command = super::launch::python(venv, script, "ministack", port, watch);
    // It reads many settings under plain names: none of the caller's is meant for it.
    command.env_clear();
    for name in ["PATH", "HOME", "LANG", "SYSTEMROOT"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
        .env("GATEWAY_PORT", port.to_string())
        // Its own default is every interface of the machine.
        .envs([("BIND_HOST", "127.0.0.1"), ("MINISTACK_HOST", "127.0.0.1"), ("AUTH", "true")])
        .env("TMPDIR", home.join("ministack"));
    command
}

/// The folder of its temporary files.
pub(super) fn prepare(home: &Path) -> Result<(), LabError> {
    let folder = home.join("ministack");
    std::fs::create_dir_all(&folder).map_err(LabError::io("cannot make", &folder))
}

/// Whether `endpoint` is a ministack that enforces IAM, started by whomever.
pub(super) async fn is_enforced(endpoint: &str) -> bool {
    let Ok((200, text)) = http::send(endpoint, READY, None, &[]).await else { return false };
    serde_json::from_str::<serde_json::Value>(&text).is_ok_and(|told| told["auth"] == "enabled")
}

/// Empties every account.
#[cfg(feature = "aws")]
pub(super) async fn reset(endpoint: &str) -> Result<(), LabError> {
    match http::send(endpoint, "/_ministack/reset", Some(""), &[]).await? {
        (200, _) => Ok(()),
        (status, _) => Err(LabError::NoAnswer {
            url: endpoint.into(),
            why: format!("its reset answers with status {status}"),
        }),
    }
}
