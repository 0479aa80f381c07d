//! Templates: create, get, list, update, delete.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Value, json};

use super::page::page;
use crate::fis::model::{
    Action, Moment, StopCondition, TEMPLATE, Target, Template, TemplateOptions, TemplateRecord,
    Texts,
};
use crate::fis::validate::{self, Constraints, TEMPLATES};
use crate::{AwsError, Call, Front, ids};

/// Input of create and update.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    client_token: Option<String>,
    description: Option<String>,
    stop_conditions: Option<Vec<StopCondition>>,
    targets: Option<IndexMap<String, Target>>,
    actions: Option<IndexMap<String, Action>>,
    role_arn: Option<String>,
    tags: Option<Texts>,
    log_configuration: Option<Value>,
    experiment_options: Option<Value>,
    experiment_report_configuration: Option<Value>,
}

pub(crate) fn create(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let input: Input = call.input()?;
    let mut constraints = Constraints::default();
    let token = constraints.required("clientToken", &input.client_token).cloned();
    constraints.required("description", &input.description);
    constraints.required("stopConditions", &input.stop_conditions);
    constraints.required("actions", &input.actions);
    constraints.required("roleArn", &input.role_arn);
    if let Some(token) = &token {
        constraints.word("clientToken", token, 1024);
    }
    constraints.finish()?;
    let token = token.unwrap_or_default();
    let all: Vec<TemplateRecord> = front.store().list(&call.scope, TEMPLATE);
    if let Some(known) = all.iter().find(|record| record.client_token == token) {
        if known.input == call.params {
            return Ok(shown(known));
        }
        return Err(AwsError::conflict(
            "The client token was already used with different parameters.",
        ));
    }
    let id = ids::id("EXT", 15);
    let now = Moment::now();
    let mut template = Template {
        arn: call.scope.arn("fis", &format!("experiment-template/{id}")),
        id,
        description: String::new(),
        targets: IndexMap::new(),
        actions: IndexMap::new(),
        stop_conditions: Vec::new(),
        creation_time: now,
        last_update_time: now,
        role_arn: String::new(),
        tags: input.tags.clone().unwrap_or_default(),
        log_configuration: None,
        experiment_options: TemplateOptions::default(),
        target_account_configurations_count: 0,
        experiment_report_configuration: None,
    };
    apply(&mut template, input)?;
    validate::check(&template)?;
    if all.len() >= TEMPLATES {
        return Err(AwsError::quota(format!("The account has {TEMPLATES} experiment templates.")));
    }
    let record = TemplateRecord {
        template,
        client_token: token,
        input: call.params.clone(),
        accounts: IndexMap::new(),
    };
    front.store().put(&call.scope, TEMPLATE, &record.template.id, &record);
    Ok(shown(&record))
}

/// Members that are given replace those that are there.
fn apply(template: &mut Template, input: Input) -> Result<(), AwsError> {
    if let Some(description) = input.description {
        template.description = description;
    }
    if let Some(conditions) = input.stop_conditions {
        template.stop_conditions = conditions;
    }
    if let Some(targets) = input.targets {
        template.targets = targets;
    }
    if let Some(actions) = input.actions {
        template.actions = actions;
    }
    if let Some(role) = input.role_arn {
        template.role_arn = role;
    }
    if let Some(logs) = input.log_configuration {
        check_logs(&logs)?;
        // An empty one takes logging away.
        template.log_configuration = Some(logs).filter(|logs| logs != &json!({}));
    }
    if let Some(report) = input.experiment_report_configuration {
        template.experiment_report_configuration =
            Some(report).filter(|report| report != &json!({}));
    }
    if let Some(options) = input.experiment_options {
        let kept = serde_json::to_value(&template.experiment_options);
        let mut merged = kept.map_err(|error| AwsError::internal(error.to_string()))?;
        if let (Some(merged), Some(options)) = (merged.as_object_mut(), options.as_object()) {
            merged.extend(options.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        template.experiment_options = serde_json::from_value(merged)
            .map_err(|error| AwsError::new(400, "SerializationException", error.to_string()))?;
    }
    Ok(())
}

/// <https://docs.aws.amazon.com/fis/latest/userguide/monitoring-logging.html>.
fn check_logs(logs: &Value) -> Result<(), AwsError> {
    if logs == &json!({}) {
        return Ok(());
    }
    let mut constraints = Constraints::default();
    constraints.required("logConfiguration.logSchemaVersion", &logs.get("logSchemaVersion"));
    constraints.finish()?;
    if !matches!(logs["logSchemaVersion"].as_i64(), Some(1 | 2)) {
        return Err(AwsError::validation("The log schema version is not valid; use 1 or 2."));
    }
    let to = (logs.get("cloudWatchLogsConfiguration"), logs.get("s3Configuration"));
    if to == (None, None) {
        return Err(AwsError::validation("The log configuration has no destination."));
    }
    Ok(())
}

pub(crate) fn get(call: &Call, front: &Front) -> Result<Value, AwsError> {
    record(call, front, call.required("id")?).map(|record| shown(&record))
}

/// # Errors
/// `ResourceNotFoundException`.
pub(crate) fn record(call: &Call, front: &Front, id: &str) -> Result<TemplateRecord, AwsError> {
    front
        .store()
        .get(&call.scope, TEMPLATE, id)
        .ok_or_else(|| AwsError::not_found(format!("Experiment template {id} not found.")))
}

pub(crate) fn list(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let all: Vec<TemplateRecord> = front.store().list(&call.scope, TEMPLATE);
    let summary = |record: &TemplateRecord| {
        let t = &record.template;
        json!({
            "id": t.id, "arn": t.arn, "description": t.description, "tags": t.tags,
            "creationTime": t.creation_time, "lastUpdateTime": t.last_update_time,
        })
    };
    page(call, "experimentTemplates", all.iter().map(summary).collect())
}

pub(crate) fn update(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let mut record = record(call, front, call.required("id")?)?;
    let input: Input = call.input()?;
    let targeting = call.params.pointer("/experimentOptions/accountTargeting");
    if targeting
        .is_some_and(|wanted| *wanted != record.template.experiment_options.account_targeting)
    {
        return Err(AwsError::validation("The account targeting of a template cannot be changed."));
    }
    apply(&mut record.template, input)?;
    validate::check(&record.template)?;
    record.template.last_update_time = Moment::now();
    front.store().put(&call.scope, TEMPLATE, &record.template.id, &record);
    Ok(shown(&record))
}

pub(crate) fn delete(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let record = record(call, front, call.required("id")?)?;
    front.store().remove(&call.scope, TEMPLATE, &record.template.id);
    Ok(shown(&record))
}

fn shown(record: &TemplateRecord) -> Value {
    json!({ "experimentTemplate": record.template })
}
