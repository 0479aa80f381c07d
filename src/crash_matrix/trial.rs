//! One point, tried: the run is broken there, then resumed in one account and released in another.
//! Owns what "right" means; accounts and children are `bench`'s.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;
use tokio::process::Child;

use super::{
    Rehearsal, Trouble,
    account::{Difference, differences},
    bench::{Bench, End, World, ended},
    point::{At, Kind, Point},
    tolerance::{Broken, Judged, Whole, judge},
};

/// Number of resumes after which a run counts as not ending.
const RESUMES: u32 = 3;
/// For one attempt of a call whose answer is held: longer than any call of the lab takes.
const ATTEMPT: u64 = 2_500;

/// How one way on from a point ended.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Right,
    /// A call was denied for good, and the run went on without the step whose call it was: the playbook lets it fail,
    /// its action does what it can, or the plan refused it. The account lacks what it would have set, and nothing else.
    Tolerated {
        steps: Vec<String>,
        differences: Vec<Difference>,
    },
    /// The account differs from the expected state.
    Wrong(Vec<Difference>),
    /// A command that had to succeed did not; its exit code and last words.
    Failed {
        command: &'static str,
        code: Option<i32>,
        said: String,
    },
}

impl Outcome {
    pub fn is_right(&self) -> bool {
        matches!(self, Self::Right | Self::Tolerated { .. })
    }
}

/// The result of one point.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Tried {
    #[serde(flatten)]
    pub point: Point,
    /// Whether the run came to the point: how often a call is made can depend on time.
    pub reached: bool,
    /// The run itself got over it, so there was nothing to resume.
    pub went_on: bool,
    pub resumed: Outcome,
    pub released: Outcome,
    /// What releases left on purpose.
    pub retained: Vec<String>,
    pub seconds: f64,
}

impl Tried {
    pub fn is_right(&self) -> bool {
        self.resumed.is_right() && self.released.is_right()
    }
}

/// `whole` is the uninterrupted run.
pub(super) async fn tried(
    bench: &Bench,
    point: &Point,
    whole: &Whole,
    calm: Rehearsal,
    keep: bool,
) -> Result<Tried, Trouble> {
    let started = Instant::now();
    let world = bench.world().await?;
    let (end, reached) = broken(bench, &world, point, calm).await?;
    let went_on = end == Some(0);
    let mut retained = Vec::new();
    let resumed = resumed(bench, &world, whole, calm, (end, point)).await?;
    let (after_resume, now) = released(bench, &world, calm, &mut retained).await?;
    settle(bench, world, now.filter(|_| resumed.is_right()), keep).await?;
    let released = if went_on || !after_resume.is_right() {
        after_resume
    } else {
        let world = bench.world().await?;
        broken(bench, &world, point, calm).await?;
        let (outcome, now) = released(bench, &world, calm, &mut retained).await?;
        settle(bench, world, now, keep).await?;
        outcome
    };
    let seconds = started.elapsed().as_secs_f64();
    Ok(Tried { point: point.clone(), reached, went_on, resumed, released, retained, seconds })
}

/// An account that is as it was (`now`) serves again; the home of a point that went wrong is kept.
async fn settle(
    bench: &Bench,
    world: World,
    now: Option<Value>,
    keep: bool,
) -> Result<(), Trouble> {
    world.forget(keep || now.is_none());
    match now {
        Some(now) => bench.put_back(world, now).await,
        None => Ok(()),
    }
}

/// Runs the playbook and breaks it at the point.
async fn broken(
    bench: &Bench,
    world: &World,
    point: &Point,
    calm: Rehearsal,
) -> Result<(End, bool), Trouble> {
    let attempt = (point.kind == Kind::TimedOut).then_some(ATTEMPT);
    let asks = Rehearsal { attempt, trip: point.trip(), ..calm };
    let Some(rule) = point.rule(&world.seed.account) else {
        let end = ended(bench.run(world, &asks)?).await?;
        return Ok((end, end != Some(0)));
    };
    let control = &bench.control;
    let rule = control.arm(&rule).await?;
    let child = bench.run(world, &asks)?;
    let end = if point.kind.kills_at_call() {
        killed(bench, child, &rule).await?
    } else {
        ended(child).await?
    };
    let reached = !control.look(&rule).await?.fired.is_empty();
    control.remove(&rule).await?;
    Ok((end, reached))
}

/// Kills the child once the front holds its call.
async fn killed(bench: &Bench, mut child: Child, rule: &str) -> Result<End, Trouble> {
    loop {
        if let Some(status) = child.try_wait().map_err(Trouble::child)? {
            return Ok(status.code());
        }
        if bench.control.look(rule).await?.rule.holding > 0 {
            child.kill().await.map_err(Trouble::child)?;
            return Ok(None);
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// Resumes until the run succeeds, and looks at the account.
async fn resumed(
    bench: &Bench,
    world: &World,
    whole: &Whole,
    calm: Rehearsal,
    (mut end, point): (End, &Point),
) -> Result<Outcome, Trouble> {
    let mut command = "run";
    for _ in 0..RESUMES {
        if end == Some(0) || world.has_succeeded() {
            end = Some(0);
            break;
        }
        // Broken in its plan, it never started: there is nothing to resume.
        (command, end) = if world.records().is_empty() {
            ("run", ended(bench.run(world, &calm)?).await?)
        } else {
            ("resume", bench.resumed(world, &calm).await?)
        };
    }
    let found = world.end(&world.now().await?);
    let failed = || Outcome::Failed { command, code: end, said: world.tail() };
    let (Kind::Denied, At::Call { operation, .. }) = (point.kind, &point.at) else {
        if end != Some(0) {
            return Ok(failed());
        }
        let found = differences(&whole.account, &found);
        return Ok(if found.is_empty() { Outcome::Right } else { Outcome::Wrong(found) });
    };
    let (records, before) = (world.records(), world.end(&world.before));
    let broken = Broken { operation, end, records: &records, before: &before, now: &found };
    Ok(match judge(&bench.steps, whole, &broken) {
        Judged::Right => Outcome::Right,
        Judged::Tolerated { steps, differences } => Outcome::Tolerated { steps, differences },
        Judged::Wrong(differences) => Outcome::Wrong(differences),
        Judged::Failed => failed(),
    })
}

/// Releases the last run, if one started, and looks at the account, which is given where it is right.
async fn released(
    bench: &Bench,
    world: &World,
    calm: Rehearsal,
    retained: &mut Vec<String>,
) -> Result<(Outcome, Option<Value>), Trouble> {
    if !world.records().is_empty() {
        let code = bench.released(world, &calm).await?;
        if code != Some(0) {
            let (command, said) = ("release", world.tail());
            return Ok((Outcome::Failed { command, code, said }, None));
        }
    }
    let now = world.now().await?;
    let (left, kept) = world.left(&now);
    retained.extend(kept);
    Ok(if left.is_empty() { (Outcome::Right, Some(now)) } else { (Outcome::Wrong(left), None) })
}
