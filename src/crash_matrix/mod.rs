//! The crash matrix: a playbook is broken at every call it makes and every record it writes, then
//! resumed, and apart released, and the whole account is compared. Owns the order of that; prints
//! nothing.
//!
//! It works in the lab only, on accounts of its own, and reads them with `account`, which shares no
//! code with what runs and releases. A playbook whose effects would not be seen there is refused.

pub mod account;
mod bench;
mod drift;
mod point;
mod rehearsal;
mod subject;
mod tolerance;
mod trial;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io,
    path::PathBuf,
    sync::Arc,
};

use serde::Serialize;
use serde_json::Value;
use tokio::{sync::Semaphore, task::JoinSet};

use crate::lab::{
    Control, LabError,
    front::faults::{Effect, Rule},
};

pub use bench::Fill;
pub use drift::Drifted;
pub use point::Kind;
pub use rehearsal::Rehearsal;
pub use subject::Subject;
pub use trial::{Outcome, Tried};

use bench::{Bench, count, ended};
use point::{Recording, points};
use tolerance::Whole;

/// Steps wait no longer than this: what a wait is for (packets, credentials) is not in the lab.
const WAIT: u64 = 150;

/// What to try.
pub struct Request {
    /// This program.
    pub program: PathBuf,
    pub subject: Subject,
    pub inputs: Vec<(String, Fill)>,
    /// The lab's front.
    pub endpoint: String,
    pub region: String,
    /// For the homes of the runs.
    pub root: PathBuf,
    /// Which of the points; all are numbered whatever is chosen.
    pub only: Vec<Kind>,
    pub first: usize,
    pub last: usize,
    pub every: usize,
    pub jobs: usize,
    /// Keep the homes of all runs, not only of those that went wrong.
    pub keep: bool,
}

/// The result.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// Calls and records of the uninterrupted run.
    pub calls: usize,
    pub records: usize,
    /// All points that there are.
    pub points: usize,
    /// In the order of their numbers.
    pub tried: Vec<Tried>,
    /// What releases left on purpose, and how often.
    pub retained: HashMap<String, usize>,
    pub seconds: f64,
}

impl Report {
    pub fn wrong(&self) -> impl Iterator<Item = &Tried> {
        self.tried.iter().filter(|tried| !tried.is_right())
    }
}

/// Why a matrix could not be run. Not a result for the playbook.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error(transparent)]
    Lab(#[from] LabError),
    #[error("{path}: {error}")]
    Io { path: String, error: io::Error },
    #[error("a child process cannot be followed: {0}")]
    Child(io::Error),
    #[error("the playbook does not succeed in the lab even when nothing is broken:\n{0}")]
    NotWhole(String),
    #[error("someone else's change of {place} could not be made: {why}")]
    Theirs { place: String, why: String },
    #[error(
        "the crash matrix cannot compare all that the playbook changes; nothing was started: {}",
        subject::listed(.0)
    )]
    Unseen(BTreeMap<String, BTreeSet<String>>),
    #[error("a trial ended in a bug of the program: {0}")]
    Bug(String),
}

impl Trouble {
    fn at(path: &std::path::Path) -> impl Fn(io::Error) -> Self {
        let path = path.display().to_string();
        move |error| Self::Io { path: path.clone(), error }
    }

    fn child(error: io::Error) -> Self {
        Self::Child(error)
    }
}

/// The results of changes by someone else.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DriftReport {
    pub drifted: Vec<Drifted>,
    /// Settings for which the lab has no value of someone else's.
    pub untried: usize,
    pub seconds: f64,
}

