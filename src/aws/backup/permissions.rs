//! Every permission that the calls of this service need, once: for the call and for the tables.

use crate::engine::{Permission, on};

pub(crate) const BACKUP_VAULTS: &str = "arn:aws:backup:{region}:{account}:backup-vault:*";
pub(crate) const ROLES: &str = "arn:aws:iam::{account}:role/*";
pub(crate) const VOLUMES: &str = "arn:aws:ec2:{region}:{account}:volume/*";
pub(crate) const INSTANCES: &str = "arn:aws:ec2:{region}:{account}:instance/*";
pub(crate) const TABLES: &str = "arn:aws:dynamodb:{region}:{account}:table/*";
pub(crate) const BUCKETS: &str = "arn:aws:s3:::*";
pub(crate) const OBJECTS: &str = "arn:aws:s3:::*/*";
pub(crate) const RESTORE_TESTING_PLANS: &str =
    "arn:aws:backup:{region}:{account}:restore-testing-plan:*";
pub(crate) const KEYS: &str = "arn:aws:kms:{region}:{account}:key/*";

pub(crate) const CREATE_BACKUP_VAULT: Permission = on("backup:CreateBackupVault", BACKUP_VAULTS);
pub(crate) const CREATE_GRANT: Permission =
    on("kms:CreateGrant", KEYS).only("Bool", "kms:GrantIsForAWSResource", &["true"]);
pub(crate) const DECRYPT: Permission = on("kms:Decrypt", KEYS);
pub(crate) const DELETE_BACKUP_VAULT: Permission = on("backup:DeleteBackupVault", BACKUP_VAULTS);
pub(crate) const DELETE_BUCKET: Permission = on("s3:DeleteBucket", BUCKETS);
pub(crate) const DELETE_OBJECT: Permission = on("s3:DeleteObject", OBJECTS);
pub(crate) const DELETE_OBJECT_VERSION: Permission = on("s3:DeleteObjectVersion", OBJECTS);
pub(crate) const DELETE_RECOVERY_POINT: Permission = on("backup:DeleteRecoveryPoint", "*");
pub(crate) const DELETE_TABLE: Permission = on("dynamodb:DeleteTable", TABLES);
pub(crate) const DELETE_VOLUME: Permission = on("ec2:DeleteVolume", VOLUMES);
pub(crate) const DESCRIBE_BACKUP_JOB: Permission = on("backup:DescribeBackupJob", "*");
pub(crate) const DESCRIBE_INSTANCES: Permission = on("ec2:DescribeInstances", "*");
pub(crate) const DESCRIBE_KEY: Permission = on("kms:DescribeKey", KEYS);
pub(crate) const DESCRIBE_RECOVERY_POINT: Permission = on("backup:DescribeRecoveryPoint", "*");
pub(crate) const DESCRIBE_RESTORE_JOB: Permission = on("backup:DescribeRestoreJob", "*");
pub(crate) const GENERATE_DATA_KEY: Permission = on("kms:GenerateDataKey", KEYS);
pub(crate) const GET_RECOVERY_POINT_RESTORE_METADATA: Permission =
    on("backup:GetRecoveryPointRestoreMetadata", "*");
pub(crate) const GET_RESTORE_JOB_METADATA: Permission = on("backup:GetRestoreJobMetadata", "*");
pub(crate) const GET_RESTORE_TESTING_PLAN: Permission =
    on("backup:GetRestoreTestingPlan", RESTORE_TESTING_PLANS);
pub(crate) const LIST_BACKUP_JOBS: Permission = on("backup:ListBackupJobs", "*");
pub(crate) const LIST_BACKUP_VAULTS: Permission = on("backup:ListBackupVaults", "*");
pub(crate) const LIST_BUCKET_VERSIONS: Permission = on("s3:ListBucketVersions", BUCKETS);
pub(crate) const LIST_RECOVERY_POINTS_BY_BACKUP_VAULT: Permission =
    on("backup:ListRecoveryPointsByBackupVault", BACKUP_VAULTS);
pub(crate) const LIST_RESTORE_JOBS: Permission = on("backup:ListRestoreJobs", "*");
pub(crate) const LIST_TAGS: Permission = on("backup:ListTags", BACKUP_VAULTS);
pub(crate) const MODIFY_INSTANCE_ATTRIBUTE: Permission =
    on("ec2:ModifyInstanceAttribute", INSTANCES);
pub(crate) const MOUNT_CAPSULE: Permission = on("backup-storage:MountCapsule", "*");
pub(crate) const PASS_ROLE: Permission = on("iam:PassRole", ROLES).only(
    "StringEquals",
    "iam:PassedToService",
    &["backup.amazonaws.com"],
);
pub(crate) const PUT_RESTORE_VALIDATION_RESULT: Permission =
    on("backup:PutRestoreValidationResult", "*");
pub(crate) const RETIRE_GRANT: Permission = on("kms:RetireGrant", KEYS);
pub(crate) const START_BACKUP_JOB: Permission = on("backup:StartBackupJob", "*");
pub(crate) const START_RESTORE_JOB: Permission = on("backup:StartRestoreJob", "*");
pub(crate) const STOP_BACKUP_JOB: Permission = on("backup:StopBackupJob", "*");
pub(crate) const TAG_RESOURCE: Permission = on("backup:TagResource", "*");
pub(crate) const TERMINATE_INSTANCES: Permission = on("ec2:TerminateInstances", INSTANCES);
