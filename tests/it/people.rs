//! Who answers a step's question: an attacker, or an operator who wants to approve alone, by every way in which an
//! answer comes.

use std::{
    io::{Read as _, Write as _},
    process::Stdio,
};

use serde_json::Value;

use crate::{
    belts::asked,
    binary::{Desk, Ended, approving},
};

/// A step that the run's operator may not approve, and one that anybody may.
const STRICT: &str = "\
playbook: strict
title: Two pairs of eyes
version: 1.0.0
severity: low
roles:
  commander: { duty: decides }
steps:
  decide:
    uses: core.wait
    approval:
      role: commander
      reason: it goes on
      not-by-operator: true
    with:
      duration: 100ms
";

const OPEN: &str = "\
playbook: open
title: A step that is tried again
version: 1.0.0
severity: low
roles:
  commander: { duty: decides }
steps:
  decide:
    uses: core.assert
    retry: { attempts: 2, backoff: 1s }
    approval:
      role: commander
      reason: it goes on
    with:
      that: ${{ 'known after run' in run.started }}
      message: as arranged
";

fn written(desk: &Desk, text: &str) -> String {
    let file = desk.path("people.yaml");
    std::fs::write(&file, text).expect("written");
    file.display().to_string()
}

fn of_kind(desk: &Desk, kind: &str) -> Vec<Value> {
    desk.records().into_iter().filter(|line| line["record"] == kind).collect()
}

fn notes(desk: &Desk) -> Vec<String> {
    let text = |line: Value| line["text"].as_str().unwrap_or_default().to_owned();
    of_kind(desk, "note").into_iter().map(text).filter(|text| text.contains("ignored")).collect()
}

const WAITS: [&str; 2] = ["--yes", "--no-probe"];

fn answer(desk: &Desk, code: i32, more: &[&str]) -> Ended {
    desk.ends(code, &[&["approve", "last", "decide", "--as", "commander"][..], more].concat())
}

const REASON: [&str; 2] = ["--reason", "ticket 7"];

/// What an approval is refused with, for each way on which the operator could give one alone.
#[test]
fn the_operator_cannot_approve_alone_in_any_way() {
    let desk = Desk::new();
    let file = written(&desk, STRICT);
    let plan = desk.ends(0, &["plan", &file, "--no-probe"]);
    assert!(plan.out.contains("approval by commander, not by the run's operator"), "{}", plan.out);

    // Beforehand, at the start and at a resume.
    let beforehand = approving("decide", "commander");
    let run = desk.ends(10, &[&["run", &file][..], &WAITS, &beforehand].concat());
    assert!(run.err.contains("`--approve` does not answer `decide`"), "{}", run.err);
    assert!(run.err.contains("the run's operator is arn:aws:"), "{}", run.err);
    assert!(run.out.contains("somebody else answers: `backburn approve"), "{}", run.out);
    let all = approving("all", "all");
    desk.ends(10, &[&["resume", "last"][..], &all].concat());

    // From another terminal, under any name.
    let mut command =
        desk.command(&[&["approve", "last", "decide", "--as", "commander"][..], &REASON].concat());
    let done = command.env("BACKBURN_OPERATOR", "somebody-else").output().expect("it starts");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(4), "{said}");
    assert!(said.contains("is not taken: whoever runs a playbook does not approve"), "{said}");

    // With other credentials, but as the same user of the system.
    let mut command =
        desk.command(&[&["approve", "last", "decide", "--as", "commander"][..], &REASON].concat());
    let done = command.env("AWS_ACCESS_KEY_ID", "999988887777").output().expect("it starts");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(4), "{said}");
    assert!(said.contains("the run's operator is system user"), "{said}");

    // By a file that was made by hand, with another caller and another user in it.
    forge(&desk, |given| {
        given["who"] = serde_json::json!({
            "callers": ["arn:aws:iam::123456789012:user/commander"],
            "system": { "uid": 4242, "name": "commander" },
        });
    });
    desk.ends(10, &["resume", "last"]);

    assert!(of_kind(&desk, "answer").is_empty(), "nobody approved");
    let notes = notes(&desk);
    assert_eq!(notes.len(), 3, "{notes:#?}");
    assert!(notes[0].contains("approved by somebody-else (arn:aws:"), "{notes:#?}");
    assert!(notes[2].contains("no key of this user signed it"), "{notes:#?}");
    desk.ends(0, &["runs", "verify", "last"]);
}

