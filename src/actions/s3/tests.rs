//! What the S3 actions refuse, and what AWS's refusals come to: planned against canned answers.

use serde_json::json;

use crate::{
    actions::testing::plan,
    aws::replay::{Replay, aws},
    engine::plan::PlanState,
};

const TAGS: &str = "GET /bucket";

fn tagged(key: &str, value: &str) -> String {
    format!("<Tagging><TagSet><Tag><Key>{key}</Key><Value>{value}</Value></Tag></TagSet></Tagging>")
}

fn error(code: &str) -> String {
    format!("<Error><Code>{code}</Code><Message>No.</Message></Error>")
}

fn why(state: &PlanState) -> &str {
    match state {
        PlanState::Refused(why) => why,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn an_attack_hits_only_what_the_run_made_or_what_is_tagged_for_it() {
    for action in ["s3.overwrite-objects", "s3.suspend-versioning", "s3.lift-public-access-block"] {
        let replay = Replay::default().xml(TAGS, &tagged("team", "payments"));
        let step = plan(aws(&replay), action, json!({ "bucket": "bucket" })).await;
        assert!(why(&step.state).contains("was not made by this run"), "{step:?}");
        let inputs = json!({ "bucket": "bucket", "required-tag": "drill=yes" });
        let step = plan(aws(&replay), action, inputs).await;
        assert!(why(&step.state).contains("has no tag `drill=yes`"), "{step:?}");
        let replay = Replay::default().answer(TAGS, 404, &error("NoSuchBucket"));
        let step = plan(aws(&replay), action, json!({ "bucket": "bucket" })).await;
        assert!(why(&step.state).contains("is not in this account"), "{step:?}");
        let open = json!({ "bucket": "(known after run: x)" });
        let step = plan(aws(&Replay::default()), action, open).await;
        assert_eq!((&step.state, step.changes.len()), (&PlanState::Planned, 1), "{step:?}");
    }
}

#[tokio::test]
async fn a_bucket_of_someone_else_is_not_taken_for_the_runs() {
    let name = "bucket";
    for (status, body, says) in [
        (200, tagged("backburn:run", "01OTHER"), "choose another name"),
        (403, error("AccessDenied"), "was denied"),
    ] {
        let replay = Replay::default().answer(TAGS, status, &body);
        let step = plan(aws(&replay), "s3.create-bucket", json!({ "name": name })).await;
        assert!(why(&step.state).contains(says), "{step:?}");
    }
    let replay = Replay::default().answer(TAGS, 404, &error("NoSuchBucket"));
    let step = plan(aws(&replay), "s3.create-bucket", json!({ "name": name })).await;
    assert_eq!(step.state, PlanState::Planned);
    assert_eq!(step.changes[0].after["asked"]["versioning"], true);
}

#[tokio::test]
async fn too_much_is_refused_before_any_call() {
    let replay = Replay::default();
    let inputs = json!({ "generate": { "count": 2_000, "bytes": 1 } });
    let step = plan(aws(&replay), "s3.create-bucket", inputs).await;
    assert!(why(&step.state).contains("at most 1000 objects"), "{step:?}");
    assert!(replay.seen().is_empty());
}
