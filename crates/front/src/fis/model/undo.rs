//! The journal of effects, and the way back of each.

use serde::{Deserialize, Serialize};

use super::{Trouble, faults, instances, network, ssm};
use crate::fis::run::Step;

/// What must be put back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Undo {
    /// Start instances that were stopped.
    StartInstances {
        account: String,
        instances: Vec<String>,
        may_be_terminated: bool,
    },
    /// Give a subnet its network ACL back and delete the clone.
    Network(network::Disruption),
    CancelCommand {
        account: String,
        command: String,
        instances: Vec<String>,
    },
    StopAutomation {
        execution: String,
    },
    /// Take fault rules out of the front, by id.
    RemoveFaults {
        rules: Vec<String>,
    },
}

impl Undo {
    pub async fn run(&self, step: &Step) -> Result<(), Trouble> {
        match self {
            Self::StartInstances { account, instances, may_be_terminated } => {
                instances::start(step, account, instances, *may_be_terminated).await
            }
            Self::Network(disruption) => network::restore(step, disruption).await,
            Self::CancelCommand { account, command, instances } => {
                ssm::cancel(step, account, command, instances).await
            }
            Self::StopAutomation { execution } => ssm::stop(step, execution).await,
            Self::RemoveFaults { rules } => {
                faults::remove(step, rules);
                Ok(())
            }
        }
    }
}
