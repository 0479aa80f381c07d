//! EventBridge: the rule that a step listens with. Owns its read and write.

mod account;
mod permissions;
mod rule;

pub use rule::{EventRule, RuleIs};

use super::{Aws, client::client, service::Service};
use crate::engine::Registry;

client!(eventbridge, aws_sdk_eventbridge);

pub(super) const SERVICE: Service =
    Service { account: Some(account::ACCOUNT), ..Service::new("events", register) };

fn register(registry: Registry<Aws>) -> Registry<Aws> {
    registry.with::<EventRule>()
}