/// Leaves an answer that fits the question that waits, edited.
fn forge(desk: &Desk, edit: impl FnOnce(&mut Value)) {
    let text =
        std::fs::read(desk.run_dir().join("approval-decide.asked.json")).expect("a question");
    let asked: Value = serde_json::from_slice(&text).expect("JSON");
    let id = asked["id"].as_str().expect("an id");
    let mut given = serde_json::json!({
        "step": "decide", "question": id, "plan": asked["plan"], "role": "commander", "by": "commander",
        "at": "2026-01-01T00:00:00Z", "yes": true, "reason": "trust me",
    });
    edit(&mut given);
    let name = format!("approval-decide.{}.given.json", &id[..32]);
    std::fs::write(desk.run_dir().join(name), given.to_string()).expect("written");
}

/// The records of the only run of a home that is another user's.
fn records_of_another(desk: &Desk) -> Vec<Value> {
    let runs = std::fs::read_dir(desk.path("home").join("runs")).expect("runs").flatten();
    let journals = runs.map(|run| run.path().join("journal.jsonl"));
    let text: String = journals.filter_map(|path| std::fs::read_to_string(path).ok()).collect();
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Where the test may become another user: another person answers, and the journal has who that was.
#[test]
fn another_user_with_other_credentials_approves() {
    let desk = Desk::new();
    let file = written(&desk, STRICT);
    if !rustix_openpty::rustix::process::geteuid().is_root() {
        eprintln!(
            "\n*** SKIPPED: an answer of another system user\n*** only root can become one\n"
        );
        return;
    }
    // The operator is an ordinary user, and whoever answers is not.
    for path in [desk.dir.path().to_owned(), desk.path("home")] {
        std::fs::create_dir_all(&path).expect("a folder");
        std::os::unix::fs::chown(&path, Some(4242), Some(4242)).expect("root may");
    }
    let ended = |command: &mut std::process::Command| {
        let done = command.stdin(Stdio::null()).output().expect("it starts");
        let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        (done.status.code(), said)
    };
    let theirs = |args: &[&str]| ended(&mut desk.command_of_another(args));
    let (code, said) = theirs(&[&["run", &file][..], &WAITS].concat());
    assert_eq!(code, Some(10), "{said}");
    let mut command =
        desk.command(&[&["approve", "last", "decide", "--as", "commander"][..], &REASON].concat());
    // As `sudo` does it: with a home directory and a key of their own.
    let other = tempfile::tempdir().expect("a directory");
    command.env("HOME", other.path()).env("AWS_ACCESS_KEY_ID", "999988887777");
    let (code, said) = ended(&mut command);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = theirs(&["resume", "last"]);
    assert_eq!(code, Some(0), "{said}");
    let records = records_of_another(&desk);
    let of_kind =
        |kind: &str| records.iter().find(|line| line["record"] == kind).expect("a record");
    let answer = of_kind("answer");
    assert_eq!((&answer["who"]["system"]["uid"], &answer["via"]), (&0.into(), &"approve".into()));
    assert!(answer["who"]["callers"][0].as_str().is_some_and(|arn| arn.contains("999988887777")));
    assert!(answer["asked"].as_str().is_some_and(|id| id.len() == 64), "{answer:#}");
    let started = of_kind("run-started");
    assert_eq!(started["who"]["system"]["uid"], 4242, "{started:#}");
    let shown = theirs(&["runs", "show", "last"]).1;
    assert!(shown.contains("999988887777") && shown.contains("system user"), "{shown}");
    let report = theirs(&["report", "last", "--out", "-"]).1;
    assert!(report.contains("999988887777") && report.contains("via approve"), "{report}");
}

/// An endpoint that says of everybody that they are `arn`.
fn obliging_sts(arn: &str) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let account = arn.split(':').nth(4).expect("an account");
    let body = format!(
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>{arn}</Arn><UserId>AROA1:x</UserId>\
         <Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
    );
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let _ = stream.read(&mut vec![0; 65_536]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

#[test]
fn only_a_principal_that_the_approval_names_answers() {
    let desk = Desk::new();
    let wanted = "one-of: [role/incident-commander, \"arn:aws:iam::999988887777:root\"]";
    let file = written(&desk, &STRICT.replace("not-by-operator: true", wanted));
    let run =
        desk.ends(10, &[&["run", &file][..], &WAITS, &approving("decide", "commander")].concat());
    let rule = "by role/incident-commander or arn:aws:iam::999988887777:root alone";
    assert!(run.err.contains(rule), "{}", run.err);
    let refused = answer(&desk, 4, &REASON);
    assert!(refused.err.contains(rule), "{}", refused.err);
    // Nor does an STS of the answerer's own say who they are: the run's is asked.
    let mut theirs =
        desk.command(&[&["approve", "last", "decide", "--as", "commander"][..], &REASON].concat());
    let arn = format!("arn:aws:sts::{}:assumed-role/incident-commander/x", desk.account);
    let sts = obliging_sts(&arn);
    let done = theirs.env("AWS_ENDPOINT_URL", &sts).args(["--endpoint-url", &sts]).output();
    let done = done.expect("it starts");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(4), "{said}");
    assert!(said.contains(rule), "{said}");
    // The rule is under the plan's hash, and whoever edits the question gains nothing by it.
    let name = desk.run_dir().join("approval-decide.asked.json");
    let text = std::fs::read_to_string(&name).expect("a question");
    let mut open: Value = serde_json::from_str(&text).expect("JSON");
    open["rule"] = serde_json::json!({});
    std::fs::write(&name, open.to_string()).expect("written");
    answer(&desk, 0, &REASON);
    desk.ends(10, &["resume", "last"]);
    assert!(of_kind(&desk, "answer").is_empty());
    let ignored = notes(&desk);
    assert!(ignored.iter().any(|text| text.contains(rule)), "{ignored:#?}");
}

/// An approval is for one attempt: the next one asks again, and an answer that came for the one before is journaled
/// as ignored.
#[test]
fn an_answer_is_not_used_again_by_the_next_attempt() {
    let desk = Desk::new();
    let file = written(&desk, OPEN);
    let run =
        desk.ends(10, &[&["run", &file][..], &WAITS, &approving("decide", "commander")].concat());
    assert!(run.err.contains("it was used for an earlier attempt"), "{}", run.err);
    let answers = of_kind(&desk, "answer");
    assert_eq!(answers.len(), 1, "{answers:#?}");
    assert_eq!(
        (&answers[0]["via"], &answers[0]["reason"]),
        (&"command line".into(), &"ticket 7".into())
    );

    // An answer to the first attempt's question, which comes now.
    let second = asked_id(&desk);
    let first = answers[0]["asked"].as_str().expect("an id").to_owned();
    assert_ne!(first, second);
    let name = format!("approval-decide.{}.given.json", &first[..32]);
    let late = serde_json::json!({
        "step": "decide", "question": first, "plan": "", "role": "commander", "by": "late",
        "at": "2026-01-01T00:00:00Z", "yes": true, "reason": "go",
    });
    std::fs::write(desk.run_dir().join(&name), late.to_string()).expect("written");
    desk.ends(10, &["resume", "last"]);
    assert_eq!(of_kind(&desk, "answer").len(), 1);
    assert!(!desk.run_dir().join(&name).exists());
    assert!(
        notes(&desk).iter().any(|note| note.contains("approved by late")),
        "{:#?}",
        notes(&desk)
    );
    assert_eq!(asked_id(&desk), second, "a run that waits is resumed with the same question");
}

fn asked_id(desk: &Desk) -> String {
    let text =
        std::fs::read(desk.run_dir().join("approval-decide.asked.json")).expect("a question");
    let asked: Value = serde_json::from_slice(&text).expect("JSON");
    asked["id"].as_str().expect("an id").to_owned()
}

#[test]
fn a_second_answer_is_refused_and_journaled() {
    let desk = Desk::new();
    let file = written(&desk, &OPEN.replace("    retry: { attempts: 2, backoff: 1s }\n", ""));
    desk.ends(10, &[&["run", &file][..], &WAITS].concat());
    answer(&desk, 0, &["--deny", "--reason", "wrong host"]);
    let second = answer(&desk, 4, &REASON);
    assert!(second.err.contains("was already answered by `tester`"), "{}", second.err);
    // A denial is not outvoted by what is given with the resume either.
    let resumed =
        desk.ends(5, &[&["resume", "last"][..], &approving("decide", "commander")].concat());
    assert!(resumed.out.contains("declined by tester"), "{}", resumed.out);
    let notes = notes(&desk);
    assert!(notes.iter().any(|note| note.contains("already answered")), "{notes:#?}");
    assert_eq!(of_kind(&desk, "answer").len(), 1);
}

#[test]
fn an_answer_has_a_reason_and_a_role() {
    let desk = Desk::new();
    let file = written(&desk, STRICT);
    for reason in [&[][..], &["--reason", ""], &["--reason", " \t\n"]] {
        answer(&desk, 2, reason);
        answer(&desk, 2, &[&["--deny"][..], reason].concat());
        let run =
            [&["run", &file, "--approve", "decide", "--as", "commander"][..], reason].concat();
        desk.ends(2, &run);
    }
    desk.ends(2, &["run", &file, "--approve", "decide", "--reason", "ticket 7"]);
    assert!(desk.runs().is_empty());
    let other = [&["run", &file][..], &WAITS, &approving("decide", "responder")].concat();
    let run = desk.ends(10, &other);
    assert!(run.err.contains("asks `commander`, which `--as` does not name"), "{}", run.err);
    asked(&desk, "decide");
}
