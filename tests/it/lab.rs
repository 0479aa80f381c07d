//! The lab's life on real endpoints: up, seed, status, reset, down, and what must not be ended.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use backburn::lab::{self, Asked, LabError, LabOptions, Progress, Silent, Upstream};

use crate::support::{self, account_state, cache, home, options};

#[derive(Default)]
struct Said(Mutex<Vec<String>>);

impl Progress for Said {
    fn say(&self, text: &str) {
        self.0.lock().expect("no panic").push(text.into());
    }
    fn bar(&self, _: &str, done: u64, total: u64) {
        assert!(done <= total);
    }
}

#[tokio::test]
async fn a_second_seed_changes_nothing() {
    let shared = support::lab();
    let account = shared.account();
    let config = shared.lab.sdk_config(&account);
    assert_eq!(lab::seed::find(&config).await.expect("read"), None);
    let first = lab::seed::seed(&config, &Silent).await.expect("seeded");
    let before = shared.account_state(&account);
    let second = lab::seed::seed(&config, &Silent).await.expect("seeded again");
    assert_eq!(first, second);
    assert_eq!(lab::seed::find(&config).await.expect("read"), Some(second));
    assert_eq!(before, shared.account_state(&account));
    assert_eq!(first.account, account);
}

#[tokio::test]
async fn the_seed_is_the_incident_that_playbooks_expect() {
    let shared = support::lab();
    let seed = shared.seeded().await;
    let account = shared.account_state(&seed.account);
    let instance = &account["ec2"]["instances"][&seed.instance];
    assert_eq!(instance["state"], "running");
    assert_eq!(instance["tags"]["lab:role"], "compromised");
    assert_eq!(instance["interfaces"].as_array().expect("a list").len(), 2, "{instance:#}");
    assert_eq!(seed.interfaces.len(), 2);
    assert_eq!(seed.volumes.len(), 2);
    assert_eq!(instance["devices"].as_object().expect("a map").len(), 2);
    assert!(instance["profile"].as_str().expect("a profile").ends_with("web-profile"));
    assert_eq!(
        account["ec2"]["addresses"][&seed.elastic_ip]["NetworkInterfaceId"],
        seed.interfaces[0]
    );
    assert_eq!(seed.neighbours.len(), 2);
    let twin = &account["ec2"]["instances"][&seed.neighbours[0]];
    assert_eq!(twin["profile"], instance["profile"], "the role is used by two instances");
    let user = &account["iam"]["users"][&seed.user];
    assert_eq!(user["keys"][&seed.access_key_id], "Active");
    assert_eq!(user["keys"][&seed.other_access_key_ids[0]], "Active");
    assert!(user["console"].is_object());
    assert!(user["inline"]["deploy"]["Statement"].is_array());
    assert!(account["iam"]["users"][&seed.neighbour_user]["console"].is_object());
}

#[tokio::test]
async fn accounts_are_apart() {
    let shared = support::lab();
    let seed = shared.seeded().await;
    let other = shared.account_state(&shared.account());
    assert!(other["ec2"]["instances"].as_object().expect("a map").is_empty());
    assert_ne!(other["account"], seed.account);
}

