//! What policies let in, asked of the program: `can` on a lab account and on cases, and the verdict of a trust repair.

use serde_json::{Value, json};

use crate::{
    binary::Desk,
    rig::{Rig, act},
    support,
};

const ALLOW: &str = r#"{"id":"a","request":{"principal":"arn:aws:iam::111122223333:user/alice","action":"s3:GetObject","resource":"arn:aws:s3:::b/k","resourceAccount":"111122223333","context":{}},"identity":[{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}]}"#;

#[test]
fn cases_are_judged_without_an_account() {
    let desk = Desk::at("http://127.0.0.1:1", "111122223333");
    let file = desk.path("cases.jsonl");
    let lines = [
        ALLOW,
        "",
        "no JSON",
        r#"{"id": 7}"#,
        &ALLOW.replace("\"a\"", "\"b\"").replace("s3:*", "sqs:*"),
    ];
    std::fs::write(&file, lines.join("\n")).expect("a file");
    let out = desk.ends(0, &["can", "--cases", &file.display().to_string()]).out;
    let answers: Vec<Value> =
        out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(answers.len(), 4);
    assert_eq!(answers[0], json!({ "id": "a", "r": "Allowed" }));
    assert_eq!((&answers[1]["r"], &answers[2]["r"]), (&json!("Error"), &json!("Error")));
    assert_eq!(answers[2]["reason"], "it has no `request`");
    assert_eq!(answers[3], json!({ "id": "b", "r": "ImplicitlyDenied" }));
    desk.ends(2, &["can", "--cases", "none.jsonl"]);
    desk.ends(2, &["can"]);
}

#[test]
fn a_user_may_now_and_not_as_the_plan_leaves_it() {
    let (desk, seed) = Desk::seeded();
    let plan = desk.path("plan.json").display().to_string();
    let (user, key) = (format!("user={}", seed.user), format!("access-key={}", seed.access_key_id));
    desk.ends(0, &["plan", "playbooks/iam-key-leak.yaml", "-i", &user, "-i", &key, "--out", &plan]);
    let who = format!("user/{}", seed.user);
    let can = desk.json(&["can", &who, "ec2:DescribeInstances", "--plan", &plan, "--json"]);
    assert_eq!(can["planned"]["answer"], "ExplicitlyDenied", "{can:#}");
    assert_eq!(can["planned"]["because"][0]["effect"], "Deny", "{can:#}");
    assert_ne!(can["now"]["answer"], "ExplicitlyDenied", "{can:#}");
    assert_eq!(can["unread"], json!([]), "{can:#}");
    let text = desk.ends(0, &["can", &who, "ec2:DescribeInstances", "--plan", &plan]).out;
    assert!(text.contains("planned: denied by statement 1"), "{text}");
    desk.ends(2, &["can", "user/nobody-of-that-name", "ec2:DescribeInstances"]);
    desk.ends(2, &["can", "bob", "ec2:DescribeInstances"]);
    desk.ends(2, &["can", &who, "DescribeInstances"]);
}

const ATTACKER: &str = "999988887777";

/// A role with this trust policy, and the repair that takes `remove` out of it. `OWN` is the account.
async fn repair(statements: &Value, remove: &str) -> Rig {
    let account = support::lab().account();
    let with = json!({ "role": "web", "remove-principals": [remove.replace("OWN", &account)] });
    let mut rig = Rig::new(&account, vec![act("repair", "iam.repair-trust-policy", with)]).await;
    let trust = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    let trust = trust.replace("OWN", &account);
    let made = rig.aws.iam().create_role().role_name("web").assume_role_policy_document(trust);
    made.send().await.expect("a role");
    rig.before = rig.now();
    rig
}

fn trusts(principal: Value) -> Value {
    json!({ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" })
}

async fn trusted(rig: &Rig) -> String {
    let role = rig.aws.iam().get_role().role_name("web").send().await.expect("a role").role;
    role.expect("a role").assume_role_policy_document.expect("a trust policy")
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_a_repair_names_cannot_assume_the_role_any_more() {
    let own = "arn:aws:iam::OWN:user/ok";
    let oidc = "arn:aws:iam::OWN:oidc-provider/token.actions.githubusercontent.com";
    let role = format!("arn:aws:iam::{ATTACKER}:role/evil-role");
    let session = format!("arn:aws:sts::{ATTACKER}:assumed-role/evil-role/s");
    let root = format!("arn:aws:iam::{ATTACKER}:root");
    let user = format!("arn:aws:iam::{ATTACKER}:user/x");
    let federated = json!({ "Effect": "Allow", "Principal": { "Federated": oidc }, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": { "StringLike": { "token.actions.githubusercontent.com:sub": "repo:x/*" } } });
    let cases = [
        (json!([trusts(json!({ "AWS": [role, own] }))]), session.clone(), vec!["evil-role"]),
        (json!([trusts(json!({ "AWS": [root, user, own] }))]), ATTACKER.to_owned(), vec![ATTACKER]),
        (
            json!([trusts(json!({ "AWS": ["AROA1234567123456DEAD", user, own] }))]),
            user.clone(),
            vec!["AROA", ATTACKER],
        ),
        (
            json!([federated, trusts(json!({ "AWS": "arn:aws:iam::OWN:root" }))]),
            oidc.to_owned(),
            vec!["oidc-provider"],
        ),
    ];
    for (statements, remove, gone) in cases {
        let rig = repair(&statements, &remove).await;
        rig.done().await;
        let (verdict, facts) = rig.verdict();
        assert_eq!(verdict, "Proven", "{statements} {facts:#}");
        let now = trusted(&rig).await;
        assert!(gone.iter().all(|text| !now.contains(text)), "{now}");
        rig.released().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repair_that_would_change_nothing_is_refused() {
    let there = format!("arn:aws:iam::{ATTACKER}:user/attacker");
    let statements = json!([trusts(json!({ "AWS": [there, "arn:aws:iam::OWN:user/ok"] }))]);
    let rig = repair(&statements, &there.replace("attacker", "atacker")).await;
    let why = rig.fails().await;
    assert!(why.contains(&format!("did you mean `{there}`?")), "{why}");
    assert!(why.contains("user/ok"), "{why}");
}
