//! CloudWatch: alarms that a run makes, and the state of alarms. Owns their reads and writes.

mod account;
mod alarm;
mod alarm_state;
mod permissions;

pub(crate) use alarm::describe;
pub use alarm::{Alarm, Watched};
pub use alarm_state::{AlarmIs, AlarmState};

use super::{Aws, client::client, service::Service};
use crate::engine::Registry;

client!(cloudwatch, aws_sdk_cloudwatch);

pub(super) const SERVICE: Service =
    Service { account: Some(account::ACCOUNT), ..Service::new("cloudwatch", register) };

fn register(registry: Registry<Aws>) -> Registry<Aws> {
    registry.with::<Alarm>()
}