#[tokio::test]
async fn up_status_reset_down() {
    let options = options();
    assert!(lab::status(&options).await.expect("read").is_none());
    assert!(matches!(lab::env(&options).await, Err(LabError::NotRunning)));
    let first = lab::up(&options, &Silent).await.expect("started");
    assert!(first.is_new && first.pid.is_some());

    let said = Said::default();
    let again = lab::up(&options, &said).await.expect("found");
    assert!(!again.is_new);
    assert_eq!((again.pid, &again.endpoint), (first.pid, &first.endpoint));
    assert!(said.0.lock().expect("no panic")[0].contains("already runs"));
    let other = LabOptions { upstream: Upstream::LocalStack, ..options.clone() };
    assert!(matches!(lab::up(&other, &Silent).await, Err(LabError::OtherUpstream { .. })));
    let clock = Some("60x".parse().expect("a factor"));
    let faster = LabOptions { asked: Asked { clock, ..Asked::default() }, ..options.clone() };
    let refused = lab::up(&faster, &Silent).await.expect_err("it has no such clock");
    assert!(refused.to_string().contains("`--clock 60x` was asked for"), "{refused}");

    let env = lab::env(&options).await.expect("running");
    assert!(env.contains(&("AWS_ENDPOINT_URL".into(), first.endpoint.clone())));
    let (_, seed) = lab::reset(&options, &Silent).await.expect("reset");
    let extra = aws_sdk_iam::Client::new(&first.sdk_config(lab::ACCESS_KEY_ID));
    extra.create_user().user_name("left-over").send().await.expect("created");
    let (_, fresh) = lab::reset(&options, &Silent).await.expect("reset");
    assert_ne!(seed.instance, fresh.instance);
    let account = account_state(&first, lab::ACCESS_KEY_ID);
    assert_eq!(account["iam"]["users"].as_object().expect("a map").len(), 2);

    assert!(lab::down(&options, &Silent).await.expect("ended"));
    assert!(!lab::down(&options, &Silent).await.expect("nothing to end"));
    assert!(lab::status(&options).await.expect("read").is_none());
    TcpListener::bind(("127.0.0.1", first.port)).expect("the port is free again");
}

#[tokio::test]
async fn a_killed_endpoint_is_started_again() {
    let options = options();
    let first = lab::up(&options, &Silent).await.expect("started");
    let pid = first.pid.expect("a process").to_string();
    assert!(Command::new("kill").args(["-9", &pid]).status().expect("kill").success());
    let second = lab::up(&options, &Silent).await.expect("started again");
    assert!(second.is_new);
    assert_ne!(first.pid, second.pid);
    lab::down(&options, &Silent).await.expect("ended");
}

/// A process that lasts until it is killed, or until this one ends.
fn lasting() -> Child {
    Command::new("cat").stdin(Stdio::piped()).spawn().expect("spawned")
}

#[tokio::test]
async fn a_stale_state_file_ends_no_foreign_process() {
    let options = options();
    let mut stranger = lasting();
    let state = serde_json::json!({
        "version": 1, "kind": "moto", "endpoint": "http://127.0.0.1:9", "port": 9, "venv": null,
        "process": { "pid": stranger.id(), "birth": "12345" }, "started": "2026-01-01T00:00:00Z",
    });
    std::fs::write(options.home.join("lab.json"), state.to_string()).expect("written");
    assert!(lab::status(&options).await.expect("read").is_none());
    assert!(!lab::down(&options, &Silent).await.expect("nothing of ours"));
    assert!(stranger.try_wait().expect("waited").is_none(), "it still runs");
    stranger.kill().expect("killed");
    stranger.wait().expect("waited");
}

#[tokio::test]
async fn a_taken_port_is_told_before_anything_is_installed() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = taken.local_addr().expect("bound").port();
    let empty = home().join("cache");
    let options = LabOptions { port, cache: empty.clone(), ..options() };
    let error = lab::up(&options, &Silent).await.expect_err("the port is taken");
    assert!(matches!(error, LabError::PortTaken { .. }), "{error}");
    assert!(!empty.exists());
}

#[tokio::test]
async fn one_of_two_labs_gets_a_port() {
    // Installed before: else the two wait for each other there.
    support::lab();
    let free = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = free.local_addr().expect("bound").port();
    drop(free);
    let (one, two) = (LabOptions { port, ..options() }, LabOptions { port, ..options() });
    let (first, second) = tokio::join!(lab::up(&one, &Silent), lab::up(&two, &Silent));
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    let refused = first.err().or(second.err()).expect("one of them");
    assert!(matches!(refused, LabError::PortTaken { .. }), "{refused}");
    lab::down(&one, &Silent).await.expect("ended");
    lab::down(&two, &Silent).await.expect("ended");
}

