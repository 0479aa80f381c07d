//! A run as it looks on a terminal: the real binary in a pseudoterminal, and what an emulator shows of
//! what it writes, at several sizes, resized, asked, followed from a second one.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use regex_lite::Regex;
use rustix_openpty::rustix::termios::{Winsize, tcsetwinsize};

use crate::binary::Desk;

/// Waits of several lengths beside each other, a for-each, a question, and a name that is too long.
const PLAYBOOK: &str = "\
playbook: looks
title: Something to look at
version: 1.0.0
severity: low
roles:
  commander:
    duty: decides
    contact: '#nobody'
inputs:
  numbers:
    type: list of integer
    default: [0, 1, 2, 3, 4, 5, 6, 7]
    description: items
steps:
  first:
    uses: core.wait
    phase: contain
    with:
      duration: 1s
  items:
    needs: [first]
    for-each: ${{ inputs.numbers }}
    uses: core.wait
    phase: preserve
    with:
      duration: 2s
  a-step-whose-name-is-longer-than-its-column-on-a-narrow-screen:
    needs: [first]
    uses: core.wait
    phase: verify
    with:
      duration: 6s
  decide:
    needs: [items]
    uses: core.wait
    phase: recover
    approval:
      role: commander
      reason: it goes on
    with:
      duration: 3s
  fail:
    needs: [decide]
    uses: core.assert
    with:
      that: ${{ 'known after run' in run.started }}
      message: as arranged, with words enough that no narrow screen has room for them in one line of it
";

pub(crate) struct Pty {
    controller: File,
    screen: Arc<Mutex<vt100::Parser>>,
    raw: Arc<Mutex<Vec<u8>>>,
    /// Somebody typed while bars were drawn, and what the terminal echoed moved them by a line.
    disturbed: bool,
    child: Child,
    reader: JoinHandle<()>,
}

fn size(columns: u16, rows: u16) -> Winsize {
    Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 }
}

