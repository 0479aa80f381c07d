//! A world in which every text that the program takes from outside is hostile: what a command writes moves no cursor,
//! turns no text round, begins no line of its own and gives no order to a CI system.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Command;

use regex_lite::Regex;

use crate::binary::{Desk, LEAK};
use crate::browser;
use crate::terminal::Pty;

/// Begins everything hostile, so that a test can see that it was shown at all.
const MARK: &str = "ZQ";

/// Clears the screen, sets the title, colours, turns the text round, hides letters, ends the line, gives orders to
/// runners, and begins a line of its own.
const HOSTILE: &str = "ZQ\u{1b}[31m\u{1b}[2J\u{1b}]0;pwned\u{7}\u{9b}1m\u{202e}\u{2066}\u{200b}\u{feff}\u{e0041}\u{2028}\u{85}\u{7f}\r\n::add-mask::ZQ\n ::warning::ZQ\n##vso[task.complete]ZQ\n##[error]ZQ\n##teamcity[x]\nZQ [x](javascript:1)|<img src=x onerror=1>@all";

/// The same as far as a command line, an environment or a file name can hold it.
fn hostile() -> String {
    HOSTILE.replace('/', "")
}

/// A string of YAML with nothing in it but ASCII.
fn quoted(text: &str) -> String {
    let shown = text.chars().map(|c| match c {
        '"' | '\\' => format!("\\{c}"),
        ' '..='~' => c.to_string(),
        c => format!("\\U{:08x}", u32::from(c)),
    });
    format!("\"{}\"", shown.collect::<String>())
}

fn playbook() -> String {
    // A step that asks the same twice takes the first answer for both.
    let (bad, other) = (quoted(HOSTILE), quoted(&format!("{HOSTILE} first")));
    format!(
        "\
playbook: hostile
title: {bad}
version: 1.0.0
severity: low
summary: {bad}
roles:
  commander:
    duty: {bad}
    contact: {bad}
inputs:
  note:
    type: string
    default: {bad}
    description: {bad}
steps:
  ask:
    title: {bad}
    uses: core.manual
    approval:
      role: commander
      reason: {other}
    with:
      instructions: ${{{{ inputs.note }}}}
  fail:
    title: {bad}
    needs: [ask]
    uses: core.assert
    with:
      that: ${{{{ 'known after run' in run.started }}}}
      message: ${{{{ inputs.note }}}}
"
    )
}

/// What is wrong with bytes that were written to a stream. `own` are sequences that the program itself may send.
fn wrong(bytes: &[u8], own: &str) -> Option<String> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Some("no UTF-8".into()) };
    // The hostile text comes after its mark and is shown there.
    if text.contains("ZQ\u{1b}[31m") {
        return Some("a colour from outside".into());
    }
    let own = Regex::new(own).expect("a pattern");
    let text = own.replace_all(text, "").replace("\r\n", "\n");
    let bad = text.chars().find(|c| {
        c.is_control() && *c != '\n'
            || matches!(u32::from(*c),
                0x061c | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xe0000..=0xe0fff)
    });
    if let Some(bad) = bad {
        let at = text.find(bad).unwrap_or_default();
        let from = text[..at].char_indices().rev().nth(60).map_or(0, |(at, _)| at);
        return Some(format!("U+{:04X} after {:?}", u32::from(bad), &text[from..at]));
    }
    // Those that the program makes of its findings for GitHub.
    let annotation = Regex::new(r"^::(?:error|warning|notice) file=").expect("a pattern");
    let order = Regex::new(r"^\s*::|##[a-zA-Z]*\[").expect("a pattern");
    let line = text.lines().find(|line| {
        let is_own = annotation.is_match(line);
        // A line break in a page is a blank.
        let is_page = text.starts_with("<!doctype");
        line.starts_with("ZQ") && !is_page || !is_own && order.is_match(line)
    });
    line.map(|line| format!("a line of its own: {line}"))
}

const APPROVED: [&str; 6] = ["--approve", "all", "--as", "all", "--reason", "a test"];

/// Everything that was wrong, by command.
struct Judge {
    desk: Desk,
    found: Vec<String>,
    shown: usize,
}

impl Judge {
    fn new(desk: Desk) -> Self {
        Self { desk, found: Vec::new(), shown: 0 }
    }

    fn stream(&mut self, what: &str, bytes: &[u8], own: &str) {
        self.shown += usize::from(bytes.windows(2).any(|two| two == MARK.as_bytes()));
        if let Some(wrong) = wrong(bytes, own) {
            self.found.push(format!("{what}: {wrong}"));
        }
    }