#[tokio::test]
async fn a_running_endpoint_is_used_and_never_ended() {
    let shared = support::lab();
    let options = LabOptions { upstream: Upstream::Url(shared.lab.endpoint.clone()), ..options() };
    let lab = lab::up(&options, &Silent).await.expect("adopted");
    assert_eq!((lab.pid, lab.port), (None, shared.lab.port));
    assert!(matches!(lab::reset(&options, &Silent).await, Err(LabError::Foreign { .. })));
    assert!(lab::down(&options, &Silent).await.expect("forgotten"));
    assert!(shared.account_state(lab::ACCESS_KEY_ID).is_object(), "it still answers");
}

#[tokio::test]
async fn only_loopback_is_spoken_to() {
    for url in ["http://192.0.2.1:4566", "https://ec2.us-east-1.amazonaws.com"] {
        let options = LabOptions { upstream: Upstream::Url(url.into()), ..options() };
        assert!(
            matches!(lab::up(&options, &Silent).await, Err(LabError::NotLoopback { .. })),
            "{url}"
        );
        let config = lab::seed::sdk_config(url, lab::REGION, lab::ACCESS_KEY_ID);
        assert!(
            matches!(lab::seed::seed(&config, &Silent).await, Err(LabError::NotLoopback { .. })),
            "{url}"
        );
    }
    let nobody = LabOptions { upstream: Upstream::Url("http://127.0.0.1:1".into()), ..options() };
    assert!(matches!(lab::up(&nobody, &Silent).await, Err(LabError::NoAnswer { .. })));
}

#[tokio::test]
async fn the_endpoint_ends_with_the_process_it_watches() {
    let mut watched = lasting();
    let options = LabOptions { watch: Some(watched.id()), ..options() };
    lab::up(&options, &Silent).await.expect("started");
    watched.kill().expect("killed");
    watched.wait().expect("waited");
    let has_ended = async || lab::status(&options).await.expect("read").is_none().then_some(());
    support::until("its end", has_ended).await;
}

/// The name that users know: LocalStack, in host mode where a Python for it exists.
#[tokio::test]
async fn localstack_is_seeded_too() {
    let options = LabOptions { upstream: Upstream::LocalStack, cache: cache(), ..options() };
    let lab = match lab::up(&options, &Silent).await {
        Ok(lab) => lab,
        Err(error @ (LabError::NoDocker { .. } | LabError::NoPython { .. })) => {
            eprintln!("skipped: {error}");
            return;
        }
        Err(error) => panic!("{:?}", miette::Report::new(error)),
    };
    let account = "200000000001";
    let config = lab.sdk_config(account);
    let first = lab::seed::seed(&config, &Silent).await.expect("seeded");
    assert_eq!(first, lab::seed::seed(&config, &Silent).await.expect("seeded again"));
    assert_eq!(
        (first.account.as_str(), first.interfaces.len(), first.volumes.len()),
        (account, 2, 2)
    );
    if lab.python.is_some() {
        let state = account_state(&lab, account);
        assert_eq!(state["iam"]["users"][&first.user]["keys"][&first.access_key_id], "Active");
    }
    let (_, fresh) = lab::reset(&options, &Silent).await.expect("reset");
    assert_ne!(first.instance, fresh.instance);
    lab::down(&options, &Silent).await.expect("ended");
}

#[tokio::test]
async fn ministack_is_seeded_too() {
    let options = LabOptions { upstream: Upstream::MiniStack, ..options() };
    let lab = lab::up(&options, &Silent).await.expect("started");
    let account = "200000000002";
    let config = lab.sdk_config(account);
    let first = lab::seed::seed(&config, &Silent).await.expect("seeded");
    let before = account_state(&lab, account);
    assert_eq!(first, lab::seed::seed(&config, &Silent).await.expect("seeded again"));
    assert_eq!(before, account_state(&lab, account));
    assert_eq!((first.account.as_str(), first.interfaces.len()), (account, 0));
    assert_eq!(before["iam"]["users"][&first.user]["keys"][&first.access_key_id], "Active");
    let (_, fresh) = lab::reset(&options, &Silent).await.expect("reset");
    assert_ne!(first.instance, fresh.instance);
    assert!(lab::down(&options, &Silent).await.expect("ended"));
    TcpListener::bind(("127.0.0.1", lab.port)).expect("the port is free again");
}
