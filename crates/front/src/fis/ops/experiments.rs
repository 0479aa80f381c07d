//! Experiments: get, list, stop, resolved targets. Starting is `start`.

use serde_json::{Value, json};

use super::page::page;
use crate::fis::Fis;
use crate::fis::model::{EXPERIMENT, Halt, Record};
use crate::{AwsError, Call, Front};

/// # Errors
/// `ResourceNotFoundException`.
pub(crate) fn record(call: &Call, front: &Front, id: &str) -> Result<Record, AwsError> {
    front
        .store()
        .get(&call.scope, EXPERIMENT, id)
        .ok_or_else(|| AwsError::not_found(format!("Experiment {id} not found.")))
}

pub(crate) fn get(call: &Call, front: &Front) -> Result<Value, AwsError> {
    record(call, front, call.required("id")?).map(|record| shown(&record))
}

pub(crate) fn list(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let all: Vec<Record> = front.store().list(&call.scope, EXPERIMENT);
    let of = call.text("experimentTemplateId");
    let wanted =
        all.iter().filter(|r| of.is_none_or(|of| r.experiment.experiment_template_id == of));
    let summary = |record: &Record| {
        let e = &record.experiment;
        json!({
            "id": e.id, "arn": e.arn, "experimentTemplateId": e.experiment_template_id,
            "state": e.state, "creationTime": e.creation_time, "tags": e.tags,
            "experimentOptions": e.experiment_options,
        })
    };
    page(call, "experiments", wanted.map(summary).collect())
}

/// <https://docs.aws.amazon.com/fis/latest/userguide/stop-experiment.html>.
pub(crate) fn stop(call: &Call, front: &Front, fis: &Fis) -> Result<Value, AwsError> {
    let id = call.required("id")?;
    let found = record(call, front, id)?;
    if found.experiment.state.status.is_over() {
        return Err(AwsError::validation(format!(
            "Experiment {id} is not running, so it cannot be stopped."
        )));
    }
    fis.halt(front, &call.scope, id, Halt::User);
    record(call, front, id).map(|record| shown(&record))
}

pub(crate) fn resolved(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let record = record(call, front, call.required("id")?)?;
    let of = call.text("targetName");
    if let Some(name) = of.filter(|name| !record.experiment.targets.contains_key(*name)) {
        return Err(AwsError::validation(format!("The experiment has no target \"{name}\".")));
    }
    let all = record.resolved.unwrap_or_default();
    let wanted = all.iter().filter(|target| of.is_none_or(|of| target.target == of));
    let shown = wanted.map(|target| {
        json!({
            "resourceType": target.resource_type,
            "targetName": target.target,
            // The API documents no keys.
            "targetInformation": { "arn": target.arn, "accountId": target.account },
        })
    });
    page(call, "resolvedTargets", shown.collect())
}

pub(crate) fn shown(record: &Record) -> Value {
    json!({ "experiment": record.experiment })
}
