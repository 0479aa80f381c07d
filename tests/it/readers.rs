//! The readers that the crash matrix compares accounts with: each sees every kind that it says it covers.
//! Settings are written in the lab, operations made by the calls that they make; the account must differ.

use backburn::{
    aws::{Aws, account::Lens, registry, s3::AccessBlock},
    crash_matrix::account::{Reader, covers, differences, has_places, shows},
    engine::AnySetting,
    lab::{self, Lab, seed::Seed},
};
use serde_json::{Value, json};

use crate::{rig::Rig, support};

/// moto says `stop` of every instance, whatever was written.
const NOT_KEPT_BY_THE_LAB: &[&str] = &["ec2.shutdown-behavior"];
const RUN: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// A reader of an account of the lab.
pub(crate) fn reader(lab: &Lab, account: &str) -> Reader {
    let upstream = lab.front.as_ref().map_or(&lab.endpoint, |front| &front.upstream);
    let config = |endpoint: &str| lab::seed::sdk_config(endpoint, &lab.region, account);
    let (upstream, front) = (config(upstream), config(&lab.endpoint));
    Reader::of(&Lens { upstream, front, account: account.into() }).expect("this machine")
}

/// What is written to a setting.
enum Want {
    Is(Value),
    /// What it is not, of two.
    Other,
}

use Want::{Is, Other};

