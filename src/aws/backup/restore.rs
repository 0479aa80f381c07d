//! A restore of one recovery point into a new resource.
//!
//! <https://docs.aws.amazon.com/aws-backup/latest/devguide/API_StartRestoreJob.html>

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_backup::{
    operation::describe_restore_job::DescribeRestoreJobOutput, types::RestoreJobStatus,
};
use tokio::time::{Instant, sleep};

use super::{begun, discard, percent, permissions::*, with_new_role};

use crate::{aws::kit::*, engine::AFTER_RUN};

/// A restore cannot be stopped, so its end is awaited before its resource is taken away.
const ENDS: Duration = Duration::from_secs(30 * 60);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Restore {
    /// ARN.
    pub recovery_point: String,
    /// ARN of the role that AWS Backup assumes.
    pub role: String,
    pub metadata: BTreeMap<String, String>,
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

impl Restore {
    async fn look(&self, aws: &Aws, job: &str) -> Result<DescribeRestoreJobOutput, CallError> {
        let call = aws.backup().describe_restore_job().restore_job_id(job).send().await;
        call.by(DESCRIBE_RESTORE_JOB)
    }

    /// Whether the job made its resource, rather than wrote into one that was there.
    fn makes_its_own(&self, made: &str, source: Option<&str>) -> bool {
        let is_new = self.metadata.iter().any(|(key, value)| {
            key.eq_ignore_ascii_case("newbucket") && value.eq_ignore_ascii_case("true")
        });
        source != Some(made) && (!made.contains(":s3:") || is_new)
    }
}

fn is_over(status: Option<&RestoreJobStatus>) -> bool {
    use RestoreJobStatus::{Aborted, Completed, Failed};
    matches!(status, Some(Aborted | Completed | Failed))
}

impl Operation<Aws> for Restore {
    const KIND: &'static str = "backup.restore";
    const USES: &'static [Permission] =
        &[START_RESTORE_JOB, PASS_ROLE, DESCRIBE_RESTORE_JOB, LIST_RESTORE_JOBS];
    const DISCARDS: &'static [Permission] = &[
        DESCRIBE_RESTORE_JOB,
        LIST_RESTORE_JOBS,
        DELETE_VOLUME,
        DESCRIBE_INSTANCES,
        MODIFY_INSTANCE_ATTRIBUTE,
        MODIFY_INSTANCE_ATTRIBUTE.at(VOLUMES),
        TERMINATE_INSTANCES,
        DELETE_TABLE,
        LIST_BUCKET_VERSIONS,
        DELETE_OBJECT,
        DELETE_OBJECT_VERSION,
        DELETE_BUCKET,
    ];
    const REACH: Reach = Reach::Makes;
    type Output = Restored;

    fn target(&self) -> String {
        self.recovery_point.clone()
    }

    fn touches(&self) -> Vec<Thing> {
        Vec::new()
    }

    fn leaves(&self) -> String {
        format!("what is restored of `{}`", self.recovery_point)
    }

    fn planned(&self) -> Restored {
        let open = || AFTER_RUN.to_owned();
        Restored { job: open(), resource: open(), completed: open() }
    }

    /// No list shows the tokens of jobs, so it is told by what it restores, as whom, and since when.
    /// A second start with the same token answers with the job of the first all the same.
    async fn find(&self, aws: &Aws, token: &Token) -> Result<Option<String>, CallError> {
        let pages = aws
            .backup()
            .list_restore_jobs()
            .by_account_id(&aws.scope().account)
            .set_by_created_after(begun(token))
            .into_paginator()
            .items()
            .send();
        let jobs = pages.collect::<Result<Vec<_>, _>>().await.by(LIST_RESTORE_JOBS)?;
        let mine = jobs.into_iter().find(|job| {
            job.recovery_point_arn() == Some(&self.recovery_point)
                && job.iam_role_arn() == Some(&self.role)
                && !matches!(
                    job.status(),
                    Some(RestoreJobStatus::Failed | RestoreJobStatus::Aborted)
                )
        });
        Ok(mine.and_then(|job| job.restore_job_id))
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
        let status = now.status.as_ref();
        let word = status.map_or("unknown", RestoreJobStatus::as_str);
        if !is_over(status) {
            let note = format!("restore job is {word}");
            return Ok(Progress::Running { percent: percent(now.percent_done()), note });
        }
        let Some((RestoreJobStatus::Completed, resource)) =
            status.zip(now.created_resource_arn.as_ref())
        else {
            let why = now.status_message().unwrap_or("AWS gives no reason");
            return Ok(Progress::Failed(format!("restore job `{job}` is {word}: {why}")));
        };
        Ok(Progress::Done(Restored {
            job: job.into(),
            resource: resource.clone(),
            completed: now.completion_date.map(|time| time.to_string()).unwrap_or_default(),
        }))
    }

    async fn discard(&self, aws: &Aws, job: &str) -> Result<bool, CallError> {
        let (started, pause) = (Instant::now(), aws.patience().poll);
        let now = loop {
            let now = match self.look(aws, job).await {
                // Without its record nobody knows what it made.
                Err(e) if e.class == Class::Gone => return Ok(false),
                other => other?,
            };
            if is_over(now.status.as_ref()) {
                break now;
            }
            if started.elapsed() > ENDS {
                let text = format!("restore job `{job}` does not end");
                return Err(CallError::local(DESCRIBE_RESTORE_JOB.action, Class::Unknown, text));
            }
            sleep(pause).await;
        };
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
