//! A restore of one recovery point into a new resource.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_StartRestoreJob.html>

use std::{collections::BTreeMap, future::ready, time::Duration};

use aws_sdk_backup::{
    operation::describe_restore_job::DescribeRestoreJobOutput, types::RestoreJobStatus,
};

use super::{
    discard,
    job::{Job, begun, came_to_nothing, ended, progress},
    permissions::*,
    things::BACKED_UP,
};
use crate::aws::{kit::*, new_role::with_new_role, s3::things::BUCKET};

/// A restore cannot be stopped, so its end is awaited before its resource is removed.
const ENDS: Duration = Duration::from_mins(30);

operation! {
    #[derive(PartialEq, Eq)]
    #[serde(rename_all = "kebab-case")]
    pub struct Restore {
        /// ARN.
        pub recovery_point: String,
        /// ARN of the role that AWS Backup assumes.
        pub role: String,
        pub metadata: BTreeMap<String, String>,
    }
    "backup.restore" = Restored, target "{recovery_point}";
    uses [
        START_RESTORE_JOB, PASS_ROLE, DESCRIBE_RESTORE_JOB, LIST_RESTORE_JOBS, GET_RESTORE_JOB_METADATA,
    ];
    discards [
        DESCRIBE_RESTORE_JOB, LIST_RESTORE_JOBS, DELETE_VOLUME, DESCRIBE_INSTANCES,
        MODIFY_INSTANCE_ATTRIBUTE, MODIFY_INSTANCE_ATTRIBUTE.at(VOLUMES), TERMINATE_INSTANCES,
        DELETE_TABLE, LIST_BUCKET_VERSIONS, DELETE_OBJECT, DELETE_OBJECT_VERSION, DELETE_BUCKET,
    ];
    leaves "what is restored of `{recovery_point}`", planned Restored::planned();
    touches [BUCKET] |it| it.overwrites();
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Restored {
    pub job: String,
    /// ARN.
    pub resource: String,
    /// RFC 3339.
    pub completed: String,
}

impl Restored {
    fn planned() -> Self {
        let open = || AFTER_RUN.to_owned();
        Self { job: open(), resource: open(), completed: open() }
    }
}

impl Job for DescribeRestoreJobOutput {
    const WHAT: &'static str = "restore job";
    const DESCRIBE: Permission = DESCRIBE_RESTORE_JOB;

    fn word(&self) -> &str {
        self.status().map_or("unknown", RestoreJobStatus::as_str)
    }

    fn percent(&self) -> Option<&str> {
        self.percent_done()
    }

    fn why(&self) -> Option<&str> {
        self.status_message()
    }

    fn made(&self) -> Option<&str> {
        self.created_resource_arn()
    }
}

impl Restore {
    async fn look(&self, aws: &Aws, job: &str) -> Result<DescribeRestoreJobOutput, CallError> {
        let call = aws.backup().describe_restore_job().restore_job_id(job).send().await;
        call.by(DESCRIBE_RESTORE_JOB)
    }

    /// Whether a job was started with our metadata; AWS adds to it, and ignores case in its keys. A job
    /// whose metadata AWS does not have (any more) is not told apart by it.
    async fn is_metadata_of(&self, aws: &Aws, job: &str) -> Result<bool, CallError> {
        let call = aws.backup().get_restore_job_metadata().restore_job_id(job).send().await;
        let theirs = match call.by(GET_RESTORE_JOB_METADATA) {
            Ok(found) => found.metadata.unwrap_or_default(),
            Err(e) if matches!(e.class, Class::Gone | Class::Missing) => return Ok(true),
            Err(e) => return Err(e),
        };
        let has = |(key, value): (&String, &String)| {
            theirs.iter().any(|(k, v)| k.eq_ignore_ascii_case(key) && v == value)
        };
        Ok(self.metadata.iter().all(has))
    }

    /// What is there already and is written into: a restore of S3 or EFS makes nothing new unless it is
    /// asked to. <https://docs.aws.amazon.com/aws-backup/latest/devguide/restoring-s3.html>
    fn overwrites(&self) -> Vec<Thing> {
        let value = |name: &str| {
            let found = self.metadata.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.as_str())
        };
        let is_true = |value: Option<&str>| value.is_some_and(|v| v.eq_ignore_ascii_case("true"));
        match (value("DestinationBucketName"), value("newFileSystem")) {
            (Some(bucket), _) if !is_true(value("NewBucket")) => vec![BUCKET.thing(bucket)],
            (None, Some(new)) if !is_true(Some(new)) => {
                vec![BACKED_UP.thing(value("file-system-id").unwrap_or(&self.recovery_point))]
            }
            _ => Vec::new(),
        }
    }

    /// Whether the job made its resource, rather than wrote into one that was there.
    fn makes_its_own(&self, made: &str, source: Option<&str>) -> bool {
        let is_new = self.metadata.iter().any(|(key, value)| {
            key.eq_ignore_ascii_case("newbucket") && value.eq_ignore_ascii_case("true")
        });
        source != Some(made) && (!made.contains(":s3:") || is_new)
    }
}

