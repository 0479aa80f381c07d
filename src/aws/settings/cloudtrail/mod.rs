//! Settings of CloudTrail: a trail that a run makes, and whether a trail logs. Owns their reads and writes.

mod logging;
mod trail;

pub use logging::Logging;
pub use trail::Trail;

pub(crate) const TRAILS: &str = "arn:aws:cloudtrail:{region}:{account}:trail/*";
