//! CloudTrail: a trail that a run makes, whether a trail logs and what it records, a trail with its tags, and who tampered with
//! it. Owns their reads and writes.

mod account;
mod logging;
mod permissions;
mod recording;
mod rival;
mod tampering;
pub(crate) mod things;
mod trail;
mod trail_tags;

pub use logging::Logging;
pub use recording::{Delivered, Delivery, LeftOut, Recorded, Recording};
pub use tampering::{Tampered, Tampering};
pub use trail::Trail;
pub use trail_tags::{TrailIs, TrailTags};

use super::{Aws, client::client, service::Service};
use crate::engine::Registry;

client!(cloudtrail, aws_sdk_cloudtrail);

pub(super) const SERVICE: Service = Service {
    account: Some(account::ACCOUNT),
    rival: Some(rival::rival),
    ..Service::new("cloudtrail", register)
};

fn register(registry: Registry<Aws>) -> Registry<Aws> {
    registry.with::<Logging>().with::<Trail>()
}
