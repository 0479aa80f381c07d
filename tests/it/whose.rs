//! Runs that somebody else wrote: a cloned repository, a home that others may write to, a journal that was changed. Nothing
//! of them is followed, and nothing of the account changes.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use backburn::{
    journal::{self, hash},
    program::planfile::PlanFile,
};
use serde_json::Value;

use crate::binary::{Desk, Ended, RUN};
use crate::playbooks::leaked;

const LEAK: &str = "playbooks/iam-key-leak.yaml";

/// A desk with one run of the playbook that disables a leaked key.
fn ran() -> Desk {
    let (desk, seed) = Desk::seeded();
    let inputs = leaked(&seed);
    let mut args = vec!["run", LEAK];
    inputs.iter().for_each(|input| args.extend(["-i", input]));
    desk.ends(0, &[&args[..], &RUN].concat());
    desk
}

/// Another user, or another machine: the same account, and a key of their own.
fn other(desk: &Desk) -> Desk {
    Desk::at(&desk.endpoint, &desk.account)
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).expect("copied")),
        }
    }
}

/// The journal as somebody without the key can make it: with other values, without MACs, in a chain that holds.
fn forge(journal: &Path, change: impl Fn(&mut Value)) {
    let text = fs::read_to_string(journal).expect("a journal");
    let (mut prev, mut forged) = ("0".repeat(64), String::new());
    for line in text.lines() {
        let mut line: Value = serde_json::from_str(line).expect("JSON");
        line.as_object_mut().expect("an object").shift_remove("mac");
        line["prev"] = prev.into();
        change(&mut line);
        let line = line.to_string();
        prev = hash(line.as_bytes());
        forged += &(line + "\n");
    }
    fs::write(journal, forged).expect("written");
}

