//! The lab: a local AWS endpoint that the program starts, seeds and stops.
//!
//! Owns the endpoint's life and its files. It only ever talks to this machine, ends nothing that it did not
//! start, and prints nothing: what it does goes to a [`Progress`].

mod behind;
mod chosen;
mod control;
mod error;
mod file;
mod gateway;
mod http;
mod launch;
mod localstack;
mod ministack;
mod moto;
mod options;
mod own;
mod port;
mod process;
mod progress;
mod python;
#[cfg(feature = "aws")]
pub mod seed;
mod state;
#[cfg(feature = "aws")]
pub mod stolen;
mod venv;

use std::path::PathBuf;

use serde::Serialize;

/// The front: a crate of its own, which nothing but this module names.
pub use backburn_front as front;
pub use behind::{Behind, behind};
pub use control::{Control, Hit};
pub use error::LabError;
pub use gateway::{Judged, Reason, Told, serve as serve_front};
pub use options::{Asked, LabOptions, Upstream};
pub use progress::{Progress, Silent};

use state::{Kind, State};

/// Access key id of the lab's default account. Twelve digits instead select the account of that number.
pub const ACCESS_KEY_ID: &str = "test";
/// Local endpoints check no signature; this is not a secret.
pub const SECRET_ACCESS_KEY: &str = "test";
pub const REGION: &str = "us-east-1";

/// A running endpoint.
#[derive(Debug, Clone, Serialize)]
pub struct Lab {
    /// Without a trailing slash: `http://127.0.0.1:4566`.
    pub endpoint: String,
    pub port: u16,
    /// None for Docker and for endpoints that the lab did not start.
    pub pid: Option<u32>,
    /// What answers, with its version.
    pub upstream: String,
    /// Account of [`ACCESS_KEY_ID`].
    pub account: String,
    pub region: String,
    pub started: jiff::Timestamp,
    /// Where the endpoint writes what it does.
    pub log: Option<PathBuf>,
    /// A Python with boto3, where the lab installed one.
    pub python: Option<PathBuf>,
    /// What this upstream lacks or only pretends, a plain sentence each.
    pub stand_ins: Vec<String>,
    /// The front, where one is before the upstream.
    pub front: Option<gateway::Told>,
    /// False when `up` found it running.
    pub is_new: bool,
}

impl Lab {
    /// Environment that points any AWS tool at the lab's default account.
    pub fn env(&self) -> Vec<(String, String)> {
        self.env_for(ACCESS_KEY_ID)
    }

    /// Environment for the account that `access_key_id` selects.
    pub fn env_for(&self, access_key_id: &str) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT_URL", self.endpoint.as_str()),
            ("AWS_ACCESS_KEY_ID", access_key_id),
            ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY),
            ("AWS_REGION", &self.region),
            ("AWS_DEFAULT_REGION", &self.region),
            // Else a tool that finds no credentials asks the metadata service of the machine it runs on.
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// SDK configuration for the account that `access_key_id` selects. Reads nothing of the caller's environment.
    #[cfg(feature = "aws")]
    pub fn sdk_config(&self, access_key_id: &str) -> aws_config::SdkConfig {
        seed::sdk_config(&self.endpoint, &self.region, access_key_id)
    }
}

/// Starts the endpoint, or returns the one that runs already. Seeds nothing.
///
/// # Errors
/// Each way it can fail is a [`LabError`] with help.
pub async fn up(options: &LabOptions, progress: &dyn Progress) -> Result<Lab, LabError> {
    let _lock = open(options, progress).await?;
    if let Some(state) = State::read(&options.home) {
        if let Ok(lab) = look(&state, options, false).await {
            if !matches(&state, &options.upstream) {
                return Err(LabError::OtherUpstream {
                    running: lab.upstream,
                    endpoint: lab.endpoint,
                });
            }
            chosen::holds(&state, options)?;
            progress.say(&format!("the lab already runs: {} on {}", lab.upstream, lab.endpoint));
            return Ok(lab);
        }
        if let Some(state) = gateway::again(&state, options, progress).await? {
            return look(&state, options, true).await;
        }
        end(&state, options).await?;
    }
    let state = launch::launch(options, progress).await?;
    look(&state, options, true).await
}

/// The endpoint that runs, or `None`.
pub async fn status(options: &LabOptions) -> Result<Option<Lab>, LabError> {
    own::folder(&options.home)?;
    match State::read(&options.home) {
        Some(state) => Ok(look(&state, options, false).await.ok()),
        None => Ok(None),
    }
}

/// Ends the endpoint. False when none was running. An endpoint given by URL is forgotten, not ended.
pub async fn down(options: &LabOptions, progress: &dyn Progress) -> Result<bool, LabError> {
    let _lock = open(options, progress).await?;
    let state = State::read(&options.home);
    if let Some(state) = &state {
        progress.say(&format!("ending {} on {}", state.kind.label(), state.endpoint));
        end(state, options).await?;
    }
    State::remove(&options.home);
    Ok(state.is_some())
}

