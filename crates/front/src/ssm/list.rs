//! Commands that were sent, read back: lists, one invocation, cancelling.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::command::{Command, Status};
use super::nodes::{text, texts};
use super::{KIND, page};
use crate::{AwsError, Call, Front};

const MOST: usize = 50;

/// `ListCommands`, newest first.
pub(super) fn commands(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let (clock, now) = (front.clock(), Timestamp::now());
    let found = matching(call, front, now)?;
    let shapes = found.iter().map(|command| command.shape(clock, now)).collect();
    page::cut(call, shapes, "Commands", MOST)
}

/// `ListCommandInvocations`.
pub(super) fn invocations(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let (clock, now) = (front.clock(), Timestamp::now());
    let details = call.flag("Details") == Some(true);
    let instance = call.text("InstanceId");
    let mut shapes = Vec::new();
    for command in matching(call, front, now)? {
        let of = command.invocations.iter().filter(|i| instance.is_none_or(|id| id == i.instance));
        shapes.extend(of.map(|invocation| command.listed(invocation, details, clock, now)));
    }
    page::cut(call, shapes, "CommandInvocations", MOST)
}

/// `GetCommandInvocation`.
pub(super) fn invocation(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let (id, instance) = (call.required("CommandId")?, call.required("InstanceId")?);
    let none = || AwsError::new(400, "InvocationDoesNotExist", "");
    let command: Command = front.store().get(&call.scope, KIND, id).ok_or_else(none)?;
    if call.text("PluginName").is_some_and(|name| !command.has_plugin(name)) {
        return Err(AwsError::new(400, "InvalidPluginName", "The plugin name is not valid."));
    }
    let found = command.invocations.iter().find(|invocation| invocation.instance == instance);
    Ok(command.invocation(found.ok_or_else(none)?, front.clock(), Timestamp::now()))
}

/// `CancelCommand`: what has ended stays as it is.
pub(super) async fn cancel(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let id = call.required("CommandId")?;
    let only = texts(&call.params["InstanceIds"]);
    let (clock, now) = (front.clock(), Timestamp::now());
    let known = front.store().update(&call.scope, KIND, id, |command: &mut Command| {
        let is_all =
            only.is_empty() || command.invocations.iter().all(|i| only.contains(&i.instance));
        if is_all && !command.status(clock, now).is_final() {
            command.cancelled = Some(now);
        }
    });
    front.store().save().await;
    known.map(|()| json!({})).ok_or_else(|| invalid_id(id))
}

fn invalid_id(id: &str) -> AwsError {
    AwsError::new(400, "InvalidCommandId", format!("The specified command ID {id} is not valid."))
}

fn matching(call: &Call, front: &Front, now: Timestamp) -> Result<Vec<Command>, AwsError> {
    let mut found: Vec<Command> = front.store().list(&call.scope, KIND);
    found.reverse();
    if let Some(id) = call.text("CommandId") {
        if id.len() != 36 {
            return Err(invalid_id(id));
        }
        found.retain(|command| command.id == id);
    }
    if let Some(instance) = call.text("InstanceId") {
        found.retain(|command| command.invocations.iter().any(|i| i.instance == instance));
    }
    for filter in call.params["Filters"].as_array().into_iter().flatten() {
        let (key, value) = (text(&filter["key"]), text(&filter["value"]));
        let keep =
            |command: &Command| fits(command, &key, &value, command.status(front.clock(), now));
        let kept: Result<Vec<bool>, AwsError> = found.iter().map(keep).collect();
        let mut kept = kept?.into_iter();
        found.retain(|_| kept.next() == Some(true));
    }
    Ok(found)
}

fn fits(command: &Command, key: &str, value: &str, status: Status) -> Result<bool, AwsError> {
    let at = || -> Result<Timestamp, AwsError> {
        value
            .parse()
            .map_err(|_| AwsError::new(400, "InvalidFilterKey", format!("`{value}` is no time.")))
    };
    match key {
        "InvokedAfter" => Ok(command.requested >= at()?),
        "InvokedBefore" => Ok(command.requested <= at()?),
        "Status" => Ok(status.name() == value),
        "ExecutionStage" => Ok((value == "Complete") == status.is_final()),
        "DocumentName" => Ok(command.document == value),
        _ => Err(AwsError::new(
            400,
            "InvalidFilterKey",
            format!("The specified key {key} is not valid."),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::command::tests::sample;
    use super::*;

    #[test]
    fn filters_are_awss() {
        let command = sample(&[0]);
        let is = |key: &str, value: &str| fits(&command, key, value, Status::Success).ok();
        assert_eq!(is("InvokedAfter", "2023-01-01T00:00:00Z"), Some(true));
        assert_eq!(is("InvokedBefore", "2023-01-01T00:00:00Z"), Some(false));
        assert_eq!((is("Status", "Success"), is("Status", "Failed")), (Some(true), Some(false)));
        assert_eq!(is("ExecutionStage", "Executing"), Some(false));
        assert_eq!((is("x", ""), is("InvokedAfter", "x")), (None, None));
    }
}
