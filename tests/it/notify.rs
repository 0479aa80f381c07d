//! Notifications by the real binary: webhooks that hear, refuse, hang and are not there; a crash and a
//! resume; SNS to SQS in the lab.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::binary::{Desk, Ended, RUN, approving, root};
use crate::listener::Listener;
use crate::playbooks::leaked;
use crate::support;

const LEAK: &str = "playbooks/iam-key-leak.yaml";
const KEY: &str = "hunter-2-hunter";

fn configured(desk: &Desk, text: &str) -> String {
    let path = desk.path("backburn.toml");
    std::fs::write(&path, text).expect("written");
    path.display().to_string()
}

fn run(desk: &Desk, config: &str, inputs: &[String], more: &[&str]) -> Command {
    let mut command = desk.command(&["run", LEAK, "--config", config]);
    command.args(inputs.iter().flat_map(|input| ["-i", input.as_str()])).args(more);
    command.env("CHAT_URL", "none").env("KEY", KEY);
    command
}

fn ended(command: &mut Command) -> Ended {
    let done = command.output().expect("the program starts");
    Ended {
        code: done.status.code(),
        out: String::from_utf8(done.stdout).expect("UTF-8"),
        err: String::from_utf8(done.stderr).expect("UTF-8"),
    }
}

fn events(listener: &Listener, path: &str) -> Vec<String> {
    let text = |hit: Value| hit["event"].as_str().expect("an event").to_owned();
    listener.hits(path).iter().map(|hit| text(hit.json())).collect()
}

fn journaled(desk: &Desk, kind: &str, target: &str) -> Vec<Value> {
    let lines = desk.records().into_iter();
    lines.filter(|line| line["record"] == kind && line["target"] == target).collect()
}

/// Everything that the run left in its home, and what it said.
fn everything(desk: &Desk, ended: &Ended) -> String {
    let mut said = format!("{}{}", ended.out, ended.err);
    for file in std::fs::read_dir(desk.run_dir()).expect("a run") {
        said += &std::fs::read_to_string(file.expect("an entry").path()).unwrap_or_default();
    }
    said
}

