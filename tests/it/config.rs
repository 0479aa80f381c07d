//! The configuration by the real binary: its mistakes, where it is found, what is shown of it, and
//! the account whose role a run assumes.

use crate::binary::{Desk, root, wait_for};
use crate::listener::Listener;
use crate::playbooks::leaked;
use crate::support;

const LEAK: &str = "playbooks/iam-key-leak.yaml";

fn alone() -> Desk {
    Desk::at("http://127.0.0.1:1", "000000000000")
}

fn written(desk: &Desk, name: &str, text: &str) -> String {
    let path = desk.path(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(&path, text).expect("written");
    path.display().to_string()
}

#[test]
fn each_mistake_is_explained() {
    let desk = alone();
    let folder = root().join("tests/fixtures/invalid-config");
    let entries = std::fs::read_dir(folder).expect("the fixtures");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    for path in files {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let file = format!("tests/fixtures/invalid-config/{name}.toml");
        let ended = desk.ends(3, &["config", "check", "--config", &file]);
        insta::assert_snapshot!(format!("config--{name}"), desk.shown(&ended));
    }
    // A run does not begin with a mistake, and shows how to begin without the file.
    let file = "tests/fixtures/invalid-config/config.bad-value.toml";
    let run = ["plan", LEAK, "-i", "user=a", "-i", "access-key=AKIAIOSFODNN7EXAMPLE"];
    let ended = desk.ends(3, &[&run[..], &["--config", file]].concat());
    assert!(ended.err.contains("--config none"), "{}", ended.err);
    desk.ends(8, &[&run[..], &["--config", "none"]].concat());
}

#[test]
fn the_example_is_good_and_shows_no_secret() {
    let desk = alone();
    desk.ends(0, &["config", "check", "--config", "docs/backburn.toml"]);
    let mut show = desk.command(&["config", "show", "--config", "docs/backburn.toml"]);
    let done = show.env("BACKBURN_SLACK_URL", "https://hooks.slack.com/T0-hidden").output();
    let out = String::from_utf8(done.expect("the program starts").stdout).expect("UTF-8");
    assert!(!out.contains("hidden"), "{out}");
    insta::assert_snapshot!(desk.masked(&out));
    let json = desk.json(&["config", "show", "--json", "--config", "docs/backburn.toml"]);
    assert_eq!(json["accounts"]["game-day"]["drill"], true);
    let schema = desk.json(&["schema", "--kind", "config"]);
    assert!(schema["properties"]["accounts"].is_object(), "{schema:#}");
}

#[test]
fn the_nearest_file_is_used_and_named() {
    let desk = alone();
    written(&desk, ".backburn/backburn.toml", "clocks = [\"gdpr\"]\n");
    let show = desk.ends(0, &["config", "show"]);
    assert!(show.out.contains("clocks: gdpr") && show.out.contains("~/.backburn"), "{}", show.out);
    written(&desk, "project/backburn.toml", "clocks = [\"nis2\"]\n");
    std::fs::create_dir_all(desk.path("project/a")).expect("a folder");
    let mut command = desk.command(&["config", "show", "-v"]);
    let done = command.current_dir(desk.path("project/a")).output().expect("the program starts");
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(out.contains("clocks: nis2"), "{out}");
    assert!(err.contains("project/backburn.toml"), "{err}");
    let none = desk.ends(0, &["config", "show", "--config", "none"]);
    assert_eq!(none.out, "no backburn.toml is used\n");
    desk.ends(2, &["config", "check", "--config", "none"]);
}

#[test]
fn a_test_message_is_sent_and_a_target_that_is_not_there_is_said() {
    let desk = alone();
    let listener = Listener::start();
    let url = &listener.url;
    let text = format!(
        "[notifications.targets.here]\nwebhook = \"{url}/200/here\"\non = [\"run-end\"]\n\
         [notifications.targets.gone]\nwebhook = \"{url}/404/gone\"\n"
    );
    let file = written(&desk, "x.toml", &text);
    let ended = desk.ends(8, &["config", "check", "--send", "--config", &file]);
    assert!(ended.out.contains("ok test to `here`"), "{}", ended.out);
    assert!(ended.out.contains("failed test to `gone`: it answered 404"), "{}", ended.out);
    assert_eq!(listener.hits("/200/here")[0].json()["event"], "test");
}

/// A role that `whose` may assume, and that may do everything in `account`.
async fn responder(account: &str, whose: &str) {
    let iam = aws_sdk_iam::Client::new(&support::lab().lab.sdk_config(account));
    let trust = serde_json::json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": whose }, "Action": "sts:AssumeRole",
        "Condition": { "StringEquals": { "sts:ExternalId": "42" } },
    }] });
    let all = serde_json::json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "*", "Resource": "*" }] });
    let name = "backburn-responder";
    let made = iam.create_role().role_name(name).assume_role_policy_document(trust.to_string());
    made.send().await.expect("a role");
    let put = iam.put_role_policy().role_name(name).policy_name("all");
    put.policy_document(all.to_string()).send().await.expect("a policy");
}

#[test]
fn a_run_works_in_the_account_that_is_named_by_its_role() {
    let seed = wait_for(support::lab().seeded());
    let own = support::lab().account();
    let desk = Desk::at(&support::lab().lab.endpoint, &own);
    let there = &seed.account;
    wait_for(responder(there, &own));
    let file = written(
        &desk,
        "x.toml",
        &format!(
            "only-listed = true\n[contacts]\ncommander = \"+49 30 5550100\"\n[accounts.production]\nid = \"{there}\"\n\
             role = \"arn:aws:iam::{there}:role/backburn-responder\"\nexternal-id = \"42\"\nregions = [\"us-east-1\"]\n"
        ),
    );
    let with = |args: &[&str]| -> Vec<String> {
        let mut all: Vec<_> = args.iter().map(ToString::to_string).collect();
        all.extend(["--config".to_owned(), file.clone()]);
        all
    };
    let inputs = leaked(&seed);
    let given: Vec<_> = inputs.iter().flat_map(|input| ["-i", input.as_str()]).collect();
    let run = |args: &[&str], code| {
        let args = with(args);
        desk.ends(code, &args.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let unknown = run(&[&["plan", LEAK, "--account", "prod"][..], &given].concat(), 2);
    assert!(unknown.err.contains("did you mean `production`?"), "{}", unknown.err);
    let checked = run(&["config", "check", "--aws"], 0);
    assert!(checked.out.contains("ok role of `production`"), "{}", checked.out);
    let plan = run(&[&["plan", LEAK, "--json", "--account", "production"][..], &given].concat(), 0);
    let plan: serde_json::Value = serde_json::from_str(&plan.out).expect("JSON");
    assert_eq!(plan["scope"]["account"], there.as_str());
    let principal = plan["scope"]["principal"].as_str().expect("an ARN");
    assert!(principal.contains("assumed-role/backburn-responder/"), "{principal}");
    let args = ["run", LEAK, "--account", "production", "--yes", "--accept-presumed"];
    run(&[&args[..], &given].concat(), 0);
    // The role of the run is found again by itself.
    run(&["release", "last", "--yes"], 0);
    let elsewhere = run(&[&["plan", LEAK, "--account", "999999999999"][..], &given].concat(), 4);
    assert!(elsewhere.err.contains("999999999999"), "{}", elsewhere.err);
}
