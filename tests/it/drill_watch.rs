//! Detections of drills against the lab: a watch before, something that happens, and what is made
//! of it; cut off in between, and released, with rules and queues looked for by another client.

use std::{sync::Arc, time::Duration};

use aws_sdk_cloudwatch::types::{
    ComparisonOperator, Dimension, MetricDatum, StateValue, Statistic,
};
use aws_sdk_fis::types::{SafetyLeverStatusInput, UpdateSafetyLeverStateInput};
use backburn::{
    actions::catalogue,
    aws::{self, Aws},
    engine::{
        Events, Nobody, Patience, Run, RunEnd, Step, StepError, World,
        plan::{Expected, PlanState},
        release::{self, Item, Request},
        unit::{Body, Condition, Items, Outputs, Policy, Unit},
    },
    journal::{Head, Journal, Ledger, Record, RunDir, RunStatus},
};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support;

/// One action with its inputs. `{step.field}` in a text is an output of a step before it.
struct Only {
    action: &'static str,
    inputs: Value,
}

impl Body<Aws> for Only {
    fn condition(&self, _: &Outputs) -> Result<Condition, String> {
        Ok(Condition::Holds)
    }
    fn items(&self, _: &Outputs) -> Result<Items, String> {
        Ok(Items::Once)
    }
    fn inputs(&self, outputs: &Outputs, _: Option<&Value>) -> Result<Value, String> {
        let mut inputs = self.inputs.clone();
        for value in inputs.as_object_mut().into_iter().flat_map(|map| map.values_mut()) {
            let Some(path) = value.as_str().and_then(|text| text.strip_prefix('$')) else {
                continue;
            };
            let (step, field) = path.split_once('.').expect("step.field");
            *value = outputs.get(step).expect("a step before it")[field].clone();
        }
        Ok(inputs)
    }
    fn outputs_all(&self, value: &Value) -> Value {
        value.clone()
    }
    fn run(&self, step: Step<Aws>, inputs: Value) -> BoxFuture<'static, Result<Value, StepError>> {
        (catalogue::find(self.action).expect("in the catalogue").run)(inputs, step)
    }
}

struct Rig {
    aws: Aws,
    account: String,
    units: Vec<Unit<Aws>>,
    dir: RunDir,
    _home: tempfile::TempDir,
}

impl Rig {
    fn new() -> Self {
        let lab = support::lab();
        let account = lab.account();
        let scope = backburn::engine::Scope {
            account: account.clone(),
            region: lab.lab.region.clone(),
            principal: format!("arn:aws:iam::{account}:user/responder"),
        };
        let poll = Duration::from_millis(250);
        let aws = Aws::from_config(lab.lab.sdk_config(&account), scope)
            .with_patience(Patience { poll, ..Patience::default() });
        let home = tempfile::tempdir().expect("a directory");
        let run = ulid::Ulid::generate().to_string();
        let dir = RunDir::create(home.path(), &run).expect("a run directory");
        Self { aws, account, units: Vec::new(), dir, _home: home }
    }

    /// Adds a step after those before it.
    fn step(mut self, id: &str, action: &'static str, inputs: Value) -> Self {
        let needs = (0..self.units.len()).collect();
        let body = Arc::new(Only { action, inputs });
        self.units.push(Unit { id: id.into(), needs, policy: Policy::default(), body });
        self
    }

    /// A watch, and a mark of when it stood.
    fn watching(self, inputs: Value) -> Self {
        self.step("watch", "drill.watch", inputs).step(
            "mark",
            "drill.mark",
            json!({ "name": "t0" }),
        )
    }

    /// The detection that the watch waits for.
    fn detecting(self, source: &str, resource: &str, within: &str) -> Self {
        let inputs = json!({ "name": "it", "source": source, "resource": resource, "within": within,
            "since": "$mark.at", "queue-url": "$watch.queue-url" });
        self.step("detect", "drill.detect", inputs)
    }

    fn records(&self) -> (Vec<Record>, Head) {
        match self.dir.journal().exists() {
            true => {
                let read = backburn::journal::read(&self.dir.journal()).expect("an intact journal");
                (read.lines.into_iter().map(|line| line.record).collect(), read.head)
            }
            false => (Vec::new(), Head::default()),
        }
    }

    async fn begin(&self) -> (Arc<Run<Aws>>, Ledger) {
        let (records, head) = self.records();
        let journal = Journal::append_to(&self.dir.journal(), head, Vec::new()).expect("a file");
        if records.is_empty() {
            let started = crate::rig::started(self.dir.id(), self.aws.scope());
            journal.append(started).await.expect("a record");
        }
        let run = Run {
            id: self.dir.id().into(),
            world: self.aws.with_run(self.dir.id()),
            journal,
            dir: self.dir.clone(),
            registry: Arc::new(aws::registry()),
            events: Events::none(),
            stop: watch::channel(false).1,
            expected: Expected::of(&[]),
            human: Arc::new(Nobody),
        };
        (Arc::new(run), Ledger::fold(&records))
    }

