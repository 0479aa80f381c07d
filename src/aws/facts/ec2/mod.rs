//! Facts of EC2: what actions read and decide by. Owns the readings and their canonical form.

mod instance;
mod interfaces;
mod lookup;
mod security_groups;
mod snapshot;
mod snapshot_blocks;
mod subnet_acl;
mod volume;
mod zones;

pub use instance::{Instance, InstanceFacts, VolumeRef};
pub use interfaces::{Interface, Interfaces, PublicAddress};
pub(crate) use lookup::{gone, instance, some, tags};
pub use security_groups::{GroupFacts, SecurityGroups};
pub use snapshot::{Snapshot, SnapshotFacts};
pub use snapshot_blocks::{BlockRange, SnapshotBlocks};
pub use subnet_acl::{AclFacts, SubnetAcl};
pub use volume::{Volume, VolumeFacts};
pub use zones::Zones;
