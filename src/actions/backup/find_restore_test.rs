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
//! Changes nothing, so release has nothing to give back. The step fails when none has completed yet, or the newest
//! is older than `max-age` on AWS's clock: what could be restored months ago says little about today.
//!
//! AWS: <https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing.html>

use jiff::Timestamp;

use crate::{
    actions::kit::*,
    aws::{backup::RestoreTest, drill::AwsTime},
    engine::AFTER_RUN,
    playbook::types::Duration,
};

/// Inputs of `backup.find-restore-test`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FindRestoreTest {
    /// Name or ARN of the restore testing plan.
    #[schemars(length(min = 1))]
    pub plan: String,
    /// How long ago it may have completed.
    #[serde(default = "a_month")]
    pub max_age: Duration,
}

/// A monthly plan has a test that is so old, at most.
fn a_month() -> Duration {
    Duration::new("35d").expect("a well-formed constant")
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
        uses [fact RestoreTest, fact AwsTime];
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
        let now = step.read(&AwsTime).await?;
        let at: Timestamp = found.completed.parse().map_err(|e| {
            StepError::Failed(format!("when `{}` completed cannot be read: {e}", found.job))
        })?;
        let age = std::time::Duration::try_from(now.duration_since(at)).unwrap_or_default();
        if age > self.max_age.as_std() {
            return Err(StepError::Failed(format!(
                "the newest restore that plan `{}` has completed, `{}` at {}, is older than {}",
                self.plan, found.job, found.completed, self.max_age
            )));
        }
        Ok(Test {
            job: found.job,
            resource: found.resource,
            recovery_point: found.recovery_point,
            completed: found.completed,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{
        actions::testing::run,
        aws::replay::{Replay, aws},
        journal::StepState,
    };

    /// Restored at 2026-11-24T06:00:00Z, and now it is so.
    async fn found(now: &str, inputs: serde_json::Value) -> StepState {
        let plan = r#"{"RestoreTestingPlan":{"CreationTime":1795500000,"RestoreTestingPlanArn":"arn:aws:backup:us-east-1:123456789012:restore-testing-plan:weekly-1",
            "RestoreTestingPlanName":"weekly","ScheduleExpression":"cron(0 5 ? * * *)","RecoveryPointSelection":{}}}"#;
        let jobs = r#"{"RestoreJobs":[{"RestoreJobId":"j","Status":"COMPLETED","CompletionDate":1795500000,"CreatedResourceArn":"arn:aws:s3:::x"}]}"#;
        let who = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/a</Arn><UserId>U</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
        let replay = Replay::default()
            .answer("GET /restore-testing/plans/weekly", 200, plan)
            .answer("GET /restore-jobs", 200, jobs)
            .xml("GetCallerIdentity", who)
            .date(now);
        let mut ledger = run(aws(&replay), "backup.find-restore-test", inputs).await;
        ledger.steps.shift_remove("step").expect("the step").state
    }

    #[tokio::test]
    async fn a_restore_of_months_ago_proves_nothing() {
        let plan = json!({ "plan": "weekly" });
        let state = found("Tue, 24 Nov 2026 09:00:00 GMT", plan.clone()).await;
        assert!(matches!(state, StepState::Finished(_)), "{state:?}");
        let state = found("Fri, 26 Feb 2027 09:00:00 GMT", plan).await;
        let StepState::Failed { error, .. } = state else { panic!("{state:?}") };
        assert!(error.contains("is older than 35d"), "{error}");
        let state =
            found("Tue, 24 Nov 2026 09:00:00 GMT", json!({ "plan": "weekly", "max-age": "2h" }));
        assert!(matches!(state.await, StepState::Failed { .. }));
    }
}
