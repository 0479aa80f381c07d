//! Recovery points: shown, changed, deleted.

mod change;
mod delete;

pub(super) use change::update_lifecycle;
pub(super) use delete::delete;

use serde_json::{Value, json};

use super::desk::Desk;
use super::error::{invalid, not_found};
use super::input::{page, required, wants, within};
use super::model::{Point, kind};
use super::vaults;
use crate::{AwsError, Call};

/// The recovery point that the call names by vault and ARN.
pub(super) fn find(desk: &Desk, call: &Call) -> Result<Point, AwsError> {
    let vault = vaults::find(desk, required(call, "BackupVaultName")?)?;
    let arn = required(call, "RecoveryPointArn")?;
    if !arn.starts_with("arn:") {
        return Err(invalid(format!("Invalid recovery point ARN: {arn}")));
    }
    let point: Option<Point> = desk.get(kind::POINT, arn);
    point.filter(|point| point.vault == vault.name).ok_or_else(|| not_found("Recovery point", arn))
}

pub(super) fn describe(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    Ok(find(desk, call)?.view(desk.at()))
}

/// <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_GetRecoveryPointRestoreMetadata.html>
pub(super) fn metadata(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let point = find(desk, call)?;
    Ok(json!({
        "BackupVaultArn": point.vault_arn(desk.at()),
        "RecoveryPointArn": point.arn,
        "RestoreMetadata": point.metadata,
        "ResourceType": point.resource_type,
    }))
}

pub(super) fn by_vault(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let vault = vaults::find(desk, required(call, "BackupVaultName")?)?;
    let mut views = Vec::new();
    for point in newest(desk) {
        let is_wanted = point.vault == vault.name
            && wants(call, "resourceArn", &point.resource)
            && wants(call, "resourceType", &point.resource_type)
            // Neither plans nor parents make recovery points here.
            && call.text("backupPlanId").is_none()
            && call.text("parentRecoveryPointArn").is_none()
            && within(call, ("createdAfter", "createdBefore"), Some(point.created))?;
        if is_wanted {
            views.push(point.view(desk.at()));
        }
    }
    page(call, "RecoveryPoints", views)
}

pub(super) fn by_resource(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let arn = required(call, "ResourceArn")?;
    if !arn.starts_with("arn:") {
        return Err(invalid(format!("Invalid ARN provided: {arn}")));
    }
    let found = newest(desk).into_iter().filter(|point| point.resource == arn);
    page(call, "RecoveryPoints", found.map(|point| point.brief()).collect())
}

pub(super) fn newest(desk: &Desk) -> Vec<Point> {
    let mut all = desk.list::<Point>(kind::POINT);
    all.sort_by_key(|point| std::cmp::Reverse(point.created));
    all
}
