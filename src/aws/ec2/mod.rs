//! EC2, one setting, fact or operation a file. Owns how each is read, written, started once and recognised:
//! none of EC2's creating calls takes a client token, so what they make is known by its tags. Which of them
//! a containment changes is decided by `actions::ec2`.

mod account;
mod address_association;
mod await_state;
mod copy_snapshot;
mod create_image;
mod create_snapshot;
mod create_snapshots;
mod delete_on_termination;
mod eni_groups;
mod instance;
mod instance_profile;
mod instance_state;
mod interfaces;
mod launched_instance;
mod lookup;
mod network_rule;
mod owned;
mod permissions;
mod presign;
mod private_address;
mod rival;
mod security_group;
mod security_groups;
mod shutdown_behavior;
mod snapshot;
mod snapshot_blocks;
mod snapshot_share;
mod start_once;
mod stop_limits;
mod subnet;
mod subnet_acl;
mod tag;
mod tagged;
mod termination_protection;
pub(crate) mod things;
mod throttled_calls;
mod tracked_paths;
mod trunk;
mod volume;
mod vpc;
mod zones;

pub use address_association::{AddressAssociation, Association};
pub use await_state::AwaitState;
pub use copy_snapshot::CopySnapshot;
pub use create_image::CreateImage;
pub use create_snapshot::CreateSnapshot;
pub use create_snapshots::{CreateSnapshots, SnapshotRef, Snapshots};
pub use delete_on_termination::DeleteOnTermination;
pub use eni_groups::EniGroups;
pub use instance::{Instance, InstanceFacts, VolumeRef};
pub use instance_profile::InstanceProfile;
pub use instance_state::{InstanceState, State};
pub use interfaces::{Interface, Interfaces, PublicAddress};
pub use launched_instance::{Launched, LaunchedInstance};
pub(crate) use lookup::{gone, instance, some, tags, why_down};
pub use network_rule::NetworkRule;
pub use owned::Mark;
pub use private_address::PrivateAddress;
pub use security_group::{Group, SecurityGroup};
pub use security_groups::{EmptyGroups, GroupFacts, SecurityGroups};
pub use shutdown_behavior::ShutdownBehavior;
pub use snapshot::{Snapshot, SnapshotFacts};
pub use snapshot_blocks::{BlockRange, SnapshotBlocks};
pub use snapshot_share::SnapshotShare;
pub(crate) use start_once::{once, patiently, single_attempt};
pub use stop_limits::{Lasting, SpotRequest, StopProtection};
pub use subnet::{Segment, Subnet};
pub use subnet_acl::{AclFacts, SubnetAcl};
pub use tag::Tag;
pub use termination_protection::TerminationProtection;
pub use throttled_calls::{Throttled, ThrottledCalls};
pub use tracked_paths::{Paths, TrackedPaths};
pub use volume::{Volume, VolumeFacts};
pub use vpc::{Network, Vpc};
pub use zones::Zones;

use super::{Aws, client::client, service::Service};
use crate::engine::Registry;

client!(ec2, aws_sdk_ec2);
client!(ebs, aws_sdk_ebs);

pub(super) const SERVICE: Service = Service {
    denial: ("UnauthorizedOperation", 403),
    account: Some(account::ACCOUNT),
    rival: Some(rival::rival),
    ..Service::new("ec2", register)
};

fn register(registry: Registry<Aws>) -> Registry<Aws> {
    registry
        .with::<AddressAssociation>()
        .with::<DeleteOnTermination>()
        .with::<EniGroups>()
        .with::<InstanceProfile>()
        .with::<InstanceState>()
        .with::<LaunchedInstance>()
        .with::<SecurityGroup>()
        .with::<ShutdownBehavior>()
        .with::<SnapshotShare>()
        .with::<Subnet>()
        .with::<Tag>()
        .with::<TerminationProtection>()
        .with::<Vpc>()
        .with_operation::<AwaitState>()
        .with_operation::<CopySnapshot>()
        .with_operation::<CreateImage>()
        .with_operation::<CreateSnapshot>()
        .with_operation::<CreateSnapshots>()
}