impl Operation<Aws> for Restore {
    /// No list shows the tokens of jobs, so a job is recognised by what it restores, as whom, since when,
    /// and with what metadata. Where that fits more than one job, none is taken: the start is repeated,
    /// and with the same token answers with the job that it made.
    /// <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_StartRestoreJob.html>
    async fn find(&self, aws: &Aws, token: &Token) -> Result<Option<String>, CallError> {
        let call = aws
            .backup()
            .list_restore_jobs()
            .by_account_id(&aws.scope().account)
            .set_by_created_after(begun(token));
        let page = |token| call.clone().set_next_token(token).send();
        let pages = Pages::new(LIST_RESTORE_JOBS, page).all().await?;
        let jobs = pages.into_iter().flat_map(|page| page.restore_jobs.unwrap_or_default());
        let like = jobs.filter(|job| {
            let state = job.status().map_or("", RestoreJobStatus::as_str);
            job.recovery_point_arn() == Some(&self.recovery_point)
                && job.iam_role_arn() == Some(&self.role)
                && !came_to_nothing(state)
        });
        let mut mine = Vec::new();
        for job in like.filter_map(|job| job.restore_job_id) {
            if self.is_metadata_of(aws, &job).await? {
                mine.push(job);
            }
        }
        Ok(mine.pop().filter(|_| mine.is_empty()))
    }

    async fn start(&self, aws: &Aws, token: &Token) -> Result<String, CallError> {
        with_new_role(|| async {
            let call = aws
                .backup()
                .start_restore_job()
                .recovery_point_arn(&self.recovery_point)
                .iam_role_arn(&self.role)
                .idempotency_token(&token.id)
                .set_metadata(Some(self.metadata.clone().into_iter().collect()))
                .send()
                .await
                .by(START_RESTORE_JOB)?;
            Ok(call.restore_job_id.unwrap_or_default())
        })
        .await
    }

    async fn poll(&self, aws: &Aws, job: &str) -> Result<Progress<Restored>, CallError> {
        let now = self.look(aws, job).await?;
        Ok(progress(job, &now, |resource| Restored {
            job: job.into(),
            resource: resource.into(),
            completed: now.completion_date.map(|time| time.to_string()).unwrap_or_default(),
        }))
    }

    /// A database or a file system, which nothing here deletes, unless the restore wrote into one that was there.
    fn costs(&self) -> bool {
        self.overwrites().is_empty()
    }

    async fn discard(&self, aws: &Aws, job: &str) -> Result<bool, CallError> {
        let look = || self.look(aws, job);
        // Without its record nobody knows what it made.
        let Some(now) = ended(aws, job, ENDS, look, || ready(())).await? else { return Ok(false) };
        let Some(made) = now.created_resource_arn() else { return Ok(true) };
        if !self.makes_its_own(made, now.source_resource_arn()) {
            return Ok(false);
        }
        discard::resource(aws, made).await
    }
}

#[cfg(test)]
#[path = "restore_tests.rs"]
mod tests;
