//! The belts through the real SDK with canned answers: what counts, what is refused, what is asked.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{probe::Answer, *};
use crate::{
    aws::{
        ec2::{
            CreateSnapshots,
            things::{INSTANCE, INTERFACE as INTERFACE_CLASS},
        },
        iam::things::USER,
        registry,
        replay::{Replay, aws},
    },
    engine::{
        Operation, Permission, Place, Scope, on,
        plan::{PlannedChange, PlannedStep},
    },
};

/// An instance with one volume and one interface.
fn instance(id: &str, tags: &str) -> String {
    format!(
        "<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>{id}</instanceId>\
         <blockDeviceMapping><item><ebs><volumeId>vol-1</volumeId></ebs></item></blockDeviceMapping>\
         <networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId></item></networkInterfaceSet>\
         <tagSet>{tags}</tagSet></item></instancesSet></item></reservationSet></DescribeInstancesResponse>"
    )
}

fn tag(key: &str, value: &str) -> String {
    format!("<item><key>{key}</key><value>{value}</value></item>")
}

const NO_TAGS: &str = "<DescribeTagsResponse><tagSet/></DescribeTagsResponse>";
const OWN_VOLUME: &str = "<DescribeTagsResponse><tagSet><item><resourceId>vol-1</resourceId>\
    <resourceType>volume</resourceType><key>backburn:run</key><value>01RUN</value></item></tagSet></DescribeTagsResponse>";
const INTERFACE: &str = "<DescribeNetworkInterfacesResponse><networkInterfaceSet><item>\
    <networkInterfaceId>eni-1</networkInterfaceId><attachment><instanceId>i-1</instanceId></attachment>\
    </item></networkInterfaceSet></DescribeNetworkInterfacesResponse>";

fn user(tags: &str) -> String {
    format!(
        "<GetUserResponse><GetUserResult><User><Path>/</Path><UserName>bot</UserName><UserId>AIDA1</UserId>\
         <Arn>arn:aws:iam::123456789012:user/bot</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
         <Tags>{tags}</Tags></User></GetUserResult></GetUserResponse>"
    )
}

struct Rig {
    aws: Aws,
    belts: Arc<Belts>,
    replay: Replay,
}

impl Rig {
    fn new(replay: Replay, limits: Limits) -> Self {
        let belts = Arc::new(Belts::new("01RUN", limits));
        Self { aws: aws(&replay).with_belts(belts.clone()), belts, replay }
    }

    async fn ask(&self, kind: &str, what: Value, planning: bool) -> Result<(), StepError> {
        let place = Place { kind: kind.into(), target: "t".into(), nth: 0 };
        let things = registry().touched(kind, &what, &Value::Null).expect("a known kind");
        let touch = Touch { step: "s", place: &place, things: &things, planning };
        self.aws.allows(&touch).await
    }

    async fn touched(&self, what: &str) -> Vec<String> {
        let counts = self.belts.counts().await;
        counts.into_iter().find(|count| count.what == what).expect("a limit").touched
    }
}

