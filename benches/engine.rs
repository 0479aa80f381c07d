//! What the engine adds to a step, next to the barest loop that runs the same graph on tokio, by
//! turns. The steps do nothing, or sleep; the journal is where no disk is (`/dev/shm`), records and
//! hash chain as ever. Prints medians; a fixed number of rounds, so that two runs compare.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use backburn::{
    engine::{
        CallError, Events, Nobody, Patience, Registry, Run, Scope, Step, StepError, World,
        plan::Expected,
        run,
        unit::{Body, Condition, Items, Outputs, Policy, Unit},
    },
    journal::{Head, Journal, Ledger, RunDir, RunStatus},
};
use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
    time::sleep,
};

const ROUNDS: usize = 7;

#[derive(Clone)]
struct Nowhere(Scope);

impl World for Nowhere {
    type Thing = ();

    fn scope(&self) -> &Scope {
        &self.0
    }

    fn in_region(&self, _: &str) -> Self {
        self.clone()
    }

    async fn now(&self) -> Result<Timestamp, CallError> {
        Ok(Timestamp::now())
    }

    fn patience(&self) -> Patience {
        Patience::default()
    }
}

struct Nothing(Duration);

impl Body<Nowhere> for Nothing {
    fn condition(&self, _: &Outputs) -> Result<Condition, String> {
        Ok(Condition::Holds)
    }

    fn items(&self, _: &Outputs) -> Result<Items, String> {
        Ok(Items::Once)
    }

    fn inputs(&self, _: &Outputs, _: Option<&Value>) -> Result<Value, String> {
        Ok(json!({}))
    }

    fn outputs_all(&self, _: &Value) -> Value {
        json!({})
    }

    fn run(&self, _: Step<Nowhere>, _: Value) -> BoxFuture<'static, Result<Value, StepError>> {
        let time = self.0;
        Box::pin(async move {
            if !time.is_zero() {
                sleep(time).await;
            }
            Ok(json!({}))
        })
    }
}

/// The needs of each node, by position.
type Graph = Vec<Vec<usize>>;

fn chain(nodes: usize) -> Graph {
    (0..nodes).map(|node| node.checked_sub(1).into_iter().collect()).collect()
}

fn wide(nodes: usize) -> Graph {
    vec![Vec::new(); nodes]
}

/// Layers of ten, each node of which needs all of the layer before.
fn layers(nodes: usize) -> Graph {
    let layer = |node: usize| node / 10 * 10;
    (0..nodes).map(|node| (layer(node).saturating_sub(10)..layer(node)).collect()).collect()
}

/// Up to three needs among the 50 nodes before, by a fixed pseudo-random sequence.
fn tangled(nodes: usize) -> Graph {
    let mut state = 7_u64;
    let mut next = move |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or_default() % below.max(1)
    };
    let needs = |node: usize| {
        let count = next(4).min(node);
        let mut needs: Vec<_> = (0..count).map(|_| node - 1 - next(node.min(50))).collect();
        needs.sort_unstable();
        needs.dedup();
        needs
    };
    (0..nodes).map(needs).collect()
}

fn depth(graph: &Graph) -> usize {
    let mut depths = vec![0; graph.len()];
    for (node, needs) in graph.iter().enumerate() {
        depths[node] = 1 + needs.iter().map(|need| depths[*need]).max().unwrap_or(0);
    }
    depths.into_iter().max().unwrap_or(0)
}

async fn ours(graph: &Graph, time: Duration, parallel: usize, home: &Path) -> Duration {
    let unit = |(node, needs): (usize, &Vec<usize>)| Unit {
        id: format!("s{node}"),
        needs: needs.clone(),
        policy: Policy::default(),
        body: Arc::new(Nothing(time)) as Arc<dyn Body<Nowhere>>,
    };
    let units = Arc::new(graph.iter().enumerate().map(unit).collect::<Vec<_>>());
    let id = "01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned();
    let dir = RunDir::create(home, &id).expect("a directory");
    let journal = Journal::append_to(&dir.journal(), Head::default(), Vec::new());
    let (_stop, stopped) = watch::channel(false);
    let run_of = Run {
        id,
        world: Nowhere(Scope {
            account: "111122223333".into(),
            region: "eu-central-1".into(),
            principal: "arn:aws:iam::111122223333:user/bench".into(),
        }),
        journal: journal.expect("a journal"),
        dir,
        registry: Arc::new(Registry::default()),
        events: Events::channel().0,
        stop: stopped,
        expected: Expected::default(),
        human: Arc::new(Nobody),
    };
    let started = Instant::now();
    let end = run(&units, Arc::new(run_of), Ledger::default(), parallel).await.expect("an end");
    let took = started.elapsed();
    assert_eq!((end.status, end.walked.finished), (RunStatus::Succeeded, graph.len()));
    took
}

