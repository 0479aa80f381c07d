//! Plans of EC2 actions through the real SDK with canned answers: what the lab cannot show.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    isolate_instance::IsolateInstance, protect_instance::ProtectInstance,
    stop_instance::StopInstance,
};
use crate::{
    actions::{Action, Entry, entry},
    aws::{
        Aws,
        replay::{Replay, aws},
    },
    engine::{
        Step, StepError,
        plan::{PlanState, PlannedStep},
        unit::{Body, Condition, Items, Outputs, Policy, Unit},
    },
};

struct Only(Entry, Value);

impl Body<Aws> for Only {
    fn condition(&self, _: &Outputs) -> Result<Condition, String> {
        Ok(Condition::Holds)
    }
    fn items(&self, _: &Outputs) -> Result<Items, String> {
        Ok(Items::Once)
    }
    fn inputs(&self, _: &Outputs, _: Option<&Value>) -> Result<Value, String> {
        Ok(self.1.clone())
    }
    fn outputs_all(&self, value: &Value) -> Value {
        value.clone()
    }
    fn run(&self, step: Step<Aws>, inputs: Value) -> BoxFuture<'static, Result<Value, StepError>> {
        (self.0.run)(inputs, step)
    }
}

async fn plan<A: Action>(replay: &Replay, inputs: Value) -> PlannedStep {
    let unit = Unit {
        id: "step".into(),
        needs: Vec::new(),
        policy: Policy::default(),
        body: Arc::new(Only(entry::<A>(), inputs)),
    };
    let steps = crate::engine::plan(&Arc::new(vec![unit]), aws(replay), "01RUN").await;
    steps.into_iter().next().expect("one step")
}

const INSTANCE: &str = "i-0123456789abcdef0";

fn account(tags: &str, interfaces: &str) -> Replay {
    let instance = format!(
        "<DescribeInstancesResponse><reservationSet><item><instancesSet><item>\
         <instanceId>{INSTANCE}</instanceId><instanceState><name>running</name></instanceState>\
         <tagSet>{tags}</tagSet></item></instancesSet></item></reservationSet></DescribeInstancesResponse>"
    );
    let described = format!(
        "<DescribeNetworkInterfacesResponse><networkInterfaceSet>{interfaces}</networkInterfaceSet></DescribeNetworkInterfacesResponse>"
    );
    Replay::default()
        .xml("DescribeInstances", &instance)
        .xml("DescribeNetworkInterfaces", &described)
        .xml(
            "DescribeSecurityGroups",
            "<DescribeSecurityGroupsResponse><securityGroupInfo/></DescribeSecurityGroupsResponse>",
        )
}

fn interface(id: &str, vpc: &str, extra: &str) -> String {
    format!(
        "<item><networkInterfaceId>{id}</networkInterfaceId><vpcId>{vpc}</vpcId>{extra}\
         <groupSet><item><groupId>sg-web</groupId></item></groupSet></item>"
    )
}

const GROUPED: &str = "<item><key>aws:autoscaling:groupName</key><value>web-asg</value></item>";

#[tokio::test]
async fn an_instance_of_an_auto_scaling_group_is_refused_unless_allowed() {
    let replay = account(GROUPED, &interface("eni-1", "vpc-1", ""));
    for (inputs, stop) in
        [(json!({ "instance": INSTANCE }), false), (json!({ "instance": INSTANCE }), true)]
    {
        let planned = match stop {
            true => plan::<StopInstance>(&replay, inputs).await,
            false => plan::<IsolateInstance>(&replay, inputs).await,
        };
        let PlanState::Refused(why) = planned.state else { panic!("{planned:#?}") };
        assert!(why.contains("web-asg") && why.contains("in-auto-scaling-group: allow"), "{why}");
    }
    let inputs = json!({ "instance": INSTANCE, "in-auto-scaling-group": "allow" });
    let planned = plan::<IsolateInstance>(&replay, inputs).await;
    assert_eq!(planned.state, PlanState::Planned, "{planned:#?}");
    assert!(planned.notes.iter().any(|note| note.contains("web-asg")), "{:?}", planned.notes);
}

