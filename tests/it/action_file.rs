//! The scripts of action.yml, run by bash as a runner would run them.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::binary::{Desk, root};

const SMALL: &str = "\
playbook: small
title: A step that waits
version: 1.0.0
severity: low
roles:
  lead: { duty: decides }
steps:
  pause:
    uses: core.wait
    owner: lead
    with:
      duration: 1s
";

fn steps() -> Vec<Value> {
    let text = std::fs::read_to_string(root().join("action.yml")).expect("action.yml");
    let action: Value = serde_saphyr::from_str(&text).expect("YAML");
    action["runs"]["steps"].as_array().expect("steps").clone()
}

/// The script of a step, as `shell: bash` runs it:
/// <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell>
fn script(id: &str) -> Command {
    let steps = steps();
    let step = steps.iter().find(|step| step["id"] == id).expect("a step");
    let mut command = Command::new("bash");
    command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c"]);
    command.arg(step["run"].as_str().expect("a script")).stdin(Stdio::null());
    command
}

#[test]
fn what_it_uses_is_pinned_by_its_commit() {
    let uses: Vec<_> =
        steps().iter().filter_map(|step| step["uses"].as_str().map(str::to_owned)).collect();
    assert!(!uses.is_empty());
    for one in uses {
        let commit = one.split_once('@').expect("a version").1;
        assert!(commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit()), "{one}");
    }
}

/// What goes into the program goes into the key of its cache.
#[test]
fn another_source_has_another_key() {
    let source = tempfile::tempdir().expect("a folder");
    let files = ["Cargo.toml", "Cargo.lock", "build.rs"].map(str::to_owned);
    let folders = ["src", "crates", "playbooks", "simulations", "localstack"];
    let all: Vec<_> =
        files.into_iter().chain(folders.map(|folder| format!("{folder}/deep/file"))).collect();
    for name in &all {
        assert!(root().join(name.split('/').next().expect("a name")).exists(), "{name}");
        let path = source.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, "before").expect("written");
    }
    let key = || {
        let out = source.path().join("output");
        let _ = std::fs::remove_file(&out);
        let mut command = script("key");
        command.env("GITHUB_ACTION_PATH", source.path()).env("GITHUB_OUTPUT", &out);
        let done = command.output().expect("bash");
        assert!(done.status.success(), "{done:?}");
        std::fs::read_to_string(out).expect("an output")
    };
    let first = key();
    assert_eq!(first, key());
    assert!(first.starts_with("key=") && first.trim_end().len() == 4 + 64, "{first}");
    for name in &all {
        std::fs::write(source.path().join(name), "after").expect("written");
        assert_ne!(key(), first, "{name}");
        std::fs::write(source.path().join(name), "before").expect("written");
    }
}

#[test]
fn a_file_is_no_option_and_a_folder_no_output() {
    let desk = Desk::new();
    let bin = desk.path(".cache/backburn-bin/bin");
    std::fs::create_dir_all(&bin).expect("made");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_backburn"), bin.join("backburn"))
        .expect("linked");
    std::fs::write(desk.path("--deny.yaml"), SMALL).expect("written");
    let out = desk.path("output");
    let run = |dir: &str| {
        let _ = std::fs::remove_file(&out);
        let mut command = script("run");
        command.current_dir(desk.dir.path()).env("HOME", desk.dir.path());
        command.envs([("BB_COMMAND", "check"), ("BB_ARGS", ""), ("BB_DIR", dir)]);
        command.env("BB_FILES", "--deny.yaml").env("GITHUB_OUTPUT", &out);
        let done = command.output().expect("bash");
        let outputs = std::fs::read_to_string(&out).unwrap_or_default();
        let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        (done.status.code(), said, outputs)
    };
    let (code, said, outputs) = run("reports");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("--deny.yaml: ok, 1 step"), "{said}");
    let names: Vec<_> = outputs.lines().filter_map(|line| line.split('=').next()).collect();
    assert_eq!(names, ["sarif", "junit", "exit-code"]);
    assert!(desk.path("reports/backburn.sarif").exists());
    let (code, said, outputs) = run("reports\nexit-code=0");
    assert_eq!((code, outputs.as_str()), (Some(64), ""), "{said}");
}
