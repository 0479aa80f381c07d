//! Where runs are tried: accounts of one lab, and this program as a child process with a home of its
//! own. Owns accounts, children and what they leave on the disk; knows nothing of points.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use aws_config::SdkConfig;
use serde_json::Value;
use tokio::process::{Child, Command};

use super::{
    Rehearsal, Trouble,
    account::{Difference, Reader, differences, named},
};
use crate::{
    journal::{self, RunDir},
    lab::{
        self, Control, Silent,
        seed::{self, Seed},
    },
};

/// No part of a run in the lab takes this long.
const LONGEST: Duration = Duration::from_secs(600);

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
    pub fn new(
        program: PathBuf,
        playbook: PathBuf,
        inputs: Vec<(String, Fill)>,
        control: Control,
        region: String,
        root: PathBuf,
    ) -> Self {
        let (homes, idle) = (AtomicU64::new(0), Mutex::default());
        Self { program, playbook, inputs, control, region, root, homes, idle }
    }

    /// Past the front: what reads or changes an account here is no call of a run.
    pub fn config(&self, account: &str) -> SdkConfig {
        seed::sdk_config(&self.control.upstream, &self.region, account)
    }

    /// A seeded account: one that was given back whole, or one that nobody has used.
    pub async fn world(&self) -> Result<World, Trouble> {
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
    pub async fn put_back(&self, world: World, mut now: Value) -> Result<(), Trouble> {
        world.reader.renew(&world.before, &mut now).await?;
        let world = World { before: now, ..world };
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(world);
        Ok(())
    }

    /// This program with `args`, in the account and home of `world`.
    pub fn start(&self, world: &World, args: &[&str], asks: &Rehearsal) -> Result<Child, Trouble> {
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
    pub fn run(&self, world: &World, asks: &Rehearsal) -> Result<Child, Trouble> {
        let file = self.playbook.display().to_string();
        let mut args = vec!["run".to_owned(), file];
        for (name, fill) in &self.inputs {
            args.extend(["-i".to_owned(), format!("{name}={}", fill.of(&world.seed))]);
        }
        args.extend(["--yes", "--accept-presumed", "--approve", "all"].map(str::to_owned));
        self.start(world, &args.iter().map(String::as_str).collect::<Vec<_>>(), asks)
    }

    pub async fn resumed(&self, world: &World, asks: &Rehearsal) -> Result<End, Trouble> {
        let args = ["resume", "last", "--accept-presumed", "--approve", "all"];
        ended(self.start(world, &args, asks)?).await
    }

    pub async fn released(&self, world: &World, asks: &Rehearsal) -> Result<End, Trouble> {
        ended(self.start(world, &["release", "last"], asks)?).await
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
    pub async fn now(&self) -> Result<Value, Trouble> {
        Ok(self.reader.read().await?)
    }

    /// `now` in names, without the evidence that was there before.
    pub fn end(&self, now: &Value) -> Value {
        named(&self.reader.new_since(&self.before, now), &self.seed)
    }

    /// Differences from the state before, and what is kept on purpose or cannot be given back.
    pub fn left(&self, now: &Value) -> (Vec<Difference>, Vec<String>) {
        let (mut left, mut kept) = (Vec::new(), Vec::new());
        for one in differences(&self.before, now) {
            match self.reader.kept(&one) {
                Some(word) => kept.push(word.to_owned()),
                None => left.push(one),
            }
        }
        (left, kept)
    }

    pub fn run_dir(&self) -> Option<RunDir> {
        RunDir::list(&self.home).ok()?.pop()
    }

    /// The word of each record of the last run; empty when it never started.
    pub fn records(&self) -> Vec<Value> {
        let Some(dir) = self.run_dir() else { return Vec::new() };
        let read = journal::read(&dir.journal());
        let lines = read.map(|read| read.lines).unwrap_or_default();
        lines.iter().filter_map(|line| serde_json::to_value(&line.record).ok()).collect()
    }

    /// A run killed after its last record has nothing left to resume.
    pub fn has_succeeded(&self) -> bool {
        let ended = |record: &Value| record["record"] != "manifest";
        let last = self.records().into_iter().rfind(ended).unwrap_or_default();
        last["record"] == "run-finished" && last["status"] == "succeeded"
    }

    /// The last lines that the children of this world wrote.
    pub fn tail(&self) -> String {
        let text = std::fs::read(self.home.join("log.txt")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(8)..].join("\n")
    }

    pub fn forget(&self, keep: bool) {
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

pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
