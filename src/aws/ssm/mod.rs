//! Systems Manager: commands on instances, and values that are kept in Parameter Store. Owns how a command is sent once
//! and followed.

mod account;
mod permissions;
mod secret;
mod send_command;

pub use secret::{GET_PARAMETER, GET_SECRET_VALUE, KeptSecret};
pub use send_command::{CommandOutput, STDOUT_LIMIT, SendCommand};

use super::{Aws, client::client, service::Service};
use crate::engine::Registry;

client!(ssm, aws_sdk_ssm);

pub(super) const SERVICE: Service =
    Service { account: Some(account::ACCOUNT), ..Service::new("ssm", register) };

fn register(registry: Registry<Aws>) -> Registry<Aws> {
    registry.with_operation::<SendCommand>()
}
