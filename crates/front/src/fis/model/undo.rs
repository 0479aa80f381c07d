//! What actions did that must be put back. Owns the entries of the journal; how each is put back is `effects`' business.

use serde::{Deserialize, Serialize};

/// What must be put back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Undo {
    /// Start instances that were stopped.
    StartInstances {
        account: String,
        instances: Vec<String>,
        may_be_terminated: bool,
    },
    /// Give a subnet its network ACL back and delete the clone.
    Network(Disruption),
    CancelCommand {
        account: String,
        command: String,
        instances: Vec<String>,
    },
    /// Take fault rules out of the front, by id.
    RemoveFaults {
        rules: Vec<String>,
    },
}

/// A subnet that is cut off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Disruption {
    pub account: String,
    pub subnet: String,
    /// The network ACL that it had.
    pub original: String,
    /// Value of the clone's tag that names experiment and subnet.
    pub mark: String,
}
