//! The program's whole output, command by command, as snapshots: what a responder reads.

use backburn::lab::seed::Seed;
use serde_json::Value;

use crate::binary::{Desk, Ended, RUN, approving, root, sorted};
use crate::playbooks::{compromised, leaked};

const COMPROMISE: &str = "playbooks/ec2-compromise.yaml";
const LEAK: &str = "playbooks/iam-key-leak.yaml";

/// No lab: nothing that these commands do needs an account.
fn alone() -> Desk {
    Desk::at("http://127.0.0.1:1", "000000000000")
}

fn with(command: &[&str], file: &str, inputs: &[String], more: &[&str]) -> Vec<String> {
    let mut args: Vec<_> = command.iter().map(ToString::to_string).collect();
    args.push(file.into());
    args.extend(inputs.iter().flat_map(|input| ["-i".to_owned(), input.clone()]));
    args.extend(more.iter().map(ToString::to_string));
    args
}

fn ends(desk: &Desk, code: i32, args: &[String]) -> Ended {
    desk.ends(code, &args.iter().map(String::as_str).collect::<Vec<_>>())
}

/// What steps that run side by side do, in one order.
fn in_order(text: &str) -> String {
    let text = sorted(text, |line| line.starts_with("TIME "));
    let text =
        sorted(&text, |line| line.starts_with("  presumed ") || line.starts_with("  proven "));
    // What a release shows of an interface stays with it, whichever was opened first.
    let text = text.replace("\n      now ", "\n            now ");
    let text = text.replace("\n      becomes ", "\n            becomes ");
    let text = sorted(&text, |line| line.starts_with("  give back "));
    let text = sorted(&text, |line| line.starts_with("  retain  "));
    let given = ["given back  ", "already before  ", "retained  "];
    sorted(&text, |line| given.iter().any(|word| line.trim_start().starts_with(word)))
}

/// The help of a command, which shows the environment.
fn help_of(desk: &Desk, args: &[&str]) -> String {
    let done = desk.command(args).env_remove("BACKBURN_HOME").output().expect("it starts");
    assert!(done.status.success());
    String::from_utf8(done.stdout).expect("UTF-8")
}

#[test]
fn help() {
    let desk = alone();
    insta::assert_snapshot!(help_of(&desk, &["--help"]));
    for command in ["plan", "run", "resume", "release", "abort", "runs", "lab", "demo"] {
        insta::assert_snapshot!(format!("help-{command}"), help_of(&desk, &[command, "--help"]));
    }
}

#[test]
fn usage() {
    let desk = alone();
    insta::assert_snapshot!("no-command", desk.shown(&desk.ends(2, &[])));
    insta::assert_snapshot!("unknown-command", desk.shown(&desk.ends(2, &["contain"])));
    insta::assert_snapshot!("input-form", desk.shown(&desk.ends(2, &["plan", LEAK, "-i", "user"])));
    insta::assert_snapshot!("no-file", desk.shown(&desk.ends(2, &["check", "no-such.yaml"])));
}

#[test]
fn actions() {
    let desk = alone();
    insta::assert_snapshot!(desk.shown(&desk.ends(0, &["actions"])));
    let one = desk.ends(0, &["actions", "ec2.isolate-instance"]);
    insta::assert_snapshot!("action", desk.shown(&one));
    let unknown = desk.ends(2, &["actions", "ec2.isolate-instances"]);
    insta::assert_snapshot!("action-unknown", desk.shown(&unknown));
    let all = desk.json(&["actions", "--json"]);
    for action in all.as_array().expect("a list") {
        let name = action["name"].as_str().expect("a name");
        assert_eq!(desk.json(&["actions", name, "--json"]), *action);
    }
}

#[test]
fn graph() {
    let desk = alone();
    insta::assert_snapshot!("mermaid", desk.shown(&desk.ends(0, &["graph", COMPROMISE])));
    let dot = desk.ends(0, &["graph", COMPROMISE, "--format", "dot"]);
    insta::assert_snapshot!("dot", desk.shown(&dot));
    let json = desk.json(&["graph", COMPROMISE, "--json"]);
    assert_eq!(json["critical-path"][0], "protect", "{json:#}");
}

