//! Systems Manager: commands on instances.
//!
//! Commands go to whatever answers clients: the front's Run Command, or the upstream's. The action ends when what it started has ended, fails when it takes longer than its duration, and cancels it
//! when the experiment is stopped.

use serde_json::{Value, json};

use super::{Begun, Ended, Step, Trouble};
use crate::AwsError;
use crate::fis::catalogue::document;
use crate::fis::model::Undo;
use crate::upstream::Session;

pub(super) async fn send(step: &Step) -> Result<Begun, Trouble> {
    for (account, session, ids) in step.targets()? {
        let mut params = with_document(step, session, "DocumentName");
        params["InstanceIds"] = json!(ids);
        let answer = session.json_or_stand_in("ssm", "AmazonSSM.SendCommand", params).await?;
        let Some(command) = answer.pointer("/Command/CommandId").and_then(Value::as_str) else {
            return Err(Trouble::new(
                "DependentServiceFailure",
                "SendCommand returned no command id.",
            ));
        };
        let (account, command) = (account.to_owned(), command.to_owned());
        step.journal(Undo::CancelCommand { account, command, instances: ids }).await;
    }
    Ok(Begun::lasting(step))
}

/// AWS's documents and the account's own by name, those of others by ARN.
fn with_document(step: &Step, session: &Session, member: &str) -> Value {
    let arn = step.parameter("documentArn").unwrap_or_default();
    let name = match arn.split_once('/') {
        Some((head, name)) if head.contains(&format!(":{}:", session.scope().account)) => name,
        Some((head, name)) if head.contains("::") => name,
        _ => arn,
    };
    let mut params = json!({ member: name });
    if let Some(version) = step.parameter("documentVersion") {
        params["DocumentVersion"] = version.into();
    }
    if let Some(parameters) = step.parameter("documentParameters").and_then(document) {
        params["Parameters"] = parameters.into();
    }
    params
}

pub(super) async fn follow_command(step: &Step) -> Result<Ended, Trouble> {
    loop {
        let mut is_over = true;
        for undo in step.journaled() {
            let Undo::CancelCommand { account, command, instances } = undo else { continue };
            for instance in &instances {
                let session = step.session(&account)?;
                let params = json!({ "CommandId": command, "InstanceId": instance });
                let answer = look(session, params).await;
                let status = match answer {
                    Ok(answer) => answer["Status"].as_str().unwrap_or_default().to_owned(),
                    // Not there yet.
                    Err(error) if error.is("InvocationDoesNotExist") => "Pending".into(),
                    Err(error) => return Err(error.into()),
                };
                is_over &= over("command", &command, &status)?;
            }
        }
        if is_over {
            return Ok(Ended::Done);
        }
        if let Some(ended) = next(step).await? {
            return Ok(ended);
        }
    }
}

/// Without a trace in CloudTrail: AWS does not ask so often.
async fn look(session: &Session, params: Value) -> Result<Value, AwsError> {
    session.quietly().json_or_stand_in("ssm", "AmazonSSM.GetCommandInvocation", params).await
}

fn over(what: &str, id: &str, status: &str) -> Result<bool, Trouble> {
    match status {
        "Success" => Ok(true),
        "Failed" | "TimedOut" | "Cancelled" | "Undeliverable" | "Terminated" => Err(Trouble::new(
            "DependentServiceFailure",
            format!("The {what} {id} ended as {status}."),
        )),
        _ => Ok(false),
    }
}

/// The wait before the next look.
async fn next(step: &Step) -> Result<Option<Ended>, Trouble> {
    if step.is_halted() {
        return Ok(Some(Ended::Halted));
    }
    if step.is_over() {
        let why = "It did not complete within the duration of the action.";
        return Err(Trouble::new("DependentServiceFailure", why));
    }
    step.pause().await;
    Ok(None)
}

pub(super) async fn cancel(
    step: &Step,
    account: &str,
    command: &str,
    instances: &[String],
) -> Result<(), Trouble> {
    let params = json!({ "CommandId": command, "InstanceIds": instances });
    let session = step.session(account)?;
    session.json_or_stand_in("ssm", "AmazonSSM.CancelCommand", params).await?;
    Ok(())
}
