//! A run of several actions by the engine against the lab, in an account of its own: planned, run,
//! cut off, resumed and released, with the account read by another client before and after.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use backburn::{
    actions::catalogue,
    aws::{self, Aws},
    engine::{
        Events, Nobody, Patience, Run, RunEnd, Scope, Step, StepError, World,
        plan::{Expected, PlannedStep},
        release::{self, Item, Request},
        unit::{Body, Condition, Items, Outputs, Policy, Unit},
    },
    journal::{FORMAT, Head, Journal, Ledger, Record, RunDir, RunStatus},
    lab::Lab,
};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support;

type Inputs = Box<dyn Fn(&Outputs) -> Value + Send + Sync>;

/// One step: its id, its action, and its inputs from the outputs of the steps before it.
pub struct Act(&'static str, &'static str, Inputs);

pub fn act(
    id: &'static str,
    action: &'static str,
    inputs: impl Fn(&Outputs) -> Value + Send + Sync + 'static,
) -> Act {
    Act(id, action, Box::new(inputs))
}

impl Body<Aws> for Act {
    fn condition(&self, _: &Outputs) -> Result<Condition, String> {
        Ok(Condition::Holds)
    }
    fn items(&self, _: &Outputs) -> Result<Items, String> {
        Ok(Items::Once)
    }
    fn inputs(&self, known: &Outputs, _: Option<&Value>) -> Result<Value, String> {
        Ok((self.2)(known))
    }
    fn outputs_all(&self, value: &Value) -> Value {
        let entry = catalogue::find(self.1).expect("an action");
        let schema = (entry.outputs)();
        let names = schema["properties"].as_object().into_iter().flat_map(|all| all.keys());
        names.map(|name| (name.clone(), value.clone())).collect::<serde_json::Map<_, _>>().into()
    }
    fn run(&self, step: Step<Aws>, inputs: Value) -> BoxFuture<'static, Result<Value, StepError>> {
        (catalogue::find(self.1).expect("an action").run)(inputs, step)
    }
}

pub struct Rig {
    pub aws: Aws,
    pub account: String,
    lab: Lab,
    units: Arc<Vec<Unit<Aws>>>,
    dir: RunDir,
    before: Value,
    _home: tempfile::TempDir,
}

impl Rig {
    /// The steps run one after the other, in `account` of the lab that all tests share.
    pub fn new(account: &str, acts: Vec<Act>) -> Self {
        Self::at(&support::lab().lab, account, acts)
    }

    pub fn at(lab: &Lab, account: &str, acts: Vec<Act>) -> Self {
        let scope = Scope {
            account: account.into(),
            region: lab.region.clone(),
            principal: format!("arn:aws:iam::{account}:user/responder"),
        };
        let poll = Duration::from_millis(50);
        let aws = Aws::from_config(lab.sdk_config(account), scope)
            .with_patience(Patience { poll, ..Patience::default() });
        let unit = |(at, act): (usize, Act)| Unit {
            id: act.0.into(),
            needs: (0..at).collect(),
            policy: Policy::default(),
            body: Arc::new(act),
        };
        let home = tempfile::tempdir().expect("a directory");
        let run = ulid::Ulid::generate().to_string();
        let dir = RunDir::create(home.path(), &run).expect("a run directory");
        let before = state(lab, account);
        Self {
            aws,
            account: account.into(),
            lab: lab.clone(),
            units: Arc::new(acts.into_iter().enumerate().map(unit).collect()),
            dir,
            before,
            _home: home,
        }
    }

    pub fn id(&self) -> &str {
        self.dir.id()
    }

    pub async fn plan(&self) -> Vec<PlannedStep> {
        backburn::engine::plan(&self.units, self.aws.clone(), self.dir.id()).await
    }

    pub fn records(&self) -> Vec<Record> {
        self.read().0
    }

    fn read(&self) -> (Vec<Record>, Head) {
        match self.dir.journal().exists() {
            true => {
                let read = backburn::journal::read(&self.dir.journal()).expect("an intact journal");
                (read.lines.into_iter().map(|line| line.record).collect(), read.head)
            }
            false => (Vec::new(), Head::default()),
        }
    }

