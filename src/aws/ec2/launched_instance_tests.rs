//! Tests of the launched instance, through the real SDK with canned answers.

use super::*;
use crate::aws::replay::{Replay, aws};

fn setting() -> LaunchedInstance {
    let mark = Mark {
        run: "RUN".into(),
        step: "canary".into(),
        name: "backburn-RUN-canary".into(),
        tags: Default::default(),
    };
    LaunchedInstance {
        mark,
        subnet: None,
        security_groups: Vec::new(),
        profile: Some("web".into()),
        user_data: None,
        detailed_monitoring: false,
    }
}

fn wanted() -> Option<Launched> {
    let (image, instance_type) = ("ami-1".into(), "t3.micro".into());
    Some(Launched { id: None, image, instance_type })
}

fn instances(inner: &str) -> String {
    format!(
        "<DescribeInstancesResponse><reservationSet><item><instancesSet>{inner}</instancesSet></item></reservationSet></DescribeInstancesResponse>"
    )
}

const ONE: &str = "<item><instanceId>i-1</instanceId><imageId>ami-1</imageId><instanceType>t3.micro</instanceType><tagSet><item><key>backburn:token</key><value>backburn-RUN-canary</value></item></tagSet></item>";
const NO_VOLUMES: &str = "<DescribeVolumesResponse><volumeSet/></DescribeVolumesResponse>";
const OF_LAUNCH: &str = "<DescribeVolumesResponse><volumeSet><item><volumeId>vol-1</volumeId><status>available</status><tagSet><item><key>backburn:token</key><value>backburn-RUN-canary</value></item></tagSet></item></volumeSet></DescribeVolumesResponse>";

fn ok(action: &str) -> String {
    format!("<{action}Response><return>true</return></{action}Response>")
}

#[tokio::test]
async fn a_new_profile_is_waited_for_and_the_token_stays_the_same() {
    let replay = Replay::default()
        .xml("DescribeInstances", &instances(""))
        .ec2_error(
            "RunInstances",
            400,
            "InvalidParameterValue",
            "Value (web) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
        )
        .xml("RunInstances", &format!("<RunInstancesResponse><instancesSet>{ONE}</instancesSet></RunInstancesResponse>"));
    setting().write(&aws(&replay), &wanted()).await.expect("an instance");
    let starts: Vec<_> =
        replay.seen().into_iter().filter(|seen| seen.action == "RunInstances").collect();
    assert_eq!(starts.len(), 2);
    let token = format!("ClientToken={}", setting().token());
    assert!(starts.iter().all(|seen| seen.body.contains(&token)), "{starts:?}");
    assert!(starts[0].body.contains("HttpTokens=required"), "{}", starts[0].body);
}

#[tokio::test]
async fn a_protected_instance_is_unprotected_and_its_volumes_go_with_it() {
    let replay = Replay::default()
        .xml("DescribeInstances", &instances(ONE))
        .xml("DescribeInstances", &instances(""))
        .ec2_error("TerminateInstances", 400, "OperationNotPermitted", "disableApiTermination")
        .xml("TerminateInstances", &ok("TerminateInstances"))
        .xml("ModifyInstanceAttribute", &ok("ModifyInstanceAttribute"))
        .xml("DescribeVolumes", OF_LAUNCH)
        .xml("DeleteVolume", &ok("DeleteVolume"));
    setting().write(&aws(&replay), &None).await.expect("gone");
    assert_eq!(
        replay.actions(),
        [
            "DescribeInstances",
            "TerminateInstances",
            "ModifyInstanceAttribute",
            "TerminateInstances",
            "DescribeInstances",
            "DescribeVolumes",
            "DeleteVolume"
        ]
    );
}

#[tokio::test]
async fn volumes_alone_are_not_absent() {
    let none = instances("");
    let replay =
        Replay::default().xml("DescribeInstances", &none).xml("DescribeVolumes", OF_LAUNCH);
    let left = setting().read(&aws(&replay)).await.expect("a read");
    assert!(LaunchedInstance::agrees(&wanted(), &left), "{left:?}");
    assert!(!LaunchedInstance::agrees(&None, &left));
    let replay =
        Replay::default().xml("DescribeInstances", &none).xml("DescribeVolumes", NO_VOLUMES);
    assert_eq!(setting().read(&aws(&replay)).await, Ok(None));
}

#[tokio::test]
async fn a_terminated_instance_of_the_same_token_is_said_so() {
    let dead = "<item><instanceId>i-1</instanceId><instanceState><name>terminated</name></instanceState></item>";
    let replay = Replay::default().xml("DescribeInstances", &instances("")).xml(
        "RunInstances",
        &format!(
            "<RunInstancesResponse><instancesSet>{dead}</instancesSet></RunInstancesResponse>"
        ),
    );
    let error = setting().write(&aws(&replay), &wanted()).await.expect_err("a refusal");
    assert!(error.message.contains("terminated since"), "{error}");
}
