//! `StartExperiment`: <https://docs.aws.amazon.com/fis/latest/APIReference/API_StartExperiment.html>.

use serde_json::{Value, json};

use super::{experiments, lever, templates};
use crate::fis::Fis;
use crate::fis::model::{
    ActionState, ActionStatus, EXPERIMENT, ExperimentState, Moment, Record, Status, Texts,
};
use crate::fis::validate::{self, ACTIVE_EXPERIMENTS, Constraints};
use crate::{AwsError, Call, Front, ids};

pub(crate) async fn start(call: &Call, front: &Front, fis: &Fis) -> Result<Value, AwsError> {
    let (token, template) = (call.required("clientToken")?, call.required("experimentTemplateId")?);
    let mode = call.params.pointer("/experimentOptions/actionsMode").and_then(Value::as_str);
    let tags: Texts = match call.params.get("tags") {
        Some(tags) => serde_json::from_value(tags.clone())
            .map_err(|error| AwsError::new(400, "SerializationException", error.to_string()))?,
        None => Texts::new(),
    };
    let mut constraints = Constraints::default();
    constraints.word("clientToken", token, 1024);
    constraints.one_of(
        "experimentOptions.actionsMode",
        mode.unwrap_or("run-all"),
        &["skip-all", "run-all"],
    );
    constraints.tags(&tags);
    constraints.finish()?;

    // Two starts at once must not both find room for one.
    let turn = fis.starting.lock().await;
    let all: Vec<Record> = front.store().list(&call.scope, EXPERIMENT);
    if let Some(known) = all.iter().find(|record| record.client_token == token) {
        let same = known.experiment.experiment_template_id == template
            && mode.is_none_or(|mode| known.experiment.experiment_options.actions_mode == mode);
        if same {
            return Ok(experiments::shown(known));
        }
        return Err(AwsError::conflict(
            "The client token was already used with different parameters.",
        ));
    }
    let template = templates::record(call, front, template)?;
    validate::check(&template.template)?;
    let is_multi = template.template.experiment_options.account_targeting == "multi-account";
    if is_multi && template.accounts.is_empty() {
        return Err(AwsError::validation(
            "A multi-account experiment requires at least one target account configuration.",
        ));
    }
    if lever::active(front, &call.scope).len() >= ACTIVE_EXPERIMENTS {
        return Err(AwsError::quota(format!(
            "The account has {ACTIVE_EXPERIMENTS} active experiments, which is the limit."
        )));
    }
    let id = ids::id("EXP", 15);
    let arn = call.scope.arn("fis", &format!("experiment/{id}"));
    let mut experiment = Record::of(&template.template, id.clone(), arn);
    experiment.tags = tags;
    if let Some(mode) = mode {
        experiment.experiment_options.actions_mode = mode.into();
    }
    if experiment.experiment_report_configuration.is_some() {
        let reason = "The lab makes no experiment reports.";
        experiment.experiment_report =
            Some(json!({ "state": { "status": "failed", "reason": reason } }));
    }
    // "Cancelled, if the experiment was started when the safety lever was already engaged."
    // <https://docs.aws.amazon.com/fis/latest/userguide/safety-lever.html>
    let is_engaged = lever::is_engaged(front, &call.scope);
    let mut record = Record {
        experiment,
        access_key: call.identity.access_key.clone(),
        client_token: token.to_owned(),
        accounts: template.accounts,
        resolved: None,
        undo: Default::default(),
        until: Default::default(),
        halt: None,
    };
    if is_engaged {
        cancel(&mut record);
    }
    front.store().put(&call.scope, EXPERIMENT, &id, &record);
    drop(turn);
    if is_engaged {
        let pending = ExperimentState::new(Status::Pending, "Experiment is pending.");
        fis.announce(front, &call.scope, &record, &pending);
    } else {
        fis.run(front, &call.scope, &id);
    }
    Ok(experiments::shown(&record))
}

fn cancel(record: &mut Record) {
    let reason = "Experiment was cancelled: the safety lever is engaged.";
    record.experiment.state = ExperimentState::new(Status::Cancelled, reason);
    record.experiment.end_time = Some(Moment::now());
    for action in record.experiment.actions.values_mut() {
        action.state = ActionState::new(ActionStatus::Cancelled, "Action was cancelled.");
    }
}
