//! What ends a run before its time: SIGKILL at many points, Ctrl-C, `abort`, a torn or changed
//! journal, a second process. Then: the same end as an uninterrupted run, and all given back.

mod signals;

pub(crate) use signals::in_a_session;

use std::sync::OnceLock;

use backburn::lab::seed::Seed;
use serde_json::{Value, json};

use crate::accounts::{differences, in_names, named, without_retained};
use crate::binary::{Desk, RUN, root, wait_for};
use crate::playbooks::{compromised, isolated};
use crate::support;

/// The shipped playbook with a shorter open window, and how to run it.
pub(crate) struct Play {
    pub(crate) desk: Desk,
    pub(crate) seed: Seed,
    file: String,
    before: Value,
}

impl Play {
    pub(crate) fn new() -> Self {
        let (desk, seed) = Desk::seeded();
        let text = std::fs::read_to_string(root().join("playbooks/ec2-compromise.yaml"));
        let text = text.expect("the playbook");
        let line = "      disassociate-addresses: ${{ inputs.disassociate-addresses }}\n";
        let short = text.replace(line, &format!("{line}      cut-connections-after: 2s\n"));
        assert_ne!(text, short);
        // Here the snapshots wait for the isolation, so that a run that is stopped in the open window has
        // something left to do.
        let needs = "    needs: [protect, memory]\n    uses: ec2.snapshot-volumes";
        let last = "    needs: [protect, memory, isolate]\n    uses: ec2.snapshot-volumes";
        assert!(short.contains(needs));
        let short = short.replace(needs, last);
        let file = desk.path("ec2-compromise.yaml");
        std::fs::write(&file, short).expect("written");
        let before = desk.state();
        Self { file: file.display().to_string(), desk, seed, before }
    }

    fn args(&self) -> Vec<String> {
        let mut args = vec!["run".to_owned(), self.file.clone()];
        args.extend(compromised(&self.seed).into_iter().flat_map(|input| ["-i".into(), input]));
        args.extend(RUN.map(str::to_owned));
        args
    }

    fn run(&self) {
        let args = self.args();
        self.desk.ends(0, &args.iter().map(String::as_str).collect::<Vec<_>>());
    }

    pub(crate) fn until(&self, seen: impl Fn(&Value) -> bool) -> crate::binary::Running {
        let args = self.args();
        self.desk.until(&args.iter().map(String::as_str).collect::<Vec<_>>(), seen)
    }

    /// The account now and the outputs of the last run, in names; snapshots of other runs left out.
    fn end(&self) -> Value {
        let mut now = self.desk.state();
        isolated(&self.seed, &now);
        let run = self.desk.records()[0]["run"].clone();
        let snapshots = now["ec2"]["snapshots"].as_object_mut().expect("snapshots");
        snapshots.retain(|_, one| one["tags"]["backburn:run"] == run);
        let outputs = in_names(&Value::Object(self.desk.outputs()), &now, &self.seed);
        json!({ "account": named(&now, &self.seed), "outputs": outputs })
    }

    /// No interface is in a group that lets anything through by this run's doing.
    fn is_closed(&self) -> bool {
        let now = self.desk.state();
        self.seed.interfaces.iter().all(|interface| {
            let groups = now["ec2"]["interfaces"][interface]["groups"].as_array().expect("groups");
            groups.iter().filter_map(Value::as_str).all(|group| {
                let name = now["ec2"]["groups"][group]["GroupName"].as_str().expect("a name");
                !name.starts_with("backburn-open")
            })
        })
    }

    pub(crate) fn released(&self) {
        let now = self.desk.state();
        let left = differences(&without_retained(&self.before), &without_retained(&now));
        assert_eq!(left, "");
    }
}

/// How an uninterrupted run ends.
fn uninterrupted() -> &'static Value {
    static END: OnceLock<Value> = OnceLock::new();
    END.get_or_init(|| {
        let play = Play::new();
        play.run();
        play.end()
    })
}

fn is(record: &'static str, kind: &'static str, nth: u64) -> impl Fn(&Value) -> bool {
    move |line| {
        let place = &line["place"];
        line["record"] == record
            && place["kind"] == kind
            && place["nth"].as_u64().unwrap_or(0) == nth
    }
}

/// Where a run is killed.
struct Cut {
    name: &'static str,
    seen: Box<dyn Fn(&Value) -> bool + Sync>,
    /// Also release such a run without resuming it.
    released: bool,
}

