//! Every permission that the calls of this service need, once: for the call and for the tables.

use crate::engine::{Permission, on};

pub(crate) const INSTANCES: &str = "arn:aws:ec2:{region}:{account}:instance/*";
pub(crate) const DOCUMENTS: &str = "arn:aws:ssm:{region}:*:document/*";

pub(crate) const GET_COMMAND_INVOCATION: Permission = on("ssm:GetCommandInvocation", "*");
pub(crate) const LIST_COMMANDS: Permission = on("ssm:ListCommands", "*");
pub(crate) const SEND_COMMAND: Permission = on("ssm:SendCommand", INSTANCES);
