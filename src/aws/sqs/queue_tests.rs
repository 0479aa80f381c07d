//! Tests of the scaffolding queue, through the real SDK with canned answers.

use super::*;
use crate::aws::{
    owned::{RUN_TAG, STEP_TAG},
    replay::{Replay, aws},
};

const ABSENT: &str = r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}"#;
const URL_IS: &str = r#"{"QueueUrl":"https://sqs.us-east-1.amazonaws.com/123456789012/q"}"#;

fn queue() -> Queue {
    Queue { name: "q".into(), owner: Owner { run: "RUN".into(), step: "watch".into() } }
}

fn tags(run: &str) -> String {
    json!({ "Tags": { RUN_TAG: run, STEP_TAG: "watch" } }).to_string()
}

fn quick(replay: &Replay) -> Aws {
    let patience = aws(replay).patience();
    let longest = Duration::from_millis(1);
    aws(replay).with_patience(crate::engine::Patience { longest, ..patience })
}

#[tokio::test]
async fn it_is_made_with_policy_encryption_and_tags_in_one_call() {
    let replay = Replay::default()
        .answer("GetQueueUrl", 400, ABSENT)
        .answer(
            "CreateQueue",
            400,
            r#"{"__type":"com.amazonaws.sqs#QueueDeletedRecently","message":"wait 60 seconds"}"#,
        )
        .answer("CreateQueue", 200, URL_IS);
    let want = QueueIs::fed_by("arn:aws:events:us-east-1:1:rule/r", "arn:aws:sqs:us-east-1:1:q");
    queue().write(&quick(&replay), &Some(want)).await.expect("made");
    assert_eq!(replay.actions(), ["GetQueueUrl", "CreateQueue", "CreateQueue"]);
    let body: Value = serde_json::from_str(&replay.seen()[1].body).expect("JSON");
    assert_eq!(body["Attributes"]["SqsManagedSseEnabled"], "true");
    assert_eq!(body["tags"][RUN_TAG], "RUN");
    let policy = body["Attributes"]["Policy"].as_str().expect("a text");
    assert!(policy.contains(r#""aws:SourceArn":"arn:aws:events:us-east-1:1:rule/r""#), "{policy}");
}

#[tokio::test]
async fn it_reads_back_as_written() {
    let want = QueueIs::fed_by("r", "q");
    let answer = json!({ "Attributes": { "Policy": want.policy.to_string(), "SqsManagedSseEnabled": "true" } });
    let replay = Replay::default()
        .answer("GetQueueUrl", 200, URL_IS)
        .answer("ListQueueTags", 200, &tags("RUN"))
        .answer("GetQueueAttributes", 200, &answer.to_string());
    let have = queue().read(&aws(&replay)).await.expect("read");
    assert!(Queue::agrees(&Some(want.clone()), &have), "{have:?}");
    assert!(!Queue::agrees(&Some(QueueIs { encrypted: false, ..want }), &have));
    assert!(!Queue::agrees(&None, &have));
}

#[tokio::test]
async fn one_of_that_name_that_is_not_ours_is_left_alone() {
    let replay = Replay::default().answer("GetQueueUrl", 200, URL_IS).answer(
        "ListQueueTags",
        200,
        &tags("OTHER"),
    );
    let error = queue().write(&aws(&replay), &None).await.expect_err("a refusal");
    assert_eq!(error.class, Class::Invalid);
    assert_eq!(replay.actions(), ["GetQueueUrl", "ListQueueTags"]);
}

#[tokio::test]
async fn deleting_waits_until_it_is_gone_and_may_be_repeated() {
    let replay = Replay::default()
        .answer("GetQueueUrl", 200, URL_IS)
        .answer("GetQueueUrl", 200, URL_IS)
        .answer("GetQueueUrl", 200, URL_IS)
        .answer("GetQueueUrl", 400, ABSENT)
        .answer("ListQueueTags", 200, &tags("RUN"))
        .answer("DeleteQueue", 200, "{}");
    let aws = quick(&replay);
    queue().write(&aws, &None).await.expect("deleted");
    queue().write(&aws, &None).await.expect("deleted already");
    let deletes = replay.actions().iter().filter(|action| *action == "DeleteQueue").count();
    assert_eq!(deletes, 2);
}

#[tokio::test]
async fn a_denied_call_is_told() {
    let denied = r#"{"__type":"AccessDeniedException","message":"no"}"#;
    let replay = Replay::default().answer("GetQueueUrl", 403, denied);
    let error = queue().read(&aws(&replay)).await.expect_err("denied");
    assert_eq!((error.class, error.call.as_str()), (Class::Denied, GET_QUEUE_URL.action));
}