fn cuts() -> Vec<Cut> {
    let cut = |name, seen, released| Cut { name, seen: Box::new(seen), released };
    let finished = |line: &Value| line["record"] == "step-finished";
    vec![
        cut("a first setting", is("intent", "ec2.termination-protection", 0), false),
        Cut { name: "between steps", seen: Box::new(finished), released: false },
        cut("a group being made", is("intent", "ec2.security-group", 0), true),
        cut("a policy being written", is("intent", "iam.role-policy", 0), false),
        cut("being opened", is("intent", "ec2.eni-groups", 0), true),
        cut("open", is("outcome", "ec2.eni-groups", 0), true),
        cut("being closed", is("intent", "ec2.eni-groups", 1), false),
        cut("snapshots being started", is("operation-intent", "ec2.create-snapshots", 0), true),
        cut("snapshots started", is("operation-started", "ec2.create-snapshots", 0), false),
    ]
}

fn killed(cut: &Cut) {
    let play = Play::new();
    let desk = &play.desk;
    if cut.released {
        play.until(&cut.seen).kill();
        desk.ends(0, &["release", "last", "--yes"]);
        play.released();
    }
    play.until(&cut.seen).kill();
    let resumed = desk.ends(0, &["resume", "last", "--accept-presumed"]);
    let end = differences(uninterrupted(), &play.end());
    assert_eq!(end, "", "{}", resumed.err);
    if cut.name == "open" {
        let records = desk.records();
        let mut after = records.iter().skip_while(|line| line["record"] != "resumed").skip(1);
        let next = after.next().map(|line| &line["record"]);
        assert_eq!(next, Some(&json!("closed")), "closing is the first thing");
    }
    desk.ends(0, &["runs", "verify", "last"]);
    desk.ends(4, &["resume", "last"]);
    desk.ends(0, &["release", "last", "--yes"]);
    play.released();
}

