//! An instance with a trunk, through the real SDK with answers shaped as EC2 gives them.

use super::super::{Interface, Interfaces};
use crate::{
    aws::replay::{Replay, aws},
    engine::{CallError, Class, Fact},
};

const INSTANCE: &str = "i-0123456789abcdef0";

fn interface(id: &str, kind: &str, more: &str) -> String {
    format!(
        "<item><networkInterfaceId>{id}</networkInterfaceId><vpcId>vpc-1</vpcId>\
         <interfaceType>{kind}</interfaceType>{more}\
         <groupSet><item><groupId>sg-{id}</groupId></item></groupSet></item>"
    )
}

fn described(interfaces: &str) -> String {
    format!(
        "<DescribeNetworkInterfacesResponse><networkInterfaceSet>{interfaces}</networkInterfaceSet></DescribeNetworkInterfacesResponse>"
    )
}

fn attached(index: u32) -> String {
    format!(
        "<attachment><deviceIndex>{index}</deviceIndex><instanceId>{INSTANCE}</instanceId></attachment>"
    )
}

/// The instance's own interfaces, then what the tag of the controller finds, then the rest by its id.
fn node() -> Replay {
    let own =
        interface("eni-0", "interface", &attached(0)) + &interface("eni-t", "trunk", &attached(1));
    let instance = format!(
        "<DescribeInstancesResponse><reservationSet><item><instancesSet><item>\
         <instanceId>{INSTANCE}</instanceId></item></instancesSet></item></reservationSet></DescribeInstancesResponse>"
    );
    Replay::default()
        .xml("DescribeInstances", &instance)
        .xml("DescribeNetworkInterfaces", &described(&own))
        .xml("DescribeNetworkInterfaces", &described(&interface("eni-pod", "branch", "")))
        .xml("DescribeNetworkInterfaces", &described(&interface("eni-task", "branch", "")))
}

async fn read(replay: &Replay) -> Result<Vec<Interface>, CallError> {
    Interfaces::of(INSTANCE).read(&aws(replay)).await
}

fn association(branch: &str, trunk: &str) -> String {
    format!(
        "<item><associationId>trunk-assoc-1</associationId><branchInterfaceId>{branch}</branchInterfaceId>\
         <trunkInterfaceId>{trunk}</trunkInterfaceId><vlanId>1</vlanId></item>"
    )
}

#[tokio::test]
async fn branches_are_found_by_their_tag_and_by_their_association() {
    let associations = association("eni-pod", "eni-t")
        + &association("eni-task", "eni-t")
        + &association("eni-theirs", "eni-other");
    let replay = node().xml(
        "DescribeTrunkInterfaceAssociations",
        &format!("<DescribeTrunkInterfaceAssociationsResponse><interfaceAssociationSet>{associations}</interfaceAssociationSet></DescribeTrunkInterfaceAssociationsResponse>"),
    );
    let found = read(&replay).await.expect("an answer");
    let ids: Vec<_> = found.iter().map(|one| one.interface.as_str()).collect();
    assert_eq!(ids, ["eni-0", "eni-t", "eni-pod", "eni-task"], "branches last");
    let trunks: Vec<_> = found.iter().map(|one| one.trunk.as_deref()).collect();
    assert_eq!(trunks, [None, None, Some("eni-t"), Some("eni-t")]);
    assert!(found.iter().all(|one| one.unseen_branches.is_none()), "{found:#?}");
    let asked: Vec<_> = replay.seen().into_iter().map(|seen| seen.body).collect();
    assert!(
        asked.iter().any(|body| body.contains("tag%3Avpcresources.k8s.aws%2Ftrunk-eni-id")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn where_associations_are_not_offered_the_trunk_says_so() {
    for (code, status) in
        [("UnauthorizedOperation", 403), ("InvalidAction", 400), ("UnsupportedOperation", 400)]
    {
        let replay = node().ec2_error("DescribeTrunkInterfaceAssociations", status, code, "no");
        let found = read(&replay).await.expect("an answer");
        let ids: Vec<_> = found.iter().map(|one| one.interface.as_str()).collect();
        assert_eq!(ids, ["eni-0", "eni-t", "eni-pod"]);
        assert!(found[1].unseen_branches.is_some(), "{code}: {found:#?}");
    }
}

#[tokio::test]
async fn an_answer_that_may_come_later_is_waited_for() {
    let error = read(&node()).await.expect_err("no answer to the associations");
    assert_eq!(error.class, Class::Unreachable);
}

#[tokio::test]
async fn without_a_trunk_nothing_more_is_asked() {
    let instance = "<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i-0123456789abcdef0</instanceId></item></instancesSet></item></reservationSet></DescribeInstancesResponse>";
    let replay = Replay::default().xml("DescribeInstances", instance).xml(
        "DescribeNetworkInterfaces",
        &described(&interface("eni-0", "interface", &attached(0))),
    );
    read(&replay).await.expect("an answer");
    let mut actions = replay.actions();
    actions.sort();
    assert_eq!(actions, ["DescribeInstances", "DescribeNetworkInterfaces"]);
}
