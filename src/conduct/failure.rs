//! Why something was not done: what happened, what to do, and the exit code.

use std::{fmt, io};

use crate::{
    engine::{CallError, Class, StepError},
    journal::{ReadError, RunDirError},
    lab::LabError,
};

use super::exit::Exit;

/// Why a command ends: what happened, what to do next, and its exit code.
#[derive(Debug)]
pub struct Failure {
    /// What kind of failure it is; the program ends with it.
    pub exit: Exit,
    /// What happened, and where.
    pub message: String,
    /// What to do next.
    pub help: Option<String>,
    /// The code of a diagnostic, such as `run::locked`.
    pub code: Option<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl Failure {
    /// What happened.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), help: None, code: None }
    }

    /// What to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn diagnostic(exit: Exit, error: &dyn miette::Diagnostic) -> Self {
        Self {
            exit,
            message: error.to_string(),
            help: error.help().map(|help| help.to_string()),
            code: error.code().map(|code| code.to_string()),
        }
    }

    /// What cannot be read or written at `path`.
    pub fn at(path: &std::path::Path) -> impl Fn(io::Error) -> Self {
        let path = path.display().to_string();
        move |error| Self::new(Exit::Internal, format!("{path}: {error}"))
    }
}

impl From<RunDirError> for Failure {
    fn from(error: RunDirError) -> Self {
        let exit = match error {
            RunDirError::Unknown { .. } | RunDirError::Ambiguous { .. } => Exit::Usage,
            RunDirError::Locked { .. } | RunDirError::Foreign { .. } => Exit::Refused,
            RunDirError::Io { .. } => Exit::Internal,
        };
        Self::diagnostic(exit, &error)
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Self::diagnostic(Exit::Internal, &error)
    }
}

impl From<LabError> for Failure {
    fn from(error: LabError) -> Self {
        Self::diagnostic(Exit::Aws, &error)
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let help = match error.class {
            Class::Expired => {
                Some("renew the credentials (`aws sso login`), or choose others with `--profile`")
            }
            Class::Denied => {
                Some("`backburn policy FILE` prints the permissions that a playbook needs")
            }
            Class::Unreachable if error.message.contains("certificate") => Some(
                "the program does not trust who signed that certificate, and nothing was sent: if a proxy of your company is in between, name the file with its certificate authority in `AWS_CA_BUNDLE`, or as `ca_bundle` in the profile",
            ),
            Class::Unreachable => Some(
                "check the network and `--endpoint-url`; for a local endpoint, `backburn lab status`, and `backburn lab up` starts the lab",
            ),
            _ => None,
        };
        let exit = if error.class == Class::Invalid { Exit::Usage } else { Exit::Aws };
        let failure = Self::new(exit, error.to_string());
        match help {
            Some(help) => failure.help(help),
            None => failure,
        }
    }
}

impl From<StepError> for Failure {
    fn from(error: StepError) -> Self {
        match error {
            StepError::Call(e) => e.into(),
            StepError::Drift { .. } | StepError::OffPlan { .. } => {
                Self::new(Exit::Drift, error.to_string())
            }
            other => Self::new(Exit::Internal, other.to_string()),
        }
    }
}
