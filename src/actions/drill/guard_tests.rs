//! Tests of what the guard lets through and what it refuses, in a plan.

use serde_json::{Value, json};

use super::*;
use crate::{
    actions::testing::plan,
    aws::replay::{Replay, aws},
    engine::plan::{PlanState, PlannedStep},
};

const LEVER: &str = "GET /safetyLevers/default";
/// A Tuesday.
const DATE: &str = "Tue, 24 Nov 2026 10:00:30 GMT";

fn account() -> Replay {
    let identity = "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account>\
        <Arn>arn:aws:iam::123456789012:user/responder</Arn><UserId>AIDA</UserId>\
        </GetCallerIdentityResult></GetCallerIdentityResponse>";
    Replay::default().date(DATE).xml("GetCallerIdentity", identity).answer(
        "GET /experiments",
        200,
        r#"{"experiments":[]}"#,
    )
}

fn lever(status: &str) -> Replay {
    let state =
        json!({ "safetyLever": { "state": { "status": status, "reason": "real incident" } } });
    account().answer(LEVER, 200, &state.to_string())
}

async fn planned(replay: Replay, change: Value) -> PlannedStep {
    let mut inputs =
        json!({ "accounts": ["123456789012"], "regions": ["us-east-1"], "max-cost": 1 });
    let map = inputs.as_object_mut().expect("a mapping");
    map.extend(change.as_object().expect("a mapping").clone());
    plan(aws(&replay), "drill.guard", inputs).await
}

async fn refused(replay: Replay, change: Value) -> String {
    match planned(replay, change).await.state {
        PlanState::Refused(why) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_may_run_is_let_through() {
    let change = json!({ "forecast": { "fis-action-minutes": 10 }, "required-tag": "drill=yes",
        "window": { "days": ["tue"], "from": "09:00", "to": "16:00", "time-zone": "+01:00" } });
    let step = planned(lever("disengaged"), change).await;
    assert_eq!(step.state, PlanState::Planned, "{step:#?}");
    assert_eq!(step.notes, ["targets must have the tag `drill=yes`"]);
    assert!(step.changes.is_empty() && step.operations.is_empty());
}

#[tokio::test]
async fn another_account_region_or_time_is_refused() {
    for (change, part) in [
        (json!({ "accounts": ["111122223333"] }), "works in account 123456789012"),
        (json!({ "regions": ["eu-west-1"] }), "works in us-east-1"),
        (json!({ "accounts": [] }), "may run in none"),
        (json!({ "required-tag": "drill" }), "must be `key=value`"),
        (
            json!({ "forecast": { "fis-action-minutes": 11 } }),
            "about 1.10 USD, and `max-cost` is 1.00",
        ),
        (json!({ "forecast": { "restores": -1 } }), "which is no amount"),
        (
            json!({ "window": { "days": ["mon"], "from": "09:00", "to": "16:00" } }),
            "now it is Tue 10:00",
        ),
        (json!({ "window": { "from": "9", "to": "16:00" } }), "no time of day"),
        (
            json!({ "stop-alarms": ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:cpu"] }),
            "is no alarm of account",
        ),
    ] {
        let why = refused(lever("disengaged"), change).await;
        assert!(why.contains(part), "{why}");
        assert!(why.contains("nothing was touched"), "{why}");
    }
}

#[tokio::test]
async fn an_engaged_lever_stops_everything() {
    for status in ["engaged", "engaging"] {
        let why = refused(lever(status), json!({})).await;
        assert!(why.contains(status) && why.contains("because: real incident"), "{why}");
    }
}

#[tokio::test]
async fn without_a_lever_there_is_a_note() {
    let none = r#"{"__type":"ResourceNotFoundException","message":"none"}"#;
    let step = planned(account().answer(LEVER, 404, none), json!({})).await;
    assert_eq!(step.state, PlanState::Planned, "{step:#?}");
    assert!(step.notes[0].contains("no safety lever in us-east-1"), "{step:#?}");
}

#[tokio::test]
async fn what_cannot_be_read_is_no_consent() {
    let denied = r#"{"__type":"AccessDeniedException","message":"no"}"#;
    let why = refused(account().answer(LEVER, 403, denied), json!({})).await;
    assert!(why.contains("`fis:GetSafetyLever` was denied"), "{why}");
}

#[test]
fn alarms_go_by_name() {
    let name = |alarm: &str| alarm_name(alarm, "1", "eu-west-1").ok();
    assert_eq!(name("cpu").as_deref(), Some("cpu"));
    assert_eq!(name("arn:aws:cloudwatch:eu-west-1:1:alarm:a:b").as_deref(), Some("a:b"));
    assert_eq!(name("arn:aws:cloudwatch:eu-west-1:2:alarm:cpu"), None);
}
