//! Tests of the scaffolding group, through the real SDK with canned answers.

use super::*;
use crate::aws::replay::{Replay, aws};

const CREATED: &str =
    "<CreateSecurityGroupResponse><groupId>sg-1</groupId></CreateSecurityGroupResponse>";
const NONE: &str =
    "<DescribeSecurityGroupsResponse><securityGroupInfo/></DescribeSecurityGroupsResponse>";

fn setting() -> SecurityGroup {
    SecurityGroup {
        vpc: "vpc-1".into(),
        name: "backburn-closed-RUN-isolate".into(),
        description: "closed".into(),
        run: "RUN".into(),
        step: "isolate".into(),
    }
}

fn present(run: &str, egress: &str) -> String {
    format!(
        "<DescribeSecurityGroupsResponse><securityGroupInfo><item><groupId>sg-1</groupId>\
         <groupName>backburn-closed-RUN-isolate</groupName><vpcId>vpc-1</vpcId>\
         <ipPermissions/><ipPermissionsEgress>{egress}</ipPermissionsEgress>\
         <tagSet><item><key>backburn:run</key><value>{run}</value></item></tagSet>\
         </item></securityGroupInfo></DescribeSecurityGroupsResponse>"
    )
}

const ALL_V4: &str = "<item><ipProtocol>-1</ipProtocol><groups/><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges><ipv6Ranges/></item>";

#[tokio::test]
async fn a_new_closed_group_loses_both_default_egress_rules() {
    let replay = Replay::default()
        .xml("DescribeSecurityGroups", NONE)
        .xml("DescribeSecurityGroups", &present("RUN", ALL_V4))
        .xml("CreateSecurityGroup", CREATED)
        .xml("RevokeSecurityGroupEgress", "<RevokeSecurityGroupEgressResponse><return>true</return></RevokeSecurityGroupEgressResponse>")
        .ec2_error("RevokeSecurityGroupEgress", 400, "InvalidPermission.NotFound", "no such rule");
    setting().write(&aws(&replay), &Some(Group::closed())).await.expect("a group");
    let revoked: Vec<_> = replay
        .seen()
        .into_iter()
        .filter(|seen| seen.action == "RevokeSecurityGroupEgress")
        .map(|seen| seen.body)
        .collect();
    assert_eq!(revoked.len(), 2, "{revoked:?}");
    assert!(revoked[0].contains("0.0.0.0%2F0") && revoked[1].contains("%3A%3A%2F0"), "{revoked:?}");
    let created = replay.seen().into_iter().find(|seen| seen.action == "CreateSecurityGroup");
    let created = created.expect("a creating call").body;
    assert!(created.contains("backburn%3Arun"), "{created}");
}

#[tokio::test]
async fn an_open_group_keeps_default_egress_and_gets_the_rest() {
    let ok = |action: &str| format!("<{action}Response><return>true</return></{action}Response>");
    let replay = Replay::default()
        .xml("DescribeSecurityGroups", &present("RUN", ALL_V4))
        .xml("AuthorizeSecurityGroupIngress", &ok("AuthorizeSecurityGroupIngress"))
        .xml("AuthorizeSecurityGroupEgress", &ok("AuthorizeSecurityGroupEgress"));
    setting().write(&aws(&replay), &Some(Group::open())).await.expect("a group");
    let writes: Vec<_> =
        replay.actions().into_iter().filter(|action| !action.starts_with("Describe")).collect();
    assert_eq!(
        writes,
        [
            "AuthorizeSecurityGroupIngress",
            "AuthorizeSecurityGroupIngress",
            "AuthorizeSecurityGroupEgress"
        ]
    );
}

#[tokio::test]
async fn a_group_of_that_name_that_is_not_ours_is_refused() {
    let replay = Replay::default().xml("DescribeSecurityGroups", &present("OTHER", ""));
    let error = setting().write(&aws(&replay), &None).await.expect_err("a refusal");
    assert_eq!(error.class, Class::Invalid);
    assert!(error.message.contains("rename or delete it"), "{error}");
    assert_eq!(replay.actions(), ["DescribeSecurityGroups"]);
}

#[tokio::test]
async fn a_revoke_that_finds_no_group_is_an_error() {
    let replay = Replay::default()
        .xml("DescribeSecurityGroups", &present("RUN", ALL_V4))
        .ec2_error("RevokeSecurityGroupEgress", 400, "InvalidGroup.NotFound", "no such group");
    let error = setting().write(&aws(&replay), &Some(Group::closed())).await.expect_err("an error");
    assert_eq!(error.class, Class::Gone);
}

#[test]
fn halfway_is_ours_alone() {
    let rules = |texts: &[&str]| texts.iter().map(|cidr| NetworkRule::everything(cidr)).collect();
    let group = |ingress: &[&str], egress: &[&str]| {
        Some(Group { id: Some("sg-1".into()), ingress: rules(ingress), egress: rules(egress) })
    };
    let closed = Some(Group::closed());
    let halfway = |now: &Option<Group>| SecurityGroup::halfway(&None, &closed, now);
    assert!(halfway(&group(&[], &["0.0.0.0/0", "::/0"])));
    assert!(!halfway(&group(&["10.0.0.0/8"], &[])));
    assert!(!halfway(&group(&[], &["10.0.0.0/8"])));
    assert!(!halfway(&None));
    assert!(SecurityGroup::agrees(&closed, &group(&[], &[])));
    assert!(!SecurityGroup::agrees(&closed, &group(&[], &["::/0"])));
}
