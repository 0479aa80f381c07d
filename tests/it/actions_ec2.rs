//! The EC2 actions against the lab, one seeded account a test: planned, run, interrupted, resumed
//! and released by the engine, with the account read by another client before and after.

use std::{sync::Arc, time::Duration};

use backburn::{
    actions::{
        Action, Entry,
        ec2::{
            copy_snapshot::CopySnapshot, create_image::CreateImage,
            isolate_instance::IsolateInstance, protect_instance::ProtectInstance,
            snapshot_volumes::SnapshotVolumes, stop_instance::StopInstance,
            tag_resource::TagResource,
        },
        entry,
    },
    aws::{self, Aws},
    engine::{
        Events, Nobody, Patience, Run, RunEnd, Step, StepError, World, close_exposed,
        plan::{Expected, PlanState, PlannedStep},
        release::{self, Item, Request},
        unit::{Body, Condition, Items, Outputs, Policy, Unit},
    },
    journal::{Head, Journal, Ledger, Record, RunDir, RunStatus},
    lab::seed::Seed,
};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support;

/// One action with its inputs, as the compiler would bind it.
struct Only {
    entry: Entry,
    inputs: Value,
}

impl Body<Aws> for Only {
    fn condition(&self, _: &Outputs) -> Result<Condition, String> {
        Ok(Condition::Holds)
    }
    fn items(&self, _: &Outputs) -> Result<Items, String> {
        Ok(Items::Once)
    }
    fn inputs(&self, _: &Outputs, _: Option<&Value>) -> Result<Value, String> {
        Ok(self.inputs.clone())
    }
    fn outputs_all(&self, value: &Value) -> Value {
        value.clone()
    }
    fn run(&self, step: Step<Aws>, inputs: Value) -> BoxFuture<'static, Result<Value, StepError>> {
        (self.entry.run)(inputs, step)
    }
}

/// A seeded account and one run in it.
struct Rig {
    seed: Seed,
    aws: Aws,
    units: Arc<Vec<Unit<Aws>>>,
    dir: RunDir,
    before: Value,
    _home: tempfile::TempDir,
}

impl Rig {
    async fn new<A: Action>(inputs: impl FnOnce(&Seed) -> Value) -> Self {
        let lab = support::lab();
        let seed = lab.seeded().await;
        let config = lab.lab.sdk_config(&seed.account);
        let scope = backburn::engine::Scope {
            account: seed.account.clone(),
            region: seed.region.clone(),
            principal: format!("arn:aws:iam::{}:user/responder", seed.account),
        };
        let poll = Duration::from_millis(50);
        let aws =
            Aws::from_config(config, scope).with_patience(Patience { poll, ..Patience::default() });
        let inputs = inputs(&seed);
        let unit = Unit {
            id: "step".into(),
            needs: Vec::new(),
            policy: Policy::default(),
            body: Arc::new(Only { entry: entry::<A>(), inputs }),
        };
        let home = tempfile::tempdir().expect("a directory");
        let run = ulid::Ulid::generate().to_string();
        let dir = RunDir::create(home.path(), &run).expect("a run directory");
        let before = lab.account_state(&seed.account);
        Self { seed, aws, units: Arc::new(vec![unit]), dir, before, _home: home }
    }

    async fn plan(&self) -> PlannedStep {
        let steps = backburn::engine::plan(&self.units, self.aws.clone(), self.dir.id()).await;
        steps.into_iter().next().expect("one step")
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

    async fn begin(&self, plan: &[PlannedStep]) -> (Arc<Run<Aws>>, Ledger) {
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
            expected: Expected::of(plan),
            human: Arc::new(Nobody),
        };
        (Arc::new(run), Ledger::fold(&records))
    }

    /// Runs what was planned, or goes on with what was begun.
    async fn run(&self) -> RunEnd {
        let plan = self.plan().await;
        assert_eq!(plan.state, PlanState::Planned, "{plan:#?}");
        self.go(&[plan]).await
    }

    async fn go(&self, plan: &[PlannedStep]) -> RunEnd {
        let (run, ledger) = self.begin(plan).await;
        backburn::engine::run(&self.units, run, ledger, 4).await.expect("a journal")
    }

    async fn done(&self) -> Value {
        let end = self.run().await;
        assert_eq!(end.status, RunStatus::Succeeded, "{end:#?}");
        self.outputs()
    }

    fn outputs(&self) -> Value {
        self.all_outputs().swap_remove(0)
    }