/// A task a node once its needs have ended, and nothing else.
async fn bare(graph: &Graph, time: Duration, parallel: usize) -> Duration {
    let started = Instant::now();
    let mut dependants = vec![Vec::new(); graph.len()];
    for (node, needs) in graph.iter().enumerate() {
        needs.iter().for_each(|need| dependants[*need].push(node));
    }
    let mut missing: Vec<_> = graph.iter().map(Vec::len).collect();
    let permits = Arc::new(Semaphore::new(parallel));
    let mut tasks = JoinSet::new();
    let spawn = |tasks: &mut JoinSet<usize>, node: usize| {
        let permits = permits.clone();
        tasks.spawn(async move {
            let _permit = permits.acquire().await;
            if !time.is_zero() {
                sleep(time).await;
            }
            node
        });
    };
    for node in (0..graph.len()).filter(|node| missing[*node] == 0) {
        spawn(&mut tasks, node);
    }
    let mut ended = 0;
    while let Some(node) = tasks.join_next().await {
        ended += 1;
        for dependant in &dependants[node.expect("no panic")] {
            missing[*dependant] -= 1;
            if missing[*dependant] == 0 {
                spawn(&mut tasks, *dependant);
            }
        }
    }
    assert_eq!(ended, graph.len());
    started.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Medians of our run and of the bare loop, taken by turns.
async fn both(
    graph: &Graph,
    time: Duration,
    parallel: usize,
    rounds: usize,
) -> (Duration, Duration) {
    let shm = Path::new("/dev/shm");
    let place = if shm.is_dir() { shm.to_path_buf() } else { std::env::temp_dir() };
    let (mut our, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let home = tempfile::tempdir_in(&place).expect("a directory");
        our.push(ours(graph, time, parallel, home.path()).await);
        theirs.push(bare(graph, time, parallel).await);
    }
    (median(our), median(theirs))
}

fn micros(time: Duration, nodes: usize) -> f64 {
    time.as_secs_f64() * 1e6 / f64::from(u32::try_from(nodes).unwrap_or(u32::MAX))
}

/// On the runtime's own threads, as the program runs its commands: the main thread would have to be woken
/// for each step.
#[tokio::main]
async fn main() {
    tokio::spawn(all()).await.expect("no panic");
}

async fn all() {
    println!("a step, in microseconds: backburn, a bare tokio loop, the difference");
    for (name, graph) in
        [("chain", chain as fn(usize) -> Graph), ("wide", wide), ("layers of ten", layers)]
    {
        let mut costs = Vec::new();
        for nodes in [1_000, 10_000] {
            let (our, theirs) = both(&graph(nodes), Duration::ZERO, 64, ROUNDS).await;
            let (our, theirs) = (micros(our, nodes), micros(theirs, nodes));
            println!("  {name:<14} {nodes:>6}  {our:>7.1} {theirs:>7.1} {:>7.1}", our - theirs);
            costs.push(our);
        }
        println!("  {name:<14} 10,000 over 1,000: {:.2}", costs[1] / costs[0]);
    }
    let (graph, step) = (tangled(1_000), Duration::from_millis(100));
    let critical = step * u32::try_from(depth(&graph)).unwrap_or(u32::MAX);
    let (our, theirs) = both(&graph, step, 1_000, 3).await;
    println!(
        "1,000 steps of 100 ms: critical path {critical:.2?}, backburn {our:.2?} ({:.3} of it), bare loop {theirs:.2?}; ours over theirs {:.3}",
        our.as_secs_f64() / critical.as_secs_f64(),
        our.as_secs_f64() / theirs.as_secs_f64()
    );
}
