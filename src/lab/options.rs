//! What a caller can choose about the lab: which upstream, which port, where its files are.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::LabError;
use super::front::{self, Clock};

/// Choices of a caller. `home` and `cache` are made when they are missing.
#[derive(Debug, Clone)]
pub struct LabOptions {
    /// Port on 127.0.0.1; 0 takes any free one. Not used by [`Upstream::Url`].
    pub port: u16,
    pub upstream: Upstream,
    /// State directory: `lab.json`, the log, LocalStack's volume. One lab a directory.
    pub home: PathBuf,
    /// Cache directory: what was installed. Shared by any number of labs; may be deleted when none runs.
    pub cache: PathBuf,
    /// This program, which is started again as the front. `None`: no front, the upstream itself is the endpoint.
    pub program: Option<PathBuf>,
    /// How fast the front's clock runs.
    pub clock: Clock,
    /// Signing names whose stand-ins are switched off.
    pub passthrough: Vec<String>,
    /// EC2's request quotas at AWS's published sizes.
    pub has_quotas: bool,
    /// The front refuses whom the upstream's policies refuse. An upstream that enforces them itself is left to it.
    pub enforces: bool,
    /// Ports of loopback that the lab may deliver to by HTTP.
    pub deliver_to: Vec<u16>,
    /// File to which the front appends every request, with its body; for tests.
    pub record: Option<PathBuf>,
    /// The endpoint ends itself soon after this process ends, however it ended. `None`: it outlives the command.
    pub watch: Option<u32>,
    /// What of this a lab that runs already must have.
    pub asked: Asked,
}

/// What was asked for by name and has a default: a lab that runs otherwise is refused then. The other options are
/// always asked for by name.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked {
    pub port: Option<u16>,
    pub clock: Option<Clock>,
    pub enforces: Option<bool>,
}

impl LabOptions {
    pub const PORT: u16 = 4566;

    /// The default upstream on the default port.
    pub fn new(home: impl Into<PathBuf>, cache: impl Into<PathBuf>) -> Self {
        Self {
            port: Self::PORT,
            upstream: Upstream::Moto,
            home: home.into(),
            cache: cache.into(),
            program: None,
            clock: Clock::default(),
            passthrough: Vec::new(),
            has_quotas: false,
            enforces: true,
            deliver_to: Vec::new(),
            record: None,
            watch: None,
            asked: Asked::default(),
        }
    }
}

/// What answers as AWS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Upstream {
    /// moto, installed with pip and run by the lab.
    #[default]
    Moto,
    /// LocalStack: in Docker where an engine answers, with pip otherwise.
    LocalStack,
    /// ministack, which enforces IAM: installed with pip and run by the lab.
    MiniStack,
    /// An endpoint that runs already. Only loopback is accepted.
    Url(String),
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Moto => f.write_str("moto"),
            Self::LocalStack => f.write_str("localstack"),
            Self::MiniStack => f.write_str("ministack"),
            Self::Url(url) => f.write_str(url),
        }
    }
}

impl FromStr for Upstream {
    type Err = LabError;

    fn from_str(text: &str) -> Result<Self, LabError> {
        match text {
            "moto" => Ok(Self::Moto),
            "localstack" => Ok(Self::LocalStack),
            "ministack" => Ok(Self::MiniStack),
            url => Ok(Self::Url(front::check_loopback(url)?)),
        }
    }
}
