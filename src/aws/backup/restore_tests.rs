//! Tests of restores and of taking away what they made, through the real SDK with canned answers.

use super::*;
use crate::aws::replay::{Replay, aws};

fn restore(metadata: &[(&str, &str)]) -> Restore {
    Restore {
        recovery_point: "arn:aws:ec2:us-east-1::snapshot/snap-1".into(),
        role: "arn:aws:iam::123456789012:role/backup".into(),
        metadata: metadata.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
    }
}

fn job(status: &str, made: &str) -> Replay {
    let body = format!(
        r#"{{"RestoreJobId":"job-1","Status":"{status}","StatusMessage":"why","CreatedResourceArn":"{made}",
        "SourceResourceArn":"arn:aws:s3:::photos","CompletionDate":1795500000,"PercentDone":"40.00%"}}"#
    );
    Replay::default().answer("GET /restore-jobs/job-1", 200, &body)
}

#[tokio::test]
async fn it_ends_as_aws_says() {
    let made = "arn:aws:ec2:us-east-1:123456789012:volume/vol-1";
    let poll =
        async |status| restore(&[]).poll(&aws(&job(status, made)), "job-1").await.expect("a look");
    assert!(matches!(poll("RUNNING").await, Progress::Running { percent: Some(40), .. }));
    let Progress::Done(done) = poll("COMPLETED").await else { panic!("completed") };
    assert_eq!((done.resource.as_str(), done.completed.as_str()), (made, "2026-11-24T06:00:00Z"));
    let failed = poll("FAILED").await;
    assert_eq!(failed, Progress::Failed("restore job `job-1` is FAILED: why".into()));
}

#[tokio::test]
async fn a_restored_volume_is_deleted_and_stays_so() {
    let replay = job("COMPLETED", "arn:aws:ec2:us-east-1:123456789012:volume/vol-1")
        .xml("DeleteVolume", "<DeleteVolumeResponse><return>true</return></DeleteVolumeResponse>")
        .ec2_error("DeleteVolume", 400, "InvalidVolume.NotFound", "no such volume");
    let aws = aws(&replay);
    for _ in 0..2 {
        assert_eq!(restore(&[]).discard(&aws, "job-1").await, Ok(true));
    }
}

#[tokio::test]
async fn a_bucket_that_was_there_before_is_never_deleted() {
    let into = |new: &'static str, made: &'static str| async move {
        let replay = job("COMPLETED", made);
        let left = restore(&[("NewBucket", new)]).discard(&aws(&replay), "job-1").await;
        (left.ok(), replay.actions().len())
    };
    assert_eq!(into("false", "arn:aws:s3:::other").await, (Some(false), 1));
    assert_eq!(into("true", "arn:aws:s3:::photos").await, (Some(false), 1), "the source itself");
}

#[tokio::test]
async fn a_kind_without_a_client_is_said_to_stay() {
    let replay = job("COMPLETED", "arn:aws:rds:us-east-1:123456789012:db:orders-restored");
    assert_eq!(restore(&[]).discard(&aws(&replay), "job-1").await, Ok(false));
    assert!(restore(&[]).costs(), "and goes on costing");
    let into = restore(&[("DestinationBucketName", "photos")]);
    assert!(!into.costs(), "a bucket that was there before costs what it did");
}

/// Two steps restore one recovery point with one role: only their metadata differs.
#[tokio::test]
async fn two_restores_of_one_point_are_told_apart() {
    let job = |id: &str| {
        format!(
            r#"{{"RestoreJobId":"{id}","Status":"RUNNING","IamRoleArn":"arn:aws:iam::123456789012:role/backup",
            "RecoveryPointArn":"arn:aws:ec2:us-east-1::snapshot/snap-1"}}"#
        )
    };
    let replay = Replay::default()
        .answer(
            "GET /restore-jobs",
            200,
            &format!(r#"{{"RestoreJobs":[{},{}]}}"#, job("job-a"), job("job-b")),
        )
        .answer(
            "GET /restore-jobs/job-a/metadata",
            200,
            r#"{"RestoreJobId":"job-a","Metadata":{"availabilityzone":"a","encrypted":"false"}}"#,
        )
        .answer(
            "GET /restore-jobs/job-b/metadata",
            200,
            r#"{"RestoreJobId":"job-b","Metadata":{"availabilityzone":"b","encrypted":"false"}}"#,
        );
    let token = Token { run: ulid::Ulid::nil().to_string(), step: "s".into(), id: "t".into() };
    let found = async |metadata: &[(&str, &str)]| {
        restore(metadata).find(&aws(&replay), &token).await.expect("a look")
    };
    assert_eq!(found(&[("availabilityZone", "b")]).await.as_deref(), Some("job-b"));
    assert_eq!(found(&[("availabilityZone", "c")]).await, None);
    assert_eq!(found(&[("encrypted", "false")]).await, None, "either: the token decides");
}
