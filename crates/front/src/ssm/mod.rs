//! Systems Manager's Run Command and managed nodes. It runs no shell command: output comes from a table.

mod command;
mod list;
mod nodes;
mod page;
mod send;
mod table;
#[cfg(test)]
mod tests;

use super::{Answer, Call, Front, StandIn};

/// What the store calls a command.
const KIND: &str = "ssm.command";

/// Stand-in for Run Command.
pub(crate) struct Ssm;

impl StandIn for Ssm {
    fn service(&self) -> &'static str {
        "ssm"
    }

    fn operations(&self) -> &'static [&'static str] {
        &[
            "SendCommand",
            "ListCommands",
            "ListCommandInvocations",
            "GetCommandInvocation",
            "CancelCommand",
            "DescribeInstanceInformation",
        ]
    }

    fn stands_in_for(&self) -> &'static [&'static str] {
        &[
            "SSM Run Command runs no shell command: output and exit codes come from the seed's `commands` table, for all instances alike",
            "instances with an instance profile count as managed nodes, whatever the profile's policies, agents and network are; Run Command publishes no EventBridge events and writes no S3 or CloudWatch output",
        ]
    }

    async fn answer(&self, call: &Call, front: &Front) -> Option<Answer> {
        let session = front.as_caller(call);
        let answer = match call.operation.as_str() {
            "SendCommand" => send::send_command(front, &session, &call.params).await,
            "ListCommands" => list::commands(call, front),
            "ListCommandInvocations" => list::invocations(call, front),
            "GetCommandInvocation" => list::invocation(call, front),
            "CancelCommand" => list::cancel(call, front).await,
            "DescribeInstanceInformation" => nodes::describe(call, &session).await,
            _ => return None,
        };
        Some(answer.into())
    }
}