#[test]
fn policy() {
    let desk = alone();
    for (name, file) in [("ec2-compromise", COMPROMISE), ("iam-key-leak", LEAK)] {
        let run = desk.ends(0, &["policy", file]);
        insta::assert_snapshot!(format!("policy-{name}-run"), desk.shown(&run));
        let release = desk.ends(0, &["policy", file, "--release"]);
        insta::assert_snapshot!(format!("policy-{name}-release"), desk.shown(&release));
    }
    let filled = desk.json(&["policy", LEAK, "--account", "123456789012", "--region", "eu-west-1"]);
    assert!(filled.to_string().contains("123456789012"), "{filled:#}");
}

#[test]
fn check() {
    let desk = alone();
    let good = desk.ends(0, &["check", COMPROMISE, LEAK]);
    insta::assert_snapshot!("check-good", desk.shown(&good));
    let bad = "tests/fixtures/invalid/playbook.unknown-action.yaml";
    let both = desk.ends(3, &["check", LEAK, bad]);
    insta::assert_snapshot!("check-one-of-two", desk.shown(&both));
    let json = desk.run(&["check", bad, "--json"]);
    insta::assert_snapshot!("check-json", desk.shown(&json));
}

#[test]
fn inputs() {
    let desk = alone();
    insta::assert_snapshot!("inputs-missing", desk.shown(&desk.ends(3, &["plan", COMPROMISE])));
    let wrong = ["instance=web-1", "cas=IR-7", "stop=perhaps"].map(str::to_owned);
    let wrong = ends(&desk, 3, &with(&["plan"], COMPROMISE, &wrong, &[]));
    insta::assert_snapshot!("inputs-wrong", desk.shown(&wrong));
}

/// What is offered for copying is one word of a shell, whatever the file is called.
#[test]
fn names_in_commands_are_quoted() {
    let desk = alone();
    let text = std::fs::read_to_string(root().join("simulations/leaked-key.yaml")).expect("read");
    for (name, typed) in [("my drill.yaml", "/my drill.yaml'"), ("a\nb's.yaml", "/a\\nb\\'s.yaml'")]
    {
        let file = desk.path(name);
        std::fs::write(&file, &text).expect("written");
        let refused = desk.ends(2, &["run", &file.display().to_string()]);
        let (_, command) = refused.err.split_once("`backburn drill run ").expect("a command");
        assert!(command.starts_with(['\'', '$']), "{command}");
        assert!(command.contains(&format!("{typed}` runs it")), "{command}");
    }
}

#[test]
fn no_account() {
    let desk = alone();
    let inputs = ["instance=i-0123456789abcdef0", "case=IR-7"].map(str::to_owned);
    let closed = ends(&desk, 8, &with(&["plan"], COMPROMISE, &inputs, &[]));
    insta::assert_snapshot!("endpoint-closed", desk.shown(&closed));
    let away = ["--endpoint-url", "https://aws.example.com"];
    let remote = ends(&desk, 2, &with(&["plan"], COMPROMISE, &inputs, &away));
    insta::assert_snapshot!("endpoint-remote", desk.shown(&remote));
    // An endpoint that is not there is reported first.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let there = format!("http://{}", listener.local_addr().expect("bound"));
    let mut nowhere = desk.command(&["plan", COMPROMISE]);
    nowhere.env("AWS_ENDPOINT_URL", there);
    nowhere.args(["-i", &inputs[0], "-i", &inputs[1]]).env_remove("AWS_REGION");
    let done = nowhere.output().expect("the program starts");
    assert_eq!(done.status.code(), Some(2));
    let text = String::from_utf8_lossy(&done.stderr).into_owned();
    insta::assert_snapshot!("region-missing", desk.masked(&text));
}

