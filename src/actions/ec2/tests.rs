//! Plans of EC2 actions through the real SDK with canned answers: what the lab cannot show.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::{isolate_instance::IsolateInstance, stop_instance::StopInstance};
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
