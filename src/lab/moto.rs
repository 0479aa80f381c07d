//! The default upstream, moto: what it installs, how it is started, what it lacks. Ends nothing.

use std::path::Path;
use std::process::Command;

use super::python::{Version, Wanted};
use super::venv::{Recipe, Venv};
use super::{LabError, http};

pub(super) const RECIPE: Recipe = Recipe {
    name: "moto-5.2.5",
    requirements: include_str!("../../localstack/requirements.txt"),
    python: Wanted { from: Version(3, 10), to: None },
    wheels_only: true,
};

/// File in the environment's folder, and its content. moto's own 1,300 images give every account as many snapshots
/// that playbooks would find among the account's own.
pub(super) const IMAGES: (&str, &str) =
    ("images.json", include_str!("../../localstack/images.json"));

pub(super) const READY: &str = "/moto-api/";

/// In plain words, for people who judge what a run in the lab proves.
pub(super) const STAND_INS: &[&str] = &[
    super::NOT_ENFORCED,
    "no packet flows: an isolated instance is isolated in its settings only",
    "snapshots are complete at once and hold no data",
    "there is no policy simulator",
];

/// The same of what the front stands in for, where there is none.
pub(super) const WITHOUT_FRONT: &[&str] = &[
    "SSM commands answer at once and run nothing",
    "CloudTrail look-up, GuardDuty findings, alarm evaluation, Backup jobs and FIS effects are missing",
];

pub(super) fn command(venv: &Venv, script: &Path, port: u16, watch: Option<u32>) -> Command {
    let mut command = super::launch::python(venv, script, "moto", port, watch);
    // Policies that AWS manages (AWSDenyAll and others) exist only with this.
    command.env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true");
    command.env("MOTO_AMIS_PATH", venv.folder.join(IMAGES.0));
    command
}

/// Step Functions that act, Lambda that needs no Docker.
pub(super) async fn configure(endpoint: &str) -> Result<(), LabError> {
    let settings = r#"{"stepfunctions":{"execute_state_machine":true},"lambda":{"use_docker":false},"batch":{"use_docker":false}}"#;
    http::send(endpoint, "/moto-api/config", Some(settings), &[]).await.map(drop)
}

/// Empties every account.
#[cfg(feature = "aws")]
pub(super) async fn reset(endpoint: &str) -> Result<(), LabError> {
    match http::send(endpoint, "/moto-api/reset", Some(""), &[]).await? {
        (200, _) => configure(endpoint).await,
        (status, _) => Err(LabError::NoAnswer {
            url: endpoint.into(),
            why: format!("its reset answers with status {status}"),
        }),
    }
}