    fn last_outputs(&self) -> Value {
        self.all_outputs().pop().expect("a finished step")
    }

    fn all_outputs(&self) -> Vec<Value> {
        let finished = self.records().0.into_iter().filter_map(|record| match record {
            Record::StepFinished { outputs, .. } => Some(outputs),
            _ => None,
        });
        finished.collect()
    }

    fn verdict(&self) -> (String, Value) {
        let found = self.records().0.into_iter().find_map(|record| match record {
            Record::Verdict { verdict, facts, .. } => Some((format!("{verdict:?}"), facts)),
            _ => None,
        });
        found.expect("a verdict")
    }

    async fn release(&self) -> Vec<Item> {
        self.released(false).await
    }

    /// As a drill is released: nothing that it made is left.
    async fn discard(&self) {
        self.released(true).await;
        assert_eq!(self.now(), self.before);
    }

    async fn released(&self, discard: bool) -> Vec<Item> {
        let (run, mut ledger) = self.begin(&[]).await;
        let request = Request { by: "test".into(), discard, ..Request::default() };
        let items = release::release(&run, &mut ledger, &request).await.expect("a journal");
        assert!(!items.iter().any(release::is_left_over), "{items:#?}");
        items
    }

    fn now(&self) -> Value {
        support::lab().account_state(&self.seed.account)
    }

    fn groups_of(&self, interface: &str) -> Value {
        self.now()["ec2"]["interfaces"][interface]["groups"].clone()
    }
}

fn isolate(wait: &'static str) -> impl FnOnce(&Seed) -> Value {
    move |seed| {
        json!({
            "instance": seed.instance,
            "cut-connections-after": wait,
            "disassociate-addresses": true,
        })
    }
}

#[tokio::test]
async fn isolation_is_planned_proven_and_given_back() {
    let rig = Rig::new::<IsolateInstance>(isolate("1s")).await;
    let plan = rig.plan().await;
    // Two groups, two interfaces opened and closed, one address.
    assert_eq!(plan.changes.len(), 7, "{plan:#?}");
    assert_eq!(plan.changes.iter().filter(|change| change.until.is_some()).count(), 2);
    assert_eq!(rig.now(), rig.before, "a plan changes nothing");

    let outputs = rig.done().await;
    let now = rig.now();
    let closed = outputs["closed-group"].as_str().expect("a group");
    for interface in &rig.seed.interfaces {
        assert_eq!(now["ec2"]["interfaces"][interface]["groups"], json!([closed]));
    }
    let group = &now["ec2"]["groups"][closed];
    assert_eq!((&group["inbound"], &group["outbound"]), (&json!([]), &json!([])), "{group:#}");
    assert_eq!(outputs["addresses"], json!([rig.seed.elastic_ip]));
    let address = &now["ec2"]["addresses"][&rig.seed.elastic_ip];
    assert!(address["NetworkInterfaceId"].as_str().is_none_or(str::is_empty), "{address:#}");
    assert_eq!(rig.verdict().0, "Proven", "{:#}", rig.verdict().1);

    rig.release().await;
    assert_eq!(rig.now(), rig.before);
}

#[tokio::test]
async fn isolation_without_the_cut_is_only_presumed() {
    let rig = Rig::new::<IsolateInstance>(isolate("0s")).await;
    rig.run().await;
    assert!(rig.verdict().0.starts_with("Presumed"), "{}", rig.verdict().0);
}

/// Runs until the first interface is in the open group, then ends as a crash would.
async fn crash_while_open(wait: &'static str) -> Rig {
    let rig = Rig::new::<IsolateInstance>(isolate(wait)).await;
    let plan = rig.plan().await;
    let (run, ledger) = rig.begin(&[plan]).await;
    let units = rig.units.clone();
    let task =
        tokio::spawn(async move { backburn::engine::run(&units, run, ledger, 4).await.map(drop) });
    let interface = rig.seed.interfaces[0].clone();
    let waits = |record: &Record| matches!(record, Record::Wait { .. });
    support::until("the open window", async || rig.records().0.iter().any(waits).then_some(()))
        .await;
    task.abort();
    let _ = task.await;
    let groups = rig.groups_of(&interface);
    let id = groups[0].as_str().expect("a group");
    let open = &rig.now()["ec2"]["groups"][id];
    assert_ne!(open["inbound"], json!([]), "the interface is in the open group: {open:#}");
    rig
}