    /// Through pipes. The exit code.
    fn command(&mut self, command: &mut Command, own: &str) -> Option<i32> {
        let what: Vec<_> = command
            .get_args()
            .map(|arg| arg.to_string_lossy().escape_debug().to_string())
            .collect();
        let what = what.join(" ");
        let done = command.output().expect("it starts");
        self.stream(&format!("{what} (stdout)"), &done.stdout, own);
        self.stream(&format!("{what} (stderr)"), &done.stderr, own);
        assert!(!String::from_utf8_lossy(&done.stderr).contains("internal error"), "{what}");
        done.status.code()
    }

    fn run(&mut self, args: &[&str]) -> Option<i32> {
        let mut command = self.desk.command(args);
        self.command(command.env("USER", HOSTILE), "^$")
    }

    /// Nothing was wrong, and what is hostile was shown in as many streams, or nothing was tried.
    fn is_clean(&self, streams: usize) {
        assert!(self.found.is_empty(), "{:#?}", self.found);
        assert!(self.shown >= streams, "only {} streams show what is hostile", self.shown);
    }
}

/// Colours, and nothing else.
const COLOURS: &str = "\u{1b}\\[[0-9;]*m";
/// What the live view sends besides.
const VIEW: &str = "\u{1b}\\[(?:[0-9;]*m|\\?2026[hl]|[0-9]*A|K|J)|\r";

#[test]
fn nothing_hostile_in_a_file_leaves_a_command() {
    let mut judge = Judge::new(Desk::new());
    let file = judge.desk.path("hostile.yaml").display().to_string();
    std::fs::write(&file, playbook()).expect("written");
    assert_eq!(judge.run(&["check", &file]), Some(0));
    judge.run(&["graph", &file]);
    judge.run(&["graph", "--format", "dot", &file]);
    judge.run(&["graph", "--json", &file]);
    judge.run(&["policy", &file]);
    judge.run(&["plan", &file, "--no-probe"]);
    judge.run(&["plan", &file, "--no-probe", "--json"]);
    // A run that waits, an answer with a hostile reason, a step that fails with a hostile message.
    assert_eq!(judge.run(&["run", &file, "--yes", "--no-probe", "-vv"]), Some(10));
    judge.run(&["runs"]);
    assert_eq!(
        judge.run(&["approve", "last", "ask", "--as", "commander", "--reason", HOSTILE]),
        Some(0)
    );
    let folder = judge.desk.dir.path().to_owned();
    let path = |name: &str| folder.join(name).display().to_string();
    let reports = ["junit", "sarif", "md", "json"];
    let reports: Vec<_> = reports.iter().map(|kind| (*kind, path(kind))).collect();
    let mut sinks: Vec<_> = reports.iter().map(|(kind, path)| format!("{kind}={path}")).collect();
    sinks.push("github".into());
    judge.run(&["resume", "last", "-vv"]);
    judge.run(&["resume", "last", "--approve", "all", "--as", "all", "--reason", HOSTILE]);
    let summary = path("summary");
    let mut again = judge.desk.command(&["run", &file, "--no-probe", "--yes", "--approve", "all"]);
    again
        .args(["--as", "all", "--reason", HOSTILE, "--report", &sinks.join(",")])
        .env("GITHUB_STEP_SUMMARY", &summary);
    assert_eq!(judge.command(again.env("USER", HOSTILE), "^$"), Some(5));
    for (kind, path) in reports.iter().map(|(kind, path)| (*kind, path)).chain([("", &summary)]) {
        let bytes = std::fs::read(path).expect("a report");
        judge.stream(&format!("the {kind} report"), &bytes, "^$");
    }
    for args in [
        &["runs"][..],
        &["runs", "--json"],
        &["runs", "show", "last"],
        &["runs", "show", "last", "--json"],
        &["runs", "show", "last", "--follow"],
        &["runs", "verify", "last"],
        &["runs", "verify", "last", "--json"],
        &["report", "last", "--format", "md"],
        &["report", "last", "--format", "json"],
        &["report", "last", "--format", "html", "--out", "-"],
        &["readiness", "--out", "-"],
        &["release", "last", "--plan"],
        &["release", "last", "--yes"],
        &["abort", "last"],
        &["--json", "abort", "last"],
    ] {
        judge.run(args);
    }
    // On a terminal, with colours and bars, and with an answer that was typed.
    for args in [
        &["check", &file][..],
        &["plan", &file, "--no-probe"],
        &["runs", "show", "last"],
        &["run", &file, "--yes", "--no-probe"],
    ] {
        let mut pty = Pty::start(&judge.desk, args, (100, 30));
        if args[0] == "run" {
            pty.until("a question", |rows| {
                rows.iter().any(|row| row.contains("the reason after it:"))
            });
            pty.types("yes, go on\n");
            pty.until("the next one", |rows| {
                rows.iter().filter(|row| row.contains("the reason after it:")).count() > 1
            });
            pty.types("yes, go on\n");
        }
        let (_, raw) = pty.raw_end();
        judge.stream(&format!("{args:?} on a terminal"), &raw, VIEW);
    }
    judge.is_clean(25);
}

