//! The kinds of resource that can be backed up here, and what each does in the upstream account.
//!
//! What is async may be called again for the same job after a kill, and then finds what it made the first time.

mod dynamodb;
mod ebs;
mod ec2;
mod rds;
mod s3;
mod s3_objects;
mod shared;
mod tags;
mod target;

pub(super) use shared::last;
pub(super) use target::of_arn;

use super::model::{BackupJob, Point, RestoreJob, Texts};
use crate::upstream::Session;
use crate::{AwsError, Scope};

/// A recovery point as the upstream now holds it.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub arn: String,
    /// An earlier attempt of the same job had made it.
    pub was_there: bool,
    pub size: i64,
    pub is_encrypted: bool,
    pub key: Option<String>,
    pub name: Option<String>,
    pub metadata: Texts,
    pub tags: Texts,
}

/// What the upstream made of it.
pub(super) type Done<T> = Result<T, AwsError>;

/// What AWS Backup can work with. Each kind is a file of functions with the names of the methods here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resource {
    DynamoDb,
    Ebs,
    Ec2,
    Rds,
    S3,
}

/// Calls a function of the kind's own file.
macro_rules! of_kind {
    ($kind:expr, $function:ident($($argument:expr),*) $($wait:tt)*) => {
        match $kind {
            Resource::DynamoDb => dynamodb::$function($($argument),*) $($wait)*,
            Resource::Ebs => ebs::$function($($argument),*) $($wait)*,
            Resource::Ec2 => ec2::$function($($argument),*) $($wait)*,
            Resource::Rds => rds::$function($($argument),*) $($wait)*,
            Resource::S3 => s3::$function($($argument),*) $($wait)*,
        }
    };
}

impl Resource {
    /// Every kind, in the order in which `GetSupportedResourceTypes` shows them.
    pub(super) const ALL: [Self; 5] = [Self::DynamoDb, Self::Ebs, Self::Ec2, Self::Rds, Self::S3];

    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|resource| resource.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::DynamoDb => "DynamoDB",
            Self::Ebs => "EBS",
            Self::Ec2 => "EC2",
            Self::Rds => "RDS",
            Self::S3 => "S3",
        }
    }

    /// Saves the resource of a job.
    pub(super) async fn back_up(self, at: &Session, job: &BackupJob) -> Done<Made> {
        of_kind!(self, back_up(at, job).await)
    }

    /// Whether the saved state, or its copy, is complete.
    pub(super) async fn is_saved(self, at: &Session, arn: &str) -> Done<bool> {
        of_kind!(self, is_saved(at, arn).await)
    }

    /// Copies a recovery point; `id` is the copy job's.
    pub(super) async fn copy(
        self,
        from: &Session,
        to: &Session,
        point: &Point,
        id: &str,
    ) -> Done<Made> {
        of_kind!(self, copy(from, to, point, id).await)
    }

    /// Deletes the saved state. If it is already gone, that is not an error.
    pub(super) async fn forget(self, at: &Session, arn: &str) -> Done<()> {
        of_kind!(self, forget(at, arn).await)
    }

    /// What of a restore's metadata AWS refuses at once.
    pub(super) fn check(self, metadata: &Texts) -> Done<()> {
        of_kind!(self, check(metadata))
    }

    /// Fails when the restore's target is there already.
    pub(super) async fn is_free(self, at: &Session, job: &RestoreJob) -> Done<()> {
        match self {
            Self::DynamoDb => dynamodb::is_free(at, job).await,
            Self::Rds => rds::is_free(at, job).await,
            Self::S3 => s3::is_free(at, job).await,
            // The upstream names what is made.
            Self::Ebs | Self::Ec2 => Ok(()),
        }
    }

    /// Makes the new resource and returns its ARN.
    pub(super) async fn restore(
        self,
        at: &Session,
        job: &RestoreJob,
        point: &Point,
    ) -> Done<String> {
        of_kind!(self, restore(at, job, point).await)
    }

    /// Whether the restored resource can be used.
    pub(super) async fn is_restored(self, at: &Session, arn: &str) -> Done<bool> {
        of_kind!(self, is_restored(at, arn).await)
    }

    /// Deletes what a restore test made.
    pub(super) async fn discard(self, at: &Session, arn: &str) -> Done<()> {
        of_kind!(self, discard(at, arn).await)
    }

    /// Metadata that a restore test would use.
    pub(super) fn inferred(self, at: &Scope, point: &Point) -> Texts {
        of_kind!(self, inferred(at, point))
    }

    /// Keys that a restore testing selection may override.
    pub(super) fn overridable(self) -> &'static [&'static str] {
        of_kind!(self, overridable())
    }

    /// Whether `StopBackupJob` works for it.
    pub(super) fn can_stop(self) -> bool {
        self != Self::Rds
    }
}