fn some(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("not zero")
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pty {
    pub(crate) fn start(desk: &Desk, args: &[&str], (columns, rows): (u16, u16)) -> Self {
        let pty = rustix_openpty::openpty(None, Some(&size(columns, rows))).expect("a terminal");
        let user = || pty.user.try_clone().expect("a descriptor");
        let mut command = desk.command(args);
        command.env_remove("NO_COLOR").env("TERM", "xterm-256color");
        // The emulator does not re-wrap lines when it becomes narrower, just like xterm.
        command.env("XTERM_VERSION", "XTerm(390)");
        command.stdin(user()).stdout(user()).stderr(user());
        let child = command.spawn().expect("the program starts");
        drop(command);
        drop(pty.user);
        let controller = File::from(pty.controller);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(some(rows), some(columns), 1000)));
        let raw = Arc::new(Mutex::new(Vec::new()));
        let mut from = controller.try_clone().expect("a descriptor");
        let (shown, kept) = (screen.clone(), raw.clone());
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // Linux answers with an error once nobody has the terminal open any more.
            while let Ok(read @ 1..) = from.read(&mut bytes) {
                lock(&shown).process(&bytes[..read]);
                lock(&kept).extend(&bytes[..read]);
            }
        });
        Self { controller, screen, raw, disturbed: false, child, reader }
    }

    fn rows(&self) -> Vec<String> {
        let screen = lock(&self.screen);
        let (_, columns) = screen.screen().size();
        screen.screen().rows(0, columns.get()).collect()
    }

    /// Waits until the screen pleases.
    pub(crate) fn until(&mut self, what: &str, pleases: impl Fn(&[String]) -> bool) -> Vec<String> {
        let deadline = Instant::now() + Duration::from_mins(2);
        loop {
            let rows = self.rows();
            self.is_sound(&rows);
            if pleases(&rows) {
                return rows;
            }
            assert!(Instant::now() < deadline, "{what} never came: {rows:#?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// No line of the view continues in the next row, and there is at most one header.
    fn is_sound(&self, rows: &[String]) {
        let line = Regex::new(r"^(?:\d\d:\d\d:\d\dZ |── |[▸?◐◓◑◒] )").expect("a pattern");
        let screen = lock(&self.screen);
        for (row, text) in (0..).zip(rows) {
            let wrapped = screen.screen().row_wrapped(row);
            assert!(!(wrapped && line.is_match(text)), "wrapped: {text}");
        }
        if self.disturbed {
            return;
        }
        let heads = rows.iter().filter(|row| row.starts_with("── ")).count();
        assert!(heads <= 1, "left-over bars: {rows:#?}");
    }

    fn resize(&self, columns: u16, rows: u16) {
        lock(&self.screen).screen_mut().set_size(some(rows), some(columns));
        tcsetwinsize(&self.controller, size(columns, rows)).expect("a terminal");
    }

    pub(crate) fn types(&mut self, text: &str) {
        self.controller.write_all(text.as_bytes()).expect("a terminal");
    }

    /// Its exit code, and every byte that it wrote.
    pub(crate) fn raw_end(mut self) -> (Option<i32>, Vec<u8>) {
        let code = self.child.wait().expect("waited").code();
        self.reader.join().expect("read");
        let raw = lock(&self.raw).clone();
        (code, raw)
    }

    /// Its exit code, and the screen at the end.
    fn ended(mut self) -> (Option<i32>, Vec<String>) {
        let code = self.child.wait().expect("waited").code();
        while !self.reader.is_finished() {
            std::thread::sleep(Duration::from_millis(20));
        }
        let rows = self.rows();
        self.is_sound(&rows);
        for row in &rows {
            let left = row.starts_with("── ") || row.starts_with("▸ ") || row.contains("T0 +");
            assert!(self.disturbed || !left, "left-over bars: {rows:#?}");
        }
        let raw = lock(&self.raw);
        let raw = String::from_utf8_lossy(&raw);
        // The terminal's own palette only, and the cursor is never hidden: who would show it again?
        assert!(!raw.contains("38;5;") && !raw.contains("38;2;") && !raw.contains("\u{1b}[?25l"));
        (code, rows)
    }
}

fn any(rows: &[String], pattern: &str) -> bool {
    let pattern = Regex::new(pattern).expect("a pattern");
    rows.iter().any(|row| pattern.is_match(row))
}

fn desk() -> (Desk, String) {
    let desk = Desk::new();
    let file = desk.path("looks.yaml");
    std::fs::write(&file, PLAYBOOK).expect("written");
    let file = file.display().to_string();
    (desk, file)
}

const DONE: &str = r"^\d\d:\d\d:\d\dZ ✓ first +contain +\d+\.\d s";

fn watched(columns: u16, rows: u16) {
    let (desk, file) = desk();
    let mut run = Pty::start(&desk, &["run", &file, "--yes", "--no-probe"], (columns, rows));
    run.until("a bar", |rows| {
        any(rows, r"^── looks · 01") && any(rows, r"^. T0 \+00:00:\d\d") && any(rows, "^▸ first")
    });
    let shown = run.until("a for-each", |rows| {
        any(rows, DONE) && any(rows, r"^▸ items +preserve +0:0\d  [█░]+ \d of 8, \d at once")
    });
    assert!(any(&shown, r"^▸ a-step-whose-name.* verify +0:0\d  0:0\d left"), "{shown:#?}");
    let head = shown.iter().position(|row| row.starts_with("── ")).expect("a header");
    let done = shown.iter().position(|row| row.contains("✓ first")).expect("a line");
    assert!(done < head, "what has ended stays above: {shown:#?}");

    let short = desk.runs()[0].clone();
    let mut second = Pty::start(&desk, &["runs", "show", &short, "--follow"], (80, 24));
    second.until("the same view", |rows| any(rows, DONE) && any(rows, "^▸ items"));

    // The bars are gone while somebody is asked, and nothing moves.
    run.until("a question", |rows| any(rows, r"or `no`, and the reason after it:"));
    let asked = run.rows();
    assert!(any(&asked, "✓ items +preserve .* 8 items"), "shown before the question: {asked:#?}");
    assert!(!any(&asked, "^▸ |^── "), "{asked:#?}");
    second.until("the question", |rows| any(rows, r"^\? decide +recover .* waits for commander"));
    // What else runs does not write into it: the long wait ends meanwhile.
    second.until("the long wait's end", |rows| any(rows, "✓ a-step-whose"));
    assert_eq!(run.rows(), asked);
    run.types("yes, ticket 7\n");
    let shown = run.until("bars again", |rows| any(rows, "^▸ decide") && any(rows, "^── looks"));
    assert!(any(&shown, "✓ a-step-whose"), "what was held back is shown: {shown:#?}");

    let (narrow, low) = if columns > 80 { (80, 24) } else { (60, 20) };
    run.resize(narrow, low);
    std::thread::sleep(Duration::from_millis(500));
    run.until("bars of the new width", |rows| any(rows, "^▸ decide"));

    let (code, shown) = run.ended();
    assert_eq!(code, Some(5), "{shown:#?}");
    assert!(any(&shown, "✗ fail") && any(&shown, "failed `fail`.*as arranged"), "{shown:#?}");
    assert!(any(&shown, "^report:     .*report.html|^timeline: "), "{shown:#?}");
    let (code, shown) = second.ended();
    assert_eq!(code, Some(5), "{shown:#?}");
    assert!(any(&shown, "^run 01.* failed; exit code 5"), "{shown:#?}");

    // Into a pipe: plain lines with the time, and the same end.
    let ended = desk.ends(5, &["runs", "show", "last", "--follow"]);
    assert!(!ended.out.contains('\u{1b}'), "{}", ended.out);
    let line = Regex::new(r"(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ first done in \d+\.\d s$");
    assert!(line.expect("a pattern").is_match(&ended.out), "{}", ended.out);
}

/// A question before the run's only step, behind a wait in which somebody types.
const ASKED_LATE: &str = "\
playbook: asked-late
title: A question after a wait
version: 1.0.0
severity: low
roles:
  commander:
    duty: decides
    contact: '#nobody'
steps:
  first:
    uses: core.wait
    with:
      duration: 3s
  decide:
    needs: [first]
    uses: core.wait
    approval:
      role: commander
      reason: it goes on
    with:
      duration: 100ms
";

#[test]
fn what_is_typed_before_a_question_is_not_its_answer() {
    let (desk, file) = desk();
    std::fs::write(&file, ASKED_LATE).expect("written");
    let mut run = Pty::start(&desk, &["run", &file, "--yes", "--no-probe"], (100, 30));
    run.until("the wait", |rows| any(rows, "^▸ first"));
    run.disturbed = true;
    run.types("yes\n");
    run.until("a question", |rows| any(rows, r"or `no`, and the reason after it:"));
    run.until("what was ignored", |rows| any(rows, "typed before this question is ignored"));
    run.types("\n");
    run.until("the same again", |rows| any(rows, "That is no answer"));
    run.types("no\n");
    run.until("a reason", |rows| any(rows, "A reason is required, .* such as `no, ticket 7`"));
    run.types("no, wrong host\n");
    let (code, shown) = run.ended();
    assert_ne!(code, Some(0), "{shown:#?}");
    assert!(any(&shown, "wrong host"), "{shown:#?}");
}

#[test]
fn a_run_on_a_small_terminal() {
    watched(80, 24);
}

#[test]
fn a_run_on_a_large_terminal() {
    watched(200, 50);
}

#[test]
fn a_dumb_terminal_gets_lines() {
    let (desk, file) = desk();
    let mut command = desk.command(&["run", &file, "--yes", "--no-probe"]);
    let pty = rustix_openpty::openpty(None, Some(&size(80, 24))).expect("a terminal");
    command.env_remove("NO_COLOR").env("TERM", "dumb").stderr(pty.user).stdout(Stdio::null());
    let mut child = command.spawn().expect("the program starts");
    drop(command);
    let (mut text, mut bytes) = (Vec::new(), [0; 4096]);
    let mut from = File::from(pty.controller);
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        text.extend(&bytes[..read]);
    }
    child.wait().expect("waited");
    let text = String::from_utf8_lossy(&text);
    assert!(!text.contains('\u{1b}'), "{text}");
    assert!(text.contains("Z first done in "), "{text}");
}

/// The code of a device is asked for, and the role is assumed with it.
#[test]
fn the_code_of_a_profile_is_asked_for() {
    let desk = Desk::new();
    let account = &desk.account;
    std::fs::create_dir(desk.path(".aws")).expect("made");
    let config = format!(
        "[profile base]\naws_access_key_id = {account}\naws_secret_access_key = test\n[profile ir]\nregion = us-east-1\nrole_arn = arn:aws:iam::{account}:role/ir\nsource_profile = base\nmfa_serial = arn:aws:iam::{account}:mfa/anna\n"
    );
    std::fs::write(desk.path(".aws/config"), config).expect("written");
    let file = desk.path("waits.yaml");
    std::fs::write(&file, PLAYBOOK).expect("written");
    let file = file.display().to_string();
    let mut plan = Pty::start(&desk, &["plan", &file, "--no-probe", "--profile", "ir"], (200, 120));
    plan.until("the question", |rows| {
        any(rows, "^Code of arn:aws:iam::.*:mfa/anna for profile ir")
    });
    plan.types("123456\n");
    let (code, shown) = plan.ended();
    assert_eq!(code, Some(0), "{shown:#?}");
    assert!(any(&shown, "as +arn:aws:sts::.*:assumed-role/ir/backburn"), "{shown:#?}");
}

/// A release asks on a terminal, and takes nothing but a whole yes.
#[test]
fn a_release_is_asked_for() {
    let (desk, seed) = Desk::seeded();
    let mut args = vec!["run", "playbooks/iam-key-leak.yaml"];
    let inputs = crate::playbooks::leaked(&seed);
    inputs.iter().for_each(|input| args.extend(["-i", input]));
    desk.ends(0, &[&args[..], &crate::binary::RUN].concat());
    let held = desk.state();
    let asked = || {
        let mut release = Pty::start(&desk, &["release", "last"], (120, 60));
        release.until("the question", |rows| any(rows, "^Type `yes` to make release [0-9a-f]{12}"));
        release
    };
    // Meanwhile the run is free for others, and what somebody else gives back is not what was shown.
    let mut release = asked();
    desk.ends(0, &["release", "last", "--plan"]);
    let iam = aws_sdk_iam::Client::new(&crate::support::lab().lab.sdk_config(&seed.account));
    let set = async |status: &str| {
        let call = iam.update_access_key().user_name(&seed.user);
        call.access_key_id(&seed.access_key_id).status(status.into()).send().await
    };
    crate::binary::wait_for(set("Active")).expect("activated");
    release.types("yes\n");
    let (code, shown) = release.ended();
    assert_eq!(code, Some(7), "{shown:#?}");
    crate::binary::wait_for(set("Inactive")).expect("deactivated");
    assert_eq!(desk.state(), held);

    for (typed, ends) in [("y\n", 4), ("yes\n", 0)] {
        let mut release = asked();
        assert_eq!(desk.state(), held, "it waits for the answer");
        release.types(typed);
        let (code, shown) = release.ended();
        assert_eq!(code, Some(ends), "{shown:#?}");
    }
    assert_ne!(desk.state(), held);
}

/// Whose the run is, and what it would make the program do, comes before the question.
#[test]
fn a_run_that_others_wrote_is_shown_and_asked_for() {
    let (desk, file) = desk();
    desk.ends(10, &["run", &file, "--yes", "--no-probe"]);
    let key = desk.path(".local/state/backburn/key");
    std::fs::write(key, [1; 32]).expect("another key");
    let ask = |answer: &str| {
        let mut resumed = Pty::start(&desk, &["release", "last", "--plan"], (100, 30));
        let shown = resumed.until("the question", |rows| any(rows, "Type `yes` to follow run 01"));
        assert!(
            any(&shown, "TAMPERED|signed by another key") && any(&shown, "playbook  looks"),
            "{shown:#?}"
        );
        resumed.types(answer);
        resumed.ended()
    };
    let (code, shown) = ask("no\n");
    assert!(code == Some(4) && any(&shown, "declined, nothing was changed"), "{shown:#?}");
    let (code, shown) = ask("yes\n");
    assert!(code == Some(0) && any(&shown, "0 changes to make"), "{shown:#?}");
}