#[test]
fn nothing_hostile_in_a_name_leaves_a_command() {
    let mut judge = Judge::new(Desk::new());
    let name = hostile();
    let folder = judge.desk.path(&name);
    std::fs::create_dir(&folder).expect("a folder");
    let file = folder.join("playbook.yaml").display().to_string();
    std::fs::write(&file, playbook()).expect("written");
    let broken = folder.join("broken.yaml").display().to_string();
    std::fs::write(&broken, playbook().replace("core.assert", &quoted(HOSTILE))).expect("written");
    let raw = folder.join("raw.yaml").display().to_string();
    std::fs::write(
        &raw,
        format!("playbook: x # \u{1b}[31m\u{9b}2J\u{202e}\r\ntitle: [\n{HOSTILE}"),
    )
    .expect("written");
    let config = folder.join("backburn.toml").display().to_string();
    let key = "\"ZQ\\u001b[31m\\u202e\\n::warning::ZQ\"";
    std::fs::write(&config, format!("{key} = 1\n[accounts.{key}]\nid = {key}\n")).expect("written");
    let none = folder.join("none").display().to_string();
    for args in [
        &["check", &file, &broken, &raw, &none][..],
        &["check", "--json", &broken, &raw],
        &["check", "--report", "github", &broken, &raw],
        &["graph", &broken],
        &["plan", &broken],
        &["plan", &none],
        &["run", &raw],
        &["plan", &file, "--no-probe", "-i", &format!("{HOSTILE}={HOSTILE}")],
        &["plan", &file, "--no-probe", "-i", &format!("note={HOSTILE}")],
        &["plan", &file, "--no-probe", "--skip", HOSTILE],
        &["plan", &file, "--plan", HOSTILE],
        &[HOSTILE],
        &["plan", "--", HOSTILE],
        &["plan", &format!("--{HOSTILE}")],
        &["report", "last", "--format", HOSTILE],
        &["explain", HOSTILE],
        &["actions", HOSTILE],
        &["new", "playbook", HOSTILE],
        &["runs", "show", HOSTILE],
        &["runs", "verify", HOSTILE, "--head", HOSTILE],
        &["release", HOSTILE],
        &["approve", HOSTILE, HOSTILE, "--as", HOSTILE, "--reason", HOSTILE],
        &["drill", "run", &file],
        &["drill", "history", HOSTILE],
        &["drill", "schedule", &file],
        &["config", "show", "--config", &config],
        &["config", "check", "--config", &config],
        &["--json", "config", "check", "--config", &config],
        &["--account", HOSTILE, "plan", &file],
        &["--profile", HOSTILE, "plan", &file],
        &["--region", HOSTILE, "plan", &file],
        &["--endpoint-url", HOSTILE, "plan", &file],
        &["--otlp", HOSTILE, "check", &file],
        &["can", HOSTILE, HOSTILE, HOSTILE],
    ] {
        judge.run(args);
        // The styles that the program adds are its own, whatever they surround.
        let mut coloured = judge.desk.command(args);
        coloured.arg("--color=always").env_remove("NO_COLOR").env("USER", HOSTILE);
        judge.command(&mut coloured, COLOURS);
    }
    for (name, value) in [
        ("AWS_PROFILE", HOSTILE),
        ("AWS_REGION", HOSTILE),
        ("AWS_ENDPOINT_URL", HOSTILE),
        ("AWS_ENDPOINT_URL_STS", HOSTILE),
        ("BACKBURN_LOG", HOSTILE),
        ("BACKBURN_CLOCKS", HOSTILE),
        ("BACKBURN_HOME", &folder.display().to_string()),
    ] {
        for args in [&["plan", &file][..], &["runs"], &["report", "last"]] {
            let mut command = judge.desk.command(args);
            judge.command(command.env(name, value), "^$");
        }
    }
    judge.is_clean(60);
}

