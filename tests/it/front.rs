//! The front as a process of the lab: started before the upstream, killed, started again, ended with it.

use std::path::Path;
use std::process::Command;

use aws_sdk_iam::error::ProvideErrorMetadata;
use backburn::lab::{self, Lab, LabOptions, Silent};
use serde_json::Value;

use crate::binary::{Desk, RUN, wait_for};
use crate::support;

/// Pid of the front in the state file.
fn front_pid(home: &Path) -> u32 {
    let text = std::fs::read_to_string(home.join("lab.json")).expect("a state file");
    let state: Value = serde_json::from_str(&text).expect("JSON");
    let pid = state["front"]["process"]["pid"].as_u64().expect("a front");
    u32::try_from(pid).expect("a pid")
}

fn kill(pid: u32) {
    let killed = Command::new("kill").args(["-9", &pid.to_string()]).status().expect("kill runs");
    assert!(killed.success());
}

async fn upstream_answers(lab: &Lab) -> bool {
    let front = lab.front.as_ref().expect("a front");
    let past = Lab { endpoint: front.upstream.clone(), ..lab.clone() };
    let sts = aws_sdk_sts::Client::new(&past.sdk_config(lab::ACCESS_KEY_ID));
    sts.get_caller_identity().send().await.is_ok()
}

#[tokio::test]
async fn killed_it_is_started_again_before_the_upstream_that_still_runs() {
    let options = LabOptions { clock: "60x".parse().expect("a factor"), ..support::fronted() };
    let first = lab::up(&options, &Silent).await.expect("up");
    let front = first.front.clone().expect("a front");
    assert!(first.is_new);
    assert_ne!(first.endpoint, front.upstream);
    assert_eq!((front.clock, front.has_quotas), (60.0, false));
    assert!(front.stand_ins.contains_key("cloudtrail"), "{:?}", front.stand_ins.keys());
    let seed =
        lab::seed::seed(&first.sdk_config(lab::ACCESS_KEY_ID), &Silent).await.expect("seeded");

    let killed = front_pid(&options.home);
    kill(killed);
    let second = lab::up(&options, &Silent).await.expect("up again");
    assert!(second.is_new);
    assert_eq!(second.endpoint, first.endpoint, "clients need not be told");
    assert_eq!(second.front.as_ref().map(|f| &f.upstream), Some(&front.upstream));
    assert_ne!(front_pid(&options.home), killed);
    let found = lab::seed::find(&second.sdk_config(lab::ACCESS_KEY_ID)).await.expect("read");
    assert_eq!(found, Some(seed), "the upstream was not touched");

    assert!(lab::down(&options, &Silent).await.expect("down"));
    assert!(!upstream_answers(&second).await, "the upstream ends with it");
    assert_eq!(lab::status(&options).await.expect("asked").map(|lab| lab.endpoint), None);
}

#[tokio::test]
async fn it_stands_before_an_endpoint_that_runs_already() {
    let shared = support::lab();
    let url = shared.lab.front.as_ref().expect("a front").upstream.clone();
    let options = LabOptions {
        upstream: lab::Upstream::Url(url.clone()),
        passthrough: vec!["cloudtrail".into()],
        has_quotas: true,
        ..support::fronted()
    };
    let before = lab::up(&options, &Silent).await.expect("up");
    let front = before.front.clone().expect("a front");
    assert_eq!((front.upstream.as_str(), front.has_quotas), (url.as_str(), true));
    assert_eq!(front.passthrough, ["cloudtrail"]);
    lab::down(&options, &Silent).await.expect("down");
    assert!(upstream_answers(&shared.lab).await, "an endpoint that is not ours is left alone");
}

/// Before the same upstream, so that nothing but the front decides.
#[test]
fn it_refuses_whom_policies_refuse_if_it_is_asked_to() {
    let shared = support::lab();
    let url = shared.lab.front.as_ref().expect("a front").upstream.clone();
    let desk = Desk::at("http://127.0.0.1:1", &shared.account());
    let options = LabOptions {
        upstream: lab::Upstream::Url(url.clone()),
        home: desk.path("home").join("lab"),
        enforces: true,
        ..support::fronted()
    };
    let found = wait_for(async {
        let lab = lab::up(&options, &Silent).await.expect("up");
        let root = aws_sdk_iam::Client::new(&lab.sdk_config(&desk.account));
        root.create_user().user_name("bob").send().await.expect("a user");
        let key = root.create_access_key().user_name("bob").send().await.expect("a key");
        let key = key.access_key.expect("a key").access_key_id;
        let listed = |endpoint: &Lab| {
            aws_sdk_iam::Client::new(&endpoint.sdk_config(&key)).list_users().send()
        };
        let past = Lab { endpoint: url.clone(), ..lab.clone() };
        // Of a thing whose tags the front does not know.
        let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:StopInstances",
            "Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"red"}}}]}"#;
        let policy = root.put_user_policy().user_name("bob").policy_name("p");
        policy.policy_document(text).send().await.expect("a policy");
        let ec2 = aws_sdk_ec2::Client::new(&lab.sdk_config(&key));
        let stopped = ec2.stop_instances().instance_ids("i-0123456789abcdef0").send().await;
        assert_eq!(stopped.expect_err("no such").code(), Some("InvalidInstanceID.NotFound"));
        let around = listed(&past).await.is_ok();
        let through = listed(&lab).await.expect_err("refused");
        (around, through.code().unwrap_or("none").to_owned(), lab.endpoint)
    });
    let (around, through, endpoint) = found;
    assert_eq!((around, through.as_str()), (true, "AccessDenied"));
    let status = desk.command(&["lab", "status"]).output().expect("it starts");
    let told = String::from_utf8(status.stdout).expect("UTF-8");
    let told = told.replace(&url, "UPSTREAM").replace(&endpoint, "FRONT");
    insta::assert_snapshot!("lab-status-enforced", told.replace(&desk.account, "ACCOUNT"));
    assert!(wait_for(lab::down(&options, &Silent)).expect("down"));
}

/// Whoever reads of a run must see what it proves.
#[test]
fn plan_summary_and_journal_say_what_stood_in() {
    let (desk, seed) = Desk::seeded();
    let (user, key) = (format!("user={}", seed.user), format!("access-key={}", seed.access_key_id));
    let given = ["playbooks/iam-key-leak.yaml", "-i", &user, "-i", &key, "--json"];
    let plan = desk.json(&[&["plan"], &given[..]].concat());
    let lab = &plan["lab"];
    assert_eq!(lab["upstream"], "moto 5.2.5");
    let stand_ins: Vec<_> = lab["stand-ins"].as_array().expect("a list").iter().collect();
    assert_eq!(stand_ins, ["backup", "cloudtrail", "fis", "guardduty", "monitoring", "ssm"]);
    // Past the front there is nothing that stands in.
    let front = support::lab().lab.front.as_ref().expect("a front");
    let past = Desk::at(&front.upstream, &desk.account);
    let unmarked = past.json(&[&["plan"], &given[..]].concat());
    assert_eq!(unmarked.get("lab"), None);

    let run = desk.run(&[&["run"], &given[..], &RUN].concat());
    let run: Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!(&run["lab"], lab);
    assert_eq!(&desk.records()[0]["lab"], lab);
}
