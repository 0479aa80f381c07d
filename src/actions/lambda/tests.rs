//! The throttle of a function through the real SDK with answers shaped as Lambda documents them: what is
//! planned, and what is refused because Lambda would refuse it.

use serde_json::json;

use crate::{
    actions::testing::plan,
    aws::replay::{Replay, aws},
    engine::plan::{PlanState, PlannedStep},
};

const RESERVED: &str = "GET /2019-09-30/functions/resize/concurrency";
const PROVISIONED: &str = "GET /2019-09-30/functions/resize/provisioned-concurrency";

async fn planned(replay: &Replay) -> PlannedStep {
    plan(aws(replay), "lambda.throttle-function", json!({ "function": "resize" })).await
}

#[tokio::test]
async fn a_function_without_a_reservation_gets_one_of_zero() {
    let replay = Replay::default()
        .answer(PROVISIONED, 200, r#"{"ProvisionedConcurrencyConfigs":[]}"#)
        .answer(RESERVED, 200, "{}");
    let step = planned(&replay).await;
    assert_eq!(step.state, PlanState::Planned, "{step:?}");
    assert_eq!((&step.changes[0].before, &step.changes[0].after), (&json!(null), &json!(0)));
    assert_eq!(step.verifies, ["new invocations of function `resize`"]);
}

#[tokio::test]
async fn a_function_that_is_kept_warm_is_refused_before_lambda_refuses_it() {
    let warm = r#"{"ProvisionedConcurrencyConfigs":[{"FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:resize:live",
        "RequestedProvisionedConcurrentExecutions":5,"Status":"READY"}]}"#;
    let step = planned(&Replay::default().answer(PROVISIONED, 200, warm)).await;
    let PlanState::Refused(why) = &step.state else { panic!("{step:?}") };
    assert!(why.contains("provisioned concurrency of 5"), "{why}");
    assert!(step.changes.is_empty());
}

#[tokio::test]
async fn a_function_that_is_not_there_is_an_error_and_not_an_absent_reservation() {
    let gone = r#"{"Type":"User","Message":"Function not found"}"#;
    let replay = Replay::default()
        .answer(PROVISIONED, 200, r#"{"ProvisionedConcurrencyConfigs":[]}"#)
        .answer(RESERVED, 404, gone);
    let step = planned(&replay).await;
    assert!(!matches!(step.state, PlanState::Planned), "{step:?}");
}