/// Without a home that is named, in a working folder.
fn plain(desk: &Desk, folder: &Path, args: &[&str]) -> Ended {
    let mut command = desk.command(args);
    let done = command.env_remove("BACKBURN_HOME").current_dir(folder).output().expect("it starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ended { code: done.status.code(), out: text(done.stdout), err: text(done.stderr) }
}

/// What a release of the forged run would write: the key is made active again.
fn clone_of(desk: &Desk, victim: &Desk) -> (PathBuf, String) {
    let project = victim.path("project");
    copy(&desk.path("home"), &project.join(".backburn"));
    let runs = journal::RunDir::list(&project.join(".backburn")).expect("runs");
    let run = runs.last().expect("a run");
    forge(&run.journal(), |line| {
        if line["record"] == "intent" {
            line["before"] = "the attacker's".into();
        }
    });
    (project.clone(), run.id().to_owned())
}

fn head(home: &Path) -> String {
    let run = journal::RunDir::list(home).expect("runs").pop().expect("a run");
    journal::read(&run.journal()).expect("a chain").head.hash
}

#[test]
fn a_forged_run_of_a_cloned_repository_is_followed_by_no_command() {
    let attacker = ran();
    let victim = other(&attacker);
    let before = victim.state();
    let (project, run) = clone_of(&attacker, &victim);
    // Not found by default; and said, with what to do.
    let list = plain(&victim, &project, &["runs"]);
    assert!(
        list.out.starts_with("no runs in") && list.err.contains("backburn trust .backburn"),
        "{list:?}"
    );
    for command in [&["release", "last", "--yes"][..], &["resume", "last"], &["abort", "last"]] {
        let ended = plain(&victim, &project, command);
        assert_eq!(ended.code, Some(2), "{ended:?}");
    }
    // A home that is named is read, and not followed.
    let named =
        |args: &[&str]| plain(&victim, &project, &[args, &["--home", ".backburn"]].concat());
    let list = named(&["runs"]);
    assert!(list.out.contains("unsigned; succeeded"), "{list:?}");
    let approve = ["approve", "last", "any", "--as", "responder", "--reason", "x"];
    let commands: [&[&str]; 5] = [
        &["release", "last", "--yes"],
        &["release", "last", "--plan"],
        &["resume", "last"],
        &["abort", "last"],
        &approve,
    ];
    for command in commands {
        let ended = named(command);
        assert_eq!(ended.code, Some(4), "{command:?}: {ended:?}");
        assert!(
            ended.err.contains("run::not-signed") && ended.err.contains("unsigned"),
            "{ended:?}"
        );
    }
    let follow = named(&["runs", "show", "last", "--follow"]);
    assert_eq!(follow.code, Some(4), "its exit code is nobody's word: {follow:?}");
    assert!(named(&["report", "last", "--format", "md"]).err.contains("is unsigned"));
    let verify = named(&["runs", "verify", "last"]);
    assert!(verify.out.contains("signature: unsigned"), "{verify:?}");
    let wrong = named(&["release", "last", "--yes", &format!("--trust={}", "0".repeat(32))]);
    assert_eq!(wrong.code, Some(4), "{wrong:?}");
    assert_eq!(victim.state(), before, "nothing of the account was touched");
    // What was looked at is shown before anything else, and is followed only by its own hash.
    let shown = plain(&victim, &project, &["trust"]);
    assert_eq!(shown.code, Some(4), "nobody was asked: {shown:?}");
    for part in [&run, "unsigned", "the attacker's", &victim.endpoint, "--yes="] {
        assert!(shown.err.contains(part), "{part}: {}", shown.err);
    }
    let head = head(&project.join(".backburn"));
    let planned = named(&["release", "last", "--plan", &format!("--trust={}", &head[..32])]);
    assert!(matches!(planned.code, Some(0 | 7)), "{planned:?}");
    assert_eq!(victim.state(), before);
}

/// A plan that fits its own hash and the journal's, and has another endpoint than the journal: neither what is shown
/// nor what is called is the plan's.
#[test]
fn a_plan_with_another_endpoint_than_the_journal_decides_nothing() {
    let attacker = ran();
    let victim = other(&attacker);
    let (project, _) = clone_of(&attacker, &victim);
    let home = project.join(".backburn");
    let run = journal::RunDir::list(&home).expect("runs").pop().expect("a run");
    let mut plan: PlanFile = run.read_json(journal::RunDir::PLAN).expect("a plan");
    plan.endpoint = Some("http://127.0.0.1:9".into());
    plan.steps.clear();
    let plan = plan.sealed();
    run.write_json(journal::RunDir::PLAN, &plan).expect("written");
    forge(&run.journal(), |line| {
        if line["record"] == "run-started" {
            line["plan-sha256"] = plan.sha256.clone().into();
        }
    });
    let trust = format!("--trust={}", &head(&home)[..32]);
    let named = |args: &[&str]| {
        plain(&victim, &project, &[args, &["--home", ".backburn", &trust]].concat())
    };
    let planned = named(&["release", "last", "--plan"]);
    assert!(matches!(planned.code, Some(0 | 7)), "{planned:?}");
    assert!(planned.err.contains(&format!("endpoint  {}", victim.endpoint)), "{planned:?}");
    assert!(planned.err.contains("resume    is refused"), "{planned:?}");
    assert!(!format!("{planned:?}").contains("127.0.0.1:9\""), "{planned:?}");
}

#[test]
fn a_folders_runs_are_taken_over_by_the_hash_of_what_was_shown() {
    let attacker = ran();
    let victim = other(&attacker);
    let project = victim.path("project");
    copy(&attacker.path("home"), &project.join(".backburn"));
    let shown = plain(&victim, &project, &["trust"]);
    assert!(shown.err.contains("signed by another key"), "{shown:?}");
    let (_, yes) = shown.err.split_once("--yes=").expect("a hash");
    let yes = format!("--yes={}", &yes[..32]);
    let taken = plain(&victim, &project, &["trust", &yes]);
    assert_eq!(taken.code, Some(0), "{taken:?}");
    assert!(
        !project
            .join(".backburn/runs")
            .read_dir()
            .expect("read")
            .any(|entry| { entry.is_ok_and(|entry| entry.path().is_dir()) })
    );
    let list = plain(&victim, &project, &["runs"]);
    assert!(list.out.contains("succeeded") && !list.out.contains("signed"), "{list:?}");
    let released = plain(&victim, &project, &["release", "last", "--yes"]);
    assert_eq!(released.code, Some(0), "{released:?}");
}

#[test]
fn a_journal_that_was_changed_or_cut_off_is_not_followed() {
    let desk = ran();
    let (path, before) = (desk.journal(), desk.state());
    let whole = fs::read_to_string(&path).expect("a journal");
    let lines: Vec<_> = whole.lines().collect();
    let cut = lines[..lines.len() - 2].join("\n") + "\n";
    let last = whole.replace("\"record\":\"manifest\"", "\"record\":\"manifest\",\"note\":1");
    for spoilt in [&cut, &last] {
        assert_ne!(**spoilt, whole);
        fs::write(&path, spoilt).expect("written");
        assert!(desk.ends(0, &["runs"]).out.contains("TAMPERED"));
        assert!(desk.json(&["runs", "--json"])[0]["signature"] == "tampered");
        assert!(desk.ends(1, &["runs", "verify", "last"]).out.contains("signature: TAMPERED"));
        for command in [&["release", "last", "--yes"][..], &["resume", "last"], &["abort", "last"]]
        {
            assert!(desk.ends(4, command).err.contains("TAMPERED"));
        }
    }
    forge(&path, |_| {});
    assert!(desk.ends(4, &["release", "last", "--yes"]).err.contains("TAMPERED"), "without MACs");
    assert_eq!(desk.state(), before);
    fs::write(&path, &whole).expect("written");
    // A folder of one's own under another name is not another run.
    let twin = desk.path("home/runs/7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    copy(path.parent().expect("a folder"), &twin);
    assert!(desk.ends(4, &["release", "last", "--yes"]).err.contains("TAMPERED"));
    fs::remove_dir_all(&twin).expect("removed");
    // Nor is a state that somebody put beside the journal believed.
    let state = path.with_file_name("state.json");
    fs::write(&state, "{\"format\":2}\n00").expect("written");
    assert_eq!(desk.json(&["runs", "--json"])[0]["signature"], "this-user");
    desk.ends(0, &["release", "last", "--yes"]);
}

/// A record in the middle was changed: no command follows the run, and each says what to do by hand.
#[test]
fn a_broken_chain_says_what_the_run_still_holds() {
    let desk = ran();
    let (path, before) = (desk.journal(), desk.state());
    let whole = fs::read_to_string(&path).expect("a journal");
    let mut lines: Vec<_> = whole.lines().map(str::to_owned).collect();
    let last = lines.iter().rposition(|line| line.contains("\"record\":\"verdict\""));
    let last = &mut lines[last.expect("a verdict")];
    *last = last.replace("\"subject\":\"", "\"subject\":\"another ");
    fs::write(&path, lines.join("\n") + "\n").expect("written");
    let run = desk.runs()[0].clone();
    for command in [
        &["release", "last", "--yes"][..],
        &["resume", "last"],
        &["abort", "last"],
        &["runs", "show", "last"],
        &["runs", "verify", "last"],
    ] {
        let ended = desk.ends(1, command);
        assert!(ended.err.contains("[journal::broken-chain]"), "{ended:?}");
        let said = ended.err.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [
            "No command follows the run, and the account is as the run left it",
            &format!("`backburn runs show {run}` lists the settings"),
            &format!("`app/backburn-{run}`"),
            &format!("`backburn release {run}` works again"),
        ] {
            assert!(said.contains(part), "{command:?}: {part}: {said}");
        }
    }
    let shown = desk.ends(1, &["runs", "show", "last"]).out;
    assert!(shown.contains("started by tester"), "{shown}");
    let held = desk.ends(1, &["runs", "verify", "last"]).out;
    assert!(!held.contains("started by"), "only what is held: {held}");
    for part in [
        "3 changes that nobody gave back, the last first",
        "  iam.access-key-status ",
        "      before the run  Active",
        "      this run set    Inactive",
    ] {
        assert!(held.contains(part) && shown.contains(part), "{part}: {held}");
    }
    // One row is one short line; why it is so stands beside the list.
    let list = desk.ends(0, &["runs"]);
    assert_eq!(list.out.trim_end(), format!("{run}  ?  TAMPERED  0 changes"), "{list:?}");
    assert!(list.err.contains(&format!("run {run} is TAMPERED: ")), "{list:?}");
    assert_eq!(desk.state(), before);
    // A whole copy in its place, and it can be released.
    fs::write(&path, &whole).expect("written");
    desk.ends(0, &["release", "last", "--yes"]);
}

#[test]
fn a_home_that_others_may_write_is_not_used() {
    let desk = ran();
    let home = desk.path("home");
    for folder in [home.clone(), home.join("runs"), desk.run_dir()] {
        let mode =
            |mode| fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).expect("set");
        mode(0o777);
        let refused = desk.ends(4, &["release", "last", "--yes"]);
        assert!(
            refused.err.contains("chmod go-w") && refused.err.contains("run::foreign"),
            "{refused:?}"
        );
        mode(0o700);
    }
    let key = desk.path(".local/state/backburn/key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("set");
    let refused = desk.ends(4, &["release", "last", "--yes"]);
    assert!(refused.err.contains("the key of this user"), "{refused:?}");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("set");
    desk.ends(0, &["release", "last", "--yes"]);
}

/// Where no key can be kept, a run is still made and can be gone on with by name of its head.
#[test]
fn without_a_key_runs_are_unsigned_and_asked_for() {
    let (desk, seed) = Desk::seeded();
    let inputs = leaked(&seed);
    fs::write(desk.path("no-folder"), "").expect("written");
    let keyless = |args: &[&str]| {
        let mut command = desk.command(args);
        command.env("XDG_STATE_HOME", desk.path("no-folder"));
        let done = command.output().expect("it starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ended { code: done.status.code(), out: text(done.stdout), err: text(done.stderr) }
    };
    let mut args = vec!["run", LEAK];
    inputs.iter().for_each(|input| args.extend(["-i", input]));
    let ran = keyless(&[&args[..], &RUN].concat());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.err.matches("no key of this user can be kept").count(), 1, "{}", ran.err);
    let refused = keyless(&["release", "last", "--yes"]);
    assert_eq!(refused.code, Some(4), "{refused:?}");
    let trust = format!("--trust={}", &head(&desk.path("home"))[..32]);
    let released = keyless(&["release", "last", "--yes", &trust]);
    assert_eq!(released.code, Some(0), "{released:?}");
}

/// How old an approved plan is, and whom it asks, is part of what was approved.
#[test]
fn a_saved_plan_is_ones_own_and_names_whom_it_asks() {
    let (desk, seed) = Desk::seeded();
    let inputs = leaked(&seed);
    let (saved, config) = (desk.path("plan.json"), desk.path("backburn.toml"));
    let (plan, toml) = (saved.display().to_string(), config.display().to_string());
    let mut args = vec!["plan", LEAK, "--no-probe", "--out", &plan, "--config", &toml];
    inputs.iter().for_each(|input| args.extend(["-i", input]));
    let mut hashes = Vec::new();
    for contact in ["+49 30 5550100", "+49 30 5550199"] {
        fs::write(&config, format!("[contacts]\ncommander = \"{contact}\"\n")).expect("written");
        let shown = desk.ends(0, &args);
        assert!(shown.out.contains(&format!("config    {toml}")), "{}", shown.out);
        let json: Value =
            serde_json::from_str(&fs::read_to_string(&saved).expect("a plan")).expect("JSON");
        assert_eq!(json["playbook"]["contacts"]["commander"], contact);
        hashes.push(json["sha256"].clone());
    }
    assert_ne!(hashes[0], hashes[1]);
    let mut run = vec!["run", LEAK, "--no-probe", "--plan", &plan, "--config", &toml];
    inputs.iter().for_each(|input| run.extend(["-i", input]));
    let unsigned = "this user's key did not sign the plan";
    let own = desk.ends(4, &run);
    assert!(own.err.contains("nobody can be asked") && !own.err.contains(unsigned), "{}", own.err);
    // It has the inputs of an incident, and is written in the place of a link, never through it.
    let mode =
        |path: &Path| fs::symlink_metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&saved), 0o600);
    let (theirs, link) = (desk.path("theirs.json"), desk.path("link.json"));
    fs::write(&theirs, "theirs").expect("written");
    std::os::unix::fs::symlink(&theirs, &link).expect("linked");
    let out = link.display().to_string();
    let mut again = args.clone();
    again[4] = &out;
    desk.ends(0, &again);
    assert_eq!(fs::read_to_string(&theirs).expect("there"), "theirs");
    assert!(fs::symlink_metadata(&link).expect("there").is_file());
    // Nor is it the plan of another run.
    let mut json: Value =
        serde_json::from_str(&fs::read_to_string(&link).expect("a plan")).expect("JSON");
    json["run"] = "01JD0000000000000000000000".into();
    fs::write(&link, json.to_string()).expect("written");
    let mut other = run.clone();
    let at = other.iter().position(|arg| *arg == plan).expect("the plan");
    other[at] = &out;
    let refused = desk.ends(4, &other);
    assert!(refused.err.contains("was changed after it was made"), "{}", refused.err);
    // The hash says nothing about its age.
    let mut json: Value =
        serde_json::from_str(&fs::read_to_string(&saved).expect("a plan")).expect("JSON");
    json["created"] = "2026-11-30T00:00:00Z".into();
    fs::write(&saved, json.to_string()).expect("written");
    let older = desk.ends(4, &[&run[..], &["--max-age", "72h"]].concat());
    assert!(older.err.contains(unsigned), "{}", older.err);
}