#[tokio::test]
async fn a_node_that_a_cluster_replaces_is_refused_unless_allowed() {
    const NODE: &str = "<item><key>karpenter.sh/nodepool</key><value>batch</value></item>";
    let replay = account(NODE, &interface("eni-1", "vpc-1", ""));
    let planned = plan::<IsolateInstance>(&replay, json!({ "instance": INSTANCE })).await;
    let PlanState::Refused(why) = planned.state else { panic!("{planned:#?}") };
    assert!(why.contains("Karpenter, node pool `batch`"), "{why}");
    let inputs = json!({ "instance": INSTANCE, "in-auto-scaling-group": "allow" });
    let planned = plan::<IsolateInstance>(&replay, inputs).await;
    assert_eq!(planned.state, PlanState::Planned, "{planned:#?}");
    assert!(planned.notes.iter().any(|note| note.contains("node pool `batch`")), "{planned:#?}");
}

#[tokio::test]
async fn each_vpc_has_its_own_groups_and_each_interface_two_changes() {
    let interfaces = interface("eni-1", "vpc-1", "") + &interface("eni-2", "vpc-2", "");
    let planned =
        plan::<IsolateInstance>(&account("", &interfaces), json!({ "instance": INSTANCE })).await;
    assert_eq!(planned.state, PlanState::Planned, "{planned:#?}");
    let kinds: Vec<_> = planned.changes.iter().map(|change| change.place.kind.as_str()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "ec2.security-group").count(), 4);
    assert_eq!(kinds.iter().filter(|kind| **kind == "ec2.eni-groups").count(), 4);
    let first = planned.changes.iter().find(|change| change.place.target == "eni-1");
    assert_eq!(first.expect("a change").before, json!(["sg-web"]));
    assert!(planned.keeps.is_empty(), "{planned:#?}");
}

#[tokio::test]
async fn a_managed_interface_is_left_alone_and_said_so() {
    let managed = "<requesterManaged>true</requesterManaged><requesterId>amazon-elb</requesterId>";
    let interfaces = interface("eni-1", "vpc-1", "") + &interface("eni-2", "vpc-1", managed);
    let planned =
        plan::<IsolateInstance>(&account("", &interfaces), json!({ "instance": INSTANCE })).await;
    assert!(!planned.changes.iter().any(|change| change.place.target == "eni-2"), "{planned:#?}");
    assert!(planned.notes.iter().any(|note| note.contains("amazon-elb")), "{:?}", planned.notes);
    let alone = interface("eni-2", "vpc-1", managed);
    let planned =
        plan::<IsolateInstance>(&account("", &alone), json!({ "instance": INSTANCE })).await;
    assert!(matches!(planned.state, PlanState::Refused(_)), "{planned:#?}");
}

#[tokio::test]
async fn an_instance_that_is_not_known_yet_leaves_the_step_open() {
    let replay = Replay::default();
    let inputs = json!({ "instance": "(known after run: step `launch`)" });
    let planned = plan::<IsolateInstance>(&replay, inputs).await;
    assert!(matches!(planned.state, PlanState::Open(_)), "{planned:#?}");
    assert!(replay.actions().is_empty());
}