/// An endpoint that answers with hostile text: who calls, and why a call failed.
fn endpoint() -> String {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", socket.local_addr().expect("an address"));
    let coded: String = HOSTILE.chars().map(|c| format!("&#x{:x};", u32::from(c))).collect();
    let caller = format!(
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/{coded}</Arn><UserId>{coded}</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
    );
    let failure = format!(
        "<Response><Errors><Error><Code>{coded}</Code><Message>{coded}</Message></Error></Errors><Error><Code>{coded}</Code><Message>{coded}</Message></Error><RequestID>{coded}</RequestID></Response>"
    );
    std::thread::spawn(move || {
        for stream in socket.incoming() {
            let Ok(mut stream) = stream else { return };
            let (caller, failure) = (caller.clone(), failure.clone());
            std::thread::spawn(move || {
                let mut from = BufReader::new(stream.try_clone().expect("a descriptor"));
                loop {
                    let (mut line, mut length) = (String::new(), 0);
                    while from.read_line(&mut line).is_ok_and(|read| read > 2) {
                        let lower = line.to_lowercase();
                        if let Some(value) = lower.strip_prefix("content-length:") {
                            length = value.trim().parse().unwrap_or_default();
                        }
                        line.clear();
                    }
                    let mut body = vec![0; length];
                    if length == 0 || from.read_exact(&mut body).is_err() {
                        return;
                    }
                    let is_caller = String::from_utf8_lossy(&body).contains("GetCallerIdentity");
                    let (status, text) =
                        if is_caller { ("200 OK", &caller) } else { ("400 Bad", &failure) };
                    let head = format!(
                        "HTTP/1.1 {status}\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n",
                        text.len()
                    );
                    if stream
                        .write_all(head.as_bytes())
                        .and_then(|()| stream.write_all(text.as_bytes()))
                        .is_err()
                    {
                        return;
                    }
                }
            });
        }
    });
    address
}

#[test]
fn nothing_hostile_from_an_endpoint_leaves_a_command() {
    let endpoint = endpoint();
    let mut judge = Judge::new(Desk::at(&endpoint, "123456789012"));
    let file = judge.desk.path("hostile.yaml").display().to_string();
    std::fs::write(&file, playbook()).expect("written");
    let plan = ["plan", &file, "--no-probe"];
    let can = ["can", "me", "ec2:StopInstances", "*"];
    let run = [&["run", &file, "--no-probe", "--yes"][..], &APPROVED].concat();
    for args in [
        &LEAK[..],
        &plan,
        &can,
        &run,
        &["runs", "show", "last"],
        &["report", "last", "--format", "md"],
    ] {
        judge.run(args);
        let mut logged = judge.desk.command(args);
        logged.args(["-vv", "--color=always"]).env_remove("NO_COLOR").env("BACKBURN_LOG", "trace");
        judge.command(&mut logged, COLOURS);
        judge.run(&[args, &["--json"]].concat());
    }
    let (_, raw) = Pty::start(&judge.desk, &LEAK, (100, 30)).raw_end();
    judge.stream("a plan on a terminal", &raw, VIEW);
    judge.is_clean(8);
}

#[test]
fn a_hostile_report_runs_nothing_in_a_real_browser() {
    let Some(program) = browser::found() else {
        eprintln!("\n*** SKIPPED: a hostile report in a real browser\n*** no Chromium on PATH\n");
        return;
    };
    let desk = Desk::new();
    let file = desk.path("hostile.yaml").display().to_string();
    let script = "ZQ\u{202e}</title></style></pre><script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\"><a href=\"javascript:1\">x</a>";
    std::fs::write(&file, playbook().replace(&quoted(HOSTILE), &quoted(script))).expect("written");
    desk.ends(5, &[&["run", &file, "--no-probe", "--yes"][..], &APPROVED].concat());
    let mut page = browser::Browser::start(&program);
    let tab = page.open(&format!("file://{}", desk.run_dir().join("report.html").display()));
    page.until(&tab, "document.readyState == 'complete'");
    let shown = page.eval(&tab, "document.body.innerText");
    let shown = shown.as_str().expect("a text");
    assert!(shown.contains("ZQ\\u{202e}</title>"), "{shown}");
    assert_ne!(page.eval(&tab, "document.title"), "pwned");
    let made = page.eval(
        &tab,
        "document.querySelectorAll('script, img, iframe, [onerror], [href^=\"javascript\"]').length",
    );
    assert_eq!(made, 0);
}
