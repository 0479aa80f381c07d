//! Every containment against a world in which one path that its page lists is still open: its verdict must
//! not be `proven` then, and is where all are closed. A containment without a row fails, and so does a row
//! whose paths are not those of the page.

use serde_json::{Value, json};

use super::{catalogue, testing};
use crate::{
    aws::replay::{Replay, aws},
    engine::Verdict,
};

/// A containment, its inputs, its world by the path that is open there, and those paths.
struct Row {
    action: &'static str,
    inputs: Value,
    world: fn(&str) -> Replay,
    paths: &'static [&'static str],
}

/// Containments whose worlds are tested beside their own code.
const ELSEWHERE: &[&str] = &["ec2.isolate-instance", "iam.repair-trust-policy", "iam.try-key"];

fn rows() -> Vec<Row> {
    vec![
        Row {
            action: "cloudtrail.start-logging",
            inputs: json!({ "trail": "main" }),
            world: trail,
            paths: &[
                "the status",
                "the last deliveries",
                "the event selectors",
                "the Regions",
                "the key",
                "the bucket",
            ],
        },
        Row {
            action: "ec2.revoke-instance-role",
            inputs: json!({ "instance": "i-0123456789abcdef0" }),
            world: |open| {
                let userid = json!({ "aws:userid": "AROA1:i-0123456789abcdef0" });
                role(open, json!({ "StringEquals": userid }))
            },
            paths: &[
                "the instance's profile and its role",
                "the policy itself",
                "a session that it must hit",
            ],
        },
        Row {
            action: "ec2.revoke-instance-role",
            inputs: json!({ "instance": "i-0123456789abcdef0", "scope": "role" }),
            world: |open| {
                // 30 s ahead of AWS's clock.
                let issued = json!({ "aws:TokenIssueTime": "2026-11-24T10:00:30Z" });
                role(open, json!({ "DateLessThan": issued }))
            },
            paths: &[
                "the instance's profile and its role",
                "the policy itself",
                "a session that it must hit",
            ],
        },
        Row {
            action: "iam.deny-user-sessions",
            inputs: json!({ "user": "bob" }),
            world: deny,
            paths: &["the policy itself", "a request that it must hit"],
        },
        Row {
            action: "iam.disable-access-key",
            inputs: json!({ "user": "bob", "access-key": KEY }),
            world: key,
            paths: &["the key itself", "a key that was made since"],
        },
        Row {
            action: "iam.disable-console-access",
            inputs: json!({ "user": "bob" }),
            world: console,
            paths: &["a new sign-in with the password", "a console session that is open"],
        },
        Row {
            action: "lambda.throttle-function",
            inputs: json!({ "function": "resize" }),
            world: function,
            paths: &["new invocations"],
        },
        Row {
            action: "s3.block-public-access",
            inputs: json!({ "bucket": "photos" }),
            world: bucket,
            paths: &["public ACLs and policies"],
        },
    ]
}

const KEY: &str = "AKIAIOSFODNN7EXAMPLE";

fn result(call: &str, inner: &str) -> String {
    format!("<{call}Response><{call}Result>{inner}</{call}Result></{call}Response>")
}

fn gone() -> &'static str {
    "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>none</Message></Error></ErrorResponse>"
}

fn keys(keys: &[(&str, &str)]) -> String {
    let member = |(id, status): &(&str, &str)| {
        format!("<member><AccessKeyId>{id}</AccessKeyId><Status>{status}</Status></member>")
    };
    let members: String = keys.iter().map(member).collect();
    result(
        "ListAccessKeys",
        &format!(
            "<IsTruncated>false</IsTruncated><AccessKeyMetadata>{members}</AccessKeyMetadata>"
        ),
    )
}

/// The runner, and user `bob`.
fn iam() -> Replay {
    let who = "<Arn>arn:aws:iam::123456789012:user/anna</Arn><UserId>AIDA1</UserId><Account>123456789012</Account>";
    let user = "<User><Path>/</Path><UserName>bob</UserName><UserId>AIDA2</UserId><Arn>arn:aws:iam::123456789012:user/bob</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></User>";
    Replay::default()
        .xml("GetCallerIdentity", &result("GetCallerIdentity", who))
        .xml("GetUser", &result("GetUser", user))
}

