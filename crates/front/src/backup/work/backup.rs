//! A backup job from `CREATED` to its end.

use jiff::Timestamp;

use super::{SOON, events, notify, progress, told, until};
use crate::AwsError;
use crate::backup::desk::Desk;
use crate::backup::error::refused;
use crate::backup::model::{BackupJob, BackupState, Point, PointStatus, Vault, kind};
use crate::backup::resource::{Made, Resource};
use crate::backup::tags;
use crate::upstream::Session;

/// Starts, or carries on with, a job that the store knows.
pub(in crate::backup) fn begin(desk: Desk, id: String) {
    let here = desk.clone();
    desk.spawn(async move {
        let end = run(&here, &id).await;
        if state(&here, &id) == Some(BackupState::Aborting) {
            take_back(&here, &id).await;
            go(&here, &id, BackupState::Aborted, None);
        } else if let Err(error) = end {
            take_back(&here, &id).await;
            go(&here, &id, BackupState::Failed, Some(told(&error)));
        }
        here.save().await;
    });
}

async fn run(desk: &Desk, id: &str) -> Result<(), AwsError> {
    let is_over = || {
        !matches!(
            state(desk, id),
            Some(BackupState::Created | BackupState::Pending | BackupState::Running)
        )
    };
    if state(desk, id) == Some(BackupState::Created) {
        events::backup(desk, id);
        desk.wait(SOON, is_over).await;
        go(desk, id, BackupState::Pending, None);
    }
    if state(desk, id) == Some(BackupState::Pending) {
        desk.wait(SOON, is_over).await;
        go(desk, id, BackupState::Running, None);
    }
    let Some(job) =
        desk.get::<BackupJob>(kind::JOB, id).filter(|job| job.state == BackupState::Running)
    else {
        return Ok(());
    };
    check_lock(desk, &job)?;
    let resource =
        Resource::of(&job.resource_type).ok_or_else(|| refused("unknown resource type"))?;
    let session = desk.session(&job.role);
    let arn = match &job.point {
        Some(arn) => arn.clone(),
        None => take(desk, &job, &session, resource).await?,
    };
    let set = |percent| {
        desk.update(kind::JOB, id, |job: &mut BackupJob| job.percent = job.percent.max(percent));
    };
    progress(desk, set, is_over).await;
    until(|| resource.is_saved(&session, &arn), is_over).await?;
    // First the recovery point: a kill in between must not leave it unfinished for ever.
    let done = Timestamp::now();
    desk.update(kind::POINT, &arn, |point: &mut Point| {
        point.status = PointStatus::Completed;
        point.completed = Some(done);
    });
    if go(desk, id, BackupState::Completed, None) {
        events::point(desk, &arn);
    }
    Ok(())
}

/// Saves the resource and remembers the recovery point. Its time is when the data was taken: for what an attempt
/// before a kill had made, the time of that attempt.
async fn take(
    desk: &Desk,
    job: &BackupJob,
    session: &Session,
    resource: Resource,
) -> Result<String, AwsError> {
    let now = Timestamp::now();
    desk.update(kind::JOB, &job.id, |job: &mut BackupJob| job.taken = Some(now));
    desk.save().await;
    let made = resource.back_up(session, job).await?;
    let taken = job.taken.filter(|_| made.was_there).unwrap_or(now);
    let arn = made.arn.clone();
    keep(desk, job, made, taken);
    desk.save().await;
    Ok(arn)
}

fn state(desk: &Desk, id: &str) -> Option<BackupState> {
    desk.get::<BackupJob>(kind::JOB, id).map(|job| job.state)
}

/// Moves a job on, unless it was stopped meanwhile.
fn go(desk: &Desk, id: &str, next: BackupState, message: Option<String>) -> bool {
    let moved = desk.update(kind::JOB, id, |job: &mut BackupJob| {
        if !job.state.leads_to(next) {
            return false;
        }
        job.state = next;
        job.message = message.or(job.message.take());
        if next == BackupState::Completed {
            job.percent = 100.0;
        }
        job.completed = next.is_final().then(Timestamp::now);
        true
    });
    let moved = moved == Some(true);
    if moved {
        events::backup(desk, id);
        notify::backup(desk, id, next);
    }
    moved
}

/// <https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html>: the vault fails jobs that do not comply.
fn check_lock(desk: &Desk, job: &BackupJob) -> Result<(), AwsError> {
    let vault: Option<Vault> = desk.get(kind::VAULT, &job.vault);
    let vault =
        vault.ok_or_else(|| refused(format!("Backup vault {} does not exist", job.vault)))?;
    match vault.lock.and_then(|lock| lock.refuses(job.lifecycle.as_ref())) {
        Some(why) => Err(refused(why)),
        None => Ok(()),
    }
}

fn keep(desk: &Desk, job: &BackupJob, made: Made, taken: Timestamp) {
    let point = Point {
        arn: made.arn.clone(),
        vault: job.vault.clone(),
        source_vault: None,
        resource: job.resource.clone(),
        resource_type: job.resource_type.clone(),
        resource_name: made.name.clone(),
        role: job.role.clone(),
        status: PointStatus::Creating,
        created: taken,
        completed: None,
        size: made.size,
        lifecycle: job.lifecycle.clone(),
        is_encrypted: made.is_encrypted,
        key: made.key,
        last_restore: None,
        metadata: made.metadata,
        source_tags: made.tags,
    };
    desk.put(kind::POINT, &made.arn, &point);
    tags::set(desk, &made.arn, job.tags.clone());
    desk.update(kind::JOB, &job.id, |job: &mut BackupJob| {
        job.point = Some(made.arn);
        job.size = made.size;
        job.resource_name = made.name;
    });
}

/// Deletes what a job that did not complete has made.
async fn take_back(desk: &Desk, id: &str) {
    let Some(job) = desk.get::<BackupJob>(kind::JOB, id) else { return };
    let (Some(arn), Some(resource)) = (&job.point, Resource::of(&job.resource_type)) else {
        return;
    };
    if let Err(error) = resource.forget(&desk.session(&job.role), arn).await {
        tracing::warn!(job = id, %error, "what a stopped backup job made could not be deleted");
    }
    desk.remove(kind::POINT, arn);
    tags::forget(desk, arn);
    desk.update(kind::JOB, id, |job: &mut BackupJob| job.point = None);
}
