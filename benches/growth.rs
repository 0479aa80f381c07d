//! What grows with what was done before: the start of a run with the past runs of its home, a look at a
//! long journal, the order of a long plan. Prints medians, and the peak of memory where that is what
//! counts; the files are where no disk is (`/dev/shm`), so that two runs compare.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use backburn::{
    engine::{
        How, Scope,
        plan::{PlannedChange, PlannedStep},
        races::{StepOrder, races},
    },
    journal::{
        FORMAT, Head, Journal, KEY, Ledger, Place, Record, Recorded, RunDir, RunStatus, Seal, each,
        read,
    },
};
use serde_json::{Value, json};

const ROUNDS: usize = 7;

fn scope() -> Scope {
    Scope {
        account: "111122223333".into(),
        region: "eu-central-1".into(),
        principal: "arn:aws:iam::111122223333:user/bench".into(),
    }
}

fn started() -> Record {
    Record::RunStarted {
        format: FORMAT,
        program: "bench".into(),
        run: "01ARZ3NDEKTSV4RRFFQ69G5FAV".into(),
        playbook: "bench".into(),
        drill: None,
        playbook_sha256: "0".repeat(64),
        plan_sha256: "0".repeat(64),
        inputs_sha256: None,
        scope: scope(),
        endpoint: None,
        lab: None,
        operator: "bench".into(),
        who: backburn::journal::Who::default(),
        clock: None,
    }
}

/// What a step leaves that reads one setting and changes it.
fn step(n: usize) -> [Record; 5] {
    let step = format!("step-{n}");
    let place = Place { kind: "bench.cell".into(), target: format!("cell-{n}"), nth: 0 };
    let read = Place { kind: "bench.fact".into(), ..place.clone() };
    [
        Record::StepStarted { step: step.clone(), attempt: 1 },
        Record::Read { step: step.clone(), place: read, scope: scope(), value: json!({ "n": n }) },
        Record::Intent {
            step: step.clone(),
            place: place.clone(),
            scope: scope(),
            setting: json!({ "cell": n }),
            how: How::Restored,
            before: json!({ "n": n }),
            after: json!({ "n": n + 1 }),
            until: None,
        },
        Record::Outcome { step: step.clone(), place, after: json!({ "n": n + 1 }) },
        Record::StepFinished { step, outputs: json!({}) },
    ]
}

/// What a state is kept under; without one each journal is read again.
fn seal() -> Seal {
    Seal::new([7; KEY], "/dev/null/heads".into())
}

fn place() -> PathBuf {
    let shm = Path::new("/dev/shm");
    if shm.is_dir() { shm.to_path_buf() } else { std::env::temp_dir() }
}

fn write(path: &Path, records: impl Iterator<Item = Record>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let journal = Journal::append_to(path, Head::default(), Vec::new()).expect("a journal");
    let mut records = records.peekable();
    runtime.block_on(async {
        while records.peek().is_some() {
            let some = records.by_ref().take(1_000).map(|record| journal.append(record));
            futures::future::try_join_all(some).await.expect("a disk with room");
        }
    });
}

/// A home with so many runs of 20 steps that have ended and hold what they changed.
fn home(runs: usize) -> tempfile::TempDir {
    let home = tempfile::tempdir_in(place()).expect("a directory");
    let first = home.path().join("first.jsonl");
    let end = Record::RunFinished { status: RunStatus::Succeeded };
    write(&first, std::iter::once(started()).chain((0..20).flat_map(step)).chain([end]));
    for run in 0..runs {
        let dir = RunDir::create(home.path(), &format!("01JD{run:022}")).expect("a run");
        fs::copy(&first, dir.journal()).expect("a journal");
    }
    home
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn timed(mut work: impl FnMut()) -> Duration {
    let one = |_| {
        let started = Instant::now();
        work();
        started.elapsed()
    };
    median((0..ROUNDS).map(one).collect())
}

/// The most memory that the process had since the last call, in MiB; Linux tells.
fn peak() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    fs::write("/proc/self/clear_refs", "5").ok()?;
    Some(kib / 1024.0)
}

