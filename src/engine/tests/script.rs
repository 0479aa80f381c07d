//! Steps as data: what a test's step does, call by call, and the unit around it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::engine::{
    Step, StepError, Verdict, is_urgent,
    unit::{Body, Condition, Items, Outputs, Policy, Unit},
};

use super::{
    kinds::{Cell, Gate, Job, Parts, Thing, Versioned},
    world::Memory,
};

#[derive(Clone, Debug)]
pub(super) enum Act {
    Set(String, i64),
    SetVersioned(String, i64),
    Read(String),
    Make(String, Vec<u32>),
    /// Makes a thing that every item and step of this name shares.
    Share(String, Vec<u32>),
    /// Opens a gate for a while, then shuts it.
    Expose(String),
    /// Opens and shuts two gates side by side.
    ExposeBoth(String, String),
    /// While a gate is open, shuts the one of the same name in another Region, and leaves its own open.
    ExposeBeside(String),
    /// Opens a gate and fails.
    OpenAndFail(String),
    /// Opens a gate and forgets it.
    OpenOnly(String),
    OpenReadFail(String),
    Start(String),
    /// Sets a cell that is named after what the call before returned.
    SetNamedByLast,
    Wait(u64),
    /// Whether calls made here go before others'.
    Urgent,
    Verify(String, i64),
    Fail,
    /// Fails the first time that the step comes here.
    FailOnce,
    Panic,
}

/// Counts what the parallel limit holds down.
#[derive(Default)]
pub(super) struct Gauge {
    now: AtomicUsize,
    pub most: AtomicUsize,
}

#[derive(Clone, Default)]
pub(super) struct Script {
    pub acts: Vec<Act>,
    pub each: Option<Vec<i64>>,
    /// A unit whose output must be there.
    pub when: Option<(String, bool)>,
    pub gauge: Arc<Gauge>,
    /// It ends with `true` as its output.
    pub says: bool,
}

impl Body<Memory> for Script {
    fn condition(&self, known: &Outputs) -> Result<Condition, String> {
        match &self.when {
            None => Ok(Condition::Holds),
            Some((id, wanted)) => match known.get(id) {
                None => Err(format!("`{id}` is not known")),
                Some(outputs) if crate::engine::is_open(outputs) => Ok(Condition::Open),
                Some(outputs) if outputs["out"].is_null() != *wanted => Ok(Condition::Holds),
                Some(_) => Ok(Condition::DoesNot),
            },
        }
    }
    fn items(&self, _: &Outputs) -> Result<Items, String> {
        Ok(self.each.as_ref().map_or(Items::Once, |items| {
            Items::Each(items.iter().map(|item| json!(item)).collect())
        }))
    }
    fn inputs(&self, _: &Outputs, item: Option<&Value>) -> Result<Value, String> {
        Ok(json!({ "item": item }))
    }
    fn outputs_all(&self, value: &Value) -> Value {
        json!({ "out": value })
    }
    fn run(
        &self,
        step: Step<Memory>,
        inputs: Value,
    ) -> BoxFuture<'static, Result<Value, StepError>> {
        let (acts, gauge, says) = (self.acts.clone(), self.gauge.clone(), self.says);
        Box::pin(async move {
            gauge.most.fetch_max(gauge.now.fetch_add(1, SeqCst) + 1, SeqCst);
            let leave = Leave(gauge);
            let suffix = inputs["item"].as_i64().map_or(String::new(), |item| format!("-{item}"));
            let mut out = Vec::new();
            for act in acts {
                let act = match (act, out.last()) {
                    (Act::SetNamedByLast, Some(Value::String(last))) => {
                        set(&format!("of {last}"), 1)
                    }
                    (act, _) => act,
                };
                out.push(one(&step, act, &suffix).await?);
            }
            drop(leave);
            Ok(if says { json!({ "out": true }) } else { json!({ "out": out }) })
        })
    }
}

struct Leave(Arc<Gauge>);

impl Drop for Leave {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, SeqCst);
    }
}

