//! Detections of drills against the lab: a watch before, something that happens, and what is made
//! of it; cut off in between, and released, with rules and queues looked for by another client.

use std::{ops::Deref, time::Duration};

use aws_sdk_cloudwatch::types::{
    ComparisonOperator, Dimension, MetricDatum, StateValue, Statistic,
};
use aws_sdk_fis::types::{SafetyLeverStatusInput, UpdateSafetyLeverStateInput};
use backburn::engine::{World, plan::PlanState};
use serde_json::{Value, json};

use crate::{
    rig::{Act, act},
    support,
};

struct Rig(crate::rig::Rig);

impl Deref for Rig {
    type Target = crate::rig::Rig;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// The detection that a watch waits for, once what is to be detected has happened.
fn detection(source: &str, resource: &str, within: &str) -> Act {
    let inputs = json!({ "name": "it", "source": source, "resource": resource, "within": within,
        "since": "${{ steps.mark.at }}", "queue-url": "${{ steps.watch.queue-url }}" });
    act("detect", "drill.detect", inputs).asked()
}

impl Rig {
    async fn new() -> Self {
        Self(crate::rig::Rig::new(&support::lab().account(), Vec::new()).await)
    }

    fn step(self, act: Act) -> Self {
        Self(self.0.step(act))
    }

    /// A watch, and a mark of when it stood.
    fn watching(self, inputs: Value) -> Self {
        self.step(act("watch", "drill.watch", inputs)).step(act(
            "mark",
            "drill.mark",
            json!({ "name": "t0" }),
        ))
    }

    fn detecting(self, source: &str, resource: &str, within: &str) -> Self {
        self.step(detection(source, resource, within))
    }

    /// Runs up to the detection.
    async fn ready(&self) {
        self.waits().await;
    }

    /// What a step came to.
    async fn detected(&self, step: &str) -> Value {
        self.done().await[step].take()
    }

    /// Names of all rules and queues.
    async fn left(&self) -> Vec<String> {
        let rules = self.aws.eventbridge().list_rules().send().await.expect("rules");
        let queues = self.aws.sqs().list_queues().send().await.expect("queues");
        let rules = rules.rules.into_iter().flatten().filter_map(|rule| rule.name);
        rules.chain(queues.queue_urls.into_iter().flatten()).collect()
    }

    async fn released(&self) {
        self.0.release().await;
        assert_eq!(self.left().await, Vec::<String>::new());
    }

    async fn user(&self, name: &str) {
        self.aws.iam().create_user().user_name(name).send().await.expect("a user");
    }

    async fn instance(&self) -> String {
        let run = self.aws.ec2().run_instances().image_id("ami-12c6146b").min_count(1).max_count(1);
        let made = run.send().await.expect("an instance");
        made.instances()[0].instance_id().expect("an id").to_owned()
    }

    async fn trail(&self, name: &str) {
        let bucket = format!("trail-{}", self.account);
        let made = self.aws.s3().create_bucket().bucket(&bucket).send().await;
        drop(made.expect("a bucket"));
        let trail = self.aws.cloudtrail().create_trail().name(name).s3_bucket_name(bucket);
        trail.send().await.expect("a trail");
        self.aws.cloudtrail().start_logging().name(name).send().await.expect("logging");
    }