fn past_runs() {
    println!("past runs: each journal read; states kept beside them; what has changed since");
    for runs in [100, 1_000, 5_000] {
        let home = home(runs);
        let all = || RunDir::list(home.path()).expect("runs");
        let states = || {
            let found =
                all().iter().filter_map(|dir| dir.state(Some(&seal())).expect("a journal")).count();
            assert_eq!(found, runs);
        };
        let before = Instant::now();
        states();
        let first = before.elapsed();
        let kept = timed(states);
        let again = timed(|| {
            let found = all().iter().filter_map(|dir| dir.state_key().expect("a file")).count();
            assert_eq!(found, runs);
        });
        println!("  {runs:>6}  {first:>9.1?}  {kept:>9.1?}  {again:>9.1?}");
    }
}

fn long_journal() {
    const STEPS: usize = 200_000;
    let home = tempfile::tempdir_in(place()).expect("a directory");
    let dir = RunDir::create(home.path(), "01ARZ3NDEKTSV4RRFFQ69G5FAV").expect("a run");
    write(&dir.journal(), std::iter::once(started()).chain((0..STEPS).flat_map(step)));
    println!("a journal of {} records: time, and the peak of memory", STEPS * 5 + 1);
    let print = |name: &str, work: &dyn Fn()| {
        let before = peak();
        let started = Instant::now();
        work();
        let took = started.elapsed();
        let most = before.and(peak()).map_or("?".into(), |most| format!("{most:.0} MiB"));
        println!("  {name:<36}  {took:>9.1?}  {most:>9}");
    };
    print("verify", &|| {
        let mut recorded = Recorded::of(&dir);
        let tail = each(&dir.journal(), |line| recorded.add(&line)).expect("an intact journal");
        recorded.stock(&dir, &tail.head).expect("a directory");
    });
    print("state of a run that holds 200,000", &|| {
        assert_eq!(
            dir.state(Some(&seal())).expect("a journal").map(|(_, state)| state.held.len()),
            Some(STEPS)
        );
    });
    print("fold, as resume and release do", &|| {
        assert_eq!(Ledger::read(&dir.journal()).expect("an intact journal").steps.len(), STEPS);
    });
    print("every line, as a report does", &|| {
        assert_eq!(read(&dir.journal()).expect("an intact journal").lines.len(), STEPS * 5 + 1);
    });
}

fn long_plan() {
    println!("steps that write one setting: a chain, and no order");
    for steps in [2_000, 10_000] {
        let names: Vec<_> = (0..steps).map(|n| format!("s{n}")).collect();
        let change = PlannedChange {
            place: Place { kind: "bench.cell".into(), target: "one".into(), nth: 0 },
            scope: scope(),
            before: Value::Null,
            after: Value::Null,
            until: None,
            release: How::Restored,
            caveat: None,
        };
        let one = |name: &String| PlannedStep {
            id: name.clone(),
            changes: vec![change.clone()],
            ..PlannedStep::default()
        };
        let planned: Vec<_> = names.iter().map(one).collect();
        let found = |is_chain: bool| {
            let before = |n: usize| n.checked_sub(1).filter(|_| is_chain);
            let needs = |n: usize| before(n).map(|before| names[before].as_str());
            let order: StepOrder<'_> =
                (0..steps).map(|n| (names[n].as_str(), needs(n).into_iter().collect())).collect();
            races(&planned, &order).len()
        };
        let chain = timed(|| assert_eq!(found(true), 0));
        let wide = timed(|| assert_eq!(found(false), 1));
        println!("  {steps:>6}  {chain:>9.1?}  {wide:>9.1?}");
    }
}

fn main() {
    past_runs();
    long_journal();
    long_plan();
}