    async fn begin(&self, plan: &[PlannedStep]) -> (Arc<Run<Aws>>, Ledger) {
        let (records, head) = self.read();
        let journal = Journal::append_to(&self.dir.journal(), head, Vec::new()).expect("a file");
        if records.is_empty() {
            let started = crate::rig::started(self.dir.id(), self.aws.scope());
            journal.append(started).await.expect("a record");
        }
        let run = Run {
            id: self.dir.id().into(),
            world: self.aws.with_run(self.dir.id()),
            journal,
            dir: self.dir.clone(),
            registry: Arc::new(aws::registry()),
            events: Events::none(),
            stop: watch::channel(false).1,
            expected: Expected::of(plan),
            human: Arc::new(Nobody),
        };
        (Arc::new(run), Ledger::fold(&records))
    }

    /// Plans and runs, or goes on with what was begun.
    pub async fn go(&self) -> RunEnd {
        let plan = match self.records().is_empty() {
            true => self.plan().await,
            false => Vec::new(),
        };
        let (run, ledger) = self.begin(&plan).await;
        backburn::engine::run(&self.units, run, ledger, 4).await.expect("a journal")
    }

    /// Runs until a record is journaled, then ends as a crash would.
    pub async fn crash(&self, seen: impl Fn(&Record) -> bool) {
        let plan = self.plan().await;
        let (run, ledger) = self.begin(&plan).await;
        let (units, alive) = (self.units.clone(), Arc::downgrade(&run));
        let task =
            tokio::spawn(
                async move { backburn::engine::run(&units, run, ledger, 4).await.map(drop) },
            );
        let deadline = Instant::now() + support::PATIENCE;
        while Instant::now() < deadline {
            if self.records().iter().any(&seen) {
                task.abort();
                let _ = task.await;
                return self.silent(|| alive.strong_count() == 0).await;
            }
            assert!(!task.is_finished(), "{:#?}", self.records());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never came to that point: {:#?}", self.records());
    }

    /// Waits until nothing of a crashed run writes to the journal any more.
    async fn silent(&self, is_gone: impl Fn() -> bool) {
        let mut last = None;
        loop {
            let now = std::fs::metadata(self.dir.journal()).map(|file| file.len()).ok();
            if is_gone() && last == now {
                return;
            }
            last = now;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Runs to a good end and returns the outputs by step.
    pub async fn done(&self) -> Value {
        let end = self.go().await;
        assert_eq!(end.status, RunStatus::Succeeded, "{:#?}", self.records());
        let finished = self.records().into_iter().filter_map(|record| match record {
            Record::StepFinished { step, outputs, .. } => Some((step, outputs)),
            _ => None,
        });
        finished.collect::<serde_json::Map<_, _>>().into()
    }

    /// The error of the step that failed.
    pub async fn fails(&self) -> String {
        let end = self.go().await;
        assert_eq!(end.status, RunStatus::Failed, "{:#?}", self.records());
        let failed = self.records().into_iter().find_map(|record| match record {
            Record::StepFailed { error, .. } => Some(error),
            _ => None,
        });
        failed.expect("a failed step")
    }

    pub async fn release(&self) -> Vec<Item> {
        let (run, mut ledger) = self.begin(&[]).await;
        let request = Request { by: "test".into(), ..Request::default() };
        let items = release::release(&run, &mut ledger, &request).await.expect("a journal");
        assert!(!items.iter().any(release::is_left_over), "{items:#?}");
        items
    }

    /// Releases, and the account must be as it was before the run.
    pub async fn released(&self) {
        self.release().await;
        let now = state(&self.lab, &self.account);
        assert_eq!(crate::accounts::differences(&self.before, &now), "");
    }

    /// Job ids of the operations of one kind.
    pub fn jobs(&self, kind: &str) -> Vec<String> {
        let started = self.records().into_iter().filter_map(|record| match record {
            Record::OperationStarted { place, job, .. } if place.kind == kind => Some(job),
            _ => None,
        });
        started.collect()
    }
}

/// The account without what is terminated: it is listed for a while and costs nothing.
fn state(lab: &Lab, account: &str) -> Value {
    let mut state = support::account_state(lab, account);
    if let Some(instances) = state["ec2"]["instances"].as_object_mut() {
        instances.retain(|_, instance| instance["state"] != json!("terminated"));
    }
    state
}

/// The first record of a run.
pub fn started(run: &str, scope: &backburn::engine::Scope) -> Record {
    Record::RunStarted {
        format: FORMAT,
        program: "test".into(),
        run: run.into(),
        playbook: "test".into(),
        playbook_sha256: String::new(),
        plan_sha256: String::new(),
        scope: scope.clone(),
        endpoint: None,
        lab: None,
        drill: None,
        operator: "test".into(),
        clock: None,
    }
}
