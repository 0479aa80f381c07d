//! What AWS Backup has that a run may touch.

use crate::aws::thing::{Class as Of, Counts, TagReader};

/// The verdict on a restore test is written to its job.
pub(crate) const RESTORE_JOB: &Of = &Of {
    name: "restore job",
    counts: Counts::Resources,
    global: false,
    tags: TagReader::None("AWS Backup keeps no tags of a restore job"),
};

/// What AWS Backup can back up and this program knows no tags of.
pub(crate) const BACKED_UP: &Of = &Of {
    name: "resource",
    counts: Counts::Resources,
    global: false,
    tags: TagReader::None("this program reads tags of instances, volumes, buckets and tables only"),
};
