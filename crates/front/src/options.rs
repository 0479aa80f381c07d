//! How a front is asked to behave. Owns the choices; makes none.

use std::path::PathBuf;
use std::time::Duration;

use super::Clock;

/// Choices of who starts the front.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the upstream answers: `http://127.0.0.1:5000`. Loopback only.
    pub upstream: String,
    /// What answers there, in words, for those who ask the front: `moto 5.2.5`.
    pub name: Option<String>,
    /// File to which every signed request is appended, with its body; for tests.
    pub record: Option<PathBuf>,
    /// Directory for what must outlive the process; `None` keeps it in memory.
    pub home: Option<PathBuf>,
    pub clock: Clock,
    /// Signing names whose stand-ins are switched off.
    pub passthrough: Vec<String>,
    /// EC2's request quotas at AWS's published sizes.
    pub has_quotas: bool,
    /// Ports of loopback that the upstream may deliver to by HTTP.
    pub deliver_to: Vec<u16>,
    /// The upstream checks signatures and policies. The front's own calls then go as the account's root user, whose
    /// access key is the account's number, and never with a client's key, whose secret it does not have.
    pub is_enforced: bool,
    /// The front refuses whom AWS would refuse, by the policies that the upstream keeps. Where the upstream enforces them
    /// by itself, the front does not.
    pub enforces: bool,
    /// How long a client may be silent within a request or between two.
    pub patience: Duration,
}

impl Options {
    pub fn new(upstream: impl Into<String>) -> Self {
        Self {
            upstream: upstream.into(),
            name: None,
            home: None,
            record: None,
            clock: Clock::default(),
            passthrough: Vec::new(),
            has_quotas: false,
            deliver_to: Vec::new(),
            is_enforced: false,
            enforces: false,
            patience: Duration::from_mins(1),
        }
    }
}