    /// Runs the first `steps` of the steps, or goes on with what was begun.
    async fn go(&mut self, steps: usize) -> RunEnd {
        let rest = self.units.split_off(steps);
        let units = Arc::new(std::mem::take(&mut self.units));
        let (run, ledger) = self.begin().await;
        let end = backburn::engine::run(&units, run, ledger, 4).await.expect("a journal");
        self.units = Arc::into_inner(units).expect("the run is over");
        self.units.extend(rest);
        end
    }

    async fn ready(&mut self) {
        let end = self.go(2).await;
        assert_eq!(end.status, RunStatus::Succeeded, "{end:#?}");
    }

    /// What the last step came to.
    async fn detected(&mut self) -> Value {
        let end = self.go(self.units.len()).await;
        assert_eq!(end.status, RunStatus::Succeeded, "{end:#?}");
        self.outputs()
    }

    fn outputs(&self) -> Value {
        let finished = self.records().0.into_iter().rev().find_map(|record| match record {
            Record::StepFinished { outputs, .. } => Some(outputs),
            _ => None,
        });
        finished.expect("a finished step")
    }

    async fn release(&self) -> Vec<Item> {
        let (run, mut ledger) = self.begin().await;
        let request = Request { by: "test".into(), ..Request::default() };
        let items = release::release(&run, &mut ledger, &request).await.expect("a journal");
        assert!(!items.iter().any(release::is_left_over), "{items:#?}");
        items
    }

    /// Names of all rules and queues.
    async fn left(&self) -> Vec<String> {
        let rules = self.aws.eventbridge().list_rules().send().await.expect("rules");
        let queues = self.aws.sqs().list_queues().send().await.expect("queues");
        let rules = rules.rules.into_iter().flatten().filter_map(|rule| rule.name);
        rules.chain(queues.queue_urls.into_iter().flatten()).collect()
    }

    async fn released(&self) {
        self.release().await;
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
    let rig = Rig::new().watching(state_change()).detecting("eventbridge", "i-1", "1m");
    let units = Arc::new(rig.units);
    let planned = backburn::engine::plan(&units, rig.aws.clone(), rig.dir.id()).await;
    assert!(planned.iter().all(|step| step.state == PlanState::Planned), "{planned:#?}");
    assert_eq!(planned[0].changes.len(), 2);
    assert_eq!(planned[2].operations.len(), 1);
    assert!(rig.aws.sqs().list_queues().send().await.expect("queues").queue_urls().is_empty());
}

#[tokio::test]
async fn an_instance_that_stops_is_detected_in_time() {
    let rig = Rig::new();
    let instance = rig.instance().await;
    let mut rig = rig.watching(state_change()).detecting("eventbridge", &instance, "1m");
    rig.ready().await;
    assert_eq!(rig.left().await.len(), 2);
    rig.aws.ec2().stop_instances().instance_ids(&instance).send().await.expect("stopped");
    let outputs = rig.detected().await;
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
    let rig = Rig::new();
    let instance = rig.instance().await;
    let mut rig =
        rig.watching(state_change()).detecting("eventbridge", "i-0123456789abcdef0", "2s");
    rig.ready().await;
    rig.aws.ec2().stop_instances().instance_ids(&instance).send().await.expect("stopped");
    let outputs = rig.detected().await;
    assert_eq!((&outputs["outcome"], &outputs["seen"]), (&json!("wrong-resource"), &json!(1)));
    rig.released().await;
}

#[tokio::test]
async fn nothing_that_happens_is_missed() {
    let mut rig = Rig::new().watching(state_change()).detecting("eventbridge", "i-1", "1s");
    rig.ready().await;
    let outputs = rig.detected().await;
    assert_eq!(outputs["outcome"], "missed", "{outputs:#}");
    assert_eq!((&outputs["created"], &outputs["detection"]), (&Value::Null, &Value::Null));
    rig.released().await;
}

#[tokio::test]
async fn a_call_is_detected_on_the_bus_and_in_the_history() {
    let match_calls = json!({ "event-names": ["CreateAccessKey"] });
    let mut rig = Rig::new()
        .watching(json!({ "name": "key", "source": "cloudtrail", "match": match_calls }))
        .detecting("cloudtrail", "mallory", "1m")
        .step(
            "poll",
            "drill.detect",
            json!({ "name": "polled", "source": "cloudtrail", "resource": "mallory",
                "within": "1m", "since": "$mark.at", "match": match_calls }),
        );
    rig.ready().await;
    rig.user("mallory").await;
    rig.aws.iam().create_access_key().user_name("mallory").send().await.expect("a key");
    let polled = rig.detected().await;
    let detected = rig.records().0.into_iter().find_map(|record| match record {
        Record::StepFinished { step, outputs, .. } if step == "detect" => Some(outputs),
        _ => None,
    });
    for outputs in [polled, detected.expect("finished")] {
        assert_eq!(outputs["outcome"], "pass", "{outputs:#}");
        assert_eq!(outputs["detection"]["type"], "CreateAccessKey");
    }
    rig.released().await;
}

#[tokio::test]
async fn an_alarm_is_detected_by_the_resource_that_it_watches() {
    let rig = Rig::new();
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
    let mut rig = rig
        .watching(json!({ "name": "alarm", "source": "cloudwatch-alarm", "match": match_alarm }))
        .detecting("cloudwatch-alarm", &instance, "2m")
        .step(
            "poll",
            "drill.detect",
            json!({ "name": "polled", "source": "cloudwatch-alarm", "resource": instance,
                "within": "2m", "since": "$mark.at", "match": match_alarm }),
        );
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
    let polled = rig.detected().await;
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
        "since": "$mark.at", "match": stealth });

    let rig = Rig::new();
    rig.detector().await;
    rig.trail("main").await;
    let mut rig = rig.watching(watched.clone()).detecting("guardduty", "main", "1m").step(
        "poll",
        "drill.detect",
        poll,
    );
    rig.ready().await;
    rig.aws.cloudtrail().stop_logging().name("main").send().await.expect("stopped");
    let polled = rig.detected().await;
    assert_eq!(polled["outcome"], "pass", "{polled:#}");
    assert_eq!(polled["detection"]["type"], "Stealth:IAMUser/CloudTrailLoggingDisabled");
    rig.released().await;

    let rig = Rig::new();
    let detector = rig.detector().await;
    let mut rig = rig.watching(watched).detecting("guardduty", "main", "2s");
    rig.ready().await;
    let samples = rig.aws.guardduty().create_sample_findings().detector_id(detector);
    let samples = samples.finding_types("Stealth:IAMUser/CloudTrailLoggingDisabled");
    samples.send().await.expect("samples");
    let outputs = rig.detected().await;
    assert_eq!(outputs["outcome"], "plumbing-only", "{outputs:#}");
    rig.released().await;
}

