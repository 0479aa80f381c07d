//! What the program sends against AWS's own descriptions of its services, as botocore has them. The labs of the tests
//! write down every request; here it is said where, and what is judged with a test that has sent it. `.ci/run` judges
//! all that is left of a whole run of the tests.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use crate::authorization;
use crate::binary::{Desk, root};
use crate::support;

/// Where the labs of this process write down what they are sent. Recordings are test data only; those of earlier
/// processes are removed after a day.
pub(crate) fn recording() -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let old = SystemTime::now() - Duration::from_hours(24);
    for entry in std::fs::read_dir(folder()).into_iter().flatten().flatten() {
        if entry.metadata().and_then(|data| data.modified()).is_ok_and(|changed| changed < old) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
    let name = format!("{}-{}.jsonl", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    folder().join(name)
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("contract")
}

/// A list of every permission of every table, for the judge.
fn permissions() -> PathBuf {
    let actions: BTreeSet<_> = authorization::every().into_iter().map(|one| one.action).collect();
    let path = folder().join(format!("{}-permissions.json", std::process::id()));
    std::fs::create_dir_all(folder()).expect("the target directory is ours");
    std::fs::write(&path, serde_json::to_vec(&actions).expect("JSON")).expect("written");
    path
}

fn judge(arguments: &[String]) -> (bool, String) {
    let python = support::lab().lab.python.as_ref().expect("the lab installed its upstream");
    let mut command = Command::new(python);
    command.arg("-I").arg(root().join("tests/support/contract.py")).args(arguments);
    let done = command.output().expect("python starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (done.status.success(), text(done.stdout) + &text(done.stderr))
}

/// Everything that the desk's commands have sent so far, by its account's key and in its runs, is as AWS
/// describes it, and has its permission in a table.
pub(crate) fn holds(desk: &Desk) {
    let own = format!("{}-", std::process::id());
    let recordings = std::fs::read_dir(folder()).expect("recordings").flatten();
    let recordings = recordings.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with(&own) && name.ends_with(".jsonl")
    });
    let mut arguments = vec!["--permissions".into(), permissions().display().to_string()];
    arguments.extend(["--key".into(), desk.account.clone()]);
    for run in desk.runs() {
        arguments.extend(["--run".into(), run]);
    }
    arguments.extend(recordings.map(|path| path.display().to_string()));
    let (good, said) = judge(&arguments);
    assert!(good, "not as AWS describes it:\n{said}");
}

/// The judge itself: one good request, and one with each sort of fault.
#[test]
fn the_judge_finds_each_sort_of_fault() {
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let form = |body: &str| {
        serde_json::json!({
            "service": "ec2", "key": "1", "method": "POST", "path": "/", "query": "",
            "headers": { "content-type": "application/x-www-form-urlencoded" },
            "body": hex(&format!("{body}&Version=2016-11-15")),
        })
    };
    let target = |service: &str, target: &str, body: &str| {
        serde_json::json!({
            "service": service, "key": "1", "method": "POST", "path": "/", "query": "",
            "headers": { "content-type": "application/x-amz-json-1.1", "x-amz-target": target },
            "body": hex(body),
        })
    };
    let rest = |method: &str, path: &str, body: &str| {
        serde_json::json!({
            "service": "fis", "key": "1", "method": method, "path": path, "query": "", "headers": {},
            "body": hex(body),
        })
    };
    let good = [
        form("Action=StopInstances&InstanceId.1=i-1"),
        target("dynamodb", "DynamoDB_20120810.DescribeTable", r#"{"TableName":"orders"}"#),
        rest("GET", "/experiments/EXP1", ""),
    ];
    let bad = [
        (form("Action=HaltInstances"), "no operation"),
        (form("Action=StopInstances&InstanceId.1=i-1&Speed=1"), "Speed is no parameter"),
        (form("Action=StopInstances"), "InstanceIds is missing"),
        (form("Action=StopInstances&InstanceId.1=i-1&Force=yes"), "`yes` is no boolean"),
        (form("Action=RunInstances&MinCount=1&MaxCount=1&InstanceType=t9.huge"), "is none of"),
        (target("dynamodb", "DynamoDB_20120810.DescribeTable", r#"{"Table":"x"}"#), "no member"),
        (target("ssm", "AmazonSSM.SendCommand", r#"{"DocumentName":"a b"}"#), "is not like"),
        (
            target("ssm", "AmazonSSM.SendCommand", r#"{"DocumentName":"abc","TimeoutSeconds":1}"#),
            "is not within",
        ),
        (rest("PATCH", "/experiments/EXP1", ""), "is no operation"),
        (rest("POST", "/experiments", r#"{"clientToken":"t"}"#), "experimentTemplateId is missing"),
    ];
    let dir = tempfile::tempdir().expect("a directory");
    let judged = |lines: &[serde_json::Value]| {
        let path = dir.path().join("one.jsonl");
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(&path, text).expect("written");
        judge(&[path.display().to_string()])
    };
    let (accepted, said) = judged(&good);
    assert!(accepted, "{said}");
    for (request, fault) in bad {
        let (accepted, said) = judged(&[request]);
        assert!(!accepted && said.contains(fault), "{fault}: {said}");
    }
    assert!(!judged(&[]).0, "nothing recorded is no proof");
}
