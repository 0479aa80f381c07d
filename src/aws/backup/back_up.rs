//! An on-demand backup of one resource into a vault.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_StartBackupJob.html>

use std::{collections::HashMap, time::Duration};

use aws_sdk_backup::{
    operation::describe_backup_job::DescribeBackupJobOutput, types::BackupJobState,
};

use super::{
    job::{Job, begun, came_to_nothing, ended, progress},
    permissions::*,
    points,
};
use crate::aws::{
    dynamodb::things::TABLE,
    ec2::things::{INSTANCE, VOLUME},
    kit::*,
    new_role::with_new_role,
    owned::{RUN_TAG, STEP_TAG},
    s3::things::BUCKET,
    thing,
};

/// How long a job may take to stop.
const STOPS: Duration = Duration::from_mins(10);

operation! {
    #[derive(PartialEq, Eq)]
    pub struct BackUp {
        /// ARN.
        pub resource: String,
        /// Name.
        pub vault: String,
        /// ARN of the role that AWS Backup assumes.
        pub role: String,
    }
    "backup.back-up" = Saved, target "{resource}";
    uses [START_BACKUP_JOB, TAG_RESOURCE, PASS_ROLE, DESCRIBE_BACKUP_JOB, LIST_BACKUP_JOBS];
    discards [
        DESCRIBE_BACKUP_JOB, LIST_BACKUP_JOBS, STOP_BACKUP_JOB, DELETE_RECOVERY_POINT,
        DESCRIBE_RECOVERY_POINT,
    ];
    leaves "a recovery point of `{resource}` in vault `{vault}`", planned Saved::planned();
    touches [INSTANCE, VOLUME, BUCKET, TABLE] |it| vec![thing::of_arn(&it.resource)];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Saved {
    pub job: String,
    /// ARN.
    pub recovery_point: String,
    /// `EBS`, `DynamoDB` and so on.
    pub resource_type: String,
    /// RFC 3339.
    pub created: String,
}

impl Saved {
    fn planned() -> Self {
        let open = || AFTER_RUN.to_owned();
        Self { job: open(), recovery_point: open(), resource_type: open(), created: open() }
    }
}

impl Job for DescribeBackupJobOutput {
    const WHAT: &'static str = "backup job";
    const DESCRIBE: Permission = DESCRIBE_BACKUP_JOB;

    fn word(&self) -> &str {
        self.state().map_or("unknown", BackupJobState::as_str)
    }

    fn percent(&self) -> Option<&str> {
        self.percent_done()
    }

    fn why(&self) -> Option<&str> {
        self.status_message()
    }

    fn made(&self) -> Option<&str> {
        self.recovery_point_arn()
    }
}

impl BackUp {
    async fn look(&self, aws: &Aws, job: &str) -> Result<DescribeBackupJobOutput, CallError> {
        let call = aws.backup().describe_backup_job().backup_job_id(job).send().await;
        call.by(DESCRIBE_BACKUP_JOB)
    }
}

impl Operation<Aws> for BackUp {
    /// No list shows the tokens of jobs, so a job is recognised by what it saves where, as whom, and since
    /// when. A second start with the same token still answers with the job of the first.
    async fn find(&self, aws: &Aws, token: &Token) -> Result<Option<String>, CallError> {
        let call = aws
            .backup()
            .list_backup_jobs()
            .by_resource_arn(&self.resource)
            .by_backup_vault_name(&self.vault)
            .set_by_created_after(begun(token));
        let page = |token| call.clone().set_next_token(token).send();
        let pages = Pages::new(LIST_BACKUP_JOBS, page).all().await?;
        let mut jobs = pages.into_iter().flat_map(|page| page.backup_jobs.unwrap_or_default());
        let mine = jobs.find(|job| {
            let state = job.state().map_or("", BackupJobState::as_str);
            job.iam_role_arn() == Some(&self.role) && !came_to_nothing(state)
        });
        Ok(mine.and_then(|job| job.backup_job_id))
    }

    async fn start(&self, aws: &Aws, token: &Token) -> Result<String, CallError> {
        let tags = [(RUN_TAG, &token.run), (STEP_TAG, &token.step)];
        let tags = tags.map(|(key, value)| (key.to_owned(), value.clone()));
        let tags = HashMap::from(tags);
        with_new_role(|| async {
            let call = aws
                .backup()
                .start_backup_job()
                .backup_vault_name(&self.vault)
                .resource_arn(&self.resource)
                .iam_role_arn(&self.role)
                .idempotency_token(&token.id)
                .set_recovery_point_tags(Some(tags.clone()))
                .send()
                .await
                .by(START_BACKUP_JOB)?;
            Ok(call.backup_job_id.unwrap_or_default())
        })
        .await
    }

    async fn poll(&self, aws: &Aws, job: &str) -> Result<Progress<Saved>, CallError> {
        let now = self.look(aws, job).await?;
        Ok(progress(job, &now, |point| Saved {
            job: job.into(),
            recovery_point: point.into(),
            resource_type: now.resource_type.clone().unwrap_or_default(),
            created: now.creation_date.map(|time| time.to_string()).unwrap_or_default(),
        }))
    }

    async fn discard(&self, aws: &Aws, job: &str) -> Result<bool, CallError> {
        let stop = || async {
            // Some kinds cannot be stopped: their end is awaited.
            let _ = aws.backup().stop_backup_job().backup_job_id(job).send().await;
        };
        let Some(now) = ended(aws, job, STOPS, || self.look(aws, job), stop).await? else {
            return Ok(false);
        };
        let Some(point) = now.recovery_point_arn else { return Ok(true) };
        points::delete(aws, &self.vault, &point).await.map(|()| true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    fn operation() -> BackUp {
        BackUp {
            resource: "arn:aws:ec2:us-east-1:123456789012:volume/vol-1".into(),
            vault: "v".into(),
            role: "arn:aws:iam::123456789012:role/backup".into(),
        }
    }

    fn token() -> Token {
        Token { run: "RUN".into(), step: "save".into(), id: "0123".into() }
    }

    #[tokio::test]
    async fn a_new_role_is_waited_for() {
        let no = r#"{"__type":"InvalidParameterValueException","Message":"IAM Role arn:aws:iam::123456789012:role/backup cannot be assumed by AWS Backup"}"#;
        let replay = Replay::default().answer("PUT /backup-jobs", 400, no).answer(
            "PUT /backup-jobs",
            200,
            r#"{"BackupJobId":"job-1"}"#,
        );
        let job = operation().start(&aws(&replay), &token()).await;
        assert_eq!(job.as_deref(), Ok("job-1"));
        assert!(replay.seen()[1].body.contains(r#""IdempotencyToken":"0123""#));
    }

    #[tokio::test]
    async fn it_ends_as_aws_says() {
        let path = "GET /backup-jobs/job-1";
        let point = "arn:aws:ec2:us-east-1::snapshot/snap-1";
        let done = format!(
            r#"{{"BackupJobId":"job-1","State":"COMPLETED","RecoveryPointArn":"{point}","ResourceType":"EBS","CreationDate":1795500000.25}}"#
        );
        let replay = Replay::default()
            .answer(path, 200, r#"{"State":"RUNNING","PercentDone":"40.0"}"#)
            .answer(path, 200, &done)
            .answer(path, 200, r#"{"State":"FAILED","StatusMessage":"the key is disabled"}"#);
        let aws = aws(&replay);
        let poll = async || operation().poll(&aws, "job-1").await.expect("a look");
        let running = poll().await;
        assert!(matches!(running, Progress::Running { percent: Some(40), .. }), "{running:?}");
        let Progress::Done(saved) = poll().await else { panic!("completed") };
        assert_eq!((saved.recovery_point.as_str(), saved.resource_type.as_str()), (point, "EBS"));
        assert_eq!(saved.created, "2026-11-24T06:00:00.25Z");
        let failed = poll().await;
        assert!(
            matches!(&failed, Progress::Failed(why) if why.contains("key is disabled")),
            "{failed:?}"
        );
    }
}