#[tokio::test]
async fn a_run_that_was_cut_off_reads_the_same_messages_again() {
    let rig = Rig::new();
    let instance = rig.instance().await;
    let mut rig = rig.watching(state_change()).detecting("eventbridge", &instance, "1m");
    rig.ready().await;
    rig.aws.ec2().stop_instances().instance_ids(&instance).send().await.expect("stopped");
    let first = rig.detected().await;
    // As if the process had ended after it had read the message, before it said so.
    let text = std::fs::read_to_string(rig.dir.journal()).expect("a journal");
    let begun = text.lines().position(|line| line.contains("operation-intent"));
    let kept: Vec<_> = text.lines().take(begun.expect("an intent") + 1).collect();
    std::fs::write(rig.dir.journal(), kept.join("\n") + "\n").expect("a shorter journal");
    let again = rig.detected().await;
    assert_eq!(again, first, "clocks and all");
    rig.released().await;
}

#[tokio::test]
async fn a_watch_that_was_cut_off_is_completed_or_taken_away() {
    for goes_on in [true, false] {
        let mut rig = Rig::new().watching(state_change());
        rig.ready().await;
        // As if the process had ended between PutRule and PutTargets.
        let name =
            rig.aws.eventbridge().list_rules().send().await.expect("rules").rules()[0].clone();
        let name = name.name.expect("a name");
        let remove = rig.aws.eventbridge().remove_targets().rule(&name).ids("queue");
        remove.send().await.expect("removed");
        let text = std::fs::read_to_string(rig.dir.journal()).expect("a journal");
        let intent = text
            .lines()
            .position(|line| line.contains("\"intent\"") && line.contains("events.rule"));
        let kept: Vec<_> = text.lines().take(intent.expect("an intent") + 1).collect();
        std::fs::write(rig.dir.journal(), kept.join("\n") + "\n").expect("a shorter journal");
        if goes_on {
            rig.ready().await;
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
    let rig = Rig::new();
    let inputs = guard(&rig, &json!({}));
    let mut rig = rig.step("guard", "drill.guard", inputs);
    let outputs = rig.detected().await;
    let region = rig.aws.scope().region.clone();
    let want =
        json!({ "account": rig.account, "region": region, "cost": 2.7, "lever": "disengaged" });
    assert_eq!(outputs, want);
}

#[tokio::test]
async fn the_guard_refuses_alarms_that_are_missing_or_on_and_an_engaged_lever() {
    let rig = Rig::new();
    let alarm = rig.aws.cloudwatch().put_metric_alarm().alarm_name("stop").namespace("Drill");
    let alarm = alarm.metric_name("Errors").statistic(Statistic::Maximum).period(60);
    let alarm = alarm.evaluation_periods(1).threshold(1.0);
    let alarm = alarm.comparison_operator(ComparisonOperator::GreaterThanThreshold);
    alarm.send().await.expect("an alarm");
    let refusal = |change: Value| {
        let inputs = guard(&rig, &change);
        let body = Arc::new(Only { action: "drill.guard", inputs });
        let (id, needs, policy) = ("guard".to_string(), Vec::new(), Policy::default());
        let units = Arc::new(vec![Unit { id, needs, policy, body }]);
        let (aws, run) = (rig.aws.clone(), rig.dir.id().to_owned());
        async move {
            let planned = backburn::engine::plan(&units, aws, &run).await;
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
