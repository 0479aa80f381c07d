//! The kinds of resource that can be backed up here, and what each does in the upstream account.
//!
//! Every method may be called again for the same job after a kill, and then finds what it made the first time.

mod dynamodb;
mod ebs;
mod ec2;
mod rds;
mod s3;
mod s3_objects;
mod shared;
mod tags;
mod target;

use futures::future::BoxFuture;

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

pub(super) type Doing<'a, T> = BoxFuture<'a, Result<T, AwsError>>;

/// What AWS Backup can do with one kind of resource.
pub(super) trait Resource: Sync {
    /// `EBS`, `DynamoDB`.
    fn name(&self) -> &'static str;

    /// Saves the resource of a job.
    fn back_up<'a>(&'a self, at: &'a Session, job: &'a BackupJob) -> Doing<'a, Made>;

    /// Whether what was saved, or its copy, is complete.
    fn is_saved<'a>(&'a self, at: &'a Session, arn: &'a str) -> Doing<'a, bool>;

    /// Copies a recovery point; `id` is the copy job's.
    fn copy<'a>(
        &'a self,
        from: &'a Session,
        to: &'a Session,
        point: &'a Point,
        id: &'a str,
    ) -> Doing<'a, Made>;

    /// Deletes what was saved. What is gone already is no error.
    fn forget<'a>(&'a self, at: &'a Session, arn: &'a str) -> Doing<'a, ()>;

    /// What of a restore's metadata AWS refuses at once.
    fn check(&self, point: &Point, metadata: &Texts) -> Result<(), AwsError>;

    /// Fails when the restore's target is there already.
    fn is_free<'a>(&'a self, _at: &'a Session, _job: &'a RestoreJob) -> Doing<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    /// Makes the new resource and returns its ARN.
    fn restore<'a>(
        &'a self,
        at: &'a Session,
        job: &'a RestoreJob,
        point: &'a Point,
    ) -> Doing<'a, String>;

    /// Whether what was restored can be used.
    fn is_restored<'a>(&'a self, at: &'a Session, arn: &'a str) -> Doing<'a, bool>;

    /// Deletes what a restore test made.
    fn discard<'a>(&'a self, at: &'a Session, arn: &'a str) -> Doing<'a, ()>;

    /// Metadata that a restore test would use.
    fn inferred(&self, at: &Scope, point: &Point) -> Texts;

    /// Keys that a restore testing selection may override.
    fn overridable(&self) -> &'static [&'static str];

    /// Whether `StopBackupJob` works for it.
    fn can_stop(&self) -> bool {
        true
    }
}

/// Every kind, in the order in which `GetSupportedResourceTypes` shows them.
pub(super) const ALL: [&dyn Resource; 5] =
    [&dynamodb::DynamoDb, &ebs::Ebs, &ec2::Ec2, &rds::Rds, &s3::S3];

pub(super) fn of(name: &str) -> Option<&'static dyn Resource> {
    ALL.into_iter().find(|resource| resource.name() == name)
}
