//! Sensitive inputs stay out of everything that a command prints or keeps, in whatever form; and what a
//! run keeps is its owner's alone.

use std::path::Path;

use backburn::lab::seed::Seed;
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::aws_faults::{arm, failing};
use crate::binary::{Desk, Ended, approving, wait_for};
use crate::support;

/// What is looked for: it is in every escaped form of the whole value too.
const CORE: &str = "hunter-2-hunter";
pub(crate) const TOKEN: &str = "p\"&/hunter-2-hunter+<\u{e9}'";
/// In a command that AWS refuses, and quotes in its error.
pub(crate) const HOST: &str = "i-0feedfacecafe1234";

pub(crate) const PLAYBOOK: &str = "\
playbook: secrets
title: Uses what it is given in confidence
version: 1.0.0
severity: low
inputs:
  instance: { type: instance, description: the instance to tag }
  token: { type: string, sensitive: true, description: given in confidence }
  host: { type: instance, sensitive: true, description: quoted by AWS }
steps:
  tag:
    uses: ec2.tag-resource
    with:
      resource: ${{ inputs.instance }}
      tags: { note: contained }
  use:
    uses: ssm.run-command
    needs: tag
    with:
      instance: ${{ inputs.instance }}
      commands:
        - echo ${{ inputs.token }}
        - ${{ inputs.token | upper }}
        - ${{ 'x-' ~ inputs.token }}
        - ${{ [inputs.token] | tojson }}
        - ${{ [inputs.token | upper, inputs.token | lower] | join('_') }}
  ask:
    uses: core.manual
    needs: use
    with: { instructions: 'type ${{ inputs.token }} there' }
  fail:
    uses: ssm.run-command
    needs: ask
    with:
      instance: ${{ inputs.instance }}
      commands: ['of-${{ inputs.host | upper }}']
";

/// Everything that was printed, by command.
pub(crate) struct Watch {
    pub desk: Desk,
    pub said: Vec<(String, String)>,
}

impl Watch {
    pub(crate) fn run(&mut self, code: Option<i32>, args: &[&str], log: Option<&str>) -> Ended {
        let mut command = self.desk.command(args);
        if let Some(filter) = log {
            command.env("BACKBURN_LOG", filter);
        }
        command.env("GITHUB_STEP_SUMMARY", self.desk.path("summary.md"));
        let done = command.output().expect("it starts");
        let out = String::from_utf8_lossy(&done.stdout).into_owned();
        let err = String::from_utf8_lossy(&done.stderr).into_owned();
        let ended = Ended { code: done.status.code(), out, err };
        let what = args.iter().take(3).copied().collect::<Vec<_>>().join(" ");
        assert!(
            code.is_none() || ended.code == code,
            "{what}: {:?}\n{}\n{}",
            ended.code,
            ended.out,
            ended.err
        );
        self.said.push((format!("{what} (stdout)"), ended.out.clone()));
        self.said.push((format!("{what} (stderr)"), ended.err.clone()));
        ended
    }

    /// No form of a secret is in what was printed or in any file.
    pub(crate) fn is_clean(&self) {
        let mut places = self.said.clone();
        files(self.desk.dir.path(), &mut places);
        let coded = ["", "a", "ab"].map(|before| {
            let whole = STANDARD.encode(format!("{before}{TOKEN}"));
            // Without the letters that what stands around it decides.
            whole[8..whole.len() - 6].to_owned()
        });
        let hex: String = CORE.bytes().map(|byte| format!("{byte:02x}")).collect();
        let wanted = [CORE.to_owned(), CORE.replace('-', "%2d"), hex, HOST[3..].to_owned()];
        let mut found = Vec::new();
        for (place, text) in &places {
            let lower = text.to_lowercase();
            let bad = wanted.iter().find(|one| lower.contains(one.as_str()));
            if let Some(bad) = bad.or_else(|| coded.iter().find(|one| text.contains(one.as_str())))
            {
                let at = lower.find(bad.as_str()).unwrap_or_default();
                let (from, to) = (at.saturating_sub(120), (at + 120).min(lower.len()));
                let near = String::from_utf8_lossy(&lower.as_bytes()[from..to]).into_owned();
                found.push(format!("{place}: {bad}: {near}"));
            }
        }
        assert!(found.is_empty(), "{found:#?}");
    }
}

