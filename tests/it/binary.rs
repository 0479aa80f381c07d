//! The program as a user runs it: the real binary in a clean environment, with a home and an account
//! of its own. Owns how its output is made the same in every run; expects nothing of it.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use backburn::{
    journal,
    lab::{Lab, seed::Seed},
};
use regex_lite::Regex;
use serde_json::Value;

use crate::support;

pub(crate) const RUN: [&str; 2] = ["--yes", "--accept-presumed"];

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// An answer that is given when a run starts.
pub(crate) fn approving<'a>(step: &'a str, role: &'a str) -> [&'a str; 6] {
    ["--approve", step, "--as", role, "--reason", "ticket 7"]
}

/// A plan for a user who is not there: what is looked at comes before that.
pub(crate) const LEAK: [&str; 6] = [
    "plan",
    "playbooks/iam-key-leak.yaml",
    "-i",
    "user=x",
    "-i",
    "access-key=AKIAIOSFODNN7EXAMPLE",
];

/// A responder's desk: a home directory, and credentials for one account at one endpoint.
pub(crate) struct Desk {
    pub dir: tempfile::TempDir,
    pub account: String,
    pub endpoint: String,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// None when a signal ended it.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Desk {
    pub(crate) fn at(endpoint: &str, account: &str) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        Self { dir, account: account.into(), endpoint: endpoint.into() }
    }

    /// An empty account of the shared lab.
    pub(crate) fn new() -> Self {
        let shared = support::lab();
        Self::at(&shared.lab.endpoint, &shared.account())
    }

    /// A seeded account of the shared lab.
    pub(crate) fn seeded() -> (Self, Seed) {
        let seed = wait_for(support::lab().seeded());
        (Self::at(&support::lab().lab.endpoint, &seed.account), seed)
    }

    /// The same before moto itself, which has no policy simulator: what a role lost is only presumed there.
    pub(crate) fn unproven() -> (Self, Seed) {
        let (desk, seed) = Self::seeded();
        let front = support::lab().lab.front.as_ref().expect("a front");
        (Self::at(&front.upstream, &desk.account), seed)
    }

    /// A seeded account in which what is listed by id is always listed in the same order.
    pub(crate) fn ordered() -> (Self, Seed) {
        loop {
            let (desk, seed) = Self::seeded();
            if seed.interfaces.is_sorted() {
                return (desk, seed);
            }
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_backburn"));
        self.dress(command.args(args));
        command
    }

    /// The same as the system user 4242 would start it, who can read nothing but the desk: the program itself may
    /// stand where only the tests' user comes.
    pub(crate) fn command_of_another(&self, args: &[&str]) -> Command {
        let theirs = self.path("backburn");
        if !theirs.exists() {
            let ours = env!("CARGO_BIN_EXE_backburn");
            let made = std::fs::hard_link(ours, &theirs);
            made.or_else(|_| std::fs::copy(ours, &theirs).map(drop)).expect("a program");
        }
        let mut command = Command::new(theirs);
        self.dress(command.args(args));
        command.current_dir(self.dir.path()).uid(4242).gid(4242);
        command
    }

    /// The same started by another program, which is given it as its last arguments.
    pub(crate) fn command_by(&self, starter: &[&str], args: &[&str]) -> Command {
        let mut command = Command::new(starter[0]);
        command.args(&starter[1..]).arg(env!("CARGO_BIN_EXE_backburn"));
        self.dress(command.args(args));
        command
    }

    fn dress(&self, command: &mut Command) {
        command
            .current_dir(root())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.dir.path())
            .env("BACKBURN_HOME", self.path("home"))
            .envs([("NO_COLOR", "1"), ("USER", "tester"), ("TZ", "UTC")])
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", &self.account)
            .envs([("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_REGION", "us-east-1")])
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null());
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        let done = self.command(args).output().expect("the program starts");
        Ended {
            code: done.status.code(),
            out: String::from_utf8(done.stdout).expect("UTF-8"),
            err: String::from_utf8(done.stderr).expect("UTF-8"),
        }
    }

    /// Runs a command that must end with `code`.
    pub(crate) fn ends(&self, code: i32, args: &[&str]) -> Ended {
        let ended = self.run(args);
        assert_eq!(ended.code, Some(code), "backburn {args:?}\n{}\n{}", ended.out, ended.err);
        ended
    }

    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let out = self.ends(0, args).out;
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
    }

    /// What another client reads in the account now.
    pub(crate) fn state(&self) -> Value {
        let lab = Lab { endpoint: self.endpoint.clone(), ..support::lab().lab.clone() };
        support::account_state(&lab, &self.account)
    }

    /// Ids of all runs, oldest first.
    pub(crate) fn runs(&self) -> Vec<String> {
        let found = journal::RunDir::list(&self.path("home")).unwrap_or_default();
        found.iter().map(|run| run.id().to_owned()).collect()
    }

    /// The directory of the only run.
    pub(crate) fn run_dir(&self) -> PathBuf {
        let found = journal::RunDir::list(&self.path("home")).expect("a home");
        found.last().expect("a run").path().to_owned()
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.run_dir().join("journal.jsonl")
    }

    /// Starts a command and returns once a record that it wrote pleases `seen`.
    pub(crate) fn until(&self, args: &[&str], seen: impl Fn(&Value) -> bool) -> Running {
        self.until_with(&mut self.command(args), seen)
    }

    /// The same with a command that was made by `command`.
    pub(crate) fn until_with(
        &self,
        command: &mut Command,
        seen: impl Fn(&Value) -> bool,
    ) -> Running {
        self.watched(command.stdout(Stdio::piped()).stderr(Stdio::piped()), seen)
    }

    /// The same with output that goes elsewhere.
    pub(crate) fn watched(&self, command: &mut Command, seen: impl Fn(&Value) -> bool) -> Running {
        let (old, known) = self.lines();
        let mut running = Running { child: command.spawn().expect("the program starts") };
        let deadline = Instant::now() + Duration::from_mins(5);
        loop {
            let (run, lines) = self.lines();
            let skipped = if run == old { known.len() } else { 0 };
            if lines.iter().skip(skipped).any(&seen) {
                return running;
            }
            if let Some(status) = running.child.try_wait().expect("a child") {
                panic!("it ended before with {status}: {:?}", running.ended());
            }
            assert!(Instant::now() < deadline, "the record does not come");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The last run and the whole lines of its journal so far.
    fn lines(&self) -> (Option<String>, Vec<Value>) {
        let runs = journal::RunDir::list(&self.path("home")).unwrap_or_default();
        let Some(run) = runs.last() else { return (None, Vec::new()) };
        let text = std::fs::read_to_string(run.journal()).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        (Some(run.id().into()), lines)
    }

    pub(crate) fn records(&self) -> Vec<Value> {
        self.lines().1
    }

    /// Step id to outputs.
    pub(crate) fn outputs(&self) -> serde_json::Map<String, Value> {
        let finished = self.records().into_iter().filter(|line| line["record"] == "step-finished");
        let pair = |line: Value| Some((line["step"].as_str()?.to_owned(), line["outputs"].clone()));
        finished.filter_map(pair).collect()
    }

    /// Both streams and the exit code, with everything masked that differs between runs.
    pub(crate) fn shown(&self, ended: &Ended) -> String {
        let code = ended.code.map_or("a signal".into(), |code| code.to_string());
        let text = format!("exit {code}\n--- stdout\n{}--- stderr\n{}", ended.out, ended.err);
        self.masked(&text)
    }

    pub(crate) fn masked(&self, text: &str) -> String {
        let text = text
            .replace(&self.dir.path().display().to_string(), "TEMP")
            .replace(&self.endpoint, "http://LAB")
            .replace(&self.account, "ACCOUNT");
        masked(&text)
    }
}

/// A started command.
pub(crate) struct Running {
    child: Child,
}

impl Running {
    /// SIGKILL: nothing of it runs any more when this returns.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("waited");
    }

    /// Sends SIGINT, as Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        self.signal("INT");
    }

    /// Sends a signal by its name, unless it has ended.
    pub(crate) fn signal(&self, name: &str) {
        let _ =
            Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).output();
    }

    /// Nobody reads its output any more: its next write fails.
    pub(crate) fn unheard(&mut self) {
        drop((self.child.stdout.take(), self.child.stderr.take()));
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> Ended {
        let (mut out, mut err) = (String::new(), String::new());
        let (stdout, stderr) = (self.child.stdout.take(), self.child.stderr.take());
        // Both at once: a full pipe would stop the program.
        std::thread::scope(|threads| {
            threads.spawn(|| stderr.map(|mut pipe| pipe.read_to_string(&mut err).expect("UTF-8")));
            stdout.map(|mut pipe| pipe.read_to_string(&mut out).expect("UTF-8"));
        });
        Ended { code: self.child.wait().expect("waited").code(), out, err }
    }
}

