//! A fresh account of the lab, and a run of several steps in it, one after the other.

use std::{sync::Arc, time::Duration};

use backburn::{
    actions::{Action, Entry, entry},
    aws::{self, Aws},
    engine::{
        Events, Nobody, Patience, Run, RunEnd, Scope, Step, StepError, World,
        plan::{Expected, PlanState, PlannedStep},
        release::{self, Item, Request},
        unit::{Body, Condition, Items, Outputs, Policy, Unit},
    },
    journal::{FORMAT, Head, Journal, Ledger, Record, RunDir, RunStatus},
};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support;

type Inputs = Box<dyn Fn(&Outputs) -> Value + Send + Sync>;

struct One {
    entry: Entry,
    inputs: Inputs,
}

impl Body<Aws> for One {
    fn condition(&self, _: &Outputs) -> Result<Condition, String> {
        Ok(Condition::Holds)
    }
    fn items(&self, _: &Outputs) -> Result<Items, String> {
        Ok(Items::Once)
    }
    fn inputs(&self, known: &Outputs, _: Option<&Value>) -> Result<Value, String> {
        Ok((self.inputs)(known))
    }
    fn outputs_all(&self, value: &Value) -> Value {
        value.clone()
    }
    fn run(&self, step: Step<Aws>, inputs: Value) -> BoxFuture<'static, Result<Value, StepError>> {
        (self.entry.run)(inputs, step)
    }
}

pub struct Rig {
    pub account: String,
    pub aws: Aws,
    pub dir: RunDir,
    before: Value,
    steps: Vec<Unit<Aws>>,
    _home: tempfile::TempDir,
}

/// The same account as another process would see it: it knows no secrets.
pub fn fresh(account: &str) -> Aws {
    let lab = support::lab();
    let scope = Scope {
        account: account.into(),
        region: lab.lab.region.clone(),
        principal: format!("arn:aws:iam::{account}:root"),
    };
    let poll = Duration::from_millis(50);
    Aws::from_config(lab.lab.sdk_config(account), scope)
        .with_patience(Patience { poll, ..Patience::default() })
}

impl Rig {
    pub async fn new() -> Self {
        let account = support::lab().account();
        Self::of(account).await
    }

    pub async fn of(account: String) -> Self {
        let aws = fresh(&account);
        let home = tempfile::tempdir().expect("a directory");
        let run = ulid::Ulid::generate().to_string();
        let dir = RunDir::create(home.path(), &run).expect("a run directory");
        let before = state(&aws, &account).await;
        Self { account, aws, dir, before, steps: Vec::new(), _home: home }
    }

    /// Adds a step after those before it.
    pub fn step<A: Action>(
        mut self,
        id: &str,
        inputs: impl Fn(&Outputs) -> Value + Send + Sync + 'static,
    ) -> Self {
        let body = Arc::new(One { entry: entry::<A>(), inputs: Box::new(inputs) });
        let needs = self.steps.len().checked_sub(1).into_iter().collect();
        self.steps.push(Unit { id: id.into(), needs, policy: Policy::default(), body });
        self
    }

    pub fn ready(&mut self) -> Arc<Vec<Unit<Aws>>> {
        let units = std::mem::take(&mut self.steps);
        Arc::new(units)
    }

    pub async fn plan(&self, units: &Arc<Vec<Unit<Aws>>>) -> Vec<PlannedStep> {
        let steps = backburn::engine::plan(units, self.aws.clone(), self.dir.id()).await;
        for step in &steps {
            assert!(
                matches!(step.state, PlanState::Planned | PlanState::Open(_)),
                "`{}`: {:?}",
                step.id,
                step.state
            );
        }
        assert_eq!(self.now().await, self.before, "a plan changes nothing");
        steps
    }

    pub fn records(&self) -> (Vec<Record>, Head) {
        match self.dir.journal().exists() {
            true => {
                let read = backburn::journal::read(&self.dir.journal()).expect("an intact journal");
                (read.lines.into_iter().map(|line| line.record).collect(), read.head)
            }
            false => (Vec::new(), Head::default()),
        }
    }

