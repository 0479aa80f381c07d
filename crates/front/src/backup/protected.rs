//! Protected resources: those with a recovery point.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DescribeProtectedResource.html>

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::desk::Desk;
use super::error::not_found;
use super::input::{page, required};
use super::model::{Point, PointStatus, RestoreJob, RestoreStatus, kind};
use super::{points, vaults};
use crate::wire::time;
use crate::{AwsError, Call};

/// The newest complete recovery point of every resource.
fn newest(desk: &Desk, vault: Option<&str>) -> IndexMap<String, Point> {
    let mut all = IndexMap::new();
    for point in points::newest(desk) {
        let is_wanted = point.status == PointStatus::Completed
            && vault.is_none_or(|vault| point.vault == vault);
        if is_wanted {
            all.entry(point.resource.clone()).or_insert(point);
        }
    }
    all
}

fn view(desk: &Desk, point: &Point) -> Value {
    json!({
        "ResourceArn": point.resource,
        "ResourceType": point.resource_type,
        "ResourceName": point.resource_name,
        "LastBackupTime": time(point.created),
        "LastBackupVaultArn": point.vault_arn(desk.at()),
        "LastRecoveryPointArn": point.arn,
    })
}

pub(super) fn list(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    page(call, "Results", newest(desk, None).values().map(|point| view(desk, point)).collect())
}

pub(super) fn by_vault(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let vault = vaults::find(desk, required(call, "BackupVaultName")?)?;
    let found = newest(desk, Some(&vault.name));
    page(call, "Results", found.values().map(|point| view(desk, point)).collect())
}

pub(super) fn describe(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let arn = required(call, "ResourceArn")?;
    let all = newest(desk, None);
    let point = all.get(arn).ok_or_else(|| not_found("Protected resource", arn))?;
    let mut view = view(desk, point);
    let restores = desk.list::<RestoreJob>(kind::RESTORE);
    let mut done =
        restores.iter().filter(|job| job.source == arn && job.status == RestoreStatus::Completed);
    if let Some(job) = done.next_back() {
        let seconds = job.completed.map_or(0, |end| end.as_second() - job.created.as_second());
        view["LatestRestoreExecutionTimeMinutes"] = json!((seconds + 59) / 60);
        view["LatestRestoreJobCreationDate"] = time(job.created);
        view["LatestRestoreRecoveryPointCreationDate"] = time(job.point_created);
    }
    Ok(view)
}