fn simulated(decision: &str) -> String {
    let member = |action: &str| {
        format!(
            "<member><EvalActionName>{action}</EvalActionName><EvalDecision>{decision}</EvalDecision></member>"
        )
    };
    let members: String =
        ["ec2:DescribeInstances", "iam:CreateAccessKey", "s3:GetObject"].map(member).concat();
    result(
        "SimulatePrincipalPolicy",
        &format!(
            "<IsTruncated>false</IsTruncated><EvaluationResults>{members}</EvaluationResults>"
        ),
    )
}

fn key(open: &str) -> Replay {
    let account = result("GetAccessKeyInfo", "<Account>123456789012</Account>");
    let (off, on) = (keys(&[(KEY, "Inactive")]), keys(&[(KEY, "Active")]));
    let replay = iam().xml("GetAccessKeyInfo", &account).answer("GetLoginProfile", 404, gone());
    // The look at the user, the setting, the second look, the verdict.
    let replay = replay.xml("ListAccessKeys", &off).xml("ListAccessKeys", &off);
    match open {
        "the key itself" => replay.xml("ListAccessKeys", &off).xml("ListAccessKeys", &on),
        "a key that was made since" => {
            let more = keys(&[(KEY, "Inactive"), ("AKIAI44QH8DHBEXAMPLE", "Active")]);
            replay.xml("ListAccessKeys", &more)
        }
        _ => replay,
    }
}

fn console(open: &str) -> Replay {
    let profile = "<LoginProfile><UserName>bob</UserName><CreateDate>2026-01-01T00:00:00Z</CreateDate></LoginProfile>";
    let replay = iam().xml("ListAccessKeys", &keys(&[]));
    let replay =
        replay.answer("GetLoginProfile", 404, gone()).answer("GetLoginProfile", 404, gone());
    match open {
        "a new sign-in with the password" => replay
            .xml("GetLoginProfile", &result("GetLoginProfile", profile))
            .xml("SimulatePrincipalPolicy", &simulated("explicitDeny")),
        "a console session that is open" => {
            replay.xml("SimulatePrincipalPolicy", &simulated("allowed"))
        }
        _ => replay.xml("SimulatePrincipalPolicy", &simulated("explicitDeny")),
    }
}

/// A deny as it reads back.
fn denies(condition: Option<Value>) -> String {
    let mut statement = json!({
        "Sid": format!("Backburn{}", testing::RUN), "Effect": "Deny", "Action": "*", "Resource": "*",
    });
    if let Some(condition) = condition {
        statement["Condition"] = condition;
    }
    let document = json!({ "Version": "2012-10-17", "Statement": [statement] });
    document.to_string().replace('{', "%7B").replace('"', "%22")
}

fn none(call: &str, list: &str) -> String {
    result(call, &format!("<IsTruncated>false</IsTruncated><{list}/>"))
}

fn deny(open: &str) -> Replay {
    let document = denies(None);
    let there = result(
        "GetUserPolicy",
        &format!(
            "<UserName>bob</UserName><PolicyName>p</PolicyName><PolicyDocument>{document}</PolicyDocument>"
        ),
    );
    let replay = iam()
        .xml("ListAccessKeys", &keys(&[]))
        .answer("GetLoginProfile", 404, gone())
        .xml("ListUserPolicies", &none("ListUserPolicies", "PolicyNames"))
        .xml("ListAttachedUserPolicies", &none("ListAttachedUserPolicies", "AttachedPolicies"))
        .xml("PutUserPolicy", "<PutUserPolicyResponse/>");
    denied(replay, "GetUserPolicy", &there, open)
}

/// A deny that is written, and what is found of it afterwards.
fn denied(replay: Replay, get: &str, there: &str, open: &str) -> Replay {
    // The setting, the look before the write, and the read back.
    let replay = replay.answer(get, 404, gone()).answer(get, 404, gone()).xml(get, there);
    let (replay, decision) = match open {
        "the policy itself" => (replay.answer(get, 404, gone()), "explicitDeny"),
        "a request that it must hit" | "a session that it must hit" => (replay, "allowed"),
        _ => (replay, "explicitDeny"),
    };
    replay.xml("SimulatePrincipalPolicy", &simulated(decision))
}

