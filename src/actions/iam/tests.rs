//! What the actions on principals refuse, and what they would write: planned against canned answers.

use serde_json::{Value, json};

use crate::{
    actions::testing::plan,
    aws::replay::{Replay, aws},
    engine::plan::{PlanState, PlannedStep},
};

const KEY: &str = "AKIAIOSFODNN7EXAMPLE";

fn caller(arn: &str, id: &str) -> String {
    format!(
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>{arn}</Arn><UserId>{id}</UserId>\
         <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
    )
}

fn error(code: &str) -> String {
    format!("<ErrorResponse><Error><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>")
}

/// User `bob` with one key and no password, called by `anna`.
fn bob() -> Replay {
    Replay::default()
        .xml("GetCallerIdentity", &caller("arn:aws:iam::123456789012:user/anna", "AIDA1"))
        .xml(
            "GetUser",
            "<GetUserResponse><GetUserResult><User><Path>/</Path><UserName>bob</UserName><UserId>AIDA2</UserId>\
             <Arn>arn:aws:iam::123456789012:user/bob</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></User></GetUserResult></GetUserResponse>",
        )
        .xml(
            "ListAccessKeys",
            &format!("<ListAccessKeysResponse><ListAccessKeysResult><IsTruncated>false</IsTruncated><AccessKeyMetadata><member>\
             <AccessKeyId>{KEY}</AccessKeyId><Status>Active</Status></member></AccessKeyMetadata></ListAccessKeysResult></ListAccessKeysResponse>"),
        )
        .answer("GetLoginProfile", 404, &error("NoSuchEntity"))
        .answer("GetUserPolicy", 404, &error("NoSuchEntity"))
}

fn account(id: &str) -> String {
    format!(
        "<GetAccessKeyInfoResponse><GetAccessKeyInfoResult><Account>{id}</Account></GetAccessKeyInfoResult></GetAccessKeyInfoResponse>"
    )
}

fn refused(step: &PlannedStep) -> &str {
    assert!(step.changes.is_empty(), "{step:?}");
    match &step.state {
        PlanState::Refused(why) => why,
        other => panic!("not refused: {other:?}"),
    }
}

async fn disable(replay: &Replay, user: &str, key: &str) -> PlannedStep {
    plan(aws(replay), "iam.disable-access-key", json!({ "user": user, "access-key": key })).await
}

#[tokio::test]
async fn only_a_key_of_ours_and_of_the_user_is_disabled() {
    let replay = bob().xml("GetAccessKeyInfo", &account("999988887777"));
    let step = disable(&replay, "bob", KEY).await;
    assert!(refused(&step).contains("belongs to account 999988887777"), "{step:?}");
    let replay = bob().xml("GetAccessKeyInfo", &account("123456789012"));
    let step = disable(&replay, "bob", "AKIAAAAAAAAAAAAAAAAA").await;
    assert!(refused(&step).contains(&format!("its keys: `{KEY}`")), "{step:?}");
    let step = disable(&replay, "bob", "ASIAAAAAAAAAAAAAAAAA").await;
    assert!(refused(&step).contains("temporary key"), "{step:?}");
    let step = disable(&replay, "bob", KEY).await;
    assert_eq!(
        (step.changes[0].before.clone(), step.changes[0].after.clone()),
        (json!("Active"), json!("Inactive"))
    );
}

#[tokio::test]
async fn an_endpoint_without_key_info_falls_back_to_the_users_keys() {
    let replay = bob().answer("GetAccessKeyInfo", 501, &error("InternalFailure"));
    let step = disable(&replay, "bob", KEY).await;
    assert_eq!(step.state, PlanState::Planned);
    assert_eq!(step.changes.len(), 1);
}

