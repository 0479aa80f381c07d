//! What CloudTrail has that a run may touch: trails, and how their tags are read.

use super::{TrailTags, permissions::*};
use crate::aws::{
    kit::*,
    thing::{Class as Of, Counts, Looked, Looking, TagReader},
};

pub(crate) const TRAIL: &Of = &Of {
    name: "trail",
    counts: Counts::Resources,
    global: false,
    tags: TagReader::By { permissions: &[GET_TRAIL, LIST_TAGS], look },
};

fn look<'a>(aws: &'a Aws, name: &'a str) -> Looking<'a> {
    Box::pin(async move {
        let found = TrailTags { trail: name.into() }.read(aws).await?;
        Ok(found.map(|trail| Looked::tagged(trail.tags)))
    })
}
