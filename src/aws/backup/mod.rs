//! AWS Backup: vaults, backups and restores of a step, the verdict on a restore test, and what a recovery
//! point needs to be restored. Owns how each is read, written, started once, followed and taken away.

mod back_up;
mod discard;
mod job;
mod latest_point;
mod permissions;
mod points;
mod restore;
mod restore_metadata;
mod restore_test;
mod restore_validation;
pub(crate) mod things;
mod vault;

use crate::{
    aws::{client::client, kit::*, service::Service},
    engine::Registry,
};

pub use back_up::{BackUp, Saved};
pub use latest_point::{LatestPoint, LatestPointIs};
pub use restore::{Restore, Restored};
pub use restore_metadata::{PointFacts, RestoreMetadata};
pub use restore_test::{RestoreTest, TestFacts};
pub use restore_validation::{RestoreValidation, Validation};
pub use vault::{HeldVault, Vault};

client!(backup, aws_sdk_backup);

pub(super) const SERVICE: Service = Service::new("backup", register);

fn register(registry: Registry<Aws>) -> Registry<Aws> {
    registry
        .with::<RestoreValidation>()
        .with::<Vault>()
        .with_operation::<BackUp>()
        .with_operation::<Restore>()
}
