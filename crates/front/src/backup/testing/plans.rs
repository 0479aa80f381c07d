//! Restore testing plans: made, changed, shown, deleted.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateRestoreTestingPlan.html>

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{find, selections};
use crate::backup::desk::Desk;
use crate::backup::error::{exists, invalid, missing, refused};
use crate::backup::input::{is_name, page, texts};
use crate::backup::model::{TestingPlan, kind};
use crate::backup::{plans, tags};
use crate::wire::time;
use crate::{AwsError, Call, ids};

const ALGORITHMS: [&str; 2] = ["LATEST_WITHIN_WINDOW", "RANDOM_WITHIN_WINDOW"];

pub(in crate::backup) fn create(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let given = call.params.get("RestoreTestingPlan").filter(|plan| plan.is_object());
    let mut document = given.cloned().ok_or_else(|| missing("RestoreTestingPlan"))?;
    let name = document["RestoreTestingPlanName"].as_str().unwrap_or_default().to_owned();
    if !is_name(&name, 1, 50, "_") {
        return Err(invalid(format!("Invalid restore testing plan name: {name}")));
    }
    for needed in ["ScheduleExpression", "RecoveryPointSelection"] {
        if document.get(needed).is_none_or(Value::is_null) {
            return Err(missing(needed));
        }
    }
    check(&document)?;
    defaults(&mut document);
    let tags = texts(call.params.get("Tags"), "Tags")?;
    tags::check(&tags)?;
    let creator = call.text("CreatorRequestId").map(str::to_owned);
    if let Some(known) = desk.get::<TestingPlan>(kind::TESTING_PLAN, &name) {
        if creator.is_some() && known.creator == creator {
            return Ok(made(desk, &known));
        }
        let message = "Restore testing plan with the same name already exists";
        return Err(exists(message, &known.arn(desk.at()), known.creator.as_deref()));
    }
    let plan = TestingPlan {
        name: name.clone(),
        id: ids::uuid(),
        creator,
        created: Timestamp::now(),
        updated: None,
        ran: None,
        document,
    };
    desk.put(kind::TESTING_PLAN, &name, &plan);
    tags::set(desk, &plan.arn(desk.at()), tags);
    Ok(made(desk, &plan))
}

fn made(desk: &Desk, plan: &TestingPlan) -> Value {
    json!({
        "CreationTime": time(plan.created),
        "RestoreTestingPlanArn": plan.arn(desk.at()),
        "RestoreTestingPlanName": plan.name,
    })
}

fn defaults(document: &mut Value) {
    for (name, value) in
        [("ScheduleExpressionTimezone", json!("Etc/UTC")), ("StartWindowHours", json!(24))]
    {
        if document.get(name).is_none_or(Value::is_null) {
            document[name] = value;
        }
    }
    let selection = &mut document["RecoveryPointSelection"];
    if selection.get("SelectionWindowDays").is_none_or(Value::is_null) {
        selection["SelectionWindowDays"] = json!(30);
    }
}

/// Those members that are there.
fn check(document: &Value) -> Result<(), AwsError> {
    let schedule = document.get("ScheduleExpression").and_then(Value::as_str);
    if schedule.is_some_and(|schedule| !plans::is_schedule(schedule)) {
        return Err(invalid("Provided ScheduleExpression is invalid"));
    }
    if document
        .get("StartWindowHours")
        .and_then(Value::as_i64)
        .is_some_and(|hours| !(1..=168).contains(&hours))
    {
        return Err(invalid("StartWindowHours must be from 1 to 168"));
    }
    let Some(selection) = document.get("RecoveryPointSelection").filter(|value| !value.is_null())
    else {
        return Ok(());
    };
    let algorithm = selection["Algorithm"].as_str().ok_or_else(|| missing("Algorithm"))?;
    if !ALGORITHMS.contains(&algorithm) {
        return Err(invalid(format!("Invalid algorithm: {algorithm}")));
    }
    for needed in ["IncludeVaults", "RecoveryPointTypes"] {
        if selection[needed].as_array().is_none_or(Vec::is_empty) {
            return Err(missing(needed));
        }
    }
    let days = selection.get("SelectionWindowDays").and_then(Value::as_i64);
    if days.is_some_and(|days| !(1..=365).contains(&days)) {
        return Err(invalid("SelectionWindowDays must be from 1 to 365"));
    }
    Ok(())
}

pub(in crate::backup) fn get(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    Ok(json!({ "RestoreTestingPlan": find(desk, call)?.view(desk.at()) }))
}

pub(in crate::backup) fn list(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let all = desk.list::<TestingPlan>(kind::TESTING_PLAN);
    page(call, "RestoreTestingPlans", all.iter().map(|plan| plan.brief(desk.at())).collect())
}

pub(in crate::backup) fn update(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let mut plan = find(desk, call)?;
    let given = call.params.get("RestoreTestingPlan").and_then(Value::as_object);
    for (name, value) in given.ok_or_else(|| missing("RestoreTestingPlan"))? {
        if !value.is_null() {
            plan.document[name] = value.clone();
        }
    }
    check(&plan.document)?;
    defaults(&mut plan.document);
    let now = Timestamp::now();
    plan.updated = Some(now);
    desk.put(kind::TESTING_PLAN, &plan.name, &plan);
    let mut answer = made(desk, &plan);
    answer["UpdateTime"] = time(now);
    Ok(answer)
}

pub(in crate::backup) fn delete(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let plan = find(desk, call)?;
    if !selections::of_plan(desk, &plan.name).is_empty() {
        return Err(refused(
            "Restore testing selections must be deleted before their restore testing plan",
        ));
    }
    desk.remove(kind::TESTING_PLAN, &plan.name);
    tags::forget(desk, &plan.arn(desk.at()));
    Ok(json!({}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        json!({
            "ScheduleExpression": "cron(0 5 ? * * *)",
            "RecoveryPointSelection": {
                "Algorithm": "LATEST_WITHIN_WINDOW", "IncludeVaults": ["*"], "RecoveryPointTypes": ["SNAPSHOT"],
            },
        })
    }

    #[test]
    fn a_plan_gets_its_defaults() {
        let mut plan = document();
        check(&plan).expect("good");
        defaults(&mut plan);
        assert_eq!(plan["StartWindowHours"], 24);
        assert_eq!(plan["RecoveryPointSelection"]["SelectionWindowDays"], 30);
    }

    #[test]
    fn what_aws_refuses_is_refused() {
        for (path, value) in [
            ("/ScheduleExpression", json!("daily")),
            ("/RecoveryPointSelection/Algorithm", json!("OLDEST")),
            ("/RecoveryPointSelection/IncludeVaults", json!([])),
        ] {
            let mut plan = document();
            *plan.pointer_mut(path).expect("there") = value;
            assert!(check(&plan).is_err(), "{path}");
        }
    }
}
