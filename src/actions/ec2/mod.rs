//! Actions on EC2 instances, volumes and snapshots, one file each. Owns what each does and in which
//! order; the AWS calls are in `aws::settings`, `aws::facts` and `aws::operations`.

mod auto_scaling;
pub mod check_instance;
pub mod check_network_acl;
pub mod compare_volume;
pub mod copy_snapshot;
pub mod create_image;
pub mod create_network;
pub mod isolate_instance;
mod isolation;
pub mod probe_throttling;
pub mod protect_instance;
mod ranges;
pub mod run_instance;
pub mod share_snapshot;
pub mod snapshot_volumes;
mod spot;
pub mod stop_instance;
pub mod tag_resource;
mod tagging;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod trunk_tests;

use crate::{aws::ec2::InstanceFacts, engine::StepError};

/// # Errors
/// The instance is terminated or about to be: nothing can be contained or kept of it.
fn alive(facts: &InstanceFacts) -> Result<(), StepError> {
    match facts.state.as_str() {
        "terminated" | "shutting-down" => Err(StepError::Refused(format!(
            "instance `{}` is {}; look for its snapshots and volumes instead",
            facts.instance, facts.state
        ))),
        _ => Ok(()),
    }
}