fn one<'a>(
    step: &'a Step<Memory>,
    act: Act,
    suffix: &'a str,
) -> BoxFuture<'a, Result<Value, StepError>> {
    Box::pin(perform(step, act, suffix))
}

async fn perform(step: &Step<Memory>, act: Act, suffix: &str) -> Result<Value, StepError> {
    let named = |name: String| name + suffix;
    let (open, shut) = (Some("open".to_owned()), Some("shut".to_owned()));
    Ok(match act {
        Act::Set(cell, value) => json!(step.set(Cell(named(cell)), value).await?),
        Act::SetVersioned(name, value) => {
            json!(step.set(Versioned(named(name)), value).await?)
        }
        Act::Read(cell) => json!(step.read(&Cell(named(cell))).await?),
        Act::Make(thing, parts) => {
            let made = step.set(Thing(named(thing)), Some(Parts::of(&parts))).await?;
            json!(made.map(|made| made.parts))
        }
        Act::Share(thing, parts) => {
            let made = step.share(Thing(thing), Some(Parts::of(&parts))).await?;
            json!(made.map(|made| made.parts))
        }
        Act::Expose(gate) => {
            let gate = Gate(named(gate));
            step.set_until(gate.clone(), open, shut.clone()).await?;
            step.wait(Duration::from_millis(1), "the gate is open").await?;
            json!(step.set(gate, shut).await?)
        }
        Act::ExposeBeside(gate) => {
            let gate = Gate(named(gate));
            step.set_until(gate.clone(), open, shut.clone()).await?;
            json!(step.in_region("us-east-1").set(gate, shut).await?)
        }
        Act::ExposeBoth(a, b) => {
            let both = [a, b].map(|gate| one(step, Act::Expose(gate), suffix));
            json!(futures::future::try_join_all(both).await?)
        }
        Act::OpenAndFail(gate) => {
            step.set_until(Gate(named(gate)), open, shut).await?;
            return Err(StepError::Failed("with an open gate".into()));
        }
        Act::OpenOnly(gate) => json!(step.set_until(Gate(named(gate)), open, shut).await?),
        Act::OpenReadFail(gate) => {
            step.set_until(Gate(named(gate.clone())), open, None).await?;
            step.read(&Gate(named(gate))).await?;
            return Err(StepError::Failed("after a look through the gate".into()));
        }
        Act::Start(job) => json!(step.start(Job(named(job))).await?),
        Act::Wait(ms) => {
            step.wait(Duration::from_millis(ms), "as asked").await?;
            Value::Null
        }
        Act::Urgent => json!(is_urgent()),
        Act::Verify(cell, want) => {
            let cell = Cell(named(cell));
            let check = async {
                let now = step.look(&cell).await?;
                let reason = format!("it is {now}");
                let verdict =
                    if now == want { Verdict::Proven } else { Verdict::Failed { reason } };
                Ok((verdict, json!({ "now": now, "want": want })))
            };
            step.verify("the cell", check).await?;
            Value::Null
        }
        // A plan sees no failure that only a run has.
        Act::Fail if step.planning() => Value::Null,
        Act::Fail => return Err(StepError::Failed("as the test asked".into())),
        Act::FailOnce if !step.planning() && step.world().count(step.id()) == 0 => {
            return Err(StepError::Failed("the first time".into()));
        }
        Act::FailOnce | Act::SetNamedByLast => Value::Null,
        Act::Panic => panic!("as the test asked"),
    })
}

pub(super) fn unit(id: &str, needs: &[usize], acts: Vec<Act>) -> Unit<Memory> {
    with(id, needs, Script { acts, ..Script::default() }, Policy::default())
}

pub(super) fn with(id: &str, needs: &[usize], script: Script, policy: Policy) -> Unit<Memory> {
    let policy = Policy { backoff: Duration::from_millis(1), ..policy };
    Unit { id: id.into(), needs: needs.to_vec(), policy, body: Arc::new(script) }
}

pub(super) fn set(cell: &str, value: i64) -> Act {
    Act::Set(cell.into(), value)
}
