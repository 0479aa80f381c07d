//! Operations of EC2: snapshots, copies and images. Owns how each is started, found again by its
//! tags and followed; none of EC2's creating calls here takes a client token.

mod await_state;
mod copy_snapshot;
mod create_image;
mod create_snapshot;
mod create_snapshots;
mod presign;
mod start_once;
mod tagged;

pub use await_state::AwaitState;
pub use copy_snapshot::CopySnapshot;
pub use create_image::CreateImage;
pub use create_snapshot::CreateSnapshot;
pub use create_snapshots::{CreateSnapshots, SnapshotRef, Snapshots};

pub(crate) use start_once::{once, patiently, single_attempt};
pub(crate) use tagged::{RUN_TAG, STEP_TAG, TOKEN_TAG};
