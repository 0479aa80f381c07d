//! A restore job from `PENDING` to its end.

use jiff::Timestamp;

use super::{SOON, events, notify, progress, told, until, window};
use crate::AwsError;
use crate::backup::desk::Desk;
use crate::backup::error::refused;
use crate::backup::model::{Point, RestoreJob, RestoreStatus, kind};
use crate::backup::resource::Resource;

/// Starts, or carries on with, a job that the store knows.
pub(in crate::backup) fn begin(desk: Desk, id: String) {
    let here = desk.clone();
    desk.spawn(async move {
        if let Err(error) = run(&here, &id).await {
            go(&here, &id, RestoreStatus::Failed, Some(told(&error)));
        }
        here.save().await;
        window::run(&here, &id).await;
    });
}

async fn run(desk: &Desk, id: &str) -> Result<(), AwsError> {
    let Some(job) = desk.get::<RestoreJob>(kind::RESTORE, id) else { return Ok(()) };
    if job.status.is_final() {
        return Ok(());
    }
    let point: Option<Point> = desk.get(kind::POINT, &job.point);
    let point =
        point.ok_or_else(|| refused(format!("Recovery point {} does not exist", job.point)))?;
    let resource =
        Resource::of(&job.resource_type).ok_or_else(|| refused("unknown resource type"))?;
    let session = desk.session(job.role.as_deref().unwrap_or(&point.role));
    if job.status == RestoreStatus::Pending {
        events::restore(desk, id);
        desk.wait(SOON, || false).await;
        go(desk, id, RestoreStatus::Running, None);
    }
    if !job.was_asked {
        resource.is_free(&session, &job).await?;
        desk.update(kind::RESTORE, id, |job: &mut RestoreJob| job.was_asked = true);
        desk.save().await;
    }
    let arn = match &job.result {
        Some(arn) => arn.clone(),
        None => resource.restore(&session, &job, &point).await?,
    };
    desk.update(kind::RESTORE, id, |job: &mut RestoreJob| job.result = Some(arn.clone()));
    desk.save().await;
    let set = |percent| {
        desk.update(kind::RESTORE, id, |job: &mut RestoreJob| {
            job.percent = job.percent.max(percent);
        });
    };
    progress(desk, set, || false).await;
    until(|| resource.is_restored(&session, &arn), || false).await?;
    let now = Timestamp::now();
    desk.update(kind::POINT, &point.arn, |point: &mut Point| point.last_restore = Some(now));
    go(desk, id, RestoreStatus::Completed, None);
    Ok(())
}

fn go(desk: &Desk, id: &str, next: RestoreStatus, message: Option<String>) {
    let moved = desk.update(kind::RESTORE, id, |job: &mut RestoreJob| {
        if job.status.is_final() {
            return false;
        }
        job.status = next;
        job.message = message.or(job.message.take());
        if next == RestoreStatus::Completed {
            job.percent = 100.0;
        }
        job.completed = next.is_final().then(Timestamp::now);
        true
    });
    if moved == Some(true) {
        events::restore(desk, id);
        notify::restore(desk, id, next);
    }
}
