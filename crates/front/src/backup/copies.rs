//! Copy jobs: started and shown. What they do is in `work`.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_StartCopyJob.html>

use jiff::Timestamp;
use serde_json::{Value, json};

use super::desk::Desk;
use super::error::{invalid, not_found, refused};
use super::input::{lifecycle, page, required, role, wants, within};
use super::model::{CopyJob, CopyState, Point, PointStatus, Vault, kind};
use super::{token, vaults, work};
use crate::wire::time;
use crate::{AwsError, Call, ids};

pub(super) fn start(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let vault = vaults::find(desk, required(call, "SourceBackupVaultName")?)?;
    let arn = required(call, "RecoveryPointArn")?;
    let target = required(call, "DestinationBackupVaultArn")?;
    let role = role(required(call, "IamRoleArn")?)?.to_owned();
    let lifecycle = lifecycle(call.params.get("Lifecycle"))?;
    let point: Option<Point> = desk.get(kind::POINT, arn);
    let point = point.filter(|point| point.vault == vault.name);
    let point = point.ok_or_else(|| not_found("Recovery point", arn))?;
    if point.status != PointStatus::Completed {
        return Err(refused(format!(
            "Recovery point {arn} is {} and cannot be copied",
            point.status.name()
        )));
    }
    destination(desk, target)?;
    if target == vault.arn(desk.at()) {
        return Err(refused("Source and destination backup vault must not be the same"));
    }
    let id = ids::uuid().to_uppercase();
    let id = match token::claim(desk, call, &id)? {
        token::Claim::Known(known) => known,
        token::Claim::New => {
            let job = CopyJob {
                id: id.clone(),
                source_point: point.arn,
                source_vault: vault.arn(desk.at()),
                target_vault: target.to_owned(),
                target_point: None,
                resource: point.resource,
                resource_type: point.resource_type,
                role,
                lifecycle,
                state: CopyState::Created,
                message: None,
                size: point.size,
                created: Timestamp::now(),
                completed: None,
            };
            desk.put(kind::COPY, &id, &job);
            work::copy::begin(desk.clone(), id.clone());
            id
        }
    };
    let created =
        desk.get::<CopyJob>(kind::COPY, &id).map_or_else(Timestamp::now, |job| job.created);
    Ok(json!({ "CopyJobId": id, "CreationDate": time(created), "IsParent": false }))
}

/// The vault of an ARN in this account, in whatever Region.
pub(super) fn destination(desk: &Desk, arn: &str) -> Result<(Desk, Vault), AwsError> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let name = parts.get(5).and_then(|rest| rest.strip_prefix("backup-vault:"));
    let (Some(name), ["arn", _, "backup", region, account, _]) = (name, &parts[..]) else {
        return Err(invalid(format!("Invalid backup vault ARN: {arn}")));
    };
    if *account != desk.at().account {
        return Err(invalid("The lab copies recovery points within an account only"));
    }
    let there = desk.in_region(region);
    let vault = vaults::find(&there, name)?;
    Ok((there, vault))
}

pub(super) fn describe(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let id = required(call, "CopyJobId")?;
    let job: CopyJob = desk.get(kind::COPY, id).ok_or_else(|| not_found("Copy job", id))?;
    Ok(json!({ "CopyJob": job.view(desk.at()) }))
}

pub(super) fn list(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let mut views = Vec::new();
    for job in desk.list::<CopyJob>(kind::COPY).iter().rev() {
        let is_wanted = wants(call, "resourceArn", &job.resource)
            && wants(call, "state", job.state.name())
            && wants(call, "resourceType", &job.resource_type)
            && wants(call, "destinationVaultArn", &job.target_vault)
            && wants(call, "sourceRecoveryPointArn", &job.source_point)
            && (wants(call, "accountId", &desk.at().account) || wants(call, "accountId", "*"))
            // No job here has a parent.
            && call.text("parentJobId").is_none()
            && within(call, ("createdAfter", "createdBefore"), Some(job.created))?
            && within(call, ("completeAfter", "completeBefore"), job.completed)?;
        if is_wanted {
            views.push(job.view(desk.at()));
        }
    }
    page(call, "CopyJobs", views)
}
