//! The newest restore job of a restore testing plan that has completed.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing.html>

use aws_sdk_backup::types;

use super::permissions::*;
use crate::aws::kit::*;

fact! {
    #[derive(PartialEq, Eq)]
    pub struct RestoreTest {
        /// Name or ARN of the restore testing plan.
        pub plan: String,
    }
    // `None`: none has completed yet.
    "backup.restore-test" = Option<TestFacts>, target "{plan}";
    reads [GET_RESTORE_TESTING_PLAN, LIST_RESTORE_JOBS];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TestFacts {
    /// Id of the restore job.
    pub job: String,
    /// ARN of what it restored.
    pub resource: String,
    /// ARN.
    pub recovery_point: String,
    /// RFC 3339.
    pub completed: String,
}

impl RestoreTest {
    async fn arn(&self, aws: &Aws) -> Result<String, CallError> {
        if self.plan.starts_with("arn:") {
            return Ok(self.plan.clone());
        }
        let call = aws.backup().get_restore_testing_plan().restore_testing_plan_name(&self.plan);
        let plan = call.send().await.by(GET_RESTORE_TESTING_PLAN)?.restore_testing_plan;
        plan.map(|plan| plan.restore_testing_plan_arn).ok_or_else(|| {
            let text = format!("there is no restore testing plan `{}`", self.plan);
            CallError::local(GET_RESTORE_TESTING_PLAN.action, Class::Gone, text)
        })
    }
}

impl Fact<Aws> for RestoreTest {
    async fn read(&self, aws: &Aws) -> Result<Option<TestFacts>, CallError> {
        let arn = self.arn(aws).await?;
        let call = aws
            .backup()
            .list_restore_jobs()
            .by_restore_testing_plan_arn(arn)
            .by_status(types::RestoreJobStatus::Completed);
        let page = |token| call.clone().set_next_token(token).send();
        let pages = Pages::new(LIST_RESTORE_JOBS, page).all().await?;
        let newest = pages
            .into_iter()
            .flat_map(|page| page.restore_jobs.unwrap_or_default())
            .filter(|job| job.completion_date.is_some())
            .max_by_key(|job| job.completion_date.map(|time| (time.secs(), time.subsec_nanos())));
        Ok(newest.map(|job| TestFacts {
            job: job.restore_job_id.unwrap_or_default(),
            resource: job.created_resource_arn.unwrap_or_default(),
            recovery_point: job.recovery_point_arn.unwrap_or_default(),
            completed: job.completion_date.map(|time| time.to_string()).unwrap_or_default(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    #[tokio::test]
    async fn the_newest_completed_job_counts() {
        let job = |id: &str, at: u64| {
            format!(
                r#"{{"RestoreJobId":"{id}","Status":"COMPLETED","CompletionDate":{at},"CreatedResourceArn":"arn:aws:s3:::{id}","RecoveryPointArn":"arn:aws:ec2:us-east-1::snapshot/snap-1"}}"#
            )
        };
        let jobs =
            format!(r#"{{"RestoreJobs":[{},{}]}}"#, job("old", 1795500000), job("new", 1795500001));
        let plan = r#"{"RestoreTestingPlan":{"CreationTime":1795500000,"RestoreTestingPlanArn":"arn:aws:backup:us-east-1:123456789012:restore-testing-plan:weekly-1",
            "RestoreTestingPlanName":"weekly","ScheduleExpression":"cron(0 5 ? * * *)","RecoveryPointSelection":{}}}"#;
        let replay = Replay::default()
            .answer("GET /restore-testing/plans/weekly", 200, plan)
            .answer("GET /restore-jobs", 200, &jobs);
        let found = RestoreTest { plan: "weekly".into() }.read(&aws(&replay)).await;
        let found = found.expect("a read").expect("a test");
        assert_eq!((found.job.as_str(), found.completed.as_str()), ("new", "2026-11-24T06:00:01Z"));
        let asked = &replay.seen()[1].uri;
        assert!(asked.contains("restoreTestingPlanArn=arn%3Aaws"), "{asked}");
    }
}
