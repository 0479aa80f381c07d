//! `PutRestoreValidationResult`: the verdict on what a restore test restored, which ends the test.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_PutRestoreValidationResult.html>

use serde_json::{Value, json};

use super::find;
use crate::backup::desk::Desk;
use crate::backup::error::{invalid, refused};
use crate::backup::input::required;
use crate::backup::model::{RestoreJob, RestoreStatus, Validation, kind};
use crate::backup::work;
use crate::{AwsError, Call};

pub(in crate::backup) fn put_validation(desk: &Desk, call: &Call) -> Result<Value, AwsError> {
    let wanted = required(call, "ValidationStatus")?;
    let verdict = Validation::ALL.into_iter().find(|status| status.name() == wanted);
    let verdict = verdict.ok_or_else(|| invalid(format!("Invalid validation status: {wanted}")))?;
    let message = call.text("ValidationStatusMessage").map(str::to_owned);
    let id = find(desk, call)?.id;
    let judged = desk.update(kind::RESTORE, &id, |job: &mut RestoreJob| {
        may_judge(job)?;
        job.validation = Some(verdict);
        job.validation_message = message;
        Ok(())
    });
    judged.unwrap_or(Ok(()))?;
    work::events::restore(desk, &id);
    Ok(json!({}))
}

fn may_judge(job: &RestoreJob) -> Result<(), AwsError> {
    if job.plan.is_none() {
        return Err(refused(format!(
            "Restore job {} was not created by a restore testing plan",
            job.id
        )));
    }
    if job.status != RestoreStatus::Completed {
        let status = job.status.name();
        return Err(refused(format!(
            "Restore job {} is {status}: only a completed one can be validated",
            job.id
        )));
    }
    match job.validation {
        None | Some(Validation::Validating) => Ok(()),
        Some(known) => {
            Err(refused(format!("Restore job {} was validated already: {}", job.id, known.name())))
        }
    }
}
