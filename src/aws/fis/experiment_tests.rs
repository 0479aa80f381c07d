//! Tests of the experiment and its template, through the real SDK with canned answers.

use std::collections::BTreeMap;

use super::*;
use crate::aws::{
    fis::{Design, DesignedAction, DesignedTarget, ExperimentTemplate, Template},
    replay::{Replay, aws},
};

fn mark() -> Mark {
    Mark { run: "RUN".into(), step: "fault".into(), tags: BTreeMap::new() }
}

fn setting() -> Experiment {
    Experiment { mark: mark(), template: "EXT1".into(), hits: vec![] }
}

fn listed(status: &str) -> String {
    format!(
        r#"{{"experiments":[{{"id":"EXP9","state":{{"status":"running"}},"tags":{{"backburn:run":"OTHER","backburn:step":"fault"}}}},
        {{"id":"EXP1","state":{{"status":"{status}"}},"tags":{{"backburn:run":"RUN","backburn:step":"fault"}}}}]}}"#
    )
}

#[tokio::test]
async fn an_experiment_that_is_over_is_not_started_again_and_not_stopped() {
    let replay = Replay::default().answer("GET /experiments", 200, &listed("completed"));
    let aws = aws(&replay);
    let now = setting().read(&aws).await.expect("a read");
    assert_eq!(now, Some(Started { id: Some("EXP1".into()), live: false }));
    assert!(Experiment::agrees(&Some(Started::now()), &now), "it was started");
    assert!(Experiment::agrees(&None, &now), "and needs no stop");
    setting().write(&aws, &Some(Started::now())).await.expect("nothing to do");
    setting().write(&aws, &None).await.expect("nothing to do");
    assert!(replay.actions().iter().all(|action| action == "GET /experiments"));
}

#[tokio::test]
async fn a_live_experiment_is_stopped_and_awaited_and_nobody_elses_is() {
    let replay = Replay::default()
        .answer("GET /experiments", 200, &listed("running"))
        .answer("GET /experiments", 200, &listed("stopped"))
        .answer("DELETE /experiments/EXP1", 200, "{}");
    let aws = aws(&replay).with_patience(crate::engine::Patience {
        poll: Duration::from_millis(1),
        ..Default::default()
    });
    setting().write(&aws, &None).await.expect("stopped");
    assert_eq!(
        replay.actions(),
        ["GET /experiments", "DELETE /experiments/EXP1", "GET /experiments"]
    );
}

#[tokio::test]
async fn a_start_that_fis_refuses_says_why() {
    let body = r#"{"__type":"ServiceQuotaExceededException","message":"The account has 5 active experiments."}"#;
    let replay = Replay::default().answer("GET /experiments", 200, r#"{"experiments":[]}"#).answer(
        "POST /experiments",
        402,
        body,
    );
    let error = setting().write(&aws(&replay), &Some(Started::now())).await.expect_err("refused");
    assert!(error.message.contains("5 active experiments"), "{error}");
    let sent = &replay.seen()[1].body;
    assert!(sent.contains(&setting().mark.token("experiment")), "{sent}");
    assert!(sent.contains(r#""backburn:run":"RUN""#), "{sent}");
}

/// FIS takes the start, and fails at once while IAM does not know the role everywhere.
#[tokio::test]
async fn an_experiment_that_lacked_its_new_role_is_started_again() {
    let none = r#"{"experiments":[]}"#;
    let begun = |id: &str| format!(r#"{{"experiment":{{"id":"{id}"}}}}"#);
    let failed = r#"{"experiment":{"id":"EXP1","state":{"status":"failed","reason":"Unable to assume role.",
        "error":{"accountId":"123456789012","code":"AuthorizationFailure"}}}}"#;
    let runs = r#"{"experiment":{"id":"EXP2","state":{"status":"running","reason":"Experiment is running."}}}"#;
    let replay = Replay::default()
        .answer("GET /experiments", 200, none)
        .answer("POST /experiments", 200, &begun("EXP1"))
        .answer("POST /experiments", 200, &begun("EXP2"))
        .answer("GET /experiments/EXP1", 200, failed)
        .answer("GET /experiments/EXP2", 200, runs);
    setting().write(&aws(&replay), &Some(Started::now())).await.expect("started");
    let starts: Vec<_> =
        replay.seen().into_iter().filter(|seen| seen.action == "POST /experiments").collect();
    assert_eq!(starts.len(), 2, "{starts:#?}");
    assert!(starts[0].body.contains(&setting().mark.token("experiment")));
    assert!(!starts[1].body.contains(&setting().mark.token("experiment")), "it is another one");
}

