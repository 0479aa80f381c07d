//! GuardDuty: the detector of a Region, and sample findings. Owns how each is read, written and started once.

mod create_sample_findings;
mod detector;
mod permissions;
pub(crate) mod things;

pub use create_sample_findings::CreateSampleFindings;
pub use detector::{Detector, DetectorIs};

use super::{Aws, client::client, service::Service};
use crate::engine::Registry;

client!(guardduty, aws_sdk_guardduty);

pub(super) const SERVICE: Service = Service::new("guardduty", register);

fn register(registry: Registry<Aws>) -> Registry<Aws> {
    registry.with::<Detector>().with_operation::<CreateSampleFindings>()
}
