//! What the CloudTrail actions refuse, and what they do without a history: planned against canned answers.

use serde_json::json;

use crate::{
    actions::testing::plan,
    aws::replay::{Replay, aws},
    engine::plan::PlanState,
};

const TRAIL: &str = r#"{"Trail":{"Name":"main","S3BucketName":"b","TrailARN":"arn:aws:cloudtrail:us-east-1:123456789012:trail/main"}}"#;

fn error(code: &str) -> String {
    format!(r#"{{"__type":"{code}","message":"No."}}"#)
}

#[tokio::test]
async fn an_attack_stops_only_what_the_run_made_or_what_is_tagged_for_it() {
    let tags =
        r#"{"ResourceTagList":[{"ResourceId":"x","TagsList":[{"Key":"drill","Value":"yes"}]}]}"#;
    let replay = Replay::default()
        .answer("GetTrail", 200, TRAIL)
        .answer("ListTags", 200, tags)
        .answer("GetTrailStatus", 200, r#"{"IsLogging":true}"#);
    let step = plan(aws(&replay), "cloudtrail.stop-logging", json!({ "trail": "main" })).await;
    let PlanState::Refused(why) = &step.state else { panic!("{step:?}") };
    assert!(why.contains("was not made by this run"), "{why}");
    let inputs = json!({ "trail": "main", "required-tag": "drill=yes" });
    let step = plan(aws(&replay), "cloudtrail.stop-logging", inputs).await;
    assert_eq!((&step.state, step.changes.len()), (&PlanState::Planned, 1), "{step:?}");
    let replay = Replay::default().answer("GetTrail", 400, &error("TrailNotFoundException"));
    let step = plan(aws(&replay), "cloudtrail.stop-logging", json!({ "trail": "main" })).await;
    let PlanState::Refused(why) = &step.state else { panic!("{step:?}") };
    assert!(why.contains("does not exist"), "{why}");
}

#[tokio::test]
async fn a_history_that_cannot_be_read_fails_nothing() {
    let replay = Replay::default().answer("GetTrailStatus", 200, r#"{"IsLogging":false}"#).answer(
        "LookupEvents",
        400,
        &error("AccessDeniedException"),
    );
    let inputs = json!({ "trail": "arn:aws:cloudtrail:eu-west-1:123456789012:trail/main" });
    let step = plan(aws(&replay), "cloudtrail.start-logging", inputs).await;
    assert_eq!(step.state, PlanState::Planned, "{step:?}");
    assert!(step.notes[0].contains("cannot be read"), "{step:?}");
    assert_eq!(step.changes[0].scope.region, "eu-west-1", "its home Region");
    assert!(replay.seen()[0].uri.contains("eu-west-1"));
}
