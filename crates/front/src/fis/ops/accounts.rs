//! Target account configurations of templates and of experiments:
//! <https://docs.aws.amazon.com/fis/latest/userguide/multi-account.html>.

use serde_json::{Value, json};

use super::page::page;
use super::{experiments, templates};
use crate::fis::model::{AccountConfiguration, TEMPLATE, TemplateRecord};
use crate::fis::validate::{self, ACCOUNTS_PER_TEMPLATE, Constraints};
use crate::{AwsError, Call, Front};

pub(crate) fn create(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let (mut record, account) = both(call, front)?;
    let role = call.required("roleArn")?.to_owned();
    validate::role(&role)?;
    if !validate::is_account(&account) {
        return Err(AwsError::validation(format!("\"{account}\" is not an AWS account id.")));
    }
    if record.template.experiment_options.account_targeting != "multi-account" {
        return Err(AwsError::validation(
            "Target account configurations require a template with account targeting multi-account.",
        ));
    }
    let configuration = AccountConfiguration {
        role_arn: role,
        account_id: account.clone(),
        description: description(call)?,
    };
    match record.accounts.get(&account) {
        Some(known) if *known == configuration => return Ok(shown(known)),
        Some(_) => {
            return Err(AwsError::conflict(format!(
                "A target account configuration for {account} exists already."
            )));
        }
        None => {}
    }
    if record.accounts.len() >= ACCOUNTS_PER_TEMPLATE {
        return Err(AwsError::quota(format!(
            "The template has {ACCOUNTS_PER_TEMPLATE} target account configurations."
        )));
    }
    record.accounts.insert(account, configuration.clone());
    keep(call, front, record);
    Ok(shown(&configuration))
}

pub(crate) fn get(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let (record, account) = both(call, front)?;
    record.accounts.get(&account).map(shown).ok_or_else(|| missing(&account))
}

pub(crate) fn list(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let record = templates::record(call, front, call.required("id")?)?;
    let all = record.accounts.values().map(|account| json!(account)).collect();
    page(call, "targetAccountConfigurations", all)
}

pub(crate) fn update(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let (mut record, account) = both(call, front)?;
    let known = record.accounts.get_mut(&account).ok_or_else(|| missing(&account))?;
    if let Some(role) = call.text("roleArn") {
        validate::role(role)?;
        known.role_arn = role.to_owned();
    }
    if let Some(description) = description(call)? {
        known.description = Some(description);
    }
    let answer = shown(known);
    keep(call, front, record);
    Ok(answer)
}

pub(crate) fn delete(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let (mut record, account) = both(call, front)?;
    let gone = record.accounts.shift_remove(&account).ok_or_else(|| missing(&account))?;
    keep(call, front, record);
    Ok(shown(&gone))
}

pub(crate) fn get_of_experiment(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let record = experiments::record(call, front, call.required("id")?)?;
    let account = call.required("accountId")?;
    record.accounts.get(account).map(shown).ok_or_else(|| missing(account))
}

pub(crate) fn list_of_experiment(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let record = experiments::record(call, front, call.required("id")?)?;
    let all = record.accounts.values().map(|account| json!(account)).collect();
    page(call, "targetAccountConfigurations", all)
}

fn both(call: &Call, front: &Front) -> Result<(TemplateRecord, String), AwsError> {
    let record = templates::record(call, front, call.required("id")?)?;
    Ok((record, call.required("accountId")?.to_owned()))
}

fn description(call: &Call) -> Result<Option<String>, AwsError> {
    let text = call.text("description");
    let mut constraints = Constraints::default();
    constraints.length("description", text.unwrap_or_default(), 0, 512);
    constraints.finish()?;
    Ok(text.map(str::to_owned))
}

fn keep(call: &Call, front: &Front, mut record: TemplateRecord) {
    record.template.target_account_configurations_count = record.accounts.len();
    front.store().put(&call.scope, TEMPLATE, &record.template.id, &record);
}

fn missing(account: &str) -> AwsError {
    AwsError::not_found(format!("Target account configuration for {account} not found."))
}

fn shown(configuration: &AccountConfiguration) -> Value {
    json!({ "targetAccountConfiguration": configuration })
}
