//! Plans one action against canned AWS answers, for tests of what is refused before anything is
//! written.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::{Entry, catalogue};
use crate::{
    aws::Aws,
    engine::{
        self, Step, StepError,
        plan::PlannedStep,
        unit::{Body, Condition, Items, Outputs, Policy, Unit},
    },
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

/// What the step `step` of run `01RUN` would do.
pub async fn plan(aws: Aws, action: &str, inputs: Value) -> PlannedStep {
    let entry = catalogue::find(action).expect("an action of the catalogue");
    let body = Arc::new(One(entry, inputs));
    let unit = Unit { id: "step".into(), needs: Vec::new(), policy: Policy::default(), body };
    let planned = engine::plan(&Arc::new(vec![unit]), aws, "01RUN").await;
    planned.into_iter().next().expect("one step was planned")
}
