//! Facts of AWS Backup: what a recovery point needs to be restored, and the newest restore test of a
//! plan. Owns the readings and their canonical form.

mod restore_metadata;
mod restore_test;

pub use restore_metadata::{PointFacts, RestoreMetadata};
pub use restore_test::{RestoreTest, TestFacts};