fn files(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else {
            let bytes = std::fs::read(&path).expect("a file");
            found.push((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
}

#[test]
fn no_form_of_a_sensitive_input_is_printed_or_kept() {
    let (desk, seed) = Desk::seeded();
    // Somebody has put it into a tag, which the run changes.
    tagged(&seed, "note", TOKEN);
    let before = desk.state();
    let file = desk.path("secrets.yaml");
    std::fs::write(&file, PLAYBOOK).expect("written");
    let file = file.display().to_string();
    let (token, host) = (format!("token={TOKEN}"), format!("host={HOST}"));
    let instance = format!("instance={}", seed.instance);
    let confided = ["-i", &token, "-i", &host];
    let given = [&["-i", &instance][..], &confided].concat();
    let plan = desk.path("plan.json").display().to_string();
    let reports: String = ["junit", "sarif", "md", "json"]
        .map(|kind| format!("{kind}={},", desk.path(&format!("report.{kind}")).display()))
        .concat();
    let reports = format!("{reports}github");
    let mut watch = Watch { desk, said: Vec::new() };
    let with = |args: &[&'static str]| -> Vec<String> {
        args.iter().map(|one| (*one).to_owned()).collect()
    };
    let quotes = format!("Invalid value 'of-{}' for commands.", HOST.to_uppercase());
    let mut rule = failing("SendCommand", "InvalidParameters", 400, &quotes);
    rule["service"] = "ssm".into();
    rule["account"] = seed.account.clone().into();
    // The first is of `use`, the others of `fail` and of its second attempt.
    for nth in [2, 3] {
        rule["nth"] = nth.into();
        arm(&watch.desk, &rule);
    }
    let mut go = |code: Option<i32>, head: Vec<String>, more: &[&str], log: Option<&str>| {
        let args: Vec<&str> = head.iter().map(String::as_str).chain(more.iter().copied()).collect();
        watch.run(code, &args, log)
    };

    for command in ["check", "graph", "policy"] {
        go(Some(0), with(&[command]), &[&file], None);
    }
    go(Some(0), with(&["plan"]), &[&[&*file][..], &given, &["--out", &plan, "-vv"]].concat(), None);
    go(Some(0), with(&["plan", "--json"]), &[&[&*file][..], &given].concat(), None);
    // Waits for an answer, with the question in a file of the run.
    let run = [&[&*file, "--yes", "--report", &reports, "-vv"][..], &given].concat();
    let waits = go(Some(10), with(&["run"]), &run, Some("backburn=trace"));
    assert!(waits.err.contains("(sensitive)"), "{}", waits.err);
    // AWS's error quotes what was made of the host.
    let answered = [&approving("ask", "all")[..], &confided].concat();
    let fails = go(Some(5), with(&["resume", "last"]), &answered, Some("trace"));
    assert!((fails.out + &fails.err).contains("(sensitive)"));
    go(Some(5), with(&["resume", "last", "--json"]), &answered, None);
    for show in [&["runs", "show", "last"][..], &["runs", "show", "last", "--json"], &["runs"]] {
        go(Some(0), with(show), &[], None);
    }
    for format in ["html", "md", "json"] {
        go(Some(0), with(&["report", "last", "--format", format]), &["-vv"], None);
    }
    go(Some(0), with(&["runs", "verify", "last"]), &[], None);
    // Without the secret nobody can write it back.
    let left = go(
        Some(7),
        with(&["release", "last", "--yes", "-vv", "--json"]),
        &[],
        Some("backburn=trace"),
    );
    assert!(left.out.contains("give the run's sensitive inputs with `-i`"), "{}", left.out);
    let released =
        go(Some(0), with(&["release", "last", "--yes", "-vv"]), &confided, Some("trace"));
    assert!(released.out.contains("given back"), "{}", released.out);
    let verified = go(Some(0), with(&["runs", "verify", "last"]), &[], None);
    assert!(verified.out.contains("evidence/manifest.json: as recorded"), "{}", verified.out);
    watch.is_clean();
    assert_eq!(watch.desk.state()["ec2"], before["ec2"], "the tag has the secret again");
}

fn tagged(seed: &Seed, key: &str, value: &str) {
    let ec2 = aws_sdk_ec2::Client::new(&support::lab().lab.sdk_config(&seed.account));
    let tag = aws_sdk_ec2::types::Tag::builder().key(key).value(value).build();
    wait_for(ec2.create_tags().resources(&seed.instance).tags(tag).send()).expect("tagged");
}

/// Whoever can set a tag can write what stands for a hidden value in what people read.
#[test]
fn the_words_for_a_hidden_value_are_a_value_like_any_other() {
    let (desk, seed) = Desk::seeded();
    tagged(&seed, "note", "(sensitive)");
    let before = desk.state();
    let file = desk.path("secrets.yaml");
    let text = PLAYBOOK.split("  ask:").next().expect("a part").replace("  host: {", "  # host: {");
    std::fs::write(&file, text).expect("written");
    let (instance, token) = (format!("instance={}", seed.instance), format!("token={TOKEN}"));
    let file = file.display().to_string();
    desk.ends(0, &["run", &file, "-i", &instance, "-i", &token, "--yes"]);
    let after = desk.state();
    assert_ne!(after["ec2"], before["ec2"]);
    // With the secret the run's own playbook is read again: one that was changed since must not decide what it hides.
    let kept = desk.run_dir().join("playbook.yaml");
    let original = std::fs::read_to_string(&kept).expect("a playbook");
    std::fs::write(&kept, original.replace("sensitive: true, ", "")).expect("written");
    let refused = desk.ends(4, &["release", "last", "--yes", "-i", &token]);
    assert!(refused.err.contains("was changed after it started"), "{}", refused.err);
    assert_eq!(desk.state(), after, "nothing was given back");
    std::fs::write(&kept, original).expect("written");
    let released = desk.ends(0, &["release", "last", "--yes"]);
    assert!(released.out.contains("1 given back"), "{}", released.out);
    assert_eq!(desk.state()["ec2"], before["ec2"]);

    // After the run it is somebody else's value, which stands in nobody's way but is left alone.
    desk.ends(0, &["run", &file, "-i", &instance, "-i", &token, "--yes"]);
    tagged(&seed, "note", "(sensitive) ");
    let released = desk.ends(7, &["release", "last", "--yes"]);
    assert!(released.out.contains("1 conflict"), "{}", released.out);
}

/// What cannot be hidden is refused, with the place that would show it.
#[test]
fn nothing_is_made_of_a_secret_that_would_show_it() {
    let (desk, seed) = Desk::seeded();
    let before = desk.state();
    let with = |code: i32, command: &str, from: &str, to: &str, says: &str| {
        let text = PLAYBOOK.split("  ask:").next().expect("a part");
        assert!(text.contains(from), "{from}");
        let file = desk.path("shown.yaml");
        std::fs::write(&file, text.replace(from, to)).expect("written");
        let (instance, token) = (format!("instance={}", seed.instance), format!("token={TOKEN}"));
        let host = format!("host={HOST}");
        let file = file.display().to_string();
        let args: &[&str] = match command {
            "check" => &["check", &file],
            _ => &[command, &file, "-i", &instance, "-i", &token, "-i", &host],
        };
        let ended = desk.ends(code, args);
        let said = ended.out + &ended.err;
        assert!(said.contains(says), "{to}: {said}");
        assert!(!said.contains(CORE), "{to}: {said}");
    };
    let (tag, command) = ("note: contained", "        - echo ${{ inputs.token }}\n");
    let check = |from: &str, to: &str, says: &str| with(3, "check", from, to, says);
    let shows = "reads the sensitive input `token`, and would show it";
    check(tag, "note: '${{ inputs.token | upper }}'", shows);
    check(tag, "note: 'x-${{ inputs.token[3:] }}'", shows);
    check("    needs: tag\n", "    needs: tag\n    for-each: inputs.token | list\n", shows);
    check("    needs: tag\n", "    needs: tag\n    if: inputs.token[0] == 'p'\n", shows);
    let target = ("instance: ${{ inputs.instance }}", "instance: ${{ inputs.host }}");
    check(target.0, target.1, "reads the sensitive input `host`, and would show it");

    let part = |to: &str, says: &str| {
        with(3, "check", command, &format!("        - {to}\n"), says);
        with(3, "plan", command, &format!("        - {to}\n"), says);
    };
    part("${{ inputs.token[:3] }}", "it is cut");
    part("${{ inputs.token | length }}", "it is given to");
    part("${{ 'production' if inputs.token > 'h' else 'development' }}", "it is compared");
    part("x-${{ inputs.token == 'guess' }}", "it is compared");
    part("${{ inputs.token | int }}", "it is given to");
    assert_eq!(desk.state(), before);
}

#[cfg(unix)]
#[test]
fn what_a_run_keeps_is_its_owners_alone_whatever_the_umask() {
    use std::os::unix::fs::PermissionsExt;

    fn open(folder: &Path, wrong: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let data = std::fs::symlink_metadata(&path).expect("metadata");
            let mode = data.permissions().mode() & 0o7777;
            if mode != if data.is_dir() { 0o700 } else { 0o600 } {
                wrong.push(format!("{} {mode:o}", path.display()));
            }
            if data.is_dir() {
                open(&path, wrong);
            }
        }
    }

    for umask in ["0000", "0277"] {
        let (desk, seed) = Desk::seeded();
        let file = desk.path("secrets.yaml");
        std::fs::write(&file, PLAYBOOK).expect("written");
        let args = [
            "run",
            &file.display().to_string(),
            "-i",
            &format!("instance={}", seed.instance),
            "-i",
            &format!("token={TOKEN}"),
            "-i",
            &format!("host={HOST}"),
            "--yes",
        ];
        let plain = desk.command(&args);
        let mut command = std::process::Command::new("sh");
        command.arg("-c").arg(format!("umask {umask}; exec \"$0\" \"$@\""));
        command.arg(plain.get_program()).args(plain.get_args()).env_clear();
        command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let done = command.current_dir(crate::binary::root()).output().expect("it starts");
        assert_eq!(done.status.code(), Some(10), "{}", String::from_utf8_lossy(&done.stderr));
        let mut wrong = Vec::new();
        open(&desk.path("home").join("runs"), &mut wrong);
        assert!(wrong.is_empty(), "umask {umask}: {wrong:#?}");
    }
}

#[test]
fn what_was_changed_beside_the_journal_is_found() {
    let (desk, seed) = Desk::seeded();
    let file = desk.path("secrets.yaml");
    let text = PLAYBOOK.split("  ask:").next().expect("a part").replace("  host: {", "  # host: {");
    std::fs::write(&file, text).expect("written");
    let (instance, token) = (format!("instance={}", seed.instance), format!("token={TOKEN}"));
    let run = ["run", &file.display().to_string(), "-i", &instance, "-i", &token, "--yes"];
    let ended = desk.ends(0, &run);
    let head = ended.out.split("--head ").nth(1).expect("a head").trim().to_owned();
    let verify = |code: i32, more: &[&str]| {
        desk.ends(code, &[&["runs", "verify", "last"][..], more].concat())
    };
    assert!(verify(0, &["--head", &head]).out.contains("0 records came after it"));
    let report = std::fs::read_to_string(desk.run_dir().join("report.html")).expect("a report");
    assert!(report.contains(&head), "the report has the head");

    let at = |name: &str| desk.run_dir().join(name);
    for (name, says) in [
        ("inputs.json", "inputs.json: CHANGED"),
        ("plan.json", "plan.json: CHANGED"),
        ("playbook.yaml", "playbook.yaml: CHANGED"),
        ("evidence/manifest.json", "evidence/manifest.json: CHANGED"),
    ] {
        let whole = std::fs::read(at(name)).expect("a file");
        std::fs::write(at(name), [&whole[..], b" "].concat()).expect("written");
        let found = verify(1, &[]);
        assert!(found.out.contains(says), "{}", found.out);
        std::fs::remove_file(at(name)).expect("removed");
        let missing = format!("{name}: MISSING");
        assert!(verify(1, &[]).out.contains(&missing));
        std::fs::write(at(name), whole).expect("written");
    }
    std::fs::write(at("evidence/planted"), b"x").expect("written");
    assert!(verify(1, &[]).out.contains("evidence/planted: NOT LISTED"));
    std::fs::remove_file(at("evidence/planted")).expect("removed");
    verify(0, &[]);

    // Whole lines gone from the end: only a head that was kept elsewhere shows it.
    let whole = std::fs::read_to_string(at("journal.jsonl")).expect("a journal");
    let cut: Vec<_> = whole.lines().collect();
    let short: String = cut[..cut.len() - 2].iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(at("journal.jsonl"), short).expect("written");
    assert!(verify(1, &["--head", &head]).err.contains("its end is missing"));
    verify(2, &["--head", "not-a-hash"]);
}

/// What stands behind `(sensitive)` is part of what is approved.
#[test]
fn a_plan_for_one_secret_is_no_plan_for_another() {
    let (desk, seed) = Desk::seeded();
    let file = desk.path("secrets.yaml");
    std::fs::write(&file, PLAYBOOK).expect("written");
    let file = file.display().to_string();
    let instance = format!("instance={}", seed.instance);
    let (saved, host) = (desk.path("plan.json").display().to_string(), format!("host={HOST}"));
    let common = ["-i", &instance, "-i", &host];
    let plan = |token: &str, more: &[&str]| {
        let token = format!("token={token}");
        let args = [&["plan", "--json", &file][..], &common, &["-i", &token], more].concat();
        let plan: serde_json::Value =
            serde_json::from_str(&desk.ends(0, &args).out).expect("a plan");
        assert!(plan["commitment"]["salt"].is_null(), "a printed plan has no salt");
        plan["sha256"].as_str().expect("a hash").to_owned()
    };
    let first = plan("first-of-two", &["--out", &saved]);
    assert_eq!(plan("first-of-two", &[]), first, "the same plan has the same hash");
    assert_ne!(plan("second-of-two", &[]), first);

    let before = desk.state();
    let run = |code: i32, token: &str| {
        let token = format!("token={token}");
        let run = ["run", &file, "--plan", &saved, "--yes", "-i", &token];
        desk.ends(code, &[&run[..], &common].concat())
    };
    let drift = run(7, "second-of-two");
    assert!(drift.err.contains("what stands behind `(sensitive)` changed"), "{}", drift.err);
    assert_eq!(desk.state(), before);
    run(10, "first-of-two");
    let resume = [&["resume", "last"][..], &approving("ask", "all")].concat();
    let other = [&resume[..], &["-i", "token=second-of-two", "-i", &host]].concat();
    let refused = desk.ends(7, &other);
    assert!(refused.err.contains("not those that run"), "{}", refused.err);

    // An input that somebody edits while the run waits is not what was approved either.
    let inputs = desk.run_dir().join("inputs.json");
    let text = std::fs::read_to_string(&inputs).expect("inputs");
    std::fs::write(&inputs, text.replace(&seed.instance, "i-0feedfacecafe0000")).expect("written");
    let same = [&resume[..], &["-i", "token=first-of-two", "-i", &host]].concat();
    let refused = desk.ends(4, &same);
    assert!(refused.err.contains("`inputs.json` that was changed"), "{}", refused.err);
}

/// The journal has to name what was changed, or nobody could give it back.
#[test]
fn a_sensitive_value_as_a_target_is_refused() {
    let (desk, seed) = Desk::seeded();
    let file = desk.path("hidden.yaml");
    let text = PLAYBOOK.split("  use:").next().expect("a part");
    std::fs::write(&file, text.replace("${{ inputs.instance }}", "${{ inputs.host }}"))
        .expect("written");
    let (instance, token) = (format!("instance={}", seed.instance), format!("token={TOKEN}"));
    let host = format!("host={}", seed.instance);
    let path = file.display().to_string();
    let plan = ["plan", &path, "-i", &instance, "-i", &token, "-i", &host];
    let refused = desk.ends(3, &plan);
    let says = "`resource` reads the sensitive input `host`, and would show it";
    assert!((refused.out + &refused.err).contains(says));
    // The same by an input that is not declared so.
    std::fs::write(&file, text).expect("written");
    let refused = desk.ends(4, &plan);
    let says = "would use a sensitive value as the target of `ec2.tag`";
    assert!((refused.out + &refused.err).contains(says));
}