/// A future's result, from a test that is not asynchronous.
pub(crate) fn wait_for<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

/// Masks ids, hashes, times, durations and ports.
pub(crate) fn masked(text: &str) -> String {
    const MASKS: &[(&str, &str)] = &[
        (r"\b01[0-9A-HJKMNP-TV-Z]{24}\b", "RUN"),
        (r"\b01[0-9A-HJKMNP-TV-Z]{11}\b", "RUN-SHORT"),
        (r"Backburn01[0-9A-HJKMNP-TV-Z]{24}\b", "BackburnRUN"),
        (r"\b(i|eni|sg|vol|snap|vpc|subnet|acl|ami|eipalloc)-[0-9a-f]{8,17}\b", "$1-ID"),
        // Cut to fit the line.
        (r"\b(i|eni|sg|vol|snap|vpc|subnet|acl|ami|eipalloc)-[0-9a-f]*…", "$1-ID…"),
        (r"\b(?:AKIA|ASIA|LKIA)[0-9A-Z]{12,16}\b", "ACCESS-KEY"),
        (r"\bAROA[0-9A-Z]{12,17}\b", "ROLE-ID"),
        (r"\b[0-9a-f]{64}\b", "SHA256"),
        (r"\b[0-9a-f]{32}\b", "TOKEN"),
        (r"\b[0-9a-f]{12}…", "SHA256…"),
        (r"\b[0-9a-f]{12}\b", "SHA256-SHORT"),
        (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", "TIME"),
        (r"(?m)^\d\d:\d\d:\d\d +\d+\.\d\d  ", "TIME  "),
        (r"(?m)^ +\d+\.\d ([a-z])", "TIME $1"),
        (r"system user [^ ]+(?: \(\d+\))?(?:, logged in as \d+)?", "system user USER"),
        (r" in \d+\.\d s\b", " in N s"),
        (r"http://127\.0\.0\.1:\d+", "http://PORT"),
        (r#""program": "[^"]+""#, r#""program": "VERSION""#),
    ];
    MASKS.iter().fold(text.to_owned(), |text, (pattern, mask)| {
        Regex::new(pattern).expect("a pattern").replace_all(&text, *mask).into_owned()
    })
}

/// Lines whose order depends on what was faster, sorted, each with the lines that are indented by
/// twelve after it; the others stay where they are.
pub(crate) fn sorted(text: &str, of: impl Fn(&str) -> bool) -> String {
    let mut blocks: Vec<String> = Vec::new();
    for line in text.lines() {
        match blocks.last_mut() {
            Some(last) if line.starts_with("            ") && of(last) => {
                last.push('\n');
                last.push_str(line);
            }
            _ => blocks.push(line.into()),
        }
    }
    let mut these: Vec<_> = blocks.iter().filter(|block| of(block)).cloned().collect();
    these.sort_unstable();
    let mut these = these.into_iter();
    let blocks = blocks.into_iter().map(|block| match of(&block) {
        true => these.next().unwrap_or(block),
        false => block,
    });
    blocks.map(|block| block + "\n").collect()
}