fn with_attributes(more: &str, protected: bool, request: &str) -> Replay {
    let instance = format!(
        "<DescribeInstancesResponse><reservationSet><item><instancesSet><item>\
         <instanceId>{INSTANCE}</instanceId><instanceState><name>running</name></instanceState>{more}\
         </item></instancesSet></item></reservationSet></DescribeInstancesResponse>"
    );
    let attribute = format!(
        "<DescribeInstanceAttributeResponse><instanceId>{INSTANCE}</instanceId>\
         <disableApiStop><value>{protected}</value></disableApiStop></DescribeInstanceAttributeResponse>"
    );
    let requests = format!(
        "<DescribeSpotInstanceRequestsResponse><spotInstanceRequestSet>{request}</spotInstanceRequestSet></DescribeSpotInstanceRequestsResponse>"
    );
    Replay::default()
        .xml("DescribeInstances", &instance)
        .xml("DescribeInstanceAttribute", &attribute)
        .xml("DescribeSpotInstanceRequests", &requests)
        .xml("DescribeNetworkInterfaces", "<DescribeNetworkInterfacesResponse/>")
        .xml("DescribeTags", "<DescribeTagsResponse/>")
}

fn spot_request(kind: &str) -> String {
    format!("<item><spotInstanceRequestId>sir-1</spotInstanceRequestId><type>{kind}</type></item>")
}

const SPOT: &str = "<instanceLifecycle>spot</instanceLifecycle><spotInstanceRequestId>sir-1</spotInstanceRequestId>";

#[tokio::test]
async fn what_ec2_would_not_stop_is_refused_in_the_plan_and_said_why() {
    let inputs = || json!({ "instance": INSTANCE });
    for (replay, said) in [
        (with_attributes("", true, ""), "--no-disable-api-stop"),
        (with_attributes(SPOT, false, &spot_request("one-time")), "one-time Spot request"),
        (with_attributes(SPOT, false, ""), "one-time Spot request"),
    ] {
        let planned = plan::<StopInstance>(&replay, inputs()).await;
        let PlanState::Refused(why) = planned.state else { panic!("{said}: {planned:#?}") };
        assert!(why.contains(said), "{why}");
    }
    let hibernates = "<hibernationOptions><configured>true</configured></hibernationOptions>";
    for more in [String::new(), SPOT.to_owned(), hibernates.to_owned()] {
        let replay = with_attributes(&more, false, &spot_request("persistent"));
        let planned = plan::<StopInstance>(&replay, inputs()).await;
        assert_eq!(planned.state, PlanState::Planned, "{more}: {planned:#?}");
        let told = planned.notes.iter().any(|note| note.contains("can hibernate"));
        assert_eq!(told, more == hibernates, "{:?}", planned.notes);
    }
}

#[tokio::test]
async fn protecting_keeps_the_disks_first_and_marks_last_as_far_as_there_is_room() {
    let disks = "<blockDeviceMapping><item><deviceName>/dev/sda1</deviceName><ebs><volumeId>vol-1</volumeId>\
        <deleteOnTermination>true</deleteOnTermination></ebs></item></blockDeviceMapping>";
    let tags: String =
        (0..49).map(|n| format!("<item><key>t{n}</key><value>v</value></item>")).collect();
    let own = "<item><key>aws:cloudformation:stack-name</key><value>v</value></item>";
    let more = format!("{disks}<tagSet>{tags}{own}</tagSet>");
    let inputs = json!({ "instance": INSTANCE, "tags": { "a": "1", "b": "2", "t3": "w" } });
    let planned = plan::<ProtectInstance>(&with_attributes(&more, false, ""), inputs).await;
    assert_eq!(planned.state, PlanState::Planned, "{planned:#?}");
    let targets: Vec<_> = planned.changes.iter().map(|change| change.place.to_string()).collect();
    assert!(targets[0].starts_with("ec2.delete-on-termination"), "{targets:?}");
    let tagged: Vec<_> = targets.iter().filter(|one| one.starts_with("ec2.tag")).collect();
    assert_eq!(tagged.len(), 2, "one that is new, one that changes: {tagged:?}");
    assert!(targets.last().is_some_and(|last| last.starts_with("ec2.tag")), "{targets:?}");
    assert!(
        planned.notes.iter().any(|note| note.contains("`b` is not set")),
        "{:?}",
        planned.notes
    );
}
