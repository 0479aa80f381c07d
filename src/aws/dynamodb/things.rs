//! What DynamoDB has that a run may touch: tables, and how their tags are read.

use super::{TableTags, permissions::*};
use crate::aws::{
    kit::*,
    thing::{Class as Of, Counts, Looked, Looking, TagReader},
};

pub(crate) const TABLE: &Of = &Of {
    name: "table",
    counts: Counts::Resources,
    global: false,
    tags: TagReader::By { permissions: &[LIST_TAGS_OF_RESOURCE], look },
};

fn look<'a>(aws: &'a Aws, name: &'a str) -> Looking<'a> {
    Box::pin(async move {
        let tags = TableTags { table: name.into() }.read(aws).await?;
        Ok(tags.map(Looked::tagged))
    })
}
