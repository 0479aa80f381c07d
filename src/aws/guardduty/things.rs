//! What GuardDuty has that a run may touch: the detector of a Region, and how its tags are read.

use super::permissions::*;
use crate::aws::{
    kit::*,
    thing::{Class as Of, Counts, Looked, Looking, TagReader},
};

pub(crate) const DETECTOR: &Of = &Of {
    name: "detector",
    counts: Counts::Resources,
    global: false,
    tags: TagReader::By { permissions: &[GET_DETECTOR], look },
};

/// <https://docs.aws.amazon.com/guardduty/latest/APIReference/API_GetDetector.html>, with the tags.
fn look<'a>(aws: &'a Aws, id: &'a str) -> Looking<'a> {
    Box::pin(async move {
        let call = aws.guardduty().get_detector().detector_id(id).send().await;
        let found = call.by(GET_DETECTOR).absent_if_gone()?;
        let tags = |tags: std::collections::HashMap<_, _>| tags.into_iter().collect();
        Ok(found.map(|found| Looked::tagged(found.tags.map(tags).unwrap_or_default())))
    })
}