/// Of each kind a setting in a seeded account, and a value that it does not have.
fn settings(seed: &Seed, account: &Value, snapshot: &str) -> Vec<(&'static str, Value, Want)> {
    let named = |name: &str, more: Value| {
        let mut all = json!({ "name": name, "run": RUN, "step": "s", "tags": {} });
        let more = more.as_object().cloned().unwrap_or_default();
        all.as_object_mut().expect("a map").extend(more);
        all
    };
    let made = || Is(json!({ "complete": true, "asked": {} }));
    let policy = |principal: Value, action: &str| {
        json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": action, "Principal": principal }] })
    };
    let inline = || {
        Is(json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Deny", "Action": "*", "Resource": "*" }] }))
    };
    let denies = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Deny", "Action": "*", "Resource": "*" }] });
    let attached = format!("arn:aws:iam::{}:policy/backburn/deny", seed.account);
    let (instance, vpc) = (&seed.instance, &seed.vpc);
    let groups = account["ec2"]["groups"].as_object().expect("groups");
    let default = groups
        .iter()
        .find(|(_, one)| one["GroupName"] == "default" && one["VpcId"] == *vpc)
        .map(|(id, _)| id);
    let bucket = format!("lab-trail-{}", seed.account);
    let tail = RUN[RUN.len() - 10..].to_lowercase();
    let own_bucket = format!("backburn-{tail}-{}", seed.account);
    let of_instance = json!({ "instance": instance });
    vec![
        ("cloudtrail.logging", json!({ "trail": "main" }), Other),
        ("cloudtrail.trail", named("another", json!({ "bucket": bucket })), made()),
        (
            "cloudwatch.alarm",
            named(
                "alarm",
                json!({ "watched": {
                "namespace": "AWS/EC2", "metric": "CPUUtilization", "dimensions": {},
                "statistic": "Sum", "period": 60, "threshold": 1.0,
                "comparison": "GreaterThanThreshold", "evaluation-periods": 1,
                "missing-data": "missing", "actions": [],
            } }),
            ),
            made(),
        ),
        (
            "dynamodb.table",
            named("table", json!({ "items": { "given": [{ "id": "a", "note": "x" }] } })),
            made(),
        ),
        ("dynamodb.items", json!({ "table": "table" }), Is(json!({ "a": { "id": { "S": "a" } } }))),
        (
            "dynamodb.canary",
            json!({ "table": "table", "id": "canary" }),
            Is("2026-11-24T10:00:00Z".into()),
        ),
        ("ec2.address-association", json!({ "allocation": seed.elastic_ip }), Is(Value::Null)),
        (
            "ec2.delete-on-termination",
            json!({ "instance": instance, "volume": seed.volumes[1] }),
            Other,
        ),
        ("ec2.eni-groups", json!({ "interface": seed.interfaces[0] }), Is(json!([default]))),
        ("ec2.instance-profile", of_instance.clone(), Is(Value::Null)),
        (
            "ec2.launched-instance",
            named(
                "mine",
                json!({
                    "subnet": account["ec2"]["instances"][instance]["subnet"],
                    "security-groups": [], "profile": null,
                }),
            ),
            Is(json!({
                "image": account["ec2"]["instances"][instance]["image"],
                "instance-type": "t3.micro",
            })),
        ),
        (
            "ec2.security-group",
            named("mine", json!({ "vpc": vpc, "description": "d" })),
            Is(json!({ "ingress": [], "egress": [] })),
        ),
        ("ec2.shutdown-behavior", of_instance.clone(), Is("terminate".into())),
        ("ec2.snapshot-share", json!({ "snapshot": snapshot, "account": "111122223333" }), Other),
        (
            "ec2.subnet",
            named("mine", json!({})),
            Is(json!({ "vpc": vpc, "zone": "us-east-1a", "cidr": "10.66.9.0/24" })),
        ),
        ("ec2.tag", json!({ "resource": instance, "key": "k" }), Is("v".into())),
        ("ec2.termination-protection", of_instance.clone(), Other),
        ("ec2.instance-state", of_instance, Is("stopped".into())),
        ("ec2.vpc", named("mine", json!({})), Is(json!({ "cidr": "10.255.0.0/24" }))),
        (
            "events.rule",
            named("rule", json!({})),
            Is(json!({ "pattern": { "source": ["x"] }, "state": "ENABLED", "targets": {} })),
        ),
        (
            "iam.access-key-status",
            json!({ "user": seed.user, "key": seed.access_key_id }),
            Is("Inactive".into()),
        ),
        ("iam.login-profile", json!({ "user": seed.user }), Other),
        (
            "iam.owned-role",
            named(
                "role",
                json!({ "trust": policy(json!({ "AWS": "*" }), "sts:AssumeRole"), "policies": {} }),
            ),
            made(),
        ),
        ("iam.owned-instance-profile", named("profile", json!({ "role": "role" })), made()),
        ("iam.owned-user", named("user", json!({ "policies": {} })), made()),
        ("iam.access-key", json!({ "user": "user", "run": RUN }), made()),
        ("iam.managed-policy", named("deny", json!({ "document": denies })), made()),
        ("iam.role-attachment", json!({ "role": seed.role, "policy": attached }), Other),
        ("iam.user-attachment", json!({ "user": seed.user, "policy": attached }), Other),
        ("iam.role-policy", json!({ "role": seed.role, "policy": "p" }), inline()),
        (
            "iam.trust-policy",
            json!({ "role": seed.role }),
            Is(policy(json!({ "Service": "lambda.amazonaws.com" }), "sts:AssumeRole")),
        ),
        ("iam.user-policy", json!({ "user": seed.user, "policy": "p" }), inline()),
        ("lambda.reserved-concurrency", json!({ "function": "resize" }), Is(json!(3))),
        (
            "s3.bucket",
            named(
                &own_bucket,
                json!({ "versioning": true, "objects": { "given": { "a": "text" } } }),
            ),
            made(),
        ),
        (
            "s3.canary",
            json!({ "bucket": own_bucket, "key": "canary" }),
            Is("2026-11-24T10:00:00Z".into()),
        ),
        (
            "s3.overwritten-objects",
            json!({ "bucket": own_bucket, "prefix": "", "run": RUN, "step": "s" }),
            made(),
        ),
        ("s3.bucket-policy", json!({ "bucket": bucket }), Is(Value::Null)),
        ("s3.public-access-block", json!({ "bucket": bucket }), Is(json!(AccessBlock::ALL))),
        ("s3.versioning", json!({ "bucket": bucket }), Is("enabled".into())),
        (
            "sqs.queue",
            named("queue", json!({})),
            Is(json!({ "policy": policy("*".into(), "sqs:SendMessage"), "encrypted": true })),
        ),
    ]
}

/// Writes a value that the setting does not have; whether it reads otherwise then.
async fn written(
    aws: &Aws,
    setting: Result<Box<dyn AnySetting<Aws>>, String>,
    to: Want,
) -> Result<bool, String> {
    let setting = setting?;
    let before = setting.read(aws).await.map_err(|e| e.to_string())?;
    let to = match to {
        Is(value) => value,
        Other => (!before.as_bool().ok_or_else(|| format!("{before} is none of two"))?).into(),
    };
    if setting.agrees(&to, &before) {
        return Err(format!("it is {before} already"));
    }
    setting.swap(aws, &before, &to).await.map_err(|e| e.to_string())?;
    let now = setting.read(aws).await.map_err(|e| e.to_string())?;
    Ok(now != before)
}

#[tokio::test]
async fn a_reader_sees_the_change_of_every_setting_that_it_covers() {
    let shared = support::lab();
    let seed = shared.seeded().await;
    let (rig, reader) =
        (Rig::new(&seed.account, Vec::new()).await, reader(&shared.lab, &seed.account));
    let ec2 = aws_sdk_ec2::Client::new(&shared.lab.sdk_config(&seed.account));
    let snapshot = ec2.create_snapshot().volume_id(&seed.volumes[0]).send().await;
    let snapshot = snapshot.expect("a snapshot").snapshot_id.expect("an id");
    crate::actions_lambda::function(&shared.lab, &seed, "resize").await;
    let mut account = reader.read().await.expect("read");
    assert_eq!(reader.read().await.expect("read again"), account, "nothing changed in between");
    let registry = registry();
    let (mut seen, mut wrong) = (Vec::new(), Vec::new());
    for (kind, what, to) in settings(&seed, &account, &snapshot) {
        seen.push(kind);
        let kept = match written(&rig.aws, registry.make(kind, &what), to).await {
            Ok(kept) => kept,
            Err(why) => {
                wrong.push(format!("`{kind}`: {why}"));
                continue;
            }
        };
        let now = reader.read().await.expect("read");
        let changed = differences(&account, &now);
        let service = kind.split('.').next();
        let of = |path: &str| path.split(" > ").next() == service;
        let is_seen = changed.iter().any(|one| of(&one.path));
        // Where a denied call may leave something out is where the kind shows.
        if has_places(kind) && is_seen && !changed.iter().any(|one| shows(kind, &one.path)) {
            wrong.push(format!("`{kind}` shows elsewhere: {changed:?}"));
        }
        if kept == NOT_KEPT_BY_THE_LAB.contains(&kind) || kept != is_seen {
            wrong.push(format!("`{kind}`: the lab kept it: {kept}; the reader saw {changed:?}"));
        }
        account = now;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    seen.sort_unstable();
    let mut covered = registry.kinds().0;
    covered.retain(|kind| covers(kind));
    assert_eq!(seen, covered, "every covered setting is written in this test");
}

#[tokio::test]
async fn a_reader_sees_what_operations_leave_and_knows_it_for_evidence() {
    let shared = support::lab();
    let seed = shared.seeded().await;
    let reader = reader(&shared.lab, &seed.account);
    let config = shared.lab.sdk_config(&seed.account);
    let before = reader.read().await.expect("read");
    let ec2 = aws_sdk_ec2::Client::new(&config);
    let image = ec2.create_image().instance_id(&seed.instance).name("image").send().await;
    image.expect("an image and snapshots");
    let ssm = aws_sdk_ssm::Client::new(&config);
    let sent = ssm.send_command().instance_ids(&seed.instance);
    let sent = sent.document_name("AWS-RunShellScript").parameters("commands", vec!["id".into()]);
    sent.send().await.expect("a command");
    let now = reader.read().await.expect("read");
    let mut kept: Vec<_> = differences(&before, &now)
        .iter()
        .map(|one| reader.kept(one).unwrap_or_else(|| panic!("{one:?} is not kept")))
        .collect();
    kept.dedup();
    assert_eq!(kept, ["image", "snapshot", "command"]);
    assert_eq!(differences(&before, &reader.new_since(&now, &now)).len(), 0);
}