/// An instance with a role, whose deny reads back with this condition.
fn role(open: &str, condition: Value) -> Replay {
    let there = result(
        "GetRolePolicy",
        &format!(
            "<RoleName>web</RoleName><PolicyName>p</PolicyName><PolicyDocument>{}</PolicyDocument>",
            denies(Some(condition))
        ),
    );
    let profile = "<iamInstanceProfile><arn>arn:aws:iam::123456789012:instance-profile/web</arn><id>AIPA1</id></iamInstanceProfile>";
    let has = if open == "the instance's profile and its role" { "" } else { profile };
    let instance = format!(
        "<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i-0123456789abcdef0</instanceId>\
         <instanceState><name>running</name></instanceState>{has}</item></instancesSet></item></reservationSet></DescribeInstancesResponse>"
    );
    let trust = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" }] });
    let trust = trust.to_string().replace('{', "%7B").replace('"', "%22");
    let role = format!(
        "<Path>/</Path><RoleName>web</RoleName><RoleId>AROA1</RoleId><Arn>arn:aws:iam::123456789012:role/web</Arn>\
         <CreateDate>2026-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument>"
    );
    let profile = format!(
        "<InstanceProfile><Path>/</Path><InstanceProfileName>web</InstanceProfileName><InstanceProfileId>AIPA1</InstanceProfileId>\
         <Arn>arn:aws:iam::123456789012:instance-profile/web</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
         <Roles><member>{role}</member></Roles></InstanceProfile>"
    );
    let replay = iam()
        .date("Tue, 24 Nov 2026 10:00:00 GMT")
        .xml("DescribeInstances", &instance)
        .xml(
            "DescribeIamInstanceProfileAssociations",
            "<DescribeIamInstanceProfileAssociationsResponse/>",
        )
        .xml("GetInstanceProfile", &result("GetInstanceProfile", &profile))
        .xml("GetRole", &result("GetRole", &format!("<Role>{role}</Role>")))
        .xml("ListRolePolicies", &none("ListRolePolicies", "PolicyNames"))
        .xml("ListAttachedRolePolicies", &none("ListAttachedRolePolicies", "AttachedPolicies"))
        .xml("PutRolePolicy", "<PutRolePolicyResponse/>");
    denied(replay, "GetRolePolicy", &there, open)
}