#[tokio::test]
async fn a_crash_in_the_open_window_is_closed_first_and_released() {
    let rig = crash_while_open("10m").await;
    let (run, mut ledger) = rig.begin(&[]).await;
    close_exposed(&run, &mut ledger).await.expect("closed");
    drop(run);
    let groups = rig.groups_of(&rig.seed.interfaces[0]);
    let id = groups[0].as_str().expect("a group");
    assert_eq!(rig.now()["ec2"]["groups"][id]["inbound"], json!([]));
    rig.release().await;
    assert_eq!(rig.now(), rig.before);
}

#[tokio::test]
async fn a_crash_in_the_open_window_resumes_to_the_same_end() {
    let rig = crash_while_open("3s").await;
    let end = rig.go(&[]).await;
    assert_eq!(end.status, RunStatus::Succeeded, "{end:#?}");
    assert_eq!(rig.verdict().0, "Proven");
    for interface in &rig.seed.interfaces {
        assert_eq!(rig.groups_of(interface), json!([rig.outputs()["closed-group"]]));
    }
    rig.release().await;
    assert_eq!(rig.now(), rig.before);
}

#[tokio::test]
async fn a_change_by_someone_else_is_left_alone() {
    let rig = Rig::new::<IsolateInstance>(isolate("1s")).await;
    rig.done().await;
    let interface = &rig.seed.interfaces[1];
    let before = &rig.before["ec2"]["interfaces"][interface]["groups"];
    let groups = rig.before["ec2"]["groups"].as_object().expect("groups");
    let another = groups.iter().find(|(id, group)| {
        group["VpcId"] == json!(rig.seed.vpc) && *before != json!([id.as_str()])
    });
    let (theirs, _) = another.expect("another group in the VPC");
    let call = rig.aws.ec2().modify_network_interface_attribute().network_interface_id(interface);
    call.groups(theirs).send().await.expect("changed");
    let changed = rig.groups_of(interface);
    let (run, mut ledger) = rig.begin(&[]).await;
    let request = Request { by: "test".into(), ..Request::default() };
    let items = release::release(&run, &mut ledger, &request).await.expect("a journal");
    assert!(items.iter().any(|item| item.outcome.word() == "conflict"), "{items:#?}");
    assert_eq!(rig.groups_of(interface), changed);
}

#[tokio::test]
async fn protection_is_set_and_given_back() {
    let rig = Rig::new::<ProtectInstance>(
        |seed| json!({ "instance": seed.instance, "tags": { "backburn:case": "IR-7" } }),
    )
    .await;
    let outputs = rig.done().await;
    let instance = rig.now()["ec2"]["instances"][&rig.seed.instance].clone();
    assert_eq!(instance["attributes"]["termination-protection"], true, "{instance:#}");
    assert_eq!(instance["attributes"]["shutdown-behaviour"], "stop");
    assert_eq!(instance["tags"]["backburn:case"], "IR-7");
    for (_, device) in instance["devices"].as_object().expect("devices") {
        assert_eq!(device["DeleteOnTermination"], false, "{instance:#}");
    }
    assert_eq!(outputs["volumes"].as_array().map(Vec::len), Some(2));
    assert_eq!(outputs["network-interfaces"], json!(rig.seed.interfaces));
    rig.release().await;
    assert_eq!(rig.now(), rig.before);
}

#[tokio::test]
async fn snapshots_of_all_volumes_stay_as_evidence() {
    let rig = Rig::new::<SnapshotVolumes>(|seed| json!({ "instance": seed.instance })).await;
    assert_eq!(rig.plan().await.operations.len(), 1);
    let outputs = rig.done().await;
    let volumes = outputs["volumes"].as_array().expect("a list");
    assert_eq!(volumes.len(), rig.seed.volumes.len());
    let snapshots = rig.now()["ec2"]["snapshots"].clone();
    for (snapshot, volume) in outputs["snapshots"].as_array().expect("a list").iter().zip(volumes) {
        assert_eq!(snapshots[snapshot.as_str().expect("an id")]["VolumeId"], *volume);
    }
    // Resumed, it finds what it took and takes no second set.
    let end = rig.go(&[]).await;
    assert_eq!(end.status, RunStatus::Succeeded);
    let items = rig.release().await;
    assert_eq!(items[0].outcome.word(), "retained");
    assert_eq!(rig.now()["ec2"]["snapshots"], snapshots);
    rig.discard().await;
}

