//! What people see: plans, progress, summaries, timelines. Every view is a fold over events or the
//! journal; none can fail a run.

pub mod ci;
#[cfg(feature = "aws")]
pub mod crash_matrix;
pub mod digest;
pub mod html;
pub mod live;
pub mod look;
pub mod model;
pub mod plan;
pub mod readiness;
pub mod release_plan;
pub mod scorecard;
pub mod summary;
pub mod timeline;
pub mod unsigned;

pub use look::Look;
