//! Operations of GuardDuty: sample findings. Owns how they are made, found again among the others, and
//! archived when a drill has no more use for them.
//!
//! Sample findings prove the delivery path from GuardDuty to its recipients, not detection.
//! <https://docs.aws.amazon.com/guardduty/latest/ug/sample_findings.html>

use aws_sdk_guardduty::types::{Condition, Finding, FindingCriteria};

use super::{permissions::*, things::DETECTOR};
use crate::aws::kit::*;

/// How far two clocks may be apart, in milliseconds.
const APART: i64 = 120_000;
/// As many findings as one call takes.
const BATCH: usize = 50;

operation! {
    #[derive(PartialEq, Eq)]
    pub struct CreateSampleFindings {
        pub detector: String,
        /// Such as `Recon:EC2/PortProbeUnprotectedPort`.
        pub types: Vec<String>,
    }
    "guardduty.create-sample-findings" = SampleFindings,
        target "{detector} {}" of |it| it.types.join(" ");
    uses [CREATE_SAMPLE_FINDINGS, LIST_FINDINGS, GET_FINDINGS];
    discards [LIST_FINDINGS, GET_FINDINGS, ARCHIVE_FINDINGS];
    leaves "sample findings of detector `{detector}`",
        planned SampleFindings { findings: types.iter().map(|_| AFTER_RUN.into()).collect() };
    touches [DETECTOR(detector)];
}

/// Ids of the findings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleFindings {
    pub findings: Vec<String>,
}

impl CreateSampleFindings {
    /// Unarchived samples of these types that were updated since.
    async fn samples(&self, aws: &Aws, since: i64) -> Result<Vec<Finding>, CallError> {
        let types = Condition::builder().set_equals(Some(self.types.clone())).build();
        let recent = Condition::builder().greater_than_or_equal(since).build();
        let current = Condition::builder().equals("false").build();
        let criteria = FindingCriteria::builder()
            .criterion("type", types)
            .criterion("updatedAt", recent)
            .criterion("service.archived", current)
            .build();
        let call = aws.guardduty().list_findings().detector_id(&self.detector);
        let call = call.finding_criteria(criteria);
        let page = |token| call.clone().set_next_token(token).send();
        let pages = Pages::new(LIST_FINDINGS, page).all().await?;
        let ids = pages.into_iter().flat_map(|page| page.finding_ids.unwrap_or_default());
        let ids: Vec<_> = ids.collect();
        let mut found = Vec::new();
        for batch in ids.chunks(BATCH) {
            let call = aws.guardduty().get_findings().detector_id(&self.detector);
            let call = call.set_finding_ids(Some(batch.to_vec())).send().await;
            let findings = call.by(GET_FINDINGS)?.findings.unwrap_or_default();
            found.extend(findings.into_iter().filter(is_sample));
        }
        Ok(found)
    }

    fn is_whole(&self, findings: &[Finding]) -> bool {
        self.types.iter().all(|kind| findings.iter().any(|one| one.r#type() == Some(kind)))
    }
}

fn is_sample(finding: &Finding) -> bool {
    finding.title().is_some_and(|title| title.starts_with("[SAMPLE]"))
}

fn ids(findings: Vec<Finding>) -> Vec<String> {
    let mut ids: Vec<_> = findings.into_iter().filter_map(|finding| finding.id).collect();
    ids.sort();
    ids
}

impl Operation<Aws> for CreateSampleFindings {
    /// Samples carry no token: all types since the run began are taken for the start that is looked for.
    async fn find(&self, aws: &Aws, token: &Token) -> Result<Option<String>, CallError> {
        let Ok(run) = token.run.parse::<ulid::Ulid>() else { return Ok(None) };
        let began = i64::try_from(run.timestamp_ms()).unwrap_or_default() - APART;
        let found = self.samples(aws, began).await?;
        Ok(self.is_whole(&found).then(|| began.to_string()))
    }

    /// The job is the moment since when samples count, in milliseconds of AWS's clock.
    async fn start(&self, aws: &Aws, _: &Token) -> Result<String, CallError> {
        // A `Date` header has whole seconds.
        let began = aws.now().await?.as_millisecond() - 2_000;
        let call = aws.guardduty().create_sample_findings().detector_id(&self.detector);
        let call = call.set_finding_types(Some(self.types.clone())).send().await;
        call.by(CREATE_SAMPLE_FINDINGS)?;
        Ok(began.to_string())
    }

    async fn poll(&self, aws: &Aws, job: &str) -> Result<Progress<SampleFindings>, CallError> {
        let found = self.samples(aws, job.parse().unwrap_or_default()).await?;
        if self.is_whole(&found) {
            return Ok(Progress::Done(SampleFindings { findings: ids(found) }));
        }
        let note = format!("{} of {} types are listed", found.len(), self.types.len());
        Ok(Progress::Running { percent: None, note })
    }

    /// Archives them: findings cannot be deleted, and go after 90 days.
    async fn discard(&self, aws: &Aws, job: &str) -> Result<bool, CallError> {
        let found = ids(self.samples(aws, job.parse().unwrap_or_default()).await?);
        for batch in found.chunks(BATCH) {
            let call = aws.guardduty().archive_findings().detector_id(&self.detector);
            let call = call.set_finding_ids(Some(batch.to_vec())).send().await;
            call.by(ARCHIVE_FINDINGS)?;
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    fn operation() -> CreateSampleFindings {
        CreateSampleFindings { detector: "d1".into(), types: vec!["Recon:EC2/Portscan".into()] }
    }

    fn finding(title: &str) -> String {
        format!(
            r#"{{"findings":[{{"id":"f1","arn":"a","accountId":"1","createdAt":"t","updatedAt":"t","region":"r","resource":{{}},"schemaVersion":"2.0","severity":2,"type":"Recon:EC2/Portscan","title":"{title}"}}]}}"#
        )
    }

    #[tokio::test]
    async fn real_findings_of_the_type_are_neither_taken_for_samples_nor_archived() {
        let replay = Replay::default()
            .answer("POST /detector/d1/findings", 200, r#"{"findingIds":["f1"]}"#)
            .answer("POST /detector/d1/findings/get", 200, &finding("Someone scans"));
        let aws = aws(&replay);
        let progress = operation().poll(&aws, "1000").await.expect("an answer");
        assert!(matches!(progress, Progress::Running { .. }), "{progress:?}");
        assert_eq!(operation().discard(&aws, "1000").await, Ok(true));
        assert!(!replay.actions().iter().any(|call| call.ends_with("archive")));
    }

    #[tokio::test]
    async fn samples_are_found_by_their_run_and_archived() {
        let replay = Replay::default()
            .answer("POST /detector/d1/findings", 200, r#"{"findingIds":["f1"]}"#)
            .answer("POST /detector/d1/findings/get", 200, &finding("[SAMPLE] Someone scans"))
            .answer("POST /detector/d1/findings/archive", 200, "{}");
        let aws = aws(&replay);
        let run = "01JDXYZ0123456789ABCDEFGHJ".to_owned();
        let token = Token { run, step: "s".into(), id: "x".into() };
        let job = operation().find(&aws, &token).await.expect("an answer").expect("found");
        let done = operation().poll(&aws, &job).await.expect("an answer");
        assert_eq!(done, Progress::Done(SampleFindings { findings: vec!["f1".into()] }));
        assert_eq!(operation().discard(&aws, &job).await, Ok(true));
        let last = replay.seen().pop().expect("a call");
        assert_eq!(last.body, r#"{"findingIds":["f1"]}"#);
    }
}