#[tokio::test]
async fn an_interrupted_start_finds_its_own_snapshots() {
    let rig = Rig::new::<SnapshotVolumes>(|seed| json!({ "instance": seed.instance })).await;
    let outputs = rig.done().await;
    forget_the_answer(&rig);
    let end = rig.go(&[]).await;
    assert_eq!(end.status, RunStatus::Succeeded, "{end:#?}");
    assert_eq!(rig.outputs(), outputs);
    let all = rig.now()["ec2"]["snapshots"].as_object().map(serde_json::Map::len);
    let before = rig.before["ec2"]["snapshots"].as_object().map(serde_json::Map::len);
    assert_eq!(all, before.map(|before| before + 2));
    forget_the_answer(&rig);
    rig.discard().await;
}

/// As if the process had ended between the call and its record.
fn forget_the_answer(rig: &Rig) {
    let text = std::fs::read_to_string(rig.dir.journal()).expect("a journal");
    let intent =
        text.lines().position(|line| line.contains("operation-intent")).expect("an intent");
    let kept: Vec<_> = text.lines().take(intent + 1).collect();
    std::fs::write(rig.dir.journal(), kept.join("\n") + "\n").expect("a shorter journal");
}

#[tokio::test]
async fn a_snapshot_is_copied_to_another_region() {
    let rig = Rig::new::<SnapshotVolumes>(|seed| json!({ "instance": seed.instance })).await;
    let taken = rig.done().await;
    let snapshot = taken["snapshots"][0].clone();
    let inputs = json!({ "snapshot": snapshot, "to-region": "eu-west-1" });
    let body = Only { entry: entry::<CopySnapshot>(), inputs };
    let unit = Unit {
        id: "copy".into(),
        needs: Vec::new(),
        policy: Policy::default(),
        body: Arc::new(body),
    };
    let rig = Rig { units: Arc::new(vec![unit]), ..rig };
    let plan = rig.plan().await;
    assert_eq!(plan.operations[0].scope.region, "eu-west-1");
    let end = rig.run().await;
    assert_eq!(end.status, RunStatus::Succeeded, "{end:#?}");
    let there = rig.aws.in_region("eu-west-1");
    // moto has snapshots of its own in every Region.
    let ours = aws_sdk_ec2::types::Filter::builder().name("tag:backburn:run").values(rig.dir.id());
    let call = there.ec2().describe_snapshots().filters(ours.clone().build()).send().await;
    let found = call.expect("snapshots");
    assert_eq!(found.snapshots().len(), 1);
    assert_eq!(found.snapshots()[0].snapshot_id(), rig.last_outputs()["snapshot"].as_str());
    rig.discard().await;
    let call = there.ec2().describe_snapshots().filters(ours.build()).send().await;
    assert_eq!(call.expect("snapshots").snapshots(), []);
}

#[tokio::test]
async fn an_image_is_made_and_stays() {
    let rig = Rig::new::<CreateImage>(|seed| json!({ "instance": seed.instance })).await;
    let outputs = rig.done().await;
    let image = outputs["image"].as_str().expect("an id");
    assert!(rig.now()["ec2"]["images"][image].is_object());
    assert_eq!(rig.release().await[0].outcome.word(), "retained");
    rig.discard().await;
}

#[tokio::test]
async fn stopping_and_tagging_are_given_back() {
    let rig = Rig::new::<StopInstance>(|seed| json!({ "instance": seed.instance })).await;
    let plan = rig.plan().await;
    assert!(plan.changes[0].caveat.is_some(), "{plan:#?}");
    rig.done().await;
    assert_eq!(rig.now()["ec2"]["instances"][&rig.seed.instance]["state"], "stopped");
    rig.release().await;
    assert_eq!(rig.now()["ec2"]["instances"][&rig.seed.instance]["state"], "running");

    let rig = Rig::new::<TagResource>(|seed| {
        json!({ "resource": seed.instance, "tags": { "lab:role": "evidence", "case": "7" } })
    })
    .await;
    rig.done().await;
    let tags = rig.now()["ec2"]["instances"][&rig.seed.instance]["tags"].clone();
    assert_eq!((&tags["lab:role"], &tags["case"]), (&json!("evidence"), &json!("7")));
    rig.release().await;
    assert_eq!(rig.now(), rig.before);
}

#[tokio::test]
async fn an_instance_that_is_not_there_is_refused_in_the_plan() {
    let rig = Rig::new::<IsolateInstance>(|_| json!({ "instance": "i-0123456789abcdef0" })).await;
    let PlanState::Refused(why) = rig.plan().await.state else { panic!("refused") };
    assert!(why.contains("found nothing"), "{why}");
}
