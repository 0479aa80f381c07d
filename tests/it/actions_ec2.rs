//! The EC2 actions against the lab, one seeded account a test: planned, run, interrupted, resumed
//! and released by the engine, with the account read by another client before and after.

use std::ops::Deref;

use backburn::{
    conduct::Release,
    engine::{
        World,
        plan::{PlanState, PlannedStep},
    },
    journal::Record,
    lab::seed::Seed,
};
use serde_json::{Value, json};

use crate::{
    aws_faults::failing,
    rig::{Act, act},
    support,
};

/// A seeded account and one run in it.
struct Rig {
    seed: Seed,
    rig: crate::rig::Rig,
}

impl Deref for Rig {
    type Target = crate::rig::Rig;

    fn deref(&self) -> &Self::Target {
        &self.rig
    }
}

impl Rig {
    async fn new(action: &'static str, inputs: impl FnOnce(&Seed) -> Value) -> Self {
        Self::of(|seed| vec![act("step", action, inputs(seed))]).await
    }

    async fn of(acts: impl FnOnce(&Seed) -> Vec<Act>) -> Self {
        let seed = support::lab().seeded().await;
        let rig = crate::rig::Rig::new(&seed.account, acts(&seed)).await;
        Self { seed, rig }
    }

    /// What is planned for its only step.
    async fn planned(&self) -> PlannedStep {
        self.plan().await.swap_remove(0)
    }

