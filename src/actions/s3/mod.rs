//! Actions on S3: buckets that a drill makes, attacks on them, the containment of a bucket that was
//! opened, and the comparison of contents. One file an action.

pub mod block_public_access;
pub mod check_public_access_block;
pub mod compare_objects;
pub mod create_bucket;
pub mod lift_public_access_block;
pub mod overwrite_objects;
pub mod suspend_versioning;
#[cfg(test)]
mod tests;
pub mod write_canary;

use super::victim;
use crate::{
    aws::{Aws, s3::BucketTags},
    engine::{Step, StepError},
    playbook::types::BucketName,
};

/// Whether an attack may hit this bucket, as whoever runs the drill sees it. One that the plan is still to make is the
/// run's own.
pub(super) async fn is_target(
    step: &Step<Aws>,
    bucket: &BucketName,
    required: Option<&str>,
) -> Result<(), StepError> {
    if bucket.is_placeholder() {
        return Ok(());
    }
    let what = format!("bucket `{bucket}`");
    match step.as_runner().read(&BucketTags { bucket: bucket.to_string() }).await? {
        None => Err(StepError::Refused(format!("{what} is not in this account"))),
        Some(tags) => victim::check(&what, &tags, step.run(), required),
    }
}
