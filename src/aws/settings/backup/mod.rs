//! Settings of AWS Backup: a vault of a step, and the verdict on a restore test. Owns how each is
//! read, written and recognised.

mod restore_validation;
mod vault;

pub use restore_validation::{RestoreValidation, Validation};
pub use vault::{HeldVault, Vault};