/// Without a lab and without credentials: what is said is that nothing answers. Neither credentials nor a Region are
/// looked for, and no line of the SDK's log is shown.
#[test]
fn no_lab_and_no_credentials() {
    let desk = alone();
    for by_option in [true, false] {
        let mut plan = desk.command(&["plan", COMPROMISE, "-i", "instance=i-0123456789abcdef0"]);
        plan.args(["-i", "case=IR-7"]);
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"] {
            plan.env_remove(name);
        }
        // The metadata service that the SDK would ask is on this machine, too, and does not answer.
        plan.env_remove("AWS_EC2_METADATA_DISABLED");
        plan.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1");
        if by_option {
            plan.env_remove("AWS_ENDPOINT_URL").args(["--endpoint-url", &desk.endpoint]);
        }
        let done = plan.output().expect("the program starts");
        assert_eq!(done.status.code(), Some(8));
        let text = String::from_utf8_lossy(&done.stderr).into_owned();
        insta::assert_snapshot!("no-lab", desk.masked(&text));
    }
}

#[test]
fn no_run() {
    let desk = alone();
    insta::assert_snapshot!("runs-none", desk.shown(&desk.ends(0, &["runs"])));
    for command in ["resume", "release", "abort"] {
        let unknown = desk.ends(2, &[command, "01ABC"]);
        insta::assert_snapshot!(format!("{command}-unknown"), desk.shown(&unknown));
    }
    insta::assert_snapshot!(
        "runs-show-unknown",
        desk.shown(&desk.ends(2, &["runs", "show", "last"]))
    );
}

#[test]
fn completions() {
    let desk = alone();
    for shell in ["bash", "zsh", "fish"] {
        let script = desk.ends(0, &["completions", shell]);
        assert!(script.out.contains("release"), "{shell}");
    }
}

#[test]
fn schema() {
    let desk = alone();
    let schema = desk.json(&["schema"]);
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let text = schema.to_string();
    for reference in text.split("\"$ref\":\"#/$defs/").skip(1) {
        let name = reference.split('"').next().expect("a name");
        assert!(schema["$defs"][name].is_object(), "{name}");
    }
    let keys: Vec<_> = schema["properties"].as_object().expect("keys").keys().collect();
    for file in std::fs::read_dir(root().join("playbooks")).expect("the playbooks") {
        let text = std::fs::read_to_string(file.expect("an entry").path()).expect("text");
        let top = text.lines().filter_map(|line| line.split_once(':').map(|(key, _)| key));
        for key in top.filter(|key| key.starts_with(|c: char| c.is_ascii_lowercase())) {
            assert!(keys.iter().any(|known| *known == key), "{key}");
        }
    }
    for action in desk.json(&["actions", "--json"]).as_array().expect("a list") {
        let name = action["name"].as_str().expect("a name");
        assert!(text.contains(&format!("\"{name}\"")), "{name}");
    }
}

#[test]
fn plan() {
    let (desk, seed) = Desk::ordered();
    let compromise = ends(&desk, 0, &with(&["plan"], COMPROMISE, &compromised(&seed), &[]));
    insta::assert_snapshot!("plan", desk.shown(&compromise));
    let leak = with(&["plan"], LEAK, &leaked(&seed), &[]);
    insta::assert_snapshot!("plan-leak", desk.shown(&ends(&desk, 0, &leak)));
    let json = with(&["plan"], LEAK, &leaked(&seed), &["--json"]);
    let json = ends(&desk, 0, &json);
    insta::assert_snapshot!("plan-json", desk.shown(&json));
    assert!(!desk.path("home").exists(), "a plan leaves nothing behind");
    // Another run of the same would have the same hash: sessions are denied by a time that is not planned.
    let inputs = [leaked(&seed), vec!["scope=sessions".into()]].concat();
    let sha = || {
        let out = ends(&desk, 0, &with(&["plan"], LEAK, &inputs, &["--json"])).out;
        serde_json::from_str::<Value>(&out).expect("JSON")["sha256"].clone()
    };
    assert_eq!(sha(), sha());
}

