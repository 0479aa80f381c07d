//! Systems Manager: commands on instances. Owns how one is sent once and followed.

mod account;
mod permissions;
mod send_command;

pub use send_command::{CommandOutput, STDOUT_LIMIT, SendCommand};

use super::{Aws, client::client, service::Service};
use crate::engine::Registry;

client!(ssm, aws_sdk_ssm);

pub(super) const SERVICE: Service =
    Service { account: Some(account::ACCOUNT), ..Service::new("ssm", register) };

fn register(registry: Registry<Aws>) -> Registry<Aws> {
    registry.with_operation::<SendCommand>()
}
