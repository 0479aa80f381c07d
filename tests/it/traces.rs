//! `--otlp` by the real binary: which spans reach a collector, and that one that is dead or slow
//! neither changes the exit code nor keeps a run from ending.

use crate::binary::{Desk, RUN};
use crate::listener::Listener;
use crate::playbooks::leaked;

const LEAK: &str = "playbooks/iam-key-leak.yaml";

fn args(inputs: &[String], otlp: &str) -> Vec<String> {
    let mut args = vec!["run".to_owned(), LEAK.into(), format!("--otlp={otlp}")];
    args.extend(inputs.iter().flat_map(|input| ["-i".to_owned(), input.clone()]));
    args.extend(RUN.map(str::to_owned));
    args
}

fn ends(desk: &Desk, code: i32, args: &[String]) -> crate::binary::Ended {
    desk.ends(code, &args.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Strings in a protobuf message stand in it as they are.
fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn a_collector_gets_the_spans_of_command_steps_and_calls() {
    let (desk, seed) = Desk::seeded();
    let collector = Listener::start();
    ends(&desk, 0, &args(&leaked(&seed), &collector.url));
    let hits = collector.hits("/v1/traces");
    assert!(hits.iter().all(|hit| hit.header("content-type") == "application/x-protobuf"));
    let bytes: Vec<u8> = hits.into_iter().flat_map(|hit| hit.body).collect();
    for text in [
        "service.name",
        "backburn run",
        "step disable-key",
        "iam.disable-access-key",
        "verdict",
        "proven",
        "rpc.service",
        "IAM.UpdateAccessKey",
        "attempts",
    ] {
        assert!(contains(&bytes, text), "no span has {text}");
    }
    for text in [seed.user.as_str(), &seed.access_key_id] {
        assert!(!contains(&bytes, text), "an input got out: {text}");
    }
}

#[test]
fn a_collector_that_is_dead_or_slow_changes_nothing() {
    let slow = Listener::start();
    for (url, said) in [("http://127.0.0.1:1", "are lost"), (&*format!("{}/slow", slow.url), "")] {
        let (desk, seed) = Desk::seeded();
        let ended = ends(&desk, 0, &args(&leaked(&seed), url));
        assert!(ended.err.contains("traces: the collector at"), "{}", ended.err);
        assert!(ended.err.contains(said), "{}", ended.err);
    }
    let desk = Desk::at("http://127.0.0.1:1", "000000000000");
    desk.ends(2, &["actions", "--otlp=nowhere"]);
}