#[tokio::test]
async fn nobody_locks_themselves_out() {
    for action in ["iam.deny-user-sessions", "iam.disable-console-access"] {
        let step = plan(aws(&bob()), action, json!({ "user": "Anna" })).await;
        assert!(refused(&step).contains("lock out"), "{step:?}");
    }
    let role = Replay::default().xml(
        "GetCallerIdentity",
        &caller("arn:aws:sts::123456789012:assumed-role/responder/x", "AROA1:x"),
    );
    let inputs = json!({ "role": "responder", "remove-principals": ["*"] });
    let step = plan(aws(&role), "iam.repair-trust-policy", inputs).await;
    assert!(refused(&step).contains("a session of role `responder`"), "{step:?}");
}

/// A session of role `responder`, made by the program itself or by somebody, and its trust policy.
fn responder(trust: &Value) -> Replay {
    let trust = trust.to_string().replace('{', "%7B");
    with_user(Replay::default())
        .xml("AssumeRole", "<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><AssumedRoleId>AROA1:x</AssumedRoleId>\
             <Arn>arn:aws:sts::123456789012:assumed-role/responder/x</Arn></AssumedRoleUser><Credentials>\
             <AccessKeyId>ASIAI44QH8DHBEXAMPLE</AccessKeyId><SecretAccessKey>s3cr3t</SecretAccessKey><SessionToken>token</SessionToken>\
             <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>")
        .xml("GetCallerIdentity", &caller("arn:aws:sts::123456789012:assumed-role/responder/x", "AROA1:x"))
        .xml("GetRole", &format!("<GetRoleResponse><GetRoleResult><Role><Path>/</Path><RoleName>responder</RoleName><RoleId>AROA1</RoleId>\
             <Arn>arn:aws:iam::123456789012:role/responder</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
             <AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>"))
}

#[tokio::test]
async fn nobody_locks_out_whom_their_session_is_made_from() {
    let trust = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::123456789012:user/ops/bob" }, "Action": "sts:AssumeRole" }] });
    let replay = responder(&trust);
    let session =
        aws(&replay).as_standing_role("arn:aws:iam::123456789012:role/responder", "x", None).await;
    let session = session.expect("assumed");
    let maker = session.made_from()[0].rsplit('/').next().expect("a name").to_owned();
    let step = plan(session.clone(), "iam.disable-console-access", json!({ "user": maker })).await;
    assert!(refused(&step).contains("cannot be renewed"), "{step:?}");
    let step = plan(session, "iam.disable-console-access", json!({ "user": "bob" })).await;
    assert!(step.notes.iter().any(|note| note.contains("user `bob` may assume")), "{step:?}");
}

/// The deny of a user whose inline policies leave `room` characters, with `attached` managed policies.
async fn denied(room: usize, attached: usize) -> (PlannedStep, Replay) {
    let names = "<ListUserPoliciesResponse><ListUserPoliciesResult><IsTruncated>false</IsTruncated><PolicyNames><member>big</member></PolicyNames></ListUserPoliciesResult></ListUserPoliciesResponse>";
    let filled = json!({ "Statement": "x".repeat(2_048 - 16 - room) });
    assert_eq!(filled.to_string().len(), 2_048 - room);
    let big = filled.to_string().replace('{', "%7B");
    let document = format!(
        "<GetUserPolicyResponse><GetUserPolicyResult><UserName>bob</UserName><PolicyName>big</PolicyName><PolicyDocument>{big}</PolicyDocument></GetUserPolicyResult></GetUserPolicyResponse>"
    );
    let members: String = (0..attached)
        .map(|n| format!("<member><PolicyName>p{n}</PolicyName><PolicyArn>arn:aws:iam::1:policy/p{n}</PolicyArn></member>"))
        .collect();
    let listed = format!(
        "<ListAttachedUserPoliciesResponse><ListAttachedUserPoliciesResult><IsTruncated>false</IsTruncated><AttachedPolicies>{members}</AttachedPolicies></ListAttachedUserPoliciesResult></ListAttachedUserPoliciesResponse>"
    );
    let summary = "<GetAccountSummaryResponse><GetAccountSummaryResult><SummaryMap><entry><key>AttachedPoliciesPerUserQuota</key><value>12</value></entry></SummaryMap></GetAccountSummaryResult></GetAccountSummaryResponse>";
    let answers = Replay::default()
        .xml("GetCallerIdentity", &caller("arn:aws:iam::123456789012:user/anna", "AIDA1"))
        .xml("ListUserPolicies", names)
        .answer("GetUserPolicy", 200, &document)
        .xml("ListAttachedUserPolicies", &listed)
        .xml("GetAccountSummary", summary)
        .answer("GetPolicy", 404, &error("NoSuchEntity"));
    let answers = with_user(answers);
    let step = plan(aws(&answers), "iam.deny-user-sessions", json!({ "user": "bob" })).await;
    (step, answers)
}

#[tokio::test]
async fn a_deny_that_has_no_room_goes_as_a_managed_policy() {
    let (step, _) = denied(100, 3).await;
    let kinds: Vec<_> = step.changes.iter().map(|change| change.place.kind.as_str()).collect();
    assert_eq!(kinds, ["iam.managed-policy", "iam.user-attachment"], "{step:#?}");
    assert!(step.changes[1].place.target.contains(":policy/backburn/backburn-01RUN-"), "{step:#?}");
    let said = step.notes.iter().find(|note| note.contains("of 2048 characters")).expect("a note");
    assert!(said.contains("3 of 12"), "the account's own quota: {said}");
}

#[tokio::test]
async fn a_user_who_has_no_room_at_all_is_refused() {
    let (step, answers) = denied(100, 12).await;
    assert!(refused(&step).contains("12 of 12 managed policies"), "{step:?}");
    assert!(
        !answers.actions().iter().any(|call| call.starts_with("Put") || call.starts_with("Create"))
    );
}

fn with_user(replay: Replay) -> Replay {
    replay
        .xml(
            "GetUser",
            "<GetUserResponse><GetUserResult><User><Path>/</Path><UserName>bob</UserName><UserId>AIDA2</UserId>\
             <Arn>arn:aws:iam::123456789012:user/bob</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></User></GetUserResult></GetUserResponse>",
        )
        .xml(
            "ListAccessKeys",
            "<ListAccessKeysResponse><ListAccessKeysResult><IsTruncated>false</IsTruncated><AccessKeyMetadata/></ListAccessKeysResult></ListAccessKeysResponse>",
        )
        .answer("GetLoginProfile", 404, &error("NoSuchEntity"))
}

async fn repair(path: &str, inputs: Value) -> PlannedStep {
    let trust = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::999988887777:root" }, "Action": "sts:AssumeRole" }] });
    let trust = trust.to_string().replace('{', "%7B");
    let role = format!(
        "<GetRoleResponse><GetRoleResult><Role><Path>{path}</Path><RoleName>web</RoleName><RoleId>AROA2</RoleId>\
         <Arn>arn:aws:iam::123456789012:role/web</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
         <AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>"
    );
    let replay = Replay::default()
        .xml("GetCallerIdentity", &caller("arn:aws:iam::123456789012:user/anna", "AIDA1"))
        .xml("GetRole", &role);
    plan(aws(&replay), "iam.repair-trust-policy", inputs).await
}

#[tokio::test]
async fn trust_is_repaired_only_into_something_that_iam_takes() {
    let remove = json!({ "role": "web", "remove-principals": ["999988887777"] });
    let linked = repair("/aws-service-role/x/", remove.clone()).await;
    assert!(refused(&linked).contains("service-linked"), "{linked:?}");
    assert!(refused(&repair("/", remove.clone()).await).contains("no statement would be left"));
    assert!(refused(&repair("/", json!({ "role": "web" })).await).contains("give one of"));
    let new = json!({ "Statement": [{ "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" }] });
    let replaced = repair("/", json!({ "role": "web", "trust-policy": new })).await;
    assert_eq!(replaced.changes[0].after["Version"], "2012-10-17");
}
