//! Instances: stop and start again, reboot, terminate.

use std::time::Duration;

use indexmap::IndexMap;
use serde_json::json;

use super::{Begun, Step, Trouble};
use crate::AwsError;
use crate::fis::catalogue::duration;
use crate::fis::model::Undo;
use crate::upstream::Session;

/// How long instances may take to stop or to terminate, of AWS's time.
const PATIENCE: Duration = Duration::from_mins(10);

pub(super) async fn stop(step: &Step) -> Result<Begun, Trouble> {
    let after = step.parameter("startInstancesAfterDuration").and_then(duration::parse);
    let may_be_terminated = step.parameter("completeIfInstancesTerminated") == Some("true");
    for (account, session, ids) in step.targets()? {
        if after.is_some() {
            let instances = ids.clone();
            let account = account.to_owned();
            step.journal(Undo::StartInstances { account, instances, may_be_terminated }).await;
        }
        session.query("ec2", "StopInstances", json!({ "InstanceId": ids })).await?;
    }
    settle(step, &["stopped", "terminated"]).await?;
    Ok(Begun { lasts: after, note: None })
}

pub(super) async fn reboot(step: &Step) -> Result<(), Trouble> {
    for (_, session, ids) in step.targets()? {
        session.query("ec2", "RebootInstances", json!({ "InstanceId": ids })).await?;
    }
    Ok(())
}

pub(super) async fn terminate(step: &Step) -> Result<(), Trouble> {
    for (_, session, ids) in step.targets()? {
        session.query("ec2", "TerminateInstances", json!({ "InstanceId": ids })).await?;
    }
    settle(step, &["terminated"]).await
}

/// Waits for a state of all targets; gives up with the experiment.
async fn settle(step: &Step, wanted: &[&str]) -> Result<(), Trouble> {
    let deadline = step.deadline(PATIENCE);
    loop {
        let mut is_settled = true;
        for (_, session, ids) in step.targets()? {
            let states = states(session, &ids).await?;
            is_settled &= states.values().all(|state| wanted.contains(&state.as_str()));
        }
        if is_settled || step.is_halted() {
            return Ok(());
        }
        if deadline.left().is_zero() {
            return Err(Trouble::new(
                "DependentServiceFailure",
                format!("The instances did not become {}.", wanted[0]),
            ));
        }
        step.pause().await;
    }
}

async fn states(session: &Session, ids: &[String]) -> Result<IndexMap<String, String>, AwsError> {
    let answer = session.query("ec2", "DescribeInstances", json!({ "InstanceId": ids })).await?;
    let found = answer.all("reservationSet/item/instancesSet/item");
    let pair = |xml: &&crate::wire::Xml| {
        (xml.text("instanceId").to_owned(), xml.text("instanceState/name").to_owned())
    };
    Ok(found.iter().map(pair).collect())
}

/// Starts the stopped instances. If one was terminated meanwhile, the action fails after the others are started.
pub(super) async fn start(
    step: &Step,
    account: &str,
    instances: &[String],
    may_be_terminated: bool,
) -> Result<(), Trouble> {
    let session = step.session(account)?;
    // One at a time: an unknown id fails a Describe as a whole.
    let (mut stopped, mut gone) = (Vec::new(), Vec::new());
    for id in instances {
        let state = match states(session, std::slice::from_ref(id)).await {
            Ok(found) => found.get(id).cloned().unwrap_or_else(|| "terminated".into()),
            Err(error) if error.is("InvalidInstanceID.NotFound") => "terminated".into(),
            Err(error) => return Err(error.into()),
        };
        match state.as_str() {
            "terminated" | "shutting-down" => gone.push(id.as_str()),
            "running" | "pending" => {}
            _ => stopped.push(id.as_str()),
        }
    }
    if !stopped.is_empty() {
        session.query("ec2", "StartInstances", json!({ "InstanceId": stopped })).await?;
    }
    if gone.is_empty() || may_be_terminated {
        return Ok(());
    }
    Err(Trouble::invalid_target(format!(
        "Terminated instances cannot be started: {}.",
        gone.join(", ")
    )))
}
