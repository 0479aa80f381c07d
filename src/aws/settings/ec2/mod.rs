//! Settings of EC2, one file each. Owns how each is read, written and recognised; which of them a
//! containment changes is decided by `actions::ec2`.

mod address_association;
mod delete_on_termination;
mod eni_groups;
mod instance_profile;
mod instance_state;
mod launched_instance;
mod network_rule;
mod owned;
mod security_group;
mod shutdown_behavior;
mod snapshot_share;
mod subnet;
mod tag;
mod termination_protection;
mod vpc;

pub use address_association::{AddressAssociation, Association};
pub use delete_on_termination::DeleteOnTermination;
pub use eni_groups::EniGroups;
pub use instance_profile::InstanceProfile;
pub use instance_state::{InstanceState, State};
pub use launched_instance::{Launched, LaunchedInstance};
pub use network_rule::NetworkRule;
pub use owned::Mark;
pub use security_group::{Group, SecurityGroup};
pub use shutdown_behavior::ShutdownBehavior;
pub use snapshot_share::SnapshotShare;
pub use subnet::{Segment, Subnet};
pub use tag::Tag;
pub use termination_protection::TerminationProtection;
pub use vpc::{Network, Vpc};

use crate::engine::{How, Order, Rule};

/// The value before is written back.
const fn restored(order: Order) -> Rule {
    Rule { how: How::Restored, order }
}
