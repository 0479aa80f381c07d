//! How a front is asked to behave. Owns the choices; makes none.

use std::path::PathBuf;
use std::time::Duration;

use super::Clock;

/// Choices of who starts the front.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the upstream answers: `http://127.0.0.1:5000`. Loopback only.
    pub upstream: String,
    /// Directory for what must outlive the process; `None` keeps it in memory.
    pub home: Option<PathBuf>,
    pub clock: Clock,
    /// Signing names whose stand-ins are switched off.
    pub passthrough: Vec<String>,
    /// EC2's request quotas at AWS's published sizes.
    pub has_quotas: bool,
    /// Access key of the front's own deliveries (events to queues and topics). `None`: the account's number, which
    /// moto and LocalStack take for a key of that account. Set it where the upstream checks keys.
    pub service_key: Option<String>,
    /// How long a client may be silent within a request or between two.
    pub patience: Duration,
}

impl Options {
    pub fn new(upstream: impl Into<String>) -> Self {
        Self {
            upstream: upstream.into(),
            home: None,
            clock: Clock::default(),
            passthrough: Vec::new(),
            has_quotas: false,
            service_key: None,
            patience: Duration::from_secs(60),
        }
    }
}