fn refusal(result: Result<(), StepError>) -> String {
    match result {
        Err(StepError::Refused(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_interface_counts_as_its_instance_and_is_looked_up_once() {
    let replay = Replay::default()
        .xml("DescribeNetworkInterfaces", INTERFACE)
        .xml("DescribeInstances", &instance("i-1", ""))
        .xml("DescribeTags", NO_TAGS);
    let rig = Rig::new(replay, Limits::default());
    rig.ask("ec2.eni-groups", json!({ "interface": "eni-1" }), false).await.expect("one instance");
    rig.ask("ec2.tag", json!({ "resource": "i-1", "key": "k" }), false).await.expect("the same");
    rig.ask("ec2.tag", json!({ "resource": "vol-1", "key": "k" }), false)
        .await
        .expect("one volume");
    assert_eq!(rig.touched("instances").await, ["i-1"]);
    assert_eq!(rig.touched("volumes").await, ["vol-1"]);
    assert_eq!(rig.replay.actions().len(), 3, "{:?}", rig.replay.actions());
}

#[tokio::test]
async fn a_second_instance_is_one_too_many_in_a_run_and_counted_in_a_plan() {
    let replay = Replay::default()
        .xml("DescribeInstances", &instance("i-1", ""))
        .xml("DescribeTags", NO_TAGS);
    let rig = Rig::new(replay, Limits { volumes: 0, ..Limits::default() });
    let of = |id: &str| json!({ "instance": id });
    rig.ask("ec2.instance-state", of("i-1"), false).await.expect("one instance");
    let why = refusal(rig.ask("ec2.instance-state", of("i-2"), false).await);
    assert!(why.contains("`i-2` on top of `i-1`") && why.contains("instances: 2"), "{why}");
    let why = refusal(rig.ask("ec2.tag", json!({ "resource": "vol-1", "key": "k" }), false).await);
    assert!(why.contains("allows 0 volumes"), "{why}");
    rig.ask("ec2.instance-state", of("i-2"), true).await.expect("a plan shows all of it");
    assert_eq!(rig.touched("instances").await, ["i-1", "i-2"]);
}

#[tokio::test]
async fn what_earlier_parts_of_the_run_touched_counts() {
    let replay = Replay::default()
        .xml("DescribeInstances", &instance("i-1", ""))
        .xml("DescribeTags", NO_TAGS);
    let aws = aws(&replay);
    let earlier = [("us-east-1".to_owned(), vec![INSTANCE.thing("i-1")])];
    let belts = Arc::new(Belts::new("01RUN", Limits::default()).after(earlier));
    let rig = Rig { aws: aws.with_belts(belts.clone()), belts, replay };
    let why = refusal(rig.ask("ec2.instance-state", json!({ "instance": "i-2" }), false).await);
    assert!(why.contains("on top of `i-1`"), "{why}");
}

#[tokio::test]
async fn what_the_run_made_or_is_not_there_does_not_count() {
    let own = tag("backburn:run", "01RUN");
    let replay = Replay::default()
        .xml("DescribeInstances", &instance("i-1", &own))
        .ec2_error("DescribeInstances", 400, "InvalidInstanceID.NotFound", "no such instance")
        .xml("DescribeTags", OWN_VOLUME)
        .xml("GetUser", &user("<member><Key>backburn:run</Key><Value>01RUN</Value></member>"));
    let rig = Rig::new(
        replay,
        Limits { instances: 0, principals: 0, volumes: 0, resources: 0, accounts: 0 },
    );
    let both = json!({ "instance": "i-1", "volume": "vol-1" });
    rig.ask("ec2.delete-on-termination", both, false).await.expect("its own");
    rig.ask("ec2.instance-state", json!({ "instance": "i-2" }), false).await.expect("gone");
    rig.ask("iam.login-profile", json!({ "user": "bot" }), false).await.expect("its own");
}

/// Where tags are denied, its snapshots are made without them: the run's own journal says whose they are.
#[tokio::test]
async fn what_an_operation_of_the_run_made_does_not_count_without_tags_either() {
    let tagged = "<DescribeTagsResponse><tagSet><item><resourceId>snap-4</resourceId><resourceType>snapshot</resourceType>\
                  <key>backburn:protected</key><value>true</value></item></tagSet></DescribeTagsResponse>";
    let replay = Replay::default()
        .xml("DescribeTags", NO_TAGS)
        .xml("DescribeTags", NO_TAGS)
        .xml("DescribeTags", NO_TAGS)
        .xml("DescribeTags", tagged);
    let rig = Rig::new(replay, Limits { resources: 0, ..Limits::default() });
    let made =
        CreateSnapshots { instance: "i-1".into(), description: String::new(), volumes: Vec::new() };
    rig.aws.made(made.made("snap-1,snap-2,snap-4")).await;
    let of = |id: &str| json!({ "resource": id, "key": "k" });
    for own in ["snap-1", "snap-2"] {
        rig.ask("ec2.tag", of(own), false).await.expect("its own");
    }
    let why = refusal(rig.ask("ec2.tag", of("snap-3"), false).await);
    assert!(why.contains("`snap-3`"), "{why}");
    let why = refusal(rig.ask("ec2.tag", of("snap-4"), false).await);
    assert!(why.contains("has the tag"), "{why}");
}

/// EC2 may show an attachment before it shows the instance, and never shows another account's.
#[tokio::test]
async fn an_interface_of_an_instance_that_is_not_seen_is_not_taken_for_the_runs_own() {
    let replay = Replay::default()
        .xml("DescribeNetworkInterfaces", INTERFACE)
        .ec2_error("DescribeInstances", 400, "InvalidInstanceID.NotFound", "no such instance")
        .xml("DescribeInstances", &instance("i-1", &tag(PROTECTED_TAG, "true")))
        .xml("DescribeTags", NO_TAGS);
    let rig = Rig::new(replay, Limits::default());
    rig.ask("ec2.eni-groups", json!({ "interface": "eni-1" }), false).await.expect("one instance");
    assert_eq!(rig.touched("instances").await, ["i-1"]);
    // The instance is asked for again, and by now it is there.
    let why = refusal(rig.ask("ec2.instance-state", json!({ "instance": "i-1" }), false).await);
    assert!(why.contains("has the tag"), "{why}");
}

/// An owner may protect a thing while a run waits for a person.
#[tokio::test]
async fn what_is_protected_after_the_first_look_is_refused_by_a_run() {
    let replay = Replay::default()
        .xml("DescribeInstances", &instance("i-1", ""))
        .xml("DescribeInstances", &instance("i-1", &tag(PROTECTED_TAG, "true")))
        .xml("DescribeTags", NO_TAGS);
    let belts = Belts { age: Duration::ZERO, ..Belts::new("01RUN", Limits::default()) };
    let belts = Arc::new(belts);
    let rig = Rig { aws: aws(&replay).with_belts(belts.clone()), belts, replay };
    let of = || json!({ "instance": "i-1" });
    rig.ask("ec2.instance-state", of(), false).await.expect("free");
    rig.ask("ec2.instance-state", of(), true).await.expect("a plan looks once");
    let why = refusal(rig.ask("ec2.instance-state", of(), false).await);
    assert!(why.contains("has the tag"), "{why}");
}

/// What an earlier process of the run touched counts, even when it is gone by now.
#[tokio::test]
async fn what_earlier_parts_touched_counts_when_it_is_gone() {
    let gone = |action: &str, code: &str| Replay::default().ec2_error(action, 400, code, "gone");
    let replay = gone("DescribeNetworkInterfaces", "InvalidNetworkInterfaceID.NotFound")
        .xml("DescribeInstances", &instance("i-2", ""))
        .xml("DescribeTags", NO_TAGS);
    let earlier = [("us-east-1".to_owned(), vec![INTERFACE_CLASS.thing("eni-9")])];
    let belts = Arc::new(Belts::new("01RUN", Limits::default()).after(earlier));
    let rig = Rig { aws: aws(&replay).with_belts(belts.clone()), belts, replay };
    let why = refusal(rig.ask("ec2.instance-state", json!({ "instance": "i-2" }), false).await);
    assert!(why.contains("on top of `eni-9`"), "{why}");
}

/// A volume with Multi-Attach hangs on several instances, and each of them may be protected.
#[tokio::test]
async fn a_volume_that_two_instances_share_is_protected_by_either() {
    let volume = "<DescribeVolumesResponse><volumeSet><item><volumeId>vol-1</volumeId><attachmentSet>\
        <item><instanceId>i-1</instanceId></item><item><instanceId>i-2</instanceId></item>\
        </attachmentSet></item></volumeSet></DescribeVolumesResponse>";
    let of = |first: &str, second: &str| {
        Replay::default()
            .xml("DescribeVolumes", volume)
            .xml("DescribeInstances", &instance("i-2", second))
            .xml("DescribeInstances", &instance("i-1", first))
            .xml("DescribeTags", NO_TAGS)
    };
    let protected = tag(PROTECTED_TAG, "true");
    for replay in [of("", &protected), of(&protected, "")] {
        let rig = Rig::new(replay, Limits::default());
        let ask = rig.ask("ec2.tag", json!({ "resource": "vol-1", "key": "k" }), false);
        let why = refusal(ask.await);
        assert!(why.contains("volume `vol-1` belongs to it"), "{why}");
    }
}

/// Anybody can attach a volume to an instance that the run made.
#[tokio::test]
async fn a_volume_on_the_runs_own_instance_is_its_own_by_its_tag_only() {
    let own = tag("backburn:run", "01RUN");
    let replay = Replay::default()
        .xml("DescribeInstances", &instance("i-1", &own))
        .xml("DescribeTags", NO_TAGS);
    let limits = Limits { volumes: 0, ..Limits::default() };
    let rig = Rig::new(replay, limits);
    let both = json!({ "instance": "i-1", "volume": "vol-1" });
    let why = refusal(rig.ask("ec2.delete-on-termination", both, false).await);
    assert!(why.contains("allows 0 volumes"), "{why}");
}

#[tokio::test]
async fn what_is_protected_is_refused_in_a_plan_too() {
    let protected = tag(PROTECTED_TAG, "true");
    let replay = Replay::default()
        .xml("DescribeNetworkInterfaces", INTERFACE)
        .xml("DescribeInstances", &instance("i-1", &protected))
        .xml("DescribeTags", NO_TAGS)
        .xml("GetUser", &user("<member><Key>backburn:protected</Key><Value>True</Value></member>"));
    let rig = Rig::new(replay, Limits::default());
    for planning in [true, false] {
        let ask = async |kind, what| refusal(rig.ask(kind, what, planning).await);
        let why = ask("ec2.eni-groups", json!({ "interface": "eni-1" })).await;
        assert!(why.contains("`eni-1` belongs to it, and instance `i-1` has the tag"), "{why}");
        let why = ask("ec2.tag", json!({ "resource": "vol-1", "key": "k" })).await;
        assert!(why.contains("volume `vol-1`"), "{why}");
        let why = ask("iam.login-profile", json!({ "user": "bot" })).await;
        assert!(why.starts_with("user `bot` has the tag `backburn:protected=True`"), "{why}");
    }
    assert!(rig.belts.principals().await.is_empty());
}

#[tokio::test]
async fn what_cannot_be_looked_at_is_not_touched() {
    let denied = |action: &str| {
        Replay::default().ec2_error(action, 403, "UnauthorizedOperation", "not allowed")
    };
    let rig = Rig::new(denied("DescribeInstances"), Limits::default());
    let error = rig.ask("ec2.instance-state", json!({ "instance": "i-1" }), false).await;
    let why = refusal(error);
    assert!(why.starts_with("whether instance `i-1` is protected"), "{why}");
    // No answer says nothing, and the step may try again.
    let rig = Rig::new(Replay::default(), Limits::default());
    let error = rig.ask("ec2.instance-state", json!({ "instance": "i-1" }), false).await;
    assert!(matches!(error, Err(StepError::Call(_))), "{error:?}");
}

const NEEDED: &[Permission] = &[
    on("ec2:CreateTags", "arn:aws:ec2:{region}:{account}:*/*"),
    on("ec2:DescribeTags", "*"),
    on("ec2:StopInstances", "arn:aws:ec2:{region}:{account}:instance/*"),
    on("iam:PutUserPolicy", "arn:aws:iam::{account}:user/*"),
    on("sts:GetCallerIdentity", "*"),
];

fn results(all: &[(&str, &str, &str)]) -> String {
    let one = |(action, decision, missing): &(&str, &str, &str)| {
        format!(
            "<member><EvalActionName>{action}</EvalActionName><EvalDecision>{decision}</EvalDecision>\
             <MissingContextValues>{missing}</MissingContextValues></member>"
        )
    };
    let all: String = all.iter().map(one).collect();
    format!(
        "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated>\
         <EvaluationResults>{all}</EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"
    )
}

fn stops_and_tags() -> PlannedStep {
    let scope =
        Scope { account: "123456789012".into(), region: "us-east-1".into(), principal: "p".into() };
    let change = |kind: &str, target: &str| PlannedChange {
        place: Place { kind: kind.into(), target: target.into(), nth: 0 },
        scope: scope.clone(),
        before: Value::Null,
        after: Value::Null,
        until: None,
        release: crate::engine::How::Restored,
        caveat: None,
    };
    let changes = vec![
        change("ec2.instance-state", "i-1"),
        change("ec2.tag", "i-1 case"),
        change("ec2.tag", "i-2 case"),
    ];
    PlannedStep { changes, ..PlannedStep::default() }
}

#[tokio::test]
async fn a_probe_asks_dry_runs_and_the_simulator_and_believes_neither_too_much() {
    let first = results(&[
        ("ec2:DescribeTags", "implicitDeny", ""),
        ("iam:PutUserPolicy", "implicitDeny", ""),
        ("sts:GetCallerIdentity", "explicitDeny", "<member>aws:SourceIp</member>"),
    ]);
    let replay = Replay::default()
        .ec2_error("StopInstances", 412, "DryRunOperation", "would have succeeded")
        .ec2_error("CreateTags", 403, "UnauthorizedOperation", "not authorized")
        .xml("SimulatePrincipalPolicy", &first)
        .xml("SimulatePrincipalPolicy", &results(&[("iam:PutUserPolicy", "allowed", "")]));
    let aws = aws(&replay);
    let users = [(USER, "arn:aws:iam::123456789012:user/bot".to_owned())];
    let needed = NEEDED.iter().copied().collect();
    let ahead = probe::ahead(&aws, &needed).await;
    let found = probe::probe(&aws, &needed, &users, &[stops_and_tags()], ahead).await;
    let found: Vec<_> = found.iter().map(|one| (one.action, one.answer)).collect();
    assert_eq!(
        found,
        [
            ("ec2:CreateTags", Answer::Denied),
            ("ec2:DescribeTags", Answer::Denied),
            ("ec2:StopInstances", Answer::Allowed),
            ("iam:PutUserPolicy", Answer::Allowed),
            ("sts:GetCallerIdentity", Answer::Unknown),
        ]
    );
    let seen = replay.seen();
    let dry = |action: &str| seen.iter().filter(|one| one.action == action).collect::<Vec<_>>();
    assert_eq!(dry("CreateTags").len(), 1, "one call for each permission");
    assert!(dry("StopInstances")[0].body.contains("DryRun=true"));
    assert_eq!(dry("SimulatePrincipalPolicy").len(), 2);
}

#[tokio::test]
async fn what_nobody_answers_is_unknown() {
    let needed = NEEDED.iter().copied().collect();
    let aws = aws(&Replay::default());
    let ahead = probe::ahead(&aws, &needed).await;
    let found = probe::probe(&aws, &needed, &[], &[stops_and_tags()], ahead).await;
    assert_eq!(found.len(), 5);
    assert!(found.iter().all(|one| one.answer == Answer::Unknown), "{found:?}");
}
