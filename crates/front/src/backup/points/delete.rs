//! `DeleteRecoveryPoint`: also what the upstream holds is deleted.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DeleteRecoveryPoint.html>

use serde_json::{Value, json};

use super::find;
use crate::backup::desk::Desk;
use crate::backup::error::{refused, wrong_state};
use crate::backup::model::{Point, PointStatus, RestoreJob, kind};
use crate::backup::resource::Resource;
use crate::backup::{tags, vaults, work};
use crate::{AwsError, Call};

pub(in crate::backup) async fn delete(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let point = find(desk, call)?;
    if vaults::find(desk, &point.vault)?.lock.is_some() {
        return Err(refused(
            "Recovery point cannot be deleted. (Backup vault configured with Lock)",
        ));
    }
    if point.status == PointStatus::Creating {
        return Err(wrong_state(format!("Recovery point {} is still being created", point.arn)));
    }
    let restores = desk.list::<RestoreJob>(kind::RESTORE);
    if restores.iter().any(|job| job.point == point.arn && !job.status.is_final()) {
        return Err(wrong_state(format!("Recovery point {} is being restored", point.arn)));
    }
    set(desk, &point.arn, PointStatus::Deleting);
    let session = desk.session(&point.role);
    let done = match Resource::of(&point.resource_type) {
        Some(resource) => resource.forget(&session, &point.arn).await,
        None => Ok(()),
    };
    if let Err(error) = done {
        set(desk, &point.arn, PointStatus::Completed);
        return Err(refused(format!("Recovery point cannot be deleted: {}", error.message)));
    }
    desk.remove(kind::POINT, &point.arn);
    tags::forget(desk, &point.arn);
    work::events::deleted(desk, &point);
    Ok(json!({}))
}

fn set(desk: &Desk, arn: &str, status: PointStatus) {
    desk.update(kind::POINT, arn, |point: &mut Point| point.status = status);
}