#[test]
fn targets_hear_and_one_that_is_dead_changes_nothing() {
    let (desk, seed) = Desk::unproven();
    let listener = Listener::start();
    let url = &listener.url;
    let config = configured(
        &desk,
        &format!(
            r#"
[notifications.targets.chat]
slack = {{ env = "CHAT" }}
[notifications.targets.soc]
webhook = "{url}/200/soc"
key = {{ env = "KEY" }}
[notifications.targets.ends]
webhook = "{url}/204/ends"
on = ["run-end"]
playbooks = ["iam-key-leak"]
[notifications.targets.others]
webhook = "{url}/200/others"
playbooks = ["ec2-compromise"]
[notifications.targets.broken]
webhook = "{url}/500/broken"
on = ["run-start"]
[notifications.targets.gone]
webhook = "{url}/410/gone"
on = ["run-start"]
[notifications.targets.moved]
webhook = "{url}/302/moved"
on = ["run-start"]
[notifications.targets.slow]
webhook = "{url}/slow/x"
on = ["run-start"]
[notifications.targets.dead]
webhook = "http://127.0.0.1:1/x"
on = ["run-start"]
[notifications.targets.unset]
slack = {{ env = "NO_SUCH_NAME" }}
on = ["run-start"]
[notifications.targets.outside]
webhook = "https://soc.example.com/x"
"#
        ),
    );
    let chat = format!("{url}/200/chat/T0-hidden");
    let mut command = run(&desk, &config, &leaked(&seed), &RUN);
    let ended = ended(command.env("CHAT", &chat));
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);

    let soc = events(&listener, "/200/soc");
    assert_eq!((&*soc[0], soc.last().map(String::as_str)), ("run-start", Some("run-end")));
    assert!(soc.iter().any(|event| event == "not-proven"), "{soc:?}");
    assert_eq!(listener.hits("/200/chat/T0-hidden").len(), soc.len());
    assert!(listener.hits("/200/chat/T0-hidden")[0].json()["blocks"].is_array());
    assert_eq!(events(&listener, "/204/ends"), ["run-end"]);
    assert!(listener.hits("/200/others").is_empty());
    assert!(listener.hits("/500/broken").len() > 1, "it is tried again");
    assert_eq!(listener.hits("/410/gone").len(), 1, "a refusal is final");
    assert!(listener.hits("/200/moved").is_empty(), "no redirect is followed");

    // Each is signed as the documentation says.
    for hit in listener.hits("/200/soc") {
        let (header, body) = (hit.header("Backburn-Signature"), String::from_utf8_lossy(&hit.body));
        assert!(verified(KEY, header, &body), "{header} {body}");
        assert!(!verified("other", header, &body));
        assert!(!verified(KEY, header, &body.replace("run", "ran")));
        assert_eq!(hit.header("Backburn-Id"), hit.json()["id"]);
        assert_eq!(hit.json()["run"]["lab"], true);
    }

    assert_eq!(journaled(&desk, "notified", "soc").len(), soc.len());
    for (target, why) in [
        ("broken", "it answered 500"),
        ("gone", "it answered 410"),
        ("moved", "it answered 302"),
        ("slow", "it did not answer before the run had ended"),
        ("dead", "it cannot be reached"),
        ("unset", "the environment variable `NO_SUCH_NAME` is not set"),
    ] {
        let lines = journaled(&desk, "not-notified", target);
        assert_eq!(lines.len(), 1, "{target}");
        assert_eq!(lines[0]["why"], why, "{target}");
        let told = format!("not notified: `{target}` of run-start: {why}");
        assert!(ended.out.contains(&told), "{target}: {}", ended.out);
    }
    assert!(ended.err.contains("`outside` is skipped, a run in the lab"), "{}", ended.err);
    assert!(ended.err.contains("`dead` was not notified of run-start"), "{}", ended.err);
    let said = everything(&desk, &ended);
    assert!(!said.contains("T0-hidden") && !said.contains(KEY), "{said}");
    desk.ends(0, &["runs", "verify", "last"]);
    desk.ends(0, &["release", "last", "--yes"]);
}

/// The Python of docs/configuration.md, as it stands there.
fn verified(key: &str, header: &str, body: &str) -> bool {
    let manual = std::fs::read_to_string(root().join("docs/configuration.md")).expect("the manual");
    let code = manual.split("```python\n").nth(1).expect("Python").split("```").next();
    let code = format!(
        "{}\nimport sys\nprint(verified(sys.argv[1].encode(), sys.argv[2], sys.argv[3].encode()))",
        code.expect("its end")
    );
    let done = Command::new("python3").args(["-I", "-c", &code, key, header, body]).output();
    let out = String::from_utf8(done.expect("python starts").stdout).expect("UTF-8");
    assert!(!out.is_empty(), "Python ended with an error");
    out.trim() == "True"
}

#[test]
fn a_wanted_approval_is_told_and_a_resumed_run_tells_nothing_twice() {
    let (desk, seed) = Desk::seeded();
    let listener = Listener::start();
    let url = &listener.url;
    let config =
        configured(&desk, &format!("[notifications.targets.all]\nwebhook = \"{url}/200/all\"\n"));
    let inputs = [leaked(&seed), vec!["ask-owner=true".into()]].concat();
    let waits = ended(&mut run(&desk, &config, &inputs, &RUN));
    assert_eq!(waits.code, Some(10), "{}", waits.err);
    let first = events(&listener, "/200/all");
    assert!(first.contains(&"approval-wanted".into()), "{first:?}");
    let wanted = listener.hits("/200/all").into_iter().map(|hit| hit.json());
    let wanted = wanted.filter(|told| told["event"] == "approval-wanted").collect::<Vec<_>>();
    let next = wanted[0]["next"].as_str().expect("a command");
    assert!(next.contains("backburn approve") && next.contains("new-credentials"), "{next}");

    // Asked again and not answered: the same question is not told again, another end is.
    let resume = ["resume", "last", "--accept-presumed", "--config", &config];
    desk.ends(10, &resume);
    desk.ends(0, &[&resume[..], &approving("new-credentials", "owner")].concat());
    let all: Vec<_> = listener.hits("/200/all").iter().map(super::listener::Hit::json).collect();
    let ids: BTreeSet<_> = all.iter().map(|told| told["id"].to_string()).collect();
    assert_eq!(ids.len(), all.len(), "{all:#?}");
    let count = |event: &str| all.iter().filter(|told| told["event"] == event).count();
    assert_eq!((count("run-start"), count("approval-wanted"), count("run-end")), (1, 1, 3));
}

