//! SQS: the queue that a step listens with. Owns its read and write.

mod account;
mod permissions;
mod queue;

pub use queue::{Queue, QueueIs};

use super::{Aws, client::client, service::Service};
use crate::engine::{Class, Registry};

client!(sqs, aws_sdk_sqs);

pub(super) const SERVICE: Service = Service {
    codes: &[
        // "No such queue" has two names, by protocol, and neither ends in `NotFound`.
        ("NonExistentQueue", Class::Gone),
        ("QueueDoesNotExist", Class::Gone),
        // A name that is not free yet is a matter of waiting, as throttling is.
        ("QueueDeletedRecently", Class::Throttled),
    ],
    denial: ("AccessDenied", 403),
    account: Some(account::ACCOUNT),
    ..Service::new("sqs", register)
};

fn register(registry: Registry<Aws>) -> Registry<Aws> {
    registry.with::<Queue>()
}
