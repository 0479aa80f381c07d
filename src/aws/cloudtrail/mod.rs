//! CloudTrail: a trail that a run makes, whether a trail logs, a trail with its tags, and who tampered with
//! it. Owns their reads and writes.

mod logging;
mod tampering;
mod trail;
mod trail_tags;

pub use logging::Logging;
pub use tampering::{Tampered, Tampering};
pub use trail::Trail;
pub use trail_tags::{TrailIs, TrailTags};

pub(crate) const TRAILS: &str = "arn:aws:cloudtrail:{region}:{account}:trail/*";