#[test]
fn after_a_crash_everything_is_told_with_the_same_id() {
    let (desk, seed) = Desk::unproven();
    let listener = Listener::start();
    let url = &listener.url;
    let config = |how: &str| {
        configured(&desk, &format!("[notifications.targets.all]\nwebhook = \"{url}/{how}/all\"\n"))
    };
    let refusing = config("500");
    let mut command = run(&desk, &refusing, &leaked(&seed), &RUN);
    let running = desk.until_with(&mut command, |line| line["record"] == "intent");
    listener.wait("/500/all");
    running.kill();
    let hearing = config("200");
    desk.ends(0, &["resume", "last", "--accept-presumed", "--config", &hearing]);
    let tried = listener.hits("/500/all")[0].json();
    let all: Vec<_> = listener.hits("/200/all").iter().map(super::listener::Hit::json).collect();
    let start = all.iter().filter(|told| told["event"] == "run-start").collect::<Vec<_>>();
    assert_eq!(start.len(), 1, "{all:#?}");
    assert_eq!((&tried["event"], &start[0]["id"]), (&"run-start".into(), &tried["id"]));
    assert!(all.iter().any(|told| told["event"] == "not-proven"), "{all:#?}");
    let ids: BTreeSet<_> = all.iter().map(|told| told["id"].to_string()).collect();
    assert_eq!(ids.len(), all.len());
}

#[test]
fn a_topic_of_the_lab_reaches_its_queue() {
    let (desk, seed) = Desk::seeded();
    let sdk = support::lab().lab.sdk_config(&desk.account);
    let (sns, sqs) = (aws_sdk_sns::Client::new(&sdk), aws_sdk_sqs::Client::new(&sdk));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let (topic, queue) = runtime.block_on(async {
        let topic = sns.create_topic().name("incident").send().await.expect("a topic");
        let topic = topic.topic_arn.expect("an ARN");
        let queue = sqs.create_queue().queue_name("pager").send().await.expect("a queue");
        let arn = format!("arn:aws:sqs:us-east-1:{}:pager", desk.account);
        let subscribe = sns.subscribe().topic_arn(&topic).protocol("sqs").endpoint(arn);
        subscribe.attributes("RawMessageDelivery", "true").send().await.expect("subscribed");
        (topic, queue.queue_url.expect("a URL"))
    });
    let config = configured(
        &desk,
        &format!(
            "[notifications.targets.pager]\nsns = \"{topic}\"\non = [\"run-start\", \"run-end\"]\n"
        ),
    );
    let ended = ended(&mut run(&desk, &config, &leaked(&seed), &RUN));
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    let told = journaled(&desk, "notified", "pager");
    assert_eq!(told.len(), 2, "{}", ended.err);
    let messages = runtime.block_on(async {
        let mut all = Vec::new();
        while all.len() < 2 {
            let receive = sqs.receive_message().queue_url(&queue).wait_time_seconds(5);
            let got = receive.max_number_of_messages(10).send().await.expect("an answer");
            let got = got.messages.unwrap_or_default();
            assert!(!got.is_empty(), "no message comes");
            all.extend(got.into_iter().filter_map(|message| message.body));
        }
        all
    });
    let read = |text: &String| -> Value { serde_json::from_str(text).expect("JSON for a queue") };
    let events: BTreeSet<_> = messages.iter().map(|text| read(text)["event"].to_string()).collect();
    assert_eq!(events, BTreeSet::from(["\"run-end\"".into(), "\"run-start\"".into()]));
    assert!(messages.iter().all(|text| read(text)["run"]["account"] == desk.account.as_str()));
}
