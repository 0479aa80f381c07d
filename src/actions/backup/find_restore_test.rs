//! Find the newest restore that an AWS Backup restore testing plan has completed, to judge what came
//! back.
//!
//! AWS starts restore tests by the plan's schedule only. Each restored resource stays until it was
//! judged (`backup.report-validation`) or the plan's validation window is over.
//!
//! ```yaml
//! - id: test
//!   uses: backup.find-restore-test
//!   with: { plan: weekly }
//! ```
//!
//! Changes nothing, so release has nothing to give back. The step fails when none has completed yet.
//!
//! AWS: <https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing.html>

use crate::{actions::kit::*, aws::backup::RestoreTest, engine::AFTER_RUN};

/// Inputs of `backup.find-restore-test`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FindRestoreTest {
    /// Name or ARN of the restore testing plan.
    #[schemars(length(min = 1))]
    pub plan: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Test {
    /// Id of the restore job.
    pub job: String,
    /// ARN of what it restored.
    pub resource: String,
    /// ARN of the recovery point.
    pub recovery_point: String,
    /// When it completed, as RFC 3339.
    pub completed: String,
}

impl Action for FindRestoreTest {
    const SPEC: Spec = spec! {
        "backup.find-restore-test": "Find the newest completed restore of a restore testing plan";
        Verify;
        uses [fact RestoreTest];
    };
    type Output = Test;

    async fn run(&self, step: &Step<Aws>) -> Result<Test, StepError> {
        let found = step.read(&RestoreTest { plan: self.plan.clone() }).await?;
        if step.planning() {
            // A newer one may have completed by then.
            let open = || AFTER_RUN.to_owned();
            return Ok(Test {
                job: open(),
                resource: open(),
                recovery_point: open(),
                completed: open(),
            });
        }
        let found = found.ok_or_else(|| {
            let text = format!("restore testing plan `{}` has completed no restore yet", self.plan);
            StepError::Failed(text)
        })?;
        Ok(Test {
            job: found.job,
            resource: found.resource,
            recovery_point: found.recovery_point,
            completed: found.completed,
        })
    }
}
