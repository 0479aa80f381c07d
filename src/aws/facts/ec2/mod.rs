//! Facts of EC2: what actions read and decide by. Owns the readings and their canonical form.

mod instance;
mod interfaces;
mod lookup;
mod security_groups;
mod snapshot;

pub use instance::{Instance, InstanceFacts, VolumeRef};
pub use interfaces::{Interface, Interfaces, PublicAddress};
pub(crate) use lookup::{gone, instance, some, tags};
pub use security_groups::{GroupFacts, SecurityGroups};
pub use snapshot::{Snapshot, SnapshotFacts};
