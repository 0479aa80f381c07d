//! From an operation's name to the function that answers it.

use serde_json::Value;

use super::desk::Desk;
use super::input::lean;
use super::{
    copies, jobs, plans, points, protected, restores, routes, settings, tags, testing, vaults,
};
use crate::{Answer, AwsError, Call, Front};

/// Operations that AWS answers with a status of their own.
fn status(operation: &str) -> u16 {
    match operation {
        "CreateRestoreTestingPlan" | "CreateRestoreTestingSelection" => 201,
        "DeleteRestoreTestingPlan"
        | "DeleteRestoreTestingSelection"
        | "PutRestoreValidationResult" => 204,
        _ => 200,
    }
}

pub(super) async fn answer(call: &Call, front: &Front) -> Option<Answer> {
    let desk = Desk::of(call, front);
    let result = match call.operation.as_str() {
        "DeleteRecoveryPoint" => points::delete(&desk, call).await,
        operation => at_once(operation, &desk, call)?,
    };
    if result.is_ok() {
        // What was promised outlives a kill.
        desk.save().await;
    }
    Some(match result {
        Ok(value) => Answer::with_status(status(&call.operation), lean(value)),
        Err(error) => error.into(),
    })
}

/// Operations that read and write the store only. `None` for those that are not stood in for.
fn at_once(operation: &str, desk: &Desk, call: &Call) -> Option<Result<Value, AwsError>> {
    Some(match operation {
        "CreateBackupVault" => vaults::create(desk, call),
        "DescribeBackupVault" => vaults::describe(desk, call),
        "ListBackupVaults" => vaults::list(desk, call),
        "DeleteBackupVault" => vaults::delete(desk, call),
        "PutBackupVaultAccessPolicy" => vaults::put_policy(desk, call),
        "GetBackupVaultAccessPolicy" => vaults::get_policy(desk, call),
        "DeleteBackupVaultAccessPolicy" => vaults::delete_policy(desk, call),
        "PutBackupVaultNotifications" => vaults::put_notifications(desk, call),
        "GetBackupVaultNotifications" => vaults::get_notifications(desk, call),
        "DeleteBackupVaultNotifications" => vaults::delete_notifications(desk, call),
        "PutBackupVaultLockConfiguration" => vaults::put_lock(desk, call),
        "DeleteBackupVaultLockConfiguration" => vaults::delete_lock(desk, call),
        "CreateBackupPlan" => plans::create(desk, call),
        "GetBackupPlan" => plans::get(desk, call),
        "ListBackupPlans" => plans::list(desk, call),
        "ListBackupPlanVersions" => plans::versions(desk, call),
        "UpdateBackupPlan" => plans::update(desk, call),
        "DeleteBackupPlan" => plans::delete(desk, call),
        "CreateBackupSelection" => plans::create_selection(desk, call),
        "GetBackupSelection" => plans::get_selection(desk, call),
        "ListBackupSelections" => plans::list_selections(desk, call),
        "DeleteBackupSelection" => plans::delete_selection(desk, call),
        "StartBackupJob" => jobs::start(desk, call),
        "DescribeBackupJob" => jobs::describe(desk, call),
        "ListBackupJobs" => jobs::list(desk, call),
        "StopBackupJob" => jobs::stop(desk, call),
        "ListRecoveryPointsByBackupVault" => points::by_vault(desk, call),
        "ListRecoveryPointsByResource" => points::by_resource(desk, call),
        "DescribeRecoveryPoint" => points::describe(desk, call),
        "GetRecoveryPointRestoreMetadata" => points::metadata(desk, call),
        "UpdateRecoveryPointLifecycle" => points::update_lifecycle(desk, call),
        "StartRestoreJob" => restores::start(desk, call),
        "DescribeRestoreJob" => restores::describe(desk, call),
        "ListRestoreJobs" => restores::list(desk, call),
        "ListRestoreJobsByProtectedResource" => restores::by_resource(desk, call),
        "GetRestoreJobMetadata" => restores::metadata(desk, call),
        "PutRestoreValidationResult" => restores::put_validation(desk, call),
        "StartCopyJob" => copies::start(desk, call),
        "DescribeCopyJob" => copies::describe(desk, call),
        "ListCopyJobs" => copies::list(desk, call),
        _ => return more(operation, desk, call),
    })
}

fn more(operation: &str, desk: &Desk, call: &Call) -> Option<Result<Value, AwsError>> {
    Some(match operation {
        "CreateRestoreTestingPlan" => testing::create(desk, call),
        "GetRestoreTestingPlan" => testing::get(desk, call),
        "ListRestoreTestingPlans" => testing::list(desk, call),
        "UpdateRestoreTestingPlan" => testing::update(desk, call),
        "DeleteRestoreTestingPlan" => testing::delete(desk, call),
        "CreateRestoreTestingSelection" => testing::create_selection(desk, call),
        "GetRestoreTestingSelection" => testing::get_selection(desk, call),
        "ListRestoreTestingSelections" => testing::list_selections(desk, call),
        "UpdateRestoreTestingSelection" => testing::update_selection(desk, call),
        "DeleteRestoreTestingSelection" => testing::delete_selection(desk, call),
        "GetRestoreTestingInferredMetadata" => testing::inferred(desk, call),
        routes::RUN => testing::run(desk, call),
        "ListProtectedResources" => protected::list(desk, call),
        "DescribeProtectedResource" => protected::describe(desk, call),
        "ListProtectedResourcesByBackupVault" => protected::by_vault(desk, call),
        "ListTags" => tags::list(desk, call),
        "TagResource" => tags::add(desk, call),
        "UntagResource" => tags::take(desk, call),
        "GetSupportedResourceTypes" => Ok(settings::types()),
        "DescribeRegionSettings" => Ok(settings::describe(desk)),
        "UpdateRegionSettings" => settings::update(desk, call),
        "DescribeGlobalSettings" => Ok(settings::describe_global(desk)),
        "UpdateGlobalSettings" => settings::update_global(desk, call),
        _ => return None,
    })
}