#[test]
fn killed_anywhere_it_resumes_to_the_same_end_or_is_released() {
    let cuts = cuts();
    let failed: Vec<_> = std::thread::scope(|threads| {
        let started: Vec<_> =
            cuts.iter().map(|cut| (cut.name, threads.spawn(|| killed(cut)))).collect();
        let ended = started.into_iter().map(|(name, thread)| (name, thread.join()));
        ended.filter(|(_, end)| end.is_err()).map(|(name, _)| name).collect()
    });
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn a_resumed_run_is_killed_too() {
    let play = Play::new();
    play.until(is("outcome", "ec2.eni-groups", 0)).kill();
    let resume = ["resume", "last", "--accept-presumed"];
    let operation = is("operation-intent", "ec2.create-snapshots", 0);
    play.desk.until(&resume, operation).kill();
    play.desk.ends(0, &resume);
    assert_eq!(differences(uninterrupted(), &play.end()), "");
    play.desk.ends(0, &["release", "last", "--yes"]);
    play.released();
}

#[test]
fn a_release_is_killed_too() {
    let play = Play::new();
    play.run();
    let restored = |line: &Value| line["record"] == "release-intent";
    play.desk.until(&["release", "last", "--yes"], restored).kill();
    play.desk.ends(0, &["release", "last", "--yes"]);
    play.released();
}

#[test]
fn ctrl_c_closes_what_is_open_and_says_how_to_go_on() {
    let play = Play::new();
    let running = play.until(is("outcome", "ec2.eni-groups", 0));
    running.interrupt();
    let ended = running.ended();
    assert_eq!(ended.code, Some(9), "{ended:?}");
    assert!(play.is_closed());
    for said in ["interrupted", "backburn resume", "backburn release", "changes made"] {
        assert!(ended.out.contains(said), "{said}: {}", ended.out);
    }
    assert!(ended.err.contains("stopping"), "{}", ended.err);
    play.desk.ends(0, &["resume", "last", "--accept-presumed"]);
    assert_eq!(differences(uninterrupted(), &play.end()), "");
}

#[test]
fn a_live_run_is_left_alone_and_can_be_aborted() {
    let play = Play::new();
    let running = play.until(is("outcome", "ec2.eni-groups", 0));
    for command in ["resume", "release"] {
        let refused = play.desk.ends(4, &[command, "last"]);
        assert!(refused.err.contains("another process"), "{}", refused.err);
    }
    play.desk.ends(0, &["abort", "last", "--reason", "wrong host, ticket 7"]);
    assert_eq!(running.ended().code, Some(9));
    assert!(play.is_closed());
    let refused = play.desk.ends(4, &["resume", "last"]);
    assert!(refused.err.contains("aborted"), "{}", refused.err);
    // Who decided it, and why, is kept for whoever reads it later.
    let shown = play.desk.ends(0, &["runs", "show", "last"]).out;
    assert!(shown.contains("aborted by tester (arn:aws:"), "{shown}");
    assert!(shown.contains("): wrong host, ticket 7"), "{shown}");
    let report = play.desk.ends(0, &["report", "last", "--format", "md"]).out;
    assert!(report.contains("- tester aborted it: wrong host, ticket 7."), "{report}");
    play.desk.ends(0, &["release", "last", "--yes"]);
    play.released();
}

#[test]
fn an_abandoned_run_is_aborted_and_closed() {
    let play = Play::new();
    play.until(is("outcome", "ec2.eni-groups", 0)).kill();
    assert!(!play.is_closed(), "it was killed in the open window");
    play.desk.ends(0, &["abort", "last"]);
    assert!(play.is_closed());
    play.desk.ends(0, &["release", "last", "--yes"]);
    play.released();
}

#[test]
fn a_change_by_someone_else_is_a_conflict_until_forced() {
    let play = Play::new();
    play.run();
    let eni = &play.seed.interfaces[0];
    let theirs = &play.before["ec2"]["interfaces"][&play.seed.interfaces[1]]["groups"];
    let ec2 = aws_sdk_ec2::Client::new(&support::lab().lab.sdk_config(&play.seed.account));
    let call = ec2.modify_network_interface_attribute().network_interface_id(eni);
    let call = theirs
        .as_array()
        .expect("groups")
        .iter()
        .fold(call, |call, group| call.groups(group.as_str().expect("an id")));
    wait_for(call.send()).expect("changed");

    let conflict = play.desk.ends(7, &["release", "last", "--yes"]);
    for said in ["before the run", "this run set", "now", "--force"] {
        assert!(conflict.out.contains(said), "{said}: {}", conflict.out);
    }
    let mut now = play.desk.state();
    assert_eq!(now["ec2"]["interfaces"][eni]["groups"], *theirs);
    // All but this is given back, in both places where it shows.
    for place in ["interfaces", "instances"] {
        let id = if place == "interfaces" { eni } else { &play.seed.instance };
        now["ec2"][place][id] = play.before["ec2"][place][id].clone();
    }
    assert_eq!(differences(&without_retained(&play.before), &without_retained(&now)), "");

    let force = format!("ec2.eni-groups {eni}");
    play.desk.ends(0, &["release", "last", "--yes", "--force", &force]);
    play.released();
}

fn journal(desk: &Desk) -> String {
    std::fs::read_to_string(desk.journal()).expect("a journal")
}

#[test]
fn a_torn_line_is_dropped_and_a_changed_one_refused() {
    let play = Play::new();
    let desk = &play.desk;
    play.until(is("outcome", "ec2.eni-groups", 0)).kill();
    let whole = journal(desk);

    let changed = whole.replacen("\"operator\":\"tester\"", "\"operator\":\"nobody\"", 1);
    assert_ne!(whole, changed);
    let gap: Vec<_> = whole.lines().enumerate().filter(|(n, _)| *n != 3).map(|(_, l)| l).collect();
    let before = desk.state();
    for bad in [changed, gap.join("\n") + "\n"] {
        std::fs::write(desk.journal(), &bad).expect("written");
        for command in
            [&["runs", "verify", "last"][..], &["resume", "last"], &["release", "last", "--yes"]]
        {
            let refused = desk.ends(1, command);
            assert!(refused.err.contains("chain is broken at line"), "{}", refused.err);
        }
        assert_eq!(journal(desk), bad);
    }
    assert_eq!(desk.state(), before);

    let torn = format!("{whole}{{\"seq\":99,\"time\":\"20");
    std::fs::write(desk.journal(), torn).expect("written");
    let verified = desk.ends(0, &["runs", "verify", "last"]);
    assert!(verified.out.contains("was cut off"), "{}", verified.out);
    let resumed = desk.ends(0, &["resume", "last", "--accept-presumed"]);
    assert!(resumed.err.contains("is dropped"), "{}", resumed.err);
    assert_eq!(differences(uninterrupted(), &play.end()), "");
    assert!(journal(desk).starts_with(&whole));
    desk.ends(0, &["runs", "verify", "last"]);
}