/// Environment of the running lab.
///
/// # Errors
/// [`LabError::NotRunning`].
pub async fn env(options: &LabOptions) -> Result<Vec<(String, String)>, LabError> {
    status(options).await?.map(|lab| lab.env()).ok_or(LabError::NotRunning)
}

/// Empties every account of the running lab, then seeds the default one.
///
/// # Errors
/// [`LabError::NotRunning`]; [`LabError::Foreign`] for an endpoint that the lab did not start.
#[cfg(feature = "aws")]
pub async fn reset(
    options: &LabOptions,
    progress: &dyn Progress,
) -> Result<(Lab, seed::Seed), LabError> {
    let lab = {
        let _lock = open(options, progress).await?;
        let state = State::read(&options.home).ok_or(LabError::NotRunning)?;
        progress.say(&format!("emptying {}", state.endpoint));
        match state.kind {
            Kind::Url => return Err(LabError::Foreign { upstream: state.endpoint }),
            Kind::Moto => {
                moto::reset(&state.endpoint).await?;
                gateway::forget(&state).await?;
                look(&state, options, false).await?
            }
            Kind::MiniStack => {
                ministack::reset(&state.endpoint).await?;
                gateway::forget(&state).await?;
                look(&state, options, false).await?
            }
            // It has no reset, and keeps nothing over a restart.
            Kind::LocalStackHost | Kind::LocalStackDocker => {
                end(&state, options).await?;
                let chosen = state.front.as_ref().and_then(|front| front.chosen.as_ref());
                let again = chosen.map_or_else(|| options.clone(), |has| has.again(options));
                let (port, upstream) = (state.public().1, Upstream::LocalStack);
                let again = LabOptions { port, upstream, ..again };
                look(&launch::launch(&again, progress).await?, options, true).await?
            }
        }
    };
    let seed = seed::seed(&lab.sdk_config(ACCESS_KEY_ID), progress).await?;
    Ok((lab, seed))
}

/// Makes `home` and holds it: two commands never start or end the same lab at once.
async fn open(options: &LabOptions, progress: &dyn Progress) -> Result<std::fs::File, LabError> {
    venv::make_private(&options.home).map_err(LabError::io("cannot make", &options.home))?;
    own::folder(&options.home)?;
    venv::lock(&options.home.join("lab.lock"), "another command starts or ends the lab", progress)
        .await
}

async fn end(state: &State, options: &LabOptions) -> Result<(), LabError> {
    if let Some(front) = &state.front {
        process::end(&front.process).await?;
    }
    match (&state.process, state.kind) {
        (Some(process), _) => process::end(process).await?,
        (None, Kind::LocalStackDocker) => {
            localstack::compose(&options.home, state.port, &["down", "--volumes"]).await?;
        }
        (None, _) => {}
    }
    State::remove(&options.home);
    Ok(())
}

fn matches(state: &State, upstream: &Upstream) -> bool {
    match (state.kind, upstream) {
        (Kind::Moto, Upstream::Moto)
        | (Kind::MiniStack, Upstream::MiniStack)
        | (Kind::LocalStackHost | Kind::LocalStackDocker, Upstream::LocalStack) => true,
        (Kind::Url, Upstream::Url(url)) => url.trim_end_matches('/') == state.endpoint,
        _ => false,
    }
}

/// Of moto and LocalStack.
const NOT_ENFORCED: &str =
    "IAM policies are kept but not enforced: a denied or inactive key still gets answers";

async fn look(state: &State, options: &LabOptions, is_new: bool) -> Result<Lab, LabError> {
    let stand_ins = match state.kind {
        Kind::Moto if state.front.is_none() => &[moto::STAND_INS, moto::WITHOUT_FRONT].concat(),
        Kind::Moto => moto::STAND_INS,
        Kind::LocalStackHost | Kind::LocalStackDocker => localstack::STAND_INS,
        Kind::MiniStack => ministack::STAND_INS,
        Kind::Url => &["its gaps are unknown: the lab did not start it"],
    };
    let front = gateway::told(state).await?;
    let is_judged = front.as_ref().is_some_and(|front| front.enforcement.is_some());
    // The front then does what the upstream does not.
    let stand_ins = stand_ins.iter().filter(|sentence| !is_judged || **sentence != NOT_ENFORCED);
    let (endpoint, port) = state.public();
    Ok(Lab {
        account: http::account(endpoint, ACCESS_KEY_ID, REGION).await?,
        endpoint: endpoint.to_owned(),
        port,
        pid: state.process.as_ref().map(|process| process.pid),
        upstream: state.kind.label().into(),
        region: REGION.into(),
        started: state.started,
        log: state.process.as_ref().map(|_| options.home.join("lab.log")),
        python: state.venv.clone().map(|folder| venv::Venv { folder }.python()),
        stand_ins: stand_ins.map(|sentence| (*sentence).to_owned()).collect(),
        front,
        is_new,
    })
}