    async fn detector(&self) -> String {
        let made = self.aws.guardduty().create_detector().enable(true).send().await;
        made.expect("a detector").detector_id.expect("an id")
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn state_change() -> Value {
    json!({ "name": "stopped", "source": "eventbridge", "pattern": {
        "source": ["aws.ec2"],
        "detail-type": ["EC2 Instance State-change Notification"],
        "detail": { "state": ["stopped"] },
    } })
}

#[tokio::test]
async fn a_plan_names_what_it_would_build_and_builds_nothing() {
    let rig = Rig::new().await.watching(state_change()).detecting("eventbridge", "i-1", "1m");
    let planned = rig.plan().await;
    assert!(planned.iter().all(|step| step.state == PlanState::Planned), "{planned:#?}");
    assert_eq!(planned[0].changes.len(), 2);
    assert_eq!(planned[2].operations.len(), 1);
    assert!(rig.aws.sqs().list_queues().send().await.expect("queues").queue_urls().is_empty());
}

#[tokio::test]
async fn an_instance_that_stops_is_detected_in_time() {
    let rig = Rig::new().await;
    let instance = rig.instance().await;
    let rig = rig.watching(state_change()).detecting("eventbridge", &instance, "1m");
    rig.ready().await;
    assert_eq!(rig.left().await.len(), 2);
    rig.aws.ec2().stop_instances().instance_ids(&instance).send().await.expect("stopped");
    let outputs = rig.detected("detect").await;
    assert_eq!(outputs["outcome"], "pass", "{outputs:#}");
    assert_eq!(outputs["detection"]["type"], "EC2 Instance State-change Notification");
    let (created, received) =
        (number(&outputs["seconds-to-created"]), number(&outputs["seconds-to-received"]));
    assert!((-2.0..30.0).contains(&created) && (0.0..30.0).contains(&received), "{outputs:#}");
    rig.released().await;
    rig.released().await;
}

#[tokio::test]
async fn another_instance_that_stops_is_the_wrong_resource() {
    let rig = Rig::new().await;
    let instance = rig.instance().await;
    let rig = rig.watching(state_change()).detecting("eventbridge", "i-0123456789abcdef0", "2s");
    rig.ready().await;
    rig.aws.ec2().stop_instances().instance_ids(&instance).send().await.expect("stopped");
    let outputs = rig.detected("detect").await;
    assert_eq!((&outputs["outcome"], &outputs["seen"]), (&json!("wrong-resource"), &json!(1)));
    rig.released().await;
}

#[tokio::test]
async fn nothing_that_happens_is_missed() {
    let rig = Rig::new().await.watching(state_change()).detecting("eventbridge", "i-1", "1s");
    rig.ready().await;
    let outputs = rig.detected("detect").await;
    assert_eq!(outputs["outcome"], "missed", "{outputs:#}");
    assert_eq!((&outputs["created"], &outputs["detection"]), (&Value::Null, &Value::Null));
    rig.released().await;
}

#[tokio::test]
async fn a_call_is_detected_on_the_bus_and_in_the_history() {
    let match_calls = json!({ "event-names": ["CreateAccessKey"] });
    let rig = Rig::new()
        .await
        .watching(json!({ "name": "key", "source": "cloudtrail", "match": match_calls }))
        .detecting("cloudtrail", "mallory", "1m")
        .step(act(
            "poll",
            "drill.detect",
            json!({ "name": "polled", "source": "cloudtrail", "resource": "mallory",
                "within": "1m", "since": "${{ steps.mark.at }}", "match": match_calls }),
        ));
    rig.ready().await;
    rig.user("mallory").await;
    rig.aws.iam().create_access_key().user_name("mallory").send().await.expect("a key");
    let polled = rig.detected("poll").await;
    for outputs in [polled, rig.outputs()["detect"].take()] {
        assert_eq!(outputs["outcome"], "pass", "{outputs:#}");
        assert_eq!(outputs["detection"]["type"], "CreateAccessKey");
    }
    rig.released().await;
}

#[tokio::test]
async fn an_alarm_is_detected_by_the_resource_that_it_watches() {
    let rig = Rig::new().await;
    let instance = rig.instance().await;
    let of = Dimension::builder().name("InstanceId").value(&instance).build();
    let alarm = rig.aws.cloudwatch().put_metric_alarm();
    let alarm = alarm
        .alarm_name("errors")
        .namespace("Drill")
        .metric_name("Errors")
        .dimensions(of.clone())
        .statistic(Statistic::Maximum)
        .period(10)
        .evaluation_periods(1)
        .threshold(1.0)
        .comparison_operator(ComparisonOperator::GreaterThanOrEqualToThreshold);
    alarm.send().await.expect("an alarm");
    let match_alarm = json!({ "alarm": "errors" });
    let rig = rig
        .watching(json!({ "name": "alarm", "source": "cloudwatch-alarm", "match": match_alarm }))
        .detecting("cloudwatch-alarm", &instance, "2m")
        .step(act(
            "poll",
            "drill.detect",
            json!({ "name": "polled", "source": "cloudwatch-alarm", "resource": instance,
                "within": "2m", "since": "${{ steps.mark.at }}", "match": match_alarm }),
        ));
    rig.ready().await;
    let put = rig.aws.cloudwatch().clone();
    let data = tokio::spawn(async move {
        for _ in 0..120 {
            let datum =
                MetricDatum::builder().metric_name("Errors").value(5.0).dimensions(of.clone());
            let sent = put.put_metric_data().namespace("Drill").metric_data(datum.build());
            sent.send().await.expect("data");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let polled = rig.detected("poll").await;
    data.abort();
    assert_eq!(polled["outcome"], "pass", "{polled:#}");
    assert_eq!(polled["detection"]["type"], "errors");
    rig.released().await;
}

#[tokio::test]
async fn a_finding_is_detected_by_what_it_names_and_a_sample_is_plumbing() {
    let stealth = json!({ "types": ["Stealth:IAMUser/CloudTrailLoggingDisabled"] });
    let watched = json!({ "name": "finding", "source": "guardduty", "match": stealth });
    let poll = json!({ "name": "polled", "source": "guardduty", "resource": "main", "within": "1m",
        "since": "${{ steps.mark.at }}", "match": stealth });

    let rig = Rig::new().await;
    rig.detector().await;
    rig.trail("main").await;
    let rig = rig.watching(watched.clone()).detecting("guardduty", "main", "1m").step(act(
        "poll",
        "drill.detect",
        poll,
    ));
    rig.ready().await;
    rig.aws.cloudtrail().stop_logging().name("main").send().await.expect("stopped");
    let polled = rig.detected("poll").await;
    assert_eq!(polled["outcome"], "pass", "{polled:#}");
    assert_eq!(polled["detection"]["type"], "Stealth:IAMUser/CloudTrailLoggingDisabled");
    rig.released().await;

    let rig = Rig::new().await;
    let detector = rig.detector().await;
    let rig = rig.watching(watched).detecting("guardduty", "main", "2s");
    rig.ready().await;
    let samples = rig.aws.guardduty().create_sample_findings().detector_id(detector);
    let samples = samples.finding_types("Stealth:IAMUser/CloudTrailLoggingDisabled");
    samples.send().await.expect("samples");
    let outputs = rig.detected("detect").await;
    assert_eq!(outputs["outcome"], "wrong-resource", "somebody else's: {outputs:#}");
    rig.released().await;

    let rig = Rig::new().await;
    let detector = rig.detector().await;
    let types = ["Stealth:IAMUser/CloudTrailLoggingDisabled"];
    let own = json!({ "name": "it", "source": "guardduty", "resource": "main", "within": "2s",
        "since": "${{ steps.mark.at }}", "queue-url": "${{ steps.watch.queue-url }}",
        "samples": ["${{ steps.sample.findings }}"] });
    let make = json!({ "detector": detector, "types": types });
    let rig = rig
        .watching(json!({ "name": "finding", "source": "guardduty", "match": stealth }))
        .step(act("sample", "guardduty.create-sample-findings", make))
        .step(act("detect", "drill.detect", own));
    let outputs = rig.detected("detect").await;
    assert_eq!(outputs["outcome"], "plumbing-only", "{outputs:#}");
    assert_eq!(outputs["detection"]["id"], rig.outputs()["sample"]["findings"][0]);
    rig.released().await;
}

#[tokio::test]
async fn a_run_that_was_cut_off_reads_the_same_messages_again() {
    let rig = Rig::new().await;
    let instance = rig.instance().await;
    let rig = rig.watching(state_change()).detecting("eventbridge", &instance, "1m");
    rig.ready().await;
    rig.aws.ec2().stop_instances().instance_ids(&instance).send().await.expect("stopped");
    let first = rig.detected("detect").await;
    // As if the process had ended after it had read the message, before it said so.
    rig.forget_after(&["operation-intent"]);
    let again = rig.detected("detect").await;
    assert_eq!(again, first, "clocks and all");
    rig.released().await;
}

#[tokio::test]
async fn a_watch_that_was_cut_off_is_completed_or_taken_away() {
    for goes_on in [true, false] {
        let rig = Rig::new().await.watching(state_change());
        rig.done().await;
        // As if the process had ended between PutRule and PutTargets.
        let name =
            rig.aws.eventbridge().list_rules().send().await.expect("rules").rules()[0].clone();
        let name = name.name.expect("a name");
        let remove = rig.aws.eventbridge().remove_targets().rule(&name).ids("queue");
        remove.send().await.expect("removed");
        rig.forget_after(&["\"intent\"", "events.rule"]);
        if goes_on {
            rig.done().await;
            let targets = rig.aws.eventbridge().list_targets_by_rule().rule(&name).send().await;
            assert_eq!(targets.expect("targets").targets().len(), 1);
        }
        rig.released().await;
    }
}

fn guard(rig: &Rig, change: &Value) -> Value {
    let mut inputs = json!({ "accounts": [rig.account], "regions": [rig.aws.scope().region],
        "max-cost": 5, "forecast": { "fis-action-minutes": 2, "restores": 1 } });
    let map = inputs.as_object_mut().expect("a mapping");
    map.extend(change.as_object().expect("a mapping").clone());
    inputs
}

#[tokio::test]
async fn the_guard_lets_through_and_says_what_it_costs() {
    let rig = Rig::new().await;
    let inputs = guard(&rig, &json!({}));
    let rig = rig.step(act("guard", "drill.guard", inputs));
    let outputs = rig.detected("guard").await;
    let region = rig.aws.scope().region.clone();
    let want =
        json!({ "account": rig.account, "region": region, "cost": 2.7, "lever": "disengaged" });
    assert_eq!(outputs, want);
}

#[tokio::test]
async fn the_guard_refuses_alarms_that_are_missing_or_on_and_an_engaged_lever() {
    let rig = Rig::new().await;
    let alarm = rig.aws.cloudwatch().put_metric_alarm().alarm_name("stop").namespace("Drill");
    let alarm = alarm.metric_name("Errors").statistic(Statistic::Maximum).period(60);
    let alarm = alarm.evaluation_periods(1).threshold(1.0);
    let alarm = alarm.comparison_operator(ComparisonOperator::GreaterThanThreshold);
    alarm.send().await.expect("an alarm");
    let refusal = |change: Value| {
        let inputs = guard(&rig, &change);
        let rig = &rig;
        async move {
            let planned = rig.beside(vec![act("guard", "drill.guard", inputs)]).await.plan().await;
            match &planned[0].state {
                PlanState::Refused(why) => why.clone(),
                _ => planned[0].notes.join("; "),
            }
        }
    };
    let stop = || json!({ "stop-alarms": ["stop"] });
    assert!(refusal(stop()).await.contains("alarm `stop` has no data yet"));
    let why = refusal(json!({ "stop-alarms": ["stop", "other"] })).await;
    assert!(why.contains("there is no alarm `other`"), "{why}");
    let set = rig.aws.cloudwatch().set_alarm_state().alarm_name("stop").state_reason("test");
    set.state_value(StateValue::Alarm).send().await.expect("set");
    let why = refusal(stop()).await;
    assert!(why.contains("alarm `stop` is in ALARM"), "{why}");

    let state = UpdateSafetyLeverStateInput::builder()
        .status(SafetyLeverStatusInput::Engaged)
        .reason("a real incident");
    let state = state.build().expect("complete");
    rig.aws.fis().update_safety_lever_state().id("default").state(state).send().await.expect("set");
    let why = refusal(json!({})).await;
    assert!(why.contains("is engaged, because: a real incident"), "{why}");
}