#[test]
fn refused() {
    let (desk, seed) = Desk::seeded();
    let before = desk.state();
    let run = |inputs: &[String], more: &[&str], code| {
        desk.shown(&ends(&desk, code, &with(&["run"], LEAK, inputs, more)))
    };
    let last = |text: String| text.lines().rev().take(2).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!("run-without-yes", last(run(&leaked(&seed), &[], 4)));
    insta::assert_snapshot!("run-other-hash", last(run(&leaked(&seed), &["--yes=0123456789"], 4)));
    let nobody = ["user=nobody", "access-key=AKIAIOSFODNN7EXAMPLE"].map(str::to_owned);
    insta::assert_snapshot!("run-refused", run(&nobody, &["--yes"], 4));
    assert_eq!(desk.state(), before);
    assert!(!desk.path("home").exists(), "what is refused leaves no run behind");
}

#[test]
fn a_whole_run() {
    let (desk, seed) = Desk::ordered();
    let shown = |ended: &Ended| in_order(&desk.shown(ended));
    let run = with(&["run"], COMPROMISE, &compromised(&seed), &RUN);
    insta::assert_snapshot!("run", shown(&ends(&desk, 0, &run)));
    insta::assert_snapshot!("runs-list", shown(&desk.ends(0, &["runs", "list"])));
    insta::assert_snapshot!("runs-show", shown(&desk.ends(0, &["runs", "show", "last"])));
    insta::assert_snapshot!("runs-verify", shown(&desk.ends(0, &["runs", "verify", "last"])));
    let step = desk.ends(2, &["release", "last", "--yes", "--step", "isolated"]);
    assert!(step.err.contains("has no step `isolated`"), "{}", step.err);
    let release = desk.ends(0, &["release", "last", "--yes", "--step", "protect"]);
    insta::assert_snapshot!("release-step", shown(&release));
    insta::assert_snapshot!("release", shown(&desk.ends(0, &["release", "last", "--yes"])));
    insta::assert_snapshot!("release-again", shown(&desk.ends(0, &["release", "last", "--yes"])));
    insta::assert_snapshot!("resume-released", shown(&desk.ends(4, &["resume", "last"])));
    insta::assert_snapshot!("runs-list-released", shown(&desk.ends(0, &["runs"])));
}

/// A run waits if nobody can be asked, and shows how to continue.
#[test]
fn a_human_is_waited_for() {
    let (desk, seed) = Desk::seeded();
    let inputs = [leaked(&seed), vec!["ask-owner=true".into()]].concat();
    let run = ends(&desk, 10, &with(&["run"], LEAK, &inputs, &RUN));
    insta::assert_snapshot!("run-waiting", in_order(&desk.masked(&run.out)));
    assert!(run.err.contains("new-credentials waits for a human: Move"), "{}", run.err);
    // It has not failed, and the line break before what to note is the program's own.
    assert!(!run.err.contains("failed") && !run.err.contains("\\x0a"), "{}", run.err);
    let resume = ["resume", "last", "--accept-presumed"];
    let approve = approving("new-credentials", "owner");
    let resumed = desk.ends(0, &[&resume[..], &approve].concat());
    insta::assert_snapshot!("resume-approved", in_order(&desk.shown(&resumed)));
}

/// A presumed containment is no success unless it is accepted.
#[test]
fn presumed_is_not_proven() {
    let (desk, seed): (Desk, Seed) = Desk::unproven();
    let run = with(&["run"], LEAK, &leaked(&seed), &["--yes", "--json"]);
    let ended = ends(&desk, 6, &run);
    let json: Value = serde_json::from_str(&ended.out).expect("JSON alone on stdout");
    let verdicts = json["verdicts"].as_array().expect("a list");
    assert!(verdicts.iter().any(|one| one["verdict"] == "presumed"), "{json:#}");
    assert_eq!(json["status"], "succeeded");
}
