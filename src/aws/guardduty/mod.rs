//! GuardDuty: the detector of a Region, and sample findings. Owns how each is read, written and started once.

mod create_sample_findings;
mod detector;

pub use create_sample_findings::CreateSampleFindings;
pub use detector::{Detector, DetectorIs};