#[tokio::test]
async fn a_template_whose_role_is_new_is_made_when_fis_knows_it() {
    let refused = r#"{"__type":"ValidationException","message":"The role arn:aws:iam::123456789012:role/fis cannot be assumed by FIS."}"#;
    let replay = Replay::default()
        .answer("GET /experimentTemplates", 200, r#"{"experimentTemplates":[]}"#)
        .answer("POST /experimentTemplates", 400, refused)
        .answer("POST /experimentTemplates", 200, r#"{"experimentTemplate":{"id":"EXT1"}}"#);
    let setting = ExperimentTemplate { mark: mark(), description: "a drill".into() };
    let design = Design {
        role: "arn:aws:iam::123456789012:role/fis".into(),
        actions: BTreeMap::new(),
        targets: BTreeMap::new(),
        stop_conditions: Vec::new(),
        empty_target_resolution_mode: "fail".into(),
    };
    let want = Some(Template { id: None, design: Some(design) });
    setting.write(&aws(&replay), &want).await.expect("made");
    let starts =
        replay.actions().iter().filter(|call| *call == "POST /experimentTemplates").count();
    assert_eq!(starts, 2);
}

#[tokio::test]
async fn a_template_is_written_as_the_api_wants_it() {
    let action = DesignedAction {
        action_id: "aws:ec2:stop-instances".into(),
        description: None,
        parameters: BTreeMap::new(),
        targets: BTreeMap::from([("Instances".into(), "one".into())]),
        start_after: Vec::new(),
    };
    let target = DesignedTarget {
        resource_type: "aws:ec2:instance".into(),
        resource_arns: Vec::new(),
        resource_tags: BTreeMap::from([("drill".into(), "true".into())]),
        filters: Vec::new(),
        selection_mode: "ALL".into(),
        parameters: BTreeMap::new(),
    };
    let design = Design {
        role: "arn:aws:iam::123456789012:role/fis".into(),
        actions: BTreeMap::from([("stop".into(), action)]),
        targets: BTreeMap::from([("one".into(), target)]),
        stop_conditions: Vec::new(),
        empty_target_resolution_mode: "fail".into(),
    };
    let replay = Replay::default()
        .answer("GET /experimentTemplates", 200, r#"{"experimentTemplates":[]}"#)
        .answer("POST /experimentTemplates", 200, r#"{"experimentTemplate":{"id":"EXT1"}}"#);
    let setting = ExperimentTemplate { mark: mark(), description: "a drill".into() };
    let want = Some(Template { id: None, design: Some(design) });
    setting.write(&aws(&replay), &want).await.expect("made");
    let sent: serde_json::Value = serde_json::from_str(&replay.seen()[1].body).expect("JSON");
    assert_eq!(sent["experimentOptions"]["emptyTargetResolutionMode"], "fail");
    assert_eq!(sent["stopConditions"], serde_json::json!([{ "source": "none" }]));
    assert_eq!(sent["targets"]["one"]["resourceTags"]["drill"], "true");
    assert!(sent["targets"]["one"].get("resourceArns").is_none(), "{sent}");
    assert_eq!(sent["actions"]["stop"]["targets"]["Instances"], "one");
}

/// A whole answer in the shape that the reference gives of StartExperiment, StopExperiment and
/// GetExperiment. <https://docs.aws.amazon.com/cli/latest/reference/fis/start-experiment.html#examples>
fn whole(status: &str, reason: &str) -> String {
    serde_json::json!({ "experiment": {
        "id": "EXP1", "arn": "arn:aws:fis:us-east-1:123456789012:experiment/EXP1",
        "experimentTemplateId": "EXT1", "roleArn": "arn:aws:iam::123456789012:role/fis",
        "state": { "status": status, "reason": reason },
        "targets": { "one": { "resourceType": "aws:ec2:instance", "selectionMode": "ALL",
            "resourceArns": ["arn:aws:ec2:us-east-1:123456789012:instance/i-12a3b4c56d78e9012"] } },
        "actions": { "stop": { "actionId": "aws:ec2:stop-instances", "parameters": {},
            "targets": { "Instances": "one" }, "startAfter": ["wait"],
            "state": { "status": "pending", "reason": "Initial state" } } },
        "stopConditions": [{ "source": "none" }],
        "creationTime": 1795500000.25, "startTime": 1795500000.5,
        "experimentOptions": { "accountTargeting": "single-account",
            "emptyTargetResolutionMode": "fail", "actionsMode": "run-all" },
        "targetAccountConfigurationsCount": 0, "tags": { "backburn:run": "RUN" },
    } })
    .to_string()
}

#[tokio::test]
async fn start_get_and_stop_take_the_documented_answers() {
    let replay = Replay::default()
        .answer("GET /experiments", 200, r#"{"experiments":[]}"#)
        .answer("POST /experiments", 200, &whole("initiating", "Experiment is initiating."))
        .answer("GET /experiments/EXP1", 200, &whole("running", "Experiment is running."))
        .answer("DELETE /experiments/EXP1", 200, &whole("stopping", "Experiment is stopping."));
    let aws = aws(&replay);
    setting().write(&aws, &Some(Started::now())).await.expect("started");
    let now = crate::aws::fis::get(&aws, "EXP1").await.expect("read");
    assert_eq!((now.status.as_str(), now.template.as_str()), ("running", "EXT1"));
    assert_eq!(now.started.as_deref(), Some("2026-11-24T06:00:00.5Z"));
    assert_eq!(now.effective(), None, "its action is pending");
    assert_eq!(stop_experiment(&aws, "EXP1").await, Ok(true));
    assert_eq!(replay.actions().last().map(String::as_str), Some("DELETE /experiments/EXP1"));
}

/// <https://docs.aws.amazon.com/fis/latest/APIReference/API_StartExperiment.html#API_StartExperiment_Errors>
#[tokio::test]
async fn documented_errors_have_their_class() {
    for (code, name, class) in [
        (400, "ValidationException", Class::Invalid),
        (404, "ResourceNotFoundException", Class::Gone),
        (409, "ConflictException", Class::Unknown),
    ] {
        let body = format!(r#"{{"__type":"{name}","message":"as documented"}}"#);
        let replay = Replay::default()
            .answer("GET /experiments", 200, r#"{"experiments":[]}"#)
            .answer("POST /experiments", code, &body);
        let error = setting().write(&aws(&replay), &Some(Started::now())).await;
        assert_eq!(error.expect_err(name).class, class, "{name}");
    }
}