    /// The outputs of its only step, run to a good end.
    async fn step(&self) -> Value {
        self.done().await["step"].take()
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
    let rig = Rig::new("ec2.isolate-instance", isolate("1s")).await;
    let plan = rig.planned().await;
    // Two groups, two interfaces opened and closed, one address.
    assert_eq!(plan.changes.len(), 7, "{plan:#?}");
    assert_eq!(plan.changes.iter().filter(|change| change.until.is_some()).count(), 2);

    let outputs = rig.step().await;
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

    rig.released().await;
}

#[tokio::test]
async fn isolation_without_the_cut_is_only_presumed() {
    let rig = Rig::new("ec2.isolate-instance", isolate("0s")).await;
    rig.go().await;
    assert!(rig.verdict().0.starts_with("Presumed"), "{}", rig.verdict().0);
}

/// Runs until the first interface is in the open group, then ends as a crash would.
async fn crash_while_open(wait: &'static str) -> Rig {
    let rig = Rig::new("ec2.isolate-instance", isolate(wait)).await;
    rig.crash(|record| matches!(record, Record::Wait { .. })).await;
    assert_ne!(inbound(&rig), json!([]), "the interface is in the open group");
    rig
}

/// What the group of the first interface lets in.
fn inbound(rig: &Rig) -> Value {
    let groups = rig.groups_of(&rig.seed.interfaces[0]);
    let id = groups[0].as_str().expect("a group");
    rig.now()["ec2"]["groups"][id]["inbound"].clone()
}

#[tokio::test]
async fn a_crash_in_the_open_window_is_closed_first_and_released() {
    let rig = crash_while_open("10m").await;
    rig.abort().await;
    assert_eq!(inbound(&rig), json!([]));
    rig.released().await;
}

#[tokio::test]
async fn a_crash_in_the_open_window_resumes_to_the_same_end() {
    let rig = crash_while_open("3s").await;
    let outputs = rig.step().await;
    assert_eq!(rig.verdict().0, "Proven");
    for interface in &rig.seed.interfaces {
        assert_eq!(rig.groups_of(interface), json!([outputs["closed-group"]]));
    }
    rig.released().await;
}

#[tokio::test]
async fn a_change_by_someone_else_is_left_alone() {
    let rig = Rig::new("ec2.isolate-instance", isolate("1s")).await;
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
    let items = rig.try_release(Release::default()).await;
    assert!(items.iter().any(|item| item.outcome.word() == "conflict"), "{items:#?}");
    assert_eq!(rig.groups_of(interface), changed);
}

/// Items of a for-each, in one VPC: one pair of groups, whoever makes it.
#[tokio::test]
async fn many_instances_share_one_pair_of_groups() {
    let seed = support::lab().seeded().await;
    let instances: Vec<_> = [&seed.instance].into_iter().chain(&seed.neighbours).cloned().collect();
    let count = instances.len();
    assert!(count > 1, "{instances:?}");
    let inputs = json!({ "instance": "${{ item }}", "cut-connections-after": "1s" });
    let act = act("isolate", "ec2.isolate-instance", inputs).each(json!(instances));
    let rig = crate::rig::Rig::new(&seed.account, vec![act]).await;
    let groups = |state: &Value| {
        let all = state["ec2"]["groups"].as_object().expect("groups");
        let ours = all.values().filter(|group| {
            group["GroupName"].as_str().is_some_and(|name| name.starts_with("backburn-"))
        });
        ours.count()
    };
    rig.done().await;
    assert_eq!(groups(&rig.now()), 2);
    let verdicts =
        rig.records().into_iter().filter(|record| matches!(record, Record::Verdict { .. }));
    assert_eq!(verdicts.count(), count);
    // One of them goes, and the others stay closed.
    let one = Release { steps: vec!["isolate[0]".into()], ..Release::default() };
    let items = rig.try_release(one).await;
    assert!(items.iter().any(|item| item.outcome.word() == "retained"), "{items:#?}");
    assert_eq!(groups(&rig.now()), 2);
    rig.released().await;
}

/// The VPC takes no group more: the instance is closed all the same, and the verdict says what was not cut.
#[tokio::test]
async fn without_the_open_group_the_instance_is_closed_at_once() {
    let seed = support::lab().seeded().await;
    let inputs = isolate("1s")(&seed);
    let rig =
        crate::rig::Rig::new(&seed.account, vec![act("step", "ec2.isolate-instance", inputs)])
            .await;
    // The second group of the run: the closed one is made first.
    let refused = "The maximum number of security groups for your VPC has been reached.";
    let mut rule = failing("CreateSecurityGroup", "SecurityGroupLimitExceeded", 400, refused);
    rule["account"] = json!(seed.account);
    rule["nth"] = json!(2);
    rig.arm(&rule).await;
    let outputs = rig.done().await["step"].take();
    let closed = outputs["closed-group"].clone();
    for interface in &seed.interfaces {
        assert_eq!(rig.now()["ec2"]["interfaces"][interface]["groups"], json!([closed]));
    }
    let (verdict, _) = rig.verdict();
    assert!(
        verdict.starts_with("Presumed")
            && verdict.contains("SecurityGroupLimitExceeded") | verdict.contains("maximum number"),
        "{verdict}"
    );
    let waits = rig.records().into_iter().filter(|record| matches!(record, Record::Wait { .. }));
    assert_eq!(waits.count(), 0, "nothing was opened");
    rig.released().await;
}

/// Neither group: nothing is contained, and that is what it says.
#[tokio::test]
async fn without_a_closed_group_it_says_that_nothing_is_contained() {
    let seed = support::lab().seeded().await;
    let inputs = isolate("1s")(&seed);
    let rig =
        crate::rig::Rig::new(&seed.account, vec![act("step", "ec2.isolate-instance", inputs)])
            .await;
    let mut rule = failing("CreateSecurityGroup", "UnauthorizedOperation", 403, "an SCP says no");
    rule["account"] = json!(seed.account);
    rig.arm(&rule).await;
    let before = rig.now();
    let error = rig.fails().await;
    assert!(
        error.contains("is as open as before") && error.contains("nothing there is contained"),
        "{error}"
    );
    assert_eq!(rig.now()["ec2"]["interfaces"], before["ec2"]["interfaces"]);
}

/// The instance was terminated meanwhile: there is nothing to give back, and no release fails for it.
#[tokio::test]
async fn a_terminated_instance_is_released_for_good() {
    let rig = Rig::of(|seed| {
        let isolate = json!({ "instance": seed.instance, "cut-connections-after": "0s", "disassociate-addresses": true });
        let protect = json!({ "instance": seed.instance, "tags": { "backburn:case": "IR-7" } });
        vec![act("isolate", "ec2.isolate-instance", isolate), act("protect", "ec2.protect-instance", protect)]
    })
    .await;
    rig.done().await;
    let ec2 = rig.aws.ec2();
    let off = aws_sdk_ec2::types::AttributeBooleanValue::builder().value(false).build();
    let call = ec2.modify_instance_attribute().instance_id(&rig.seed.instance);
    call.disable_api_termination(off).send().await.expect("unprotected");
    ec2.terminate_instances().instance_ids(&rig.seed.instance).send().await.expect("terminated");
    for interface in &rig.seed.interfaces {
        // Its interfaces go with it, sooner or later.
        let _ = ec2.delete_network_interface().network_interface_id(interface).send().await;
    }
    for _ in 0..2 {
        let items = rig.release().await;
        assert!(items.iter().any(|item| item.outcome.word() == "gone"), "{items:#?}");
    }
}

#[tokio::test]
async fn protection_is_set_and_given_back() {
    let rig = Rig::new(
        "ec2.protect-instance",
        |seed| json!({ "instance": seed.instance, "tags": { "backburn:case": "IR-7" } }),
    )
    .await;
    let outputs = rig.step().await;
    let instance = rig.now()["ec2"]["instances"][&rig.seed.instance].clone();
    assert_eq!(instance["attributes"]["termination-protection"], true, "{instance:#}");
    assert_eq!(instance["attributes"]["shutdown-behaviour"], "stop");
    assert_eq!(instance["tags"]["backburn:case"], "IR-7");
    for (_, device) in instance["devices"].as_object().expect("devices") {
        assert_eq!(device["DeleteOnTermination"], false, "{instance:#}");
    }
    assert_eq!(outputs["volumes"].as_array().map(Vec::len), Some(2));
    assert_eq!(outputs["network-interfaces"], json!(rig.seed.interfaces));
    rig.released().await;
}

#[tokio::test]
async fn snapshots_of_all_volumes_stay_as_evidence() {
    let rig = Rig::new("ec2.snapshot-volumes", |seed| json!({ "instance": seed.instance })).await;
    assert_eq!(rig.planned().await.operations.len(), 1);
    let outputs = rig.step().await;
    let volumes = outputs["volumes"].as_array().expect("a list");
    assert_eq!(volumes.len(), rig.seed.volumes.len());
    let snapshots = rig.now()["ec2"]["snapshots"].clone();
    for (snapshot, volume) in outputs["snapshots"].as_array().expect("a list").iter().zip(volumes) {
        assert_eq!(snapshots[snapshot.as_str().expect("an id")]["VolumeId"], *volume);
    }
    // Resumed, it finds what it took and takes no second set.
    rig.forget_after(&["step-finished"]);
    assert_eq!(rig.step().await, outputs);
    assert_eq!(rig.now()["ec2"]["snapshots"], snapshots);
    let items = rig.release().await;
    assert_eq!(items[0].outcome.word(), "retained");
    assert_eq!(rig.now()["ec2"]["snapshots"], snapshots);
    rig.discarded().await;
}

#[tokio::test]
async fn an_interrupted_start_finds_its_own_snapshots() {
    let rig = Rig::new("ec2.snapshot-volumes", |seed| json!({ "instance": seed.instance })).await;
    let outputs = rig.step().await;
    rig.forget_after(&[STARTS]);
    assert_eq!(rig.step().await, outputs);
    let all = rig.now()["ec2"]["snapshots"].as_object().map(serde_json::Map::len);
    let before = rig.before["ec2"]["snapshots"].as_object().map(serde_json::Map::len);
    assert_eq!(all, before.map(|before| before + 2));
    rig.forget_after(&[STARTS]);
    rig.discarded().await;
}

/// The record before the call: a run that ends after it does not know the answer.
const STARTS: &str = "operation-intent";

#[tokio::test]
async fn a_snapshot_is_copied_to_another_region() {
    let rig = Rig::of(|seed| {
        let inputs = json!({ "instance": seed.instance });
        let copied = json!({
            "snapshot": "${{ steps.taken.snapshots[0] }}", "to-region": "eu-west-1",
        });
        vec![act("taken", "ec2.snapshot-volumes", inputs), act("copy", "ec2.copy-snapshot", copied)]
    })
    .await;
    let plan = rig.plan().await;
    assert_eq!(plan[1].operations[0].scope.region, "eu-west-1");
    let outputs = rig.done().await;
    let there = rig.aws.in_region("eu-west-1");
    // moto has snapshots of its own in every Region.
    let ours = aws_sdk_ec2::types::Filter::builder().name("tag:backburn:run").values(rig.id());
    let call = there.ec2().describe_snapshots().filters(ours.clone().build()).send().await;
    let found = call.expect("snapshots");
    assert_eq!(found.snapshots().len(), 1);
    assert_eq!(found.snapshots()[0].snapshot_id(), outputs["copy"]["snapshot"].as_str());
    rig.discarded().await;
    let call = there.ec2().describe_snapshots().filters(ours.build()).send().await;
    assert_eq!(call.expect("snapshots").snapshots(), []);
}

#[tokio::test]
async fn an_image_is_made_and_stays() {
    let rig = Rig::new("ec2.create-image", |seed| json!({ "instance": seed.instance })).await;
    let outputs = rig.step().await;
    let image = outputs["image"].as_str().expect("an id");
    assert!(rig.now()["ec2"]["images"][image].is_object());
    assert_eq!(rig.release().await[0].outcome.word(), "retained");
    rig.discarded().await;
}

#[tokio::test]
async fn stopping_and_tagging_are_given_back() {
    let rig = Rig::new("ec2.stop-instance", |seed| json!({ "instance": seed.instance })).await;
    let plan = rig.planned().await;
    assert!(plan.changes[0].caveat.is_some(), "{plan:#?}");
    rig.done().await;
    assert_eq!(rig.now()["ec2"]["instances"][&rig.seed.instance]["state"], "stopped");
    rig.release().await;
    assert_eq!(rig.now()["ec2"]["instances"][&rig.seed.instance]["state"], "running");

    let rig = Rig::new("ec2.tag-resource", |seed| {
        json!({ "resource": seed.instance, "tags": { "lab:role": "evidence", "case": "7" } })
    })
    .await;
    rig.done().await;
    let tags = rig.now()["ec2"]["instances"][&rig.seed.instance]["tags"].clone();
    assert_eq!((&tags["lab:role"], &tags["case"]), (&json!("evidence"), &json!("7")));
    rig.released().await;
}

#[tokio::test]
async fn an_instance_that_is_not_there_is_refused_in_the_plan() {
    let rig =
        Rig::new("ec2.isolate-instance", |_| json!({ "instance": "i-0123456789abcdef0" })).await;
    let PlanState::Refused(why) = rig.planned().await.state else { panic!("refused") };
    assert!(why.contains("found nothing"), "{why}");
}