/// Lets someone else change each setting of a run, one run each, and releases it. Which points are
/// chosen does not count here.
///
/// # Errors
/// As [`matrix`].
pub async fn drift(
    request: Request,
    tell: impl Fn(&Drifted, usize),
) -> Result<DriftReport, Trouble> {
    let started = std::time::Instant::now();
    let (jobs, keep) = (request.jobs, request.keep);
    let (bench, calm) = bench(request).await?;
    let world = bench.world().await?;
    if ended(bench.run(&world, &calm)?).await? != Some(0) {
        return Err(Trouble::NotWhole(world.tail()));
    }
    let settings = drift::settings(&world).len();
    world.forget(keep);
    let turns = Arc::new(Semaphore::new(jobs.max(1)));
    let mut trials = JoinSet::new();
    for nth in 0..settings {
        let (bench, turns) = (bench.clone(), turns.clone());
        trials.spawn(async move {
            // Never closed.
            let _turn = turns.acquire_owned().await;
            drift::drifted(&bench, nth, calm, keep).await
        });
    }
    let mut report = DriftReport::default();
    while let Some(ended) = trials.join_next().await {
        match ended.map_err(|error| Trouble::Bug(error.to_string()))?? {
            Some(one) => {
                tell(&one, settings);
                report.drifted.push(one);
            }
            None => report.untried += 1,
        }
    }
    report.drifted.sort_by(|a, b| a.setting.cmp(&b.setting));
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

async fn bench(request: Request) -> Result<(Arc<Bench>, Rehearsal), Trouble> {
    let control = Control::of(&request.endpoint).await?;
    let Request { program, subject, inputs, region, root, .. } = request;
    let tried = (subject.path().to_owned(), subject.steps().clone());
    let bench = Bench::new(program, tried, inputs, control, region, root);
    Ok((Arc::new(bench), Rehearsal { wait: WAIT, ..Rehearsal::default() }))
}

/// Tries the points of a playbook. `tell` is called for each finished point, with the total number.
///
/// # Errors
/// The lab is not one, or does not answer; the playbook does not succeed by itself.
pub async fn matrix(request: Request, tell: impl Fn(&Tried, usize)) -> Result<Report, Trouble> {
    let started = std::time::Instant::now();
    let Request { only, first, last, every, jobs, keep, .. } = &request;
    let (only, range, every) = (only.clone(), *first..=*last, *every);
    let (jobs, keep) = (*jobs, *keep);
    let (bench, calm) = bench(request).await?;
    let (recording, whole) = record(&bench, calm).await?;
    let whole = Arc::new(whole);
    let all = points(&recording);
    let chosen = all.iter().filter(|point| {
        (only.is_empty() || only.contains(&point.kind)) && range.contains(&point.number)
    });
    // By kind, so that a part of them has some of each.
    let mut chosen: Vec<_> = chosen.cloned().collect();
    chosen.sort_by_key(|point| point.kind);
    let chosen: Vec<_> = chosen.into_iter().step_by(every.max(1)).collect();
    let total = chosen.len();
    let turns = Arc::new(Semaphore::new(jobs.max(1)));
    let mut trials = JoinSet::new();
    for point in chosen {
        let (bench, whole, turns) = (bench.clone(), whole.clone(), turns.clone());
        trials.spawn(async move {
            // Never closed.
            let _turn = turns.acquire_owned().await;
            trial::tried(&bench, &point, &whole, calm, keep).await
        });
    }
    let (mut tried, mut retained) = (Vec::new(), HashMap::new());
    while let Some(ended) = trials.join_next().await {
        let one = ended.map_err(|error| Trouble::Bug(error.to_string()))??;
        count(&one.retained, &mut retained);
        tell(&one, total);
        tried.push(one);
    }
    tried.sort_by_key(|one| one.point.number);
    Ok(Report {
        calls: recording.calls.len(),
        records: recording.records.len(),
        points: all.len(),
        tried,
        retained,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// An uninterrupted run: its calls and records, and the account afterwards.
async fn record(bench: &Bench, calm: Rehearsal) -> Result<(Recording, Whole), Trouble> {
    let world = bench.world().await?;
    // A rule that does nothing counts the calls.
    let rule = Rule {
        account: Some(world.seed.account.clone()),
        ..Rule::new("*", "*", Effect::Latency { ms: 0 })
    };
    let rule = bench.control.arm(&rule).await?;
    let end = ended(bench.run(&world, &calm)?).await?;
    let calls = bench.control.look(&rule).await?.fired;
    bench.control.remove(&rule).await?;
    if end != Some(0) {
        return Err(Trouble::NotWhole(world.tail()));
    }
    let word = |record: &Value| record["record"].as_str().unwrap_or_default().to_owned();
    let written = world.records();
    let records = written.iter().map(word).collect();
    let whole = world.whole(&world.now().await?, &written);
    world.forget(false);
    Ok((Recording { calls, records }, whole))
}
