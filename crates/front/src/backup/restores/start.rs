//! `StartRestoreJob`, and the same for a restore test.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_StartRestoreJob.html>

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::backup::desk::Desk;
use crate::backup::error::{invalid, missing, not_found, refused};
use crate::backup::input::{required, role, texts};
use crate::backup::model::{Point, PointStatus, RestoreJob, RestoreStatus, Texts, kind};
use crate::backup::resource::Resource;
use crate::backup::{token, work};
use crate::{AwsError, Call, ids};

/// What a restore job is to do.
pub(in crate::backup) struct Order {
    pub role: Option<String>,
    pub metadata: Texts,
    pub copies_tags: bool,
    /// ARN of a restore testing plan and the hours left for validation.
    pub test: Option<(String, i64)>,
}

pub(in crate::backup) fn start(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let arn = required(call, "RecoveryPointArn")?;
    let metadata = call.params.get("Metadata").filter(|metadata| !metadata.is_null());
    let metadata = texts(Some(metadata.ok_or_else(|| missing("Metadata"))?), "Metadata")?;
    if !arn.starts_with("arn:") {
        return Err(invalid(format!("Invalid recovery point ARN: {arn}")));
    }
    let point: Point =
        desk.get(kind::POINT, arn).ok_or_else(|| not_found("Recovery point", arn))?;
    if call.text("ResourceType").is_some_and(|wanted| wanted != point.resource_type) {
        return Err(invalid(format!(
            "Recovery point {arn} is of resource type {}",
            point.resource_type
        )));
    }
    let role = call.text("IamRoleArn").map(role).transpose()?;
    let order = Order {
        role: role.map(str::to_owned),
        metadata,
        copies_tags: call.flag("CopySourceTagsToRestoredResource") == Some(true),
        test: None,
    };
    check(&point, &order)?;
    let id = ids::uuid().to_uppercase();
    match token::claim(desk, call, &id)? {
        token::Claim::Known(known) => Ok(json!({ "RestoreJobId": known })),
        token::Claim::New => Ok(json!({ "RestoreJobId": put(desk, id, &point, order) })),
    }
}

/// Starts a restore job that no call asked for, and returns its id.
pub(in crate::backup) fn order(
    desk: &Desk,
    point: &Point,
    order: Order,
) -> Result<String, AwsError> {
    check(point, &order)?;
    Ok(put(desk, ids::uuid().to_uppercase(), point, order))
}

fn check(point: &Point, order: &Order) -> Result<(), AwsError> {
    if point.status != PointStatus::Completed {
        let status = point.status.name();
        return Err(refused(format!(
            "Recovery point {} is {status} and cannot be restored",
            point.arn
        )));
    }
    match Resource::of(&point.resource_type) {
        Some(resource) => resource.check(&order.metadata),
        None => Err(invalid(format!("Unsupported resource type: {}", point.resource_type))),
    }
}

fn put(desk: &Desk, id: String, point: &Point, order: Order) -> String {
    let (plan, window_hours) = order.test.map_or((None, 0), |(plan, hours)| (Some(plan), hours));
    let job = RestoreJob {
        id: id.clone(),
        point: point.arn.clone(),
        vault_arn: point.vault_arn(desk.at()),
        source: point.resource.clone(),
        resource_type: point.resource_type.clone(),
        role: order.role,
        metadata: order.metadata,
        copies_tags: order.copies_tags,
        status: RestoreStatus::Pending,
        message: None,
        percent: 0.0,
        size: point.size,
        created: Timestamp::now(),
        completed: None,
        point_created: point.created,
        was_asked: false,
        result: None,
        plan,
        window_hours,
        validation: None,
        validation_message: None,
        deletion: None,
        deletion_message: None,
    };
    desk.put(kind::RESTORE, &id, &job);
    work::restore::begin(desk.clone(), id.clone());
    id
}
