//! Where runs are tried: accounts of one lab, and this program as a child process with a home of its
//! own. Owns accounts, children and what they leave on the disk; knows nothing of points.

use std::{
    collections::HashMap,
    path::PathBuf,
    process::Stdio,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use aws_config::SdkConfig;
use serde_json::{Map, Value};
use tokio::process::{Child, Command};

use super::{
    Rehearsal, Trouble,
    account::{Difference, Reader, differences, named},
    tolerance::{Made, Steps, Whole},
};
use crate::{
    journal::{self, RunDir},
    lab::{
        self, Control, Silent,
        seed::{self, Seed},
    },
};

/// Nobody is there to ask.
const APPROVES: [&str; 6] = ["--approve", "all", "--as", "all", "--reason", "crash matrix"];
/// No part of a run in the lab takes this long.
const LONGEST: Duration = Duration::from_mins(10);

/// Where the value of an input comes from: it differs between accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fill {
    Text(String),
    Instance,
    User,
    AccessKey,
    Role,
    Volume,
    Trail,
}

impl Fill {
    fn of(&self, seed: &Seed) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Instance => seed.instance.clone(),
            Self::User => seed.user.clone(),
            Self::AccessKey => seed.access_key_id.clone(),
            Self::Role => seed.role.clone(),
            Self::Volume => seed.volumes.first().cloned().unwrap_or_default(),
            Self::Trail => seed.trail.clone().unwrap_or_default(),
        }
    }
}

/// What all trials share.
pub(super) struct Bench {
    pub program: PathBuf,
    pub playbook: PathBuf,
    pub steps: Steps,
    pub inputs: Vec<(String, Fill)>,
    pub control: Control,
    pub region: String,
    /// Homes of the children.
    pub root: PathBuf,
    /// Homes so far.
    homes: AtomicU64,
    /// Accounts that were given back whole.
    idle: Mutex<Vec<World>>,
}

impl Bench {
    pub(super) fn new(
        program: PathBuf,
        (playbook, steps): (PathBuf, Steps),
        inputs: Vec<(String, Fill)>,
        control: Control,
        region: String,
        root: PathBuf,
    ) -> Self {
        let (homes, idle) = (AtomicU64::new(0), Mutex::default());
        Self { program, playbook, steps, inputs, control, region, root, homes, idle }
    }

    /// Past the front: what reads or changes an account here is no call of a run.
    pub(super) fn config(&self, account: &str) -> SdkConfig {
        seed::sdk_config(&self.control.upstream, &self.region, account)
    }

    /// A seeded account: one that was given back whole, or one that nobody has used.
    pub(super) async fn world(&self) -> Result<World, Trouble> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let home = self.root.join(self.homes.fetch_add(1, Relaxed).to_string());
        std::fs::create_dir_all(&home).map_err(Trouble::at(&home))?;
        if let Some(idle) = idle {
            return Ok(World { home, ..idle });
        }
        let Control { upstream, endpoint } = &self.control;
        let reader = Reader::of_unused(upstream, endpoint, &self.region).await?;
        let seed = seed::seed(&self.config(reader.account()), &Silent).await?;
        let before = reader.read().await?;
        Ok(World { seed, reader, before, home })
    }

    /// Takes an account back that is as it was, but for what a release left in `now`.
    pub(super) async fn put_back(&self, world: World, mut now: Value) -> Result<(), Trouble> {
        world.reader.renew(&world.before, &mut now).await?;
        let world = World { before: now, ..world };
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(world);
        Ok(())
    }

    /// This program with `args`, in the account and home of `world`.
    pub(super) fn start(
        &self,
        world: &World,
        args: &[&str],
        asks: &Rehearsal,
    ) -> Result<Child, Trouble> {
        let log = world.home.join("log.txt");
        let file = std::fs::File::options().create(true).append(true).open(&log);
        let file = file.map_err(Trouble::at(&log))?;
        let errors = file.try_clone().map_err(Trouble::at(&log))?;
        let (name, value) = asks.variable();
        let mut command = Command::new(&self.program);
        command
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &world.home)
            .env("BACKBURN_HOME", &world.home)
            .envs([("NO_COLOR", "1"), ("USER", "crash-matrix"), ("TZ", "UTC")])
            .env("AWS_ENDPOINT_URL", &self.control.endpoint)
            .env("AWS_ACCESS_KEY_ID", &world.seed.account)
            .env("AWS_SECRET_ACCESS_KEY", lab::SECRET_ACCESS_KEY)
            .env("AWS_REGION", &self.region)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env(name, value)
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(errors)
            .kill_on_drop(true);
        command.spawn().map_err(Trouble::at(&self.program))
    }

    /// Starts a run of the playbook.
    pub(super) fn run(&self, world: &World, asks: &Rehearsal) -> Result<Child, Trouble> {
        let file = self.playbook.display().to_string();
        let mut args = vec!["run".to_owned(), file];
        for (name, fill) in &self.inputs {
            args.extend(["-i".to_owned(), format!("{name}={}", fill.of(&world.seed))]);
        }
        args.extend(["--yes", "--accept-presumed"].map(str::to_owned));
        args.extend(APPROVES.map(str::to_owned));
        self.start(world, &args.iter().map(String::as_str).collect::<Vec<_>>(), asks)
    }

    pub(super) async fn resumed(&self, world: &World, asks: &Rehearsal) -> Result<End, Trouble> {
        let args = [&["resume", "last", "--accept-presumed"][..], &APPROVES].concat();
        ended(self.start(world, &args, asks)?).await
    }

    pub(super) async fn released(&self, world: &World, asks: &Rehearsal) -> Result<End, Trouble> {
        ended(self.start(world, &["release", "last", "--yes"], asks)?).await
    }
}