    pub async fn begin(&self, world: &Aws, plan: &[PlannedStep]) -> (Arc<Run<Aws>>, Ledger) {
        let (records, head) = self.records();
        let journal = Journal::append_to(&self.dir.journal(), head, Vec::new()).expect("a file");
        if records.is_empty() {
            let started = json!({
                "record": "run-started", "format": FORMAT, "program": "test", "run": self.dir.id(),
                "playbook": "test", "playbook-sha256": "", "plan-sha256": "",
                "scope": self.aws.scope(), "endpoint": null, "operator": "test", "clock": null,
            });
            let started = serde_json::from_value(started).expect("a record");
            journal.append(started).await.expect("a record");
        }
        let run = Run {
            id: self.dir.id().into(),
            world: world.with_run(self.dir.id()),
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

    /// Plans and runs all steps.
    pub async fn go(&mut self) -> (Vec<PlannedStep>, RunEnd) {
        let units = self.ready();
        let plan = self.plan(&units).await;
        let (run, ledger) = self.begin(&self.aws, &plan).await;
        let end = backburn::engine::run(&units, run, ledger, 4).await.expect("a journal");
        (plan, end)
    }

    pub async fn done(&mut self) -> Vec<PlannedStep> {
        let (plan, end) = self.go().await;
        assert_eq!(end.status, RunStatus::Succeeded, "{end:#?}");
        plan
    }

    /// Outputs of a step that finished.
    pub fn out(&self, id: &str) -> Value {
        let finished = self.records().0.into_iter().find_map(|record| match record {
            Record::StepFinished { step, outputs, .. } if step == id => Some(outputs),
            _ => None,
        });
        finished.unwrap_or_else(|| panic!("step `{id}` did not finish"))
    }

    pub fn verdict(&self) -> String {
        let found = self.records().0.into_iter().find_map(|record| match record {
            Record::Verdict { verdict, .. } => Some(format!("{verdict:?}")),
            _ => None,
        });
        found.expect("a verdict")
    }

    /// Releases as another process would, and holds the account against what it was.
    pub async fn release(&self) -> Vec<Item> {
        let (run, mut ledger) = self.begin(&fresh(&self.account), &[]).await;
        let request = Request { by: "test".into(), ..Request::default() };
        let items = release::release(&run, &mut ledger, &request).await.expect("a journal");
        assert!(!items.iter().any(release::is_left_over), "{items:#?}");
        assert_eq!(self.now().await, self.before, "release leaves nothing");
        items
    }

    pub async fn now(&self) -> Value {
        state(&self.aws, &self.account).await
    }
}

/// What a drill on data could leave: by the SDK, and IAM by another client.
async fn state(aws: &Aws, account: &str) -> Value {
    let buckets = aws.s3().list_buckets().send().await.expect("buckets");
    let buckets: Vec<_> = buckets.buckets().iter().filter_map(|b| b.name.clone()).collect();
    let tables = aws.dynamodb().list_tables().send().await.expect("tables").table_names;
    let trails = aws.cloudtrail().describe_trails().send().await.expect("trails");
    let mut logging = Vec::new();
    for trail in trails.trail_list() {
        let name = trail.name().unwrap_or_default();
        let status = aws.cloudtrail().get_trail_status().name(name).send().await.expect("status");
        logging.push((name.to_owned(), status.is_logging));
    }
    let alarms = aws.cloudwatch().describe_alarms().send().await.expect("alarms");
    let alarms: Vec<_> = alarms.metric_alarms().iter().filter_map(|a| a.alarm_name()).collect();
    let detectors = aws.guardduty().list_detectors().send().await.expect("detectors").detector_ids;
    let iam = support::lab().account_state(account)["iam"].take();
    json!({ "buckets": buckets, "tables": tables, "trails": logging, "alarms": alarms, "detectors": detectors, "iam": iam })
}
