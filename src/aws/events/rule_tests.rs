//! Tests of the scaffolding rule, through the real SDK with canned answers.

use serde_json::json;

use super::*;
use crate::aws::{
    owned::{RUN_TAG, STEP_TAG},
    replay::{Replay, aws},
};

const ABSENT: &str = r#"{"__type":"ResourceNotFoundException","message":"Rule r does not exist on EventBus default."}"#;
const PUT: &str = r#"{"RuleArn":"arn:aws:events:us-east-1:123456789012:rule/r"}"#;
const DONE: &str = r#"{"FailedEntryCount":0,"FailedEntries":[]}"#;

fn rule() -> EventRule {
    EventRule { name: "r".into(), owner: Owner { run: "RUN".into(), step: "watch".into() } }
}

fn is(targets: &[(&str, &str)]) -> RuleIs {
    let targets = targets.iter().map(|(id, arn)| (id.to_string(), arn.to_string())).collect();
    RuleIs { pattern: json!({ "source": ["aws.ec2"] }), state: "ENABLED".into(), targets }
}

fn present(run: &str) -> Replay {
    let rule = json!({ "Name": "r", "Arn": "arn:aws:events:us-east-1:123456789012:rule/r",
        "EventPattern": "{\"source\":[\"aws.ec2\"]}", "State": "ENABLED" });
    let tags = json!({ "Tags": [{ "Key": RUN_TAG, "Value": run }, { "Key": STEP_TAG, "Value": "watch" }] });
    let targets = json!({ "Targets": [{ "Id": "queue", "Arn": "arn:q" }] });
    Replay::default()
        .answer("DescribeRule", 200, &rule.to_string())
        .answer("ListTagsForResource", 200, &tags.to_string())
        .answer("ListTargetsByRule", 200, &targets.to_string())
}

#[tokio::test]
async fn it_is_put_with_its_tags_and_then_gets_its_target() {
    let replay = Replay::default()
        .answer("DescribeRule", 400, ABSENT)
        .answer("PutRule", 200, PUT)
        .answer("PutTargets", 200, DONE);
    rule().write(&aws(&replay), &Some(is(&[("queue", "arn:q")]))).await.expect("made");
    assert_eq!(replay.actions(), ["DescribeRule", "PutRule", "PutTargets"]);
    let put: Value = serde_json::from_str(&replay.seen()[1].body).expect("JSON");
    assert_eq!(put["EventPattern"], r#"{"source":["aws.ec2"]}"#);
    assert_eq!(put["Tags"][0]["Key"], RUN_TAG);
}

#[tokio::test]
async fn a_target_that_is_refused_is_an_error() {
    let failed = r#"{"FailedEntryCount":1,"FailedEntries":[{"TargetId":"queue","ErrorCode":"AccessDeniedException","ErrorMessage":"no"}]}"#;
    let replay = Replay::default()
        .answer("DescribeRule", 400, ABSENT)
        .answer("PutRule", 200, PUT)
        .answer("PutTargets", 200, failed);
    let error = rule().write(&aws(&replay), &Some(is(&[("queue", "arn:q")]))).await;
    let error = error.expect_err("refused");
    assert_eq!(
        (error.code.as_deref(), error.message.as_str()),
        (Some("AccessDeniedException"), "no")
    );
}

/// AWS wants one to a hundred.
#[tokio::test]
async fn a_rule_without_targets_sends_no_empty_list() {
    let replay = Replay::default().answer("DescribeRule", 400, ABSENT).answer("PutRule", 200, PUT);
    rule().write(&aws(&replay), &Some(is(&[]))).await.expect("made");
    assert_eq!(replay.actions(), ["DescribeRule", "PutRule"]);
}

#[tokio::test]
async fn it_loses_its_targets_before_it_goes() {
    let replay = present("RUN").answer("RemoveTargets", 200, DONE).answer("DeleteRule", 200, "{}");
    let have = rule().read(&aws(&replay)).await.expect("read");
    assert_eq!(have, Some(is(&[("queue", "arn:q")])));
    rule().write(&aws(&replay), &None).await.expect("deleted");
    let actions = replay.actions();
    assert_eq!(actions[actions.len() - 2..], ["RemoveTargets", "DeleteRule"]);
}

#[tokio::test]
async fn one_of_that_name_that_is_not_ours_is_left_alone() {
    let replay = present("OTHER");
    let error = rule().write(&aws(&replay), &None).await.expect_err("a refusal");
    assert_eq!(error.class, Class::Invalid);
    assert!(!replay.actions().iter().any(|action| action.starts_with("Remove")));
}

#[test]
fn halfway_is_with_fewer_targets_of_the_same_pattern() {
    let (whole, bare) = (Some(is(&[("queue", "arn:q")])), Some(is(&[])));
    assert!(EventRule::halfway(&None, &whole, &bare));
    assert!(EventRule::halfway(&whole, &None, &bare));
    assert!(!EventRule::halfway(&None, &whole, &None));
    assert!(!EventRule::halfway(&None, &whole, &Some(is(&[("queue", "arn:other")]))));
    let other = Some(RuleIs { pattern: json!({}), ..is(&[]) });
    assert!(!EventRule::halfway(&None, &whole, &other));
}
