//! Operations by method and path. Labels are named as the members are; query parameters keep the names of the wire.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_Operations.html>

use crate::Route;

pub(super) const ROUTES: &[Route] = &[
    Route::new("PUT", "/backup-vaults/{BackupVaultName}", "CreateBackupVault"),
    Route::new("GET", "/backup-vaults/{BackupVaultName}", "DescribeBackupVault"),
    Route::new("DELETE", "/backup-vaults/{BackupVaultName}", "DeleteBackupVault"),
    Route::new("GET", "/backup-vaults", "ListBackupVaults"),
    Route::new(
        "PUT",
        "/backup-vaults/{BackupVaultName}/access-policy",
        "PutBackupVaultAccessPolicy",
    ),
    Route::new(
        "GET",
        "/backup-vaults/{BackupVaultName}/access-policy",
        "GetBackupVaultAccessPolicy",
    ),
    Route::new(
        "DELETE",
        "/backup-vaults/{BackupVaultName}/access-policy",
        "DeleteBackupVaultAccessPolicy",
    ),
    Route::new(
        "PUT",
        "/backup-vaults/{BackupVaultName}/notification-configuration",
        "PutBackupVaultNotifications",
    ),
    Route::new(
        "GET",
        "/backup-vaults/{BackupVaultName}/notification-configuration",
        "GetBackupVaultNotifications",
    ),
    Route::new(
        "DELETE",
        "/backup-vaults/{BackupVaultName}/notification-configuration",
        "DeleteBackupVaultNotifications",
    ),
    Route::new(
        "PUT",
        "/backup-vaults/{BackupVaultName}/vault-lock",
        "PutBackupVaultLockConfiguration",
    ),
    Route::new(
        "DELETE",
        "/backup-vaults/{BackupVaultName}/vault-lock",
        "DeleteBackupVaultLockConfiguration",
    ),
    Route::new(
        "GET",
        "/backup-vaults/{BackupVaultName}/resources",
        "ListProtectedResourcesByBackupVault",
    ),
    Route::new(
        "GET",
        "/backup-vaults/{BackupVaultName}/recovery-points",
        "ListRecoveryPointsByBackupVault",
    ),
    Route::new(
        "GET",
        "/backup-vaults/{BackupVaultName}/recovery-points/{RecoveryPointArn}",
        "DescribeRecoveryPoint",
    ),
    Route::new(
        "DELETE",
        "/backup-vaults/{BackupVaultName}/recovery-points/{RecoveryPointArn}",
        "DeleteRecoveryPoint",
    ),
    Route::new(
        "POST",
        "/backup-vaults/{BackupVaultName}/recovery-points/{RecoveryPointArn}",
        "UpdateRecoveryPointLifecycle",
    ),
    Route::new(
        "GET",
        "/backup-vaults/{BackupVaultName}/recovery-points/{RecoveryPointArn}/restore-metadata",
        "GetRecoveryPointRestoreMetadata",
    ),
    Route::new("PUT", "/backup/plans", "CreateBackupPlan"),
    Route::new("GET", "/backup/plans", "ListBackupPlans"),
    Route::new("GET", "/backup/plans/{BackupPlanId}", "GetBackupPlan"),
    Route::new("POST", "/backup/plans/{BackupPlanId}", "UpdateBackupPlan"),
    Route::new("DELETE", "/backup/plans/{BackupPlanId}", "DeleteBackupPlan"),
    Route::new("GET", "/backup/plans/{BackupPlanId}/versions", "ListBackupPlanVersions"),
    Route::new("PUT", "/backup/plans/{BackupPlanId}/selections", "CreateBackupSelection"),
    Route::new("GET", "/backup/plans/{BackupPlanId}/selections", "ListBackupSelections"),
    Route::new(
        "GET",
        "/backup/plans/{BackupPlanId}/selections/{SelectionId}",
        "GetBackupSelection",
    ),
    Route::new(
        "DELETE",
        "/backup/plans/{BackupPlanId}/selections/{SelectionId}",
        "DeleteBackupSelection",
    ),
    Route::new("PUT", "/backup-jobs", "StartBackupJob"),
    Route::new("GET", "/backup-jobs", "ListBackupJobs"),
    Route::new("GET", "/backup-jobs/{BackupJobId}", "DescribeBackupJob"),
    Route::new("POST", "/backup-jobs/{BackupJobId}", "StopBackupJob"),
    Route::new("PUT", "/restore-jobs", "StartRestoreJob"),
    Route::new("GET", "/restore-jobs", "ListRestoreJobs"),
    Route::new("GET", "/restore-jobs/{RestoreJobId}", "DescribeRestoreJob"),
    Route::new("GET", "/restore-jobs/{RestoreJobId}/metadata", "GetRestoreJobMetadata"),
    Route::new("PUT", "/restore-jobs/{RestoreJobId}/validations", "PutRestoreValidationResult"),
    Route::new("PUT", "/copy-jobs", "StartCopyJob"),
    Route::new("GET", "/copy-jobs", "ListCopyJobs"),
    Route::new("GET", "/copy-jobs/{CopyJobId}", "DescribeCopyJob"),
    Route::new("PUT", "/restore-testing/plans", "CreateRestoreTestingPlan"),
    Route::new("GET", "/restore-testing/plans", "ListRestoreTestingPlans"),
    Route::new("GET", "/restore-testing/plans/{RestoreTestingPlanName}", "GetRestoreTestingPlan"),
    Route::new(
        "PUT",
        "/restore-testing/plans/{RestoreTestingPlanName}",
        "UpdateRestoreTestingPlan",
    ),
    Route::new(
        "DELETE",
        "/restore-testing/plans/{RestoreTestingPlanName}",
        "DeleteRestoreTestingPlan",
    ),
    Route::new("POST", "/restore-testing/plans/{RestoreTestingPlanName}/runs", RUN),
    Route::new(
        "PUT",
        "/restore-testing/plans/{RestoreTestingPlanName}/selections",
        "CreateRestoreTestingSelection",
    ),
    Route::new(
        "GET",
        "/restore-testing/plans/{RestoreTestingPlanName}/selections",
        "ListRestoreTestingSelections",
    ),
    Route::new(
        "GET",
        "/restore-testing/plans/{RestoreTestingPlanName}/selections/{RestoreTestingSelectionName}",
        "GetRestoreTestingSelection",
    ),
    Route::new(
        "PUT",
        "/restore-testing/plans/{RestoreTestingPlanName}/selections/{RestoreTestingSelectionName}",
        "UpdateRestoreTestingSelection",
    ),
    Route::new(
        "DELETE",
        "/restore-testing/plans/{RestoreTestingPlanName}/selections/{RestoreTestingSelectionName}",
        "DeleteRestoreTestingSelection",
    ),
    Route::new("GET", "/restore-testing/inferred-metadata", "GetRestoreTestingInferredMetadata"),
    Route::new("GET", "/resources", "ListProtectedResources"),
    Route::new("GET", "/resources/{ResourceArn}", "DescribeProtectedResource"),
    Route::new("GET", "/resources/{ResourceArn}/recovery-points", "ListRecoveryPointsByResource"),
    Route::new(
        "GET",
        "/resources/{ResourceArn}/restore-jobs",
        "ListRestoreJobsByProtectedResource",
    ),
    Route::new("GET", "/tags/{ResourceArn}", "ListTags"),
    Route::new("POST", "/tags/{ResourceArn}", "TagResource"),
    Route::new("POST", "/untag/{ResourceArn}", "UntagResource"),
    Route::new("GET", "/supported-resource-types", "GetSupportedResourceTypes"),
    Route::new("GET", "/account-settings", "DescribeRegionSettings"),
    Route::new("PUT", "/account-settings", "UpdateRegionSettings"),
    Route::new("GET", "/global-settings", "DescribeGlobalSettings"),
    Route::new("PUT", "/global-settings", "UpdateGlobalSettings"),
];

/// The lab's own: AWS runs a restore testing plan by its schedule only.
pub(super) const RUN: &str = "RunRestoreTestingPlan";

const fn names() -> [&'static str; ROUTES.len()] {
    let mut names = [""; ROUTES.len()];
    let mut place = 0;
    while place < names.len() {
        names[place] = ROUTES[place].operation;
        place += 1;
    }
    names
}

/// Every operation of the table.
pub(super) const OPERATIONS: &[&str] = &names();