fn function(open: &str) -> Replay {
    let reserved = "GET /2019-09-30/functions/resize/concurrency";
    let provisioned = "GET /2019-09-30/functions/resize/provisioned-concurrency";
    let replay = Replay::default()
        .answer(provisioned, 200, r#"{"ProvisionedConcurrencyConfigs":[]}"#)
        .answer(reserved, 200, r#"{"ReservedConcurrentExecutions":0}"#);
    match open {
        "new invocations" => replay.answer(reserved, 200, "{}"),
        _ => replay,
    }
}

fn bucket(open: &str) -> Replay {
    let block = |last: bool| {
        format!(
            "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>{last}</RestrictPublicBuckets></PublicAccessBlockConfiguration>"
        )
    };
    let replay = Replay::default().answer("HEAD /photos", 200, "").xml("GET /photos", &block(true));
    match open {
        "public ACLs and policies" => replay.xml("GET /photos", &block(false)),
        _ => replay,
    }
}

fn trail(open: &str) -> Replay {
    let status = |more: Value| {
        let mut status = json!({ "IsLogging": true, "StartLoggingTime": 1795500000 });
        status
            .as_object_mut()
            .expect("a map")
            .extend(more.as_object().cloned().unwrap_or_default());
        status.to_string()
    };
    let is = |path: &str| open == path;
    let delivery = match open {
        "the status" => json!({ "IsLogging": false }),
        "the last deliveries" => json!({ "LatestDeliveryError": "AccessDenied" }),
        _ => json!({}),
    };
    let mut told = json!({
        "Name": "main", "S3BucketName": "logs", "IsMultiRegionTrail": !is("the Regions"),
        "TrailARN": "arn:aws:cloudtrail:us-east-1:123456789012:trail/main",
    });
    if is("the key") {
        told["KmsKeyId"] = "arn:aws:kms:us-east-1:123456789012:key/k".into();
    }
    let kind = if is("the event selectors") { "ReadOnly" } else { "All" };
    let selectors =
        json!({ "EventSelectors": [{ "ReadWriteType": kind, "IncludeManagementEvents": true }] });
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::logs/AWSLogs/123456789012/*",
    }] });
    let none = "<Error><Code>NoSuchBucketPolicy</Code><Message>none</Message></Error>";
    let replay = Replay::default()
        // The setting, then the verdict.
        .answer("GetTrailStatus", 200, &status(json!({})))
        .answer("GetTrailStatus", 200, &status(delivery))
        .answer("GetTrail", 200, &json!({ "Trail": told }).to_string())
        .answer("GetEventSelectors", 200, &selectors.to_string())
        .answer("HEAD /logs", 200, "")
        .answer("LookupEvents", 200, r#"{"Events":[]}"#);
    match open {
        "the bucket" => replay.answer("GET /logs", 404, none),
        _ => replay.answer("GET /logs", 200, &policy.to_string()),
    }
}

/// The last verdict of the step, if it came to one.
async fn judged(row: &Row, open: &str) -> Option<Verdict> {
    let replay = (row.world)(open);
    let ledger = testing::run(aws(&replay), row.action, row.inputs.clone()).await;
    let verdicts = &ledger.steps.get("step")?.verdicts;
    let last = verdicts.values().last().map(|(verdict, _)| verdict.clone());
    assert!(
        !(last.is_none() && open.is_empty()),
        "{}: {:?} {:?}",
        row.action,
        ledger.steps["step"].state,
        replay.actions()
    );
    last
}

#[tokio::test]
async fn an_open_path_is_never_proven_and_closed_ones_are() {
    for row in rows() {
        assert_eq!(judged(&row, "").await, Some(Verdict::Proven), "{}: all closed", row.action);
        for path in row.paths {
            let verdict = judged(&row, path).await;
            assert_ne!(verdict, Some(Verdict::Proven), "{}: {path} is open", row.action);
        }
    }
}

/// The names in a page's list below `head`.
fn listed<'a>(page: &'a str, head: &str) -> Vec<&'a str> {
    let Some((_, rest)) = page.split_once(&format!("\n{head}\n")) else { return Vec::new() };
    let lines = rest.lines().take_while(|line| !line.is_empty());
    lines.filter_map(|line| line.strip_prefix("- ")).collect()
}

#[test]
fn every_containment_has_a_world_for_each_path_of_its_page() {
    let rows = rows();
    for entry in catalogue::ALL.iter().filter(|entry| entry.spec.contains) {
        let (name, page) = (entry.spec.name, entry.spec.text());
        if ELSEWHERE.contains(&name) || !page.contains("\nVerdict:") {
            continue;
        }
        let row = rows.iter().find(|row| row.action == name);
        let row = row.unwrap_or_else(|| panic!("`{name}` contains and has no row here"));
        let read: Vec<_> = listed(&page, "Paths read:")
            .into_iter()
            .map(|line| line.split([':', ',']).next().unwrap_or(line))
            .collect();
        assert_eq!(read, row.paths, "the paths on the page of `{name}`");
        let hidden = listed(&page, "Paths that no API shows:");
        assert!(!hidden.is_empty(), "the page of `{name}` says what no API shows");
    }
}

/// docs/trust.md has the paths as the pages have them.
#[test]
fn the_chapter_on_verdicts_is_that_of_the_pages() {
    let root = env!("CARGO_MANIFEST_DIR");
    let text = std::fs::read_to_string(format!("{root}/docs/trust.md")).expect("docs/trust.md");
    for row in rows() {
        let page = catalogue::find(row.action).expect("an action").spec.text();
        let section = text.split_once(&format!("\n### `{}`\n", row.action));
        let section = section.unwrap_or_else(|| panic!("docs/trust.md has no `{}`", row.action)).1;
        let section = section.split("\n#").next().unwrap_or_default();
        for head in ["Paths read:", "Paths that no API shows:"] {
            let (_, rest) = page.split_once(&format!("\n{head}\n")).expect("the page's list");
            let list = rest.split("\n\n").next().unwrap_or_default().trim_end();
            assert!(section.contains(list), "docs/trust.md, `{}`:\n{list}", row.action);
        }
    }
}
