//! Selections of a restore testing plan: one type of resource each.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_RestoreTestingSelectionForCreate.html>

use jiff::Timestamp;
use serde_json::{Value, json};

use super::find;
use crate::backup::desk::Desk;
use crate::backup::error::{exists, invalid, missing, not_found};
use crate::backup::input::{is_name, page, required, role, texts};
use crate::backup::model::{TestingSelection, kind};
use crate::backup::resource::Resource;
use crate::wire::time;
use crate::{AwsError, Call};

const MOST_ARNS: usize = 30;

fn id(plan: &str, name: &str) -> String {
    format!("{plan}/{name}")
}

pub(super) fn of_plan(desk: &Desk, plan: &str) -> Vec<TestingSelection> {
    let all = desk.list::<TestingSelection>(kind::TESTING_SELECTION);
    all.into_iter().filter(|selection| selection.plan == plan).collect()
}

fn named(desk: &Desk, call: &Call) -> Result<TestingSelection, AwsError> {
    let plan = find(desk, call)?;
    let name = required(call, "RestoreTestingSelectionName")?;
    let found = desk.get(kind::TESTING_SELECTION, &id(&plan.name, name));
    found.ok_or_else(|| not_found("Restore testing selection", name))
}

pub(in crate::backup) fn create(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let plan = find(desk, call)?;
    let given =
        call.params.get("RestoreTestingSelection").filter(|selection| selection.is_object());
    let document = given.cloned().ok_or_else(|| missing("RestoreTestingSelection"))?;
    let name = document["RestoreTestingSelectionName"].as_str().unwrap_or_default().to_owned();
    if !is_name(&name, 1, 50, "_") {
        return Err(invalid(format!("Invalid restore testing selection name: {name}")));
    }
    check(&document)?;
    let creator = call.text("CreatorRequestId").map(str::to_owned);
    let id = id(&plan.name, &name);
    let selection = match desk.get::<TestingSelection>(kind::TESTING_SELECTION, &id) {
        Some(known) if creator.is_some() && known.creator == creator => known,
        Some(known) => {
            let message = "Restore testing selection with the same name already exists";
            return Err(exists(message, &plan.arn(desk.at()), known.creator.as_deref()));
        }
        None => TestingSelection {
            name,
            plan: plan.name.clone(),
            creator,
            created: Timestamp::now(),
            updated: None,
            document,
        },
    };
    desk.put(kind::TESTING_SELECTION, &id, &selection);
    Ok(made(&plan.arn(desk.at()), &selection))
}

fn made(plan_arn: &str, selection: &TestingSelection) -> Value {
    json!({
        "CreationTime": time(selection.created),
        "RestoreTestingPlanArn": plan_arn,
        "RestoreTestingPlanName": selection.plan,
        "RestoreTestingSelectionName": selection.name,
    })
}

fn check(document: &Value) -> Result<(), AwsError> {
    role(document["IamRoleArn"].as_str().ok_or_else(|| missing("IamRoleArn"))?)?;
    let name = document["ProtectedResourceType"]
        .as_str()
        .ok_or_else(|| missing("ProtectedResourceType"))?;
    let resource = Resource::of(name)
        .ok_or_else(|| invalid(format!("Invalid protected resource type: {name}")))?;
    let arns = document["ProtectedResourceArns"].as_array();
    let has_conditions = document["ProtectedResourceConditions"].is_object();
    if arns.is_none() && !has_conditions {
        return Err(invalid(
            "A restore testing selection needs ProtectedResourceArns or ProtectedResourceConditions",
        ));
    }
    if arns.is_some_and(|arns| arns.len() > MOST_ARNS) {
        return Err(invalid(format!("ProtectedResourceArns has at most {MOST_ARNS} ARNs")));
    }
    let is_all = arns.is_some_and(|arns| arns.iter().any(|arn| arn == "*"));
    if has_conditions && arns.is_some_and(|arns| !arns.is_empty()) && !is_all {
        return Err(invalid("ProtectedResourceConditions go with the ARN * only"));
    }
    let overrides = texts(document.get("RestoreMetadataOverrides"), "RestoreMetadataOverrides")?;
    let may =
        |key: &String| resource.overridable().iter().any(|known| known.eq_ignore_ascii_case(key));
    if let Some(key) = overrides.keys().find(|key| !may(key)) {
        return Err(invalid(format!(
            "Restore metadata {key} cannot be overridden for resource type {name}"
        )));
    }
    let hours = document["ValidationWindowHours"].as_i64();
    if hours.is_some_and(|hours| !(0..=168).contains(&hours)) {
        return Err(invalid("ValidationWindowHours must be from 0 to 168"));
    }
    Ok(())
}

pub(in crate::backup) fn get(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    Ok(json!({ "RestoreTestingSelection": named(desk, call)?.view() }))
}

pub(in crate::backup) fn list(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let plan = find(desk, call)?;
    let all = of_plan(desk, &plan.name);
    page(call, "RestoreTestingSelections", all.iter().map(TestingSelection::brief).collect())
}

pub(in crate::backup) fn update(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let mut selection = named(desk, call)?;
    let given = call.params.get("RestoreTestingSelection").and_then(Value::as_object);
    for (name, value) in given.ok_or_else(|| missing("RestoreTestingSelection"))? {
        if !value.is_null() {
            selection.document[name] = value.clone();
        }
    }
    check(&selection.document)?;
    let now = Timestamp::now();
    selection.updated = Some(now);
    desk.put(kind::TESTING_SELECTION, &id(&selection.plan, &selection.name), &selection);
    let mut answer = made(&find(desk, call)?.arn(desk.at()), &selection);
    answer["UpdateTime"] = time(now);
    Ok(answer)
}

pub(in crate::backup) fn delete(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let selection = named(desk, call)?;
    desk.remove(kind::TESTING_SELECTION, &id(&selection.plan, &selection.name));
    Ok(json!({}))
}
