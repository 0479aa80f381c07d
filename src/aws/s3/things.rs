//! What S3 has that a run may touch: buckets, and how their tags are read.

use super::{BucketTags, permissions::*};
use crate::aws::{
    kit::*,
    thing::{Class as Of, Counts, Looked, Looking, TagReader},
};

/// Its name is unique in all Regions.
pub(crate) const BUCKET: &Of = &Of {
    name: "bucket",
    counts: Counts::Resources,
    global: true,
    tags: TagReader::By { permissions: &[GET_BUCKET_TAGGING], look },
};

fn look<'a>(aws: &'a Aws, name: &'a str) -> Looking<'a> {
    Box::pin(async move {
        let tags = BucketTags { bucket: name.into() }.read(aws).await?;
        Ok(tags.map(Looked::tagged))
    })
}
