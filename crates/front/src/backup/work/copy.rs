//! A copy job from `CREATED` to its end.

use jiff::Timestamp;

use super::{SOON, STEP, events, notify, told, until};
use crate::AwsError;
use crate::backup::copies;
use crate::backup::desk::Desk;
use crate::backup::error::refused;
use crate::backup::model::{CopyJob, CopyState, Point, PointStatus, kind};
use crate::backup::resource::Resource;
use crate::backup::tags;

/// Starts, or carries on with, a job that the store knows.
pub(in crate::backup) fn begin(desk: Desk, id: String) {
    let here = desk.clone();
    desk.spawn(async move {
        if let Err(error) = run(&here, &id).await {
            take_back(&here, &id).await;
            go(&here, &id, CopyState::Failed, Some(told(&error)));
        }
        here.save().await;
    });
}

async fn run(desk: &Desk, id: &str) -> Result<(), AwsError> {
    let Some(job) = desk.get::<CopyJob>(kind::COPY, id) else { return Ok(()) };
    let point: Option<Point> = desk.get(kind::POINT, &job.source_point);
    let point = point
        .ok_or_else(|| refused(format!("Recovery point {} does not exist", job.source_point)))?;
    if job.state == CopyState::Created {
        events::copy(desk, id);
        desk.wait(SOON, || false).await;
        go(desk, id, CopyState::Running, None);
    }
    let (there, vault) = copies::destination(desk, &job.target_vault)?;
    if let Some(why) = vault.lock.as_ref().and_then(|lock| lock.refuses(job.lifecycle.as_ref())) {
        return Err(refused(why));
    }
    let resource =
        Resource::of(&job.resource_type).ok_or_else(|| refused("unknown resource type"))?;
    let (from, to) = (desk.session(&job.role), there.session(&job.role));
    let made = resource.copy(&from, &to, &point, id).await?;
    let copy = Point {
        arn: made.arn.clone(),
        vault: vault.name.clone(),
        source_vault: Some(job.source_vault.clone()),
        role: job.role.clone(),
        status: PointStatus::Creating,
        completed: None,
        lifecycle: job.lifecycle.clone(),
        last_restore: None,
        ..point
    };
    there.put(kind::POINT, &made.arn, &copy);
    tags::set(&there, &made.arn, tags::of(desk, &job.source_point));
    desk.update(kind::COPY, id, |job: &mut CopyJob| job.target_point = Some(made.arn.clone()));
    desk.save().await;
    desk.wait(STEP, || false).await;
    until(|| resource.is_saved(&to, &made.arn), || false).await?;
    let done = Timestamp::now();
    there.update(kind::POINT, &made.arn, |point: &mut Point| {
        point.status = PointStatus::Completed;
        point.completed = Some(done);
    });
    events::point(&there, &made.arn);
    go(desk, id, CopyState::Completed, None);
    Ok(())
}

fn go(desk: &Desk, id: &str, next: CopyState, message: Option<String>) {
    let moved = desk.update(kind::COPY, id, |job: &mut CopyJob| {
        if job.state.is_final() {
            return false;
        }
        job.state = next;
        job.message = message.or(job.message.take());
        job.completed = next.is_final().then(Timestamp::now);
        true
    });
    if moved == Some(true) {
        events::copy(desk, id);
        notify::copy(desk, id, next);
    }
}

/// Deletes what a job that did not complete has made.
async fn take_back(desk: &Desk, id: &str) {
    let Some(job) = desk.get::<CopyJob>(kind::COPY, id) else { return };
    let Ok((there, _)) = copies::destination(desk, &job.target_vault) else { return };
    let (Some(arn), Some(resource)) = (&job.target_point, Resource::of(&job.resource_type)) else {
        return;
    };
    if let Err(error) = resource.forget(&there.session(&job.role), arn).await {
        tracing::warn!(job = id, %error, "what a failed copy job made could not be deleted");
    }
    there.remove(kind::POINT, arn);
    tags::forget(&there, arn);
}
