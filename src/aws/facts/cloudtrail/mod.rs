//! Facts of CloudTrail: a trail with its tags, and who tampered with it. Owns reads only.

mod tampering;
mod trail_tags;

pub use tampering::{Tampered, Tampering};
pub use trail_tags::{TrailIs, TrailTags};
