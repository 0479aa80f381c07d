//! The verdict on what a restore test restored. It ends the test: AWS Backup then deletes what was
//! restored. AWS keeps the verdict, so release does too.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_PutRestoreValidationResult.html>

use aws_sdk_backup::types;

use super::{permissions::*, things::RESTORE_JOB};
use crate::aws::kit::*;

setting! {
    #[derive(PartialEq, Eq)]
    pub struct RestoreValidation {
        /// Id of the restore job.
        pub job: String,
    }
    "backup.restore-validation" = Validation, target "{job}";
    reads [DESCRIBE_RESTORE_JOB];
    writes [PUT_RESTORE_VALIDATION_RESULT];
    release Retained Scaffolding;
    touches [RESTORE_JOB(job)];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validation {
    /// `VALIDATING`, `SUCCESSFUL`, `FAILED` or `TIMED_OUT`; none before there was any.
    pub status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Fact<Aws> for RestoreValidation {
    async fn read(&self, aws: &Aws) -> Result<Validation, CallError> {
        let call = aws.backup().describe_restore_job().restore_job_id(&self.job).send().await;
        let job = call.by(DESCRIBE_RESTORE_JOB)?;
        let text = |text: Option<String>| text.filter(|text| !text.is_empty());
        Ok(Validation {
            status: job.validation_status.map(|status| status.as_str().to_owned()),
            message: text(job.validation_status_message),
        })
    }
}

impl Setting<Aws> for RestoreValidation {
    async fn write(&self, aws: &Aws, value: &Validation) -> Result<(), CallError> {
        let status = value.status.as_deref().unwrap_or_default();
        let call = aws
            .backup()
            .put_restore_validation_result()
            .restore_job_id(&self.job)
            .validation_status(types::RestoreValidationStatus::from(status))
            .set_validation_status_message(value.message.clone())
            .send()
            .await;
        call.map(drop).by(PUT_RESTORE_VALIDATION_RESULT)
    }

    /// AWS may cut a long message.
    fn agrees(want: &Validation, have: &Validation) -> bool {
        want.status == have.status
    }

    fn caveat(_: &Validation) -> Option<&'static str> {
        Some("AWS Backup keeps the verdict on a restore test")
    }
}