/// How a child ended: its exit code, none when a signal or the time ended it.
pub(super) type End = Option<i32>;

/// Waits for a child's end, and brings it about after a while.
pub(super) async fn ended(mut child: Child) -> Result<End, Trouble> {
    match tokio::time::timeout(LONGEST, child.wait()).await {
        Ok(status) => Ok(status.map_err(Trouble::child)?.code()),
        Err(_) => {
            child.kill().await.map_err(Trouble::child)?;
            Ok(None)
        }
    }
}

/// One account and one home.
pub(super) struct World {
    pub seed: Seed,
    pub reader: Reader,
    /// The account before the run, with its ids.
    pub before: Value,
    pub home: PathBuf,
}

impl World {
    /// The account now, with its ids.
    pub(super) async fn now(&self) -> Result<Value, Trouble> {
        Ok(self.reader.read().await?)
    }

    /// `now` in names, without the evidence that was there before.
    pub(super) fn end(&self, now: &Value) -> Value {
        named(&self.reader.new_since(&self.before, now), &self.seed)
    }

    /// What the uninterrupted run made, and how it left the account.
    pub(super) fn whole(&self, now: &Value, records: &[Value]) -> Whole {
        let text = |record: &Value, key: &str| record[key].as_str().unwrap_or_default().to_owned();
        let of = |words: &'static [&str]| {
            let all = records.iter();
            all.filter(move |one| words.iter().any(|word| one["record"] == *word))
        };
        let made: Vec<_> = of(&["intent", "operation-intent"]).collect();
        let targets: Vec<_> = made.iter().map(|one| one["place"]["target"].clone()).collect();
        // In an object, as lists are sorted.
        let targets: Map<String, Value> = targets
            .into_iter()
            .enumerate()
            .map(|(nth, target)| (nth.to_string(), target))
            .collect();
        let mut account = self.reader.new_since(&self.before, now);
        account["targets"] = Value::Object(targets);
        let mut account = named(&account, &self.seed);
        let targets = account.as_object_mut().and_then(|map| map.remove("targets"));
        let targets = targets.unwrap_or_default();
        let made = made.iter().enumerate().map(|(nth, one)| Made {
            step: text(one, "step"),
            kind: one["place"]["kind"].as_str().unwrap_or_default().into(),
            target: targets[nth.to_string()].as_str().unwrap_or_default().into(),
        });
        let made = made.collect();
        let finished = of(&["step-finished"]).map(|one| text(one, "step")).collect();
        Whole { account, made, finished }
    }

    /// Differences from the state before, and what is kept on purpose or cannot be given back.
    pub(super) fn left(&self, now: &Value) -> (Vec<Difference>, Vec<String>) {
        let (mut left, mut kept) = (Vec::new(), Vec::new());
        for one in differences(&self.before, now) {
            match self.reader.kept(&one) {
                Some(word) => kept.push(word.to_owned()),
                None => left.push(one),
            }
        }
        (left, kept)
    }

    pub(super) fn run_dir(&self) -> Option<RunDir> {
        RunDir::list(&self.home).ok()?.pop()
    }

    /// The word of each record of the last run; empty when it never started.
    pub(super) fn records(&self) -> Vec<Value> {
        let Some(dir) = self.run_dir() else { return Vec::new() };
        let read = journal::read(&dir.journal());
        let lines = read.map(|read| read.lines).unwrap_or_default();
        lines.iter().filter_map(|line| serde_json::to_value(&line.record).ok()).collect()
    }

    /// A run killed after its last record has nothing left to resume.
    pub(super) fn has_succeeded(&self) -> bool {
        let ended = |record: &Value| record["record"] != "manifest";
        let last = self.records().into_iter().rfind(ended).unwrap_or_default();
        last["record"] == "run-finished" && last["status"] == "succeeded"
    }

    /// The last lines that the children of this world wrote.
    pub(super) fn tail(&self) -> String {
        let text = std::fs::read(self.home.join("log.txt")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(8)..].join("\n")
    }

    pub(super) fn forget(&self, keep: bool) {
        if !keep {
            // What stays lies in a directory that is removed at the end.
            let _ = std::fs::remove_dir_all(&self.home);
        }
    }
}

/// Counts equal words.
pub(super) fn count(words: &[String], into: &mut HashMap<String, usize>) {
    for word in words {
        *into.entry(word.clone()).or_default() += 1;
    }
}
