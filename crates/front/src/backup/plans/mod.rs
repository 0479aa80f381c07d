//! Backup plans in versions. A plan's schedule is stored and never run: on-demand jobs do the work here.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateBackupPlan.html>

mod document;
mod selections;

pub(super) use document::is_schedule;
pub(super) use selections::{
    create as create_selection, delete as delete_selection, get as get_selection,
    list as list_selections,
};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::desk::Desk;
use super::error::{exists, not_found, refused};
use super::input::{page, required, texts};
use super::model::{Plan, Selection, Version, kind};
use super::tags;
use crate::wire::time;
use crate::{AwsError, Call, ids};

/// A plan that is not deleted.
fn find(desk: &Desk, call: &Call) -> Result<Plan, AwsError> {
    let id = required(call, "BackupPlanId")?;
    let plan: Option<Plan> = desk.get(kind::PLAN, id);
    plan.filter(|plan| plan.deleted.is_none()).ok_or_else(|| not_found("Backup plan", id))
}

fn version(document: Value) -> Version {
    Version { id: ids::id("", 48), created: Timestamp::now(), document }
}

pub(super) fn create(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let document = document::read(desk, call)?;
    let tags = texts(call.params.get("BackupPlanTags"), "BackupPlanTags")?;
    tags::check(&tags)?;
    let creator = call.text("CreatorRequestId").map(str::to_owned);
    for known in desk.list::<Plan>(kind::PLAN).iter().filter(|plan| plan.deleted.is_none()) {
        let Some(last) = known.versions.last() else { continue };
        if creator.is_some() && known.creator == creator {
            return Ok(known.view(desk.at(), last));
        }
        if document::is_same(&last.document, &document) {
            let message = "Backup plan with the same plan document already exists";
            return Err(exists(message, &known.arn(desk.at()), known.creator.as_deref()));
        }
    }
    let version = version(document);
    let plan = Plan { id: ids::uuid(), creator, versions: vec![version.clone()], deleted: None };
    desk.put(kind::PLAN, &plan.id, &plan);
    tags::set(desk, &plan.arn(desk.at()), tags);
    Ok(plan.view(desk.at(), &version))
}

pub(super) fn get(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let id = required(call, "BackupPlanId")?;
    let plan: Plan = desk.get(kind::PLAN, id).ok_or_else(|| not_found("Backup plan", id))?;
    let wanted = call.text("versionId");
    let version = plan.version(wanted).filter(|_| wanted.is_some() || plan.deleted.is_none());
    let version = version.ok_or_else(|| not_found("Backup plan", id))?;
    let mut view = plan.view(desk.at(), version);
    view["BackupPlan"] = version.document.clone();
    Ok(view)
}

pub(super) fn list(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let with_deleted = call.flag("includeDeleted") == Some(true);
    let all = desk.list::<Plan>(kind::PLAN);
    let shown = all.iter().filter(|plan| with_deleted || plan.deleted.is_none());
    page(
        call,
        "BackupPlansList",
        shown.filter_map(|plan| Some(member(desk, plan, plan.versions.last()?))).collect(),
    )
}

pub(super) fn versions(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let plan = find(desk, call)?;
    let newest = plan.versions.iter().rev();
    page(
        call,
        "BackupPlanVersionsList",
        newest.map(|version| member(desk, &plan, version)).collect(),
    )
}

fn member(desk: &Desk, plan: &Plan, version: &Version) -> Value {
    let mut view = plan.view(desk.at(), version);
    view["BackupPlanName"] = version.document["BackupPlanName"].clone();
    view
}

pub(super) fn update(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let mut plan = find(desk, call)?;
    let version = version(document::read(desk, call)?);
    plan.versions.push(version.clone());
    desk.put(kind::PLAN, &plan.id, &plan);
    Ok(plan.view(desk.at(), &version))
}

pub(super) fn delete(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let mut plan = find(desk, call)?;
    if desk.list::<Selection>(kind::SELECTION).iter().any(|selection| selection.plan == plan.id) {
        return Err(refused(
            "Related backup plan selections must be deleted prior to backup plan deletion",
        ));
    }
    let now = Timestamp::now();
    plan.deleted = Some(now);
    desk.put(kind::PLAN, &plan.id, &plan);
    let version = plan.versions.last().map(|version| version.id.clone());
    Ok(json!({
        "BackupPlanId": plan.id,
        "BackupPlanArn": plan.arn(desk.at()),
        "DeletionDate": time(now),
        "VersionId": version,
    }))
}
