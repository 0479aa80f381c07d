//! Selections of a backup plan: which resources it would back up. Stored, not evaluated.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateBackupSelection.html>

use jiff::Timestamp;
use serde_json::{Value, json};

use super::find;
use crate::backup::desk::Desk;
use crate::backup::error::{exists, invalid, missing, not_found};
use crate::backup::input::{is_name, page, required, role};
use crate::backup::model::{Selection, kind};
use crate::{AwsError, Call, ids};

pub(in crate::backup) fn create(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let plan = find(desk, call)?;
    let document = call.params.get("BackupSelection").filter(|selection| selection.is_object());
    let document = document.cloned().ok_or_else(|| missing("BackupSelection"))?;
    let text = |name: &str| {
        let found = document.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        found.ok_or_else(|| missing(name))
    };
    let name = text("SelectionName")?;
    if !is_name(name, 1, 50, "-_.") {
        return Err(invalid(format!("Invalid selection name: {name}")));
    }
    role(text("IamRoleArn")?)?;
    let has = |name: &str| {
        document
            .get(name)
            .is_some_and(|v| v.as_array().map_or(v.is_object(), |items| !items.is_empty()))
    };
    if !["Resources", "ListOfTags", "Conditions", "NotResources"].iter().any(|name| has(name)) {
        return Err(invalid("A backup selection must name resources, tags or conditions"));
    }
    let creator = call.text("CreatorRequestId").map(str::to_owned);
    for known in of_plan(desk, &plan.id) {
        if creator.is_some() && known.creator == creator {
            return Ok(known.view());
        }
        if known.document["SelectionName"] == name {
            let message = "Backup selection with the same name already exists";
            return Err(exists(message, &plan.arn(desk.at()), known.creator.as_deref()));
        }
    }
    let selection =
        Selection { id: ids::uuid(), plan: plan.id, created: Timestamp::now(), creator, document };
    desk.put(kind::SELECTION, &selection.id, &selection);
    Ok(selection.view())
}

fn of_plan(desk: &Desk, plan: &str) -> Vec<Selection> {
    let all = desk.list::<Selection>(kind::SELECTION);
    all.into_iter().filter(|selection| selection.plan == plan).collect()
}

fn named(desk: &Desk, call: &Call) -> Result<Selection, AwsError> {
    let plan = find(desk, call)?;
    let id = required(call, "SelectionId")?;
    let found: Option<Selection> = desk.get(kind::SELECTION, id);
    found
        .filter(|selection| selection.plan == plan.id)
        .ok_or_else(|| not_found("Backup selection", id))
}

pub(in crate::backup) fn get(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let selection = named(desk, call)?;
    let mut view = selection.view();
    view["BackupSelection"] = selection.document;
    Ok(view)
}

pub(in crate::backup) fn list(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let plan = find(desk, call)?;
    let views = of_plan(desk, &plan.id).into_iter().map(|selection| {
        let mut view = selection.view();
        for name in ["SelectionName", "IamRoleArn"] {
            view[name] = selection.document[name].clone();
        }
        view
    });
    page(call, "BackupSelectionsList", views.collect())
}

pub(in crate::backup) fn delete(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let selection = named(desk, call)?;
    desk.remove(kind::SELECTION, &selection.id);
    Ok(json!({}))
}
