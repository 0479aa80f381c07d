//! Lambda: how many copies of a function may run. Owns how that is read and written.

mod account;
mod provisioned;
mod reserved_concurrency;
mod rival;
pub(crate) mod things;

pub use provisioned::Provisioned;
pub use reserved_concurrency::ReservedConcurrency;

use super::{Aws, client::client, service::Service};
use crate::engine::Registry;

/// Resource of calls on functions.
pub(crate) const FUNCTIONS: &str = "arn:aws:lambda:{region}:{account}:function:*";

client!(lambda, aws_sdk_lambda);

pub(super) const SERVICE: Service = Service {
    account: Some(account::ACCOUNT),
    rival: Some(rival::rival),
    ..Service::new("lambda", register)
};

fn register(registry: Registry<Aws>) -> Registry<Aws> {
    registry.with::<ReservedConcurrency>()
}
