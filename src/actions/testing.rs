//! Plans or runs one action against canned AWS answers, for tests of what is refused before anything is
//! written, and of verdicts.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{Entry, catalogue};
use crate::{
    aws::{Aws, registry},
    engine::{
        self, Events, Nobody, Patience, Step, StepError, World,
        plan::{Expected, PlannedStep},
        unit::{Body, Condition, Items, Outputs, Policy, Unit},
    },
    journal::{self, Head, Journal, Ledger, Record, RunDir},
};

struct One(&'static Entry, Value);

impl Body<Aws> for One {
    fn condition(&self, _: &Outputs) -> Result<Condition, String> {
        Ok(Condition::Holds)
    }
    fn items(&self, _: &Outputs) -> Result<Items, String> {
        Ok(Items::Once)
    }
    fn inputs(&self, _: &Outputs, _: Option<&Value>) -> Result<Value, String> {
        Ok(self.1.clone())
    }
    fn outputs_all(&self, _: &Value) -> Value {
        json!({})
    }
    fn run(&self, step: Step<Aws>, inputs: Value) -> BoxFuture<'static, Result<Value, StepError>> {
        (self.0.run)(inputs, step)
    }
}

/// The run of [`run`].
pub(crate) const RUN: &str = "01JD0000000000000000000000";

/// Runs the step `step` against canned answers, with a journal of its own that nobody keeps.
pub(crate) async fn run(aws: Aws, action: &str, inputs: Value) -> Ledger {
    let entry = catalogue::find(action).expect("an action of the catalogue");
    let body = Arc::new(One(entry, inputs));
    let unit = Unit { id: "step".into(), needs: Vec::new(), policy: Policy::default(), body };
    let home = tempfile::TempDir::new().expect("a folder");
    let dir = RunDir::create(home.path(), RUN).expect("a run's folder");
    let journal =
        Journal::append_to(&dir.journal(), Head::default(), Vec::new()).expect("a journal");
    let started = Record::RunStarted {
        format: journal::FORMAT,
        program: "0".into(),
        run: RUN.into(),
        playbook: "p".into(),
        drill: None,
        playbook_sha256: String::new(),
        plan_sha256: String::new(),
        inputs_sha256: None,
        scope: aws.scope().clone(),
        endpoint: None,
        lab: None,
        operator: "me".into(),
        who: crate::journal::Who::default(),
        clock: None,
    };
    journal.append(started).await.expect("the first record");
    let brief = Duration::from_millis(5);
    let patience =
        Patience { first: brief, longest: brief, deadline: 20 * brief, ..Patience::default() };
    let run = engine::Run {
        id: RUN.into(),
        world: aws.with_patience(patience),
        journal,
        dir: dir.clone(),
        registry: Arc::new(registry()),
        events: Events::none(),
        stop: watch::channel(false).1,
        expected: Expected::default(),
        human: Arc::new(Nobody),
    };
    let ended = engine::run(&Arc::new(vec![unit]), Arc::new(run), Ledger::default(), 1).await;
    ended.expect("a run that ends");
    let lines = journal::read(&dir.journal()).expect("the journal").lines;
    Ledger::fold(lines.iter().map(|line| &line.record))
}

/// What the step `step` of run `01RUN` would do.
pub(crate) async fn plan(aws: Aws, action: &str, inputs: Value) -> PlannedStep {
    let entry = catalogue::find(action).expect("an action of the catalogue");
    let body = Arc::new(One(entry, inputs));
    let unit = Unit { id: "step".into(), needs: Vec::new(), policy: Policy::default(), body };
    let planned = engine::plan(&Arc::new(vec![unit]), aws, "01RUN").await;
    planned.into_iter().next().expect("one step was planned")
}
