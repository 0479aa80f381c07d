//! Walks units in the order of their needs, independent ones concurrently. Owns readiness, fan-out
//! of for-each, and what a failure blocks; what happens to one unit is its driver's.

mod first;

use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    sync::Arc,
};

use serde_json::{Map, Value};
use tokio::task::JoinSet;
use tracing::Instrument;

use self::first::First;
use super::{
    StepError, World,
    unit::{Condition, Items, OnFailure, Outputs, Unit},
    withheld::Withheld,
};

/// What a plan and a run each do with a unit.
pub(crate) trait Drive<C: World>: Send + Sync + 'static {
    /// Whether values that only the run produces may stay open.
    const PLANS: bool;
    /// What an earlier part of the run already settled.
    fn known(&self, id: &str) -> Option<Settled>;
    /// Whether an earlier part of the run went as far as to run, skip or fan out this unit.
    fn begun(&self, id: &str) -> bool;
    /// What must not run.
    fn withheld(&self) -> &Withheld;
    /// A step that somebody leaves out comes up.
    fn leave_out(&self, id: &str) -> impl Future<Output = Result<(), StepError>> + Send;
    fn skip(&self, id: &str, why: &str) -> impl Future<Output = Result<(), StepError>> + Send;
    /// The items to fan out over: those of the journal when it has them.
    fn expand(
        &self,
        id: &str,
        items: Vec<Value>,
    ) -> impl Future<Output = Result<Vec<Value>, StepError>> + Send;
    fn perform(
        &self,
        unit: &Unit<C>,
        id: String,
        inputs: Value,
    ) -> impl Future<Output = Result<Value, StepError>> + Send;
    /// An expression failed, or a plan cannot go further here.
    fn fail(&self, id: &str, error: &StepError) -> impl Future<Output = ()> + Send;
    fn blocked(&self, id: &str, by: &str);
    fn stopping(&self) -> bool;
}

pub(crate) enum Settled {
    Finished(Value),
    Skipped,
    /// Its last attempt failed. Final if later units have already continued: the playbook
    /// continues as if it had finished, or a unit that always runs has begun.
    Failed(String),
}

/// How a unit, or an item of it, ended in this part of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Done,
    Failed,
    /// It waits for a human, was stopped, or needs one that does: not its end. A resumed run goes
    /// on with it.
    Held,
}

/// How a walk ended.
#[derive(Debug, Default)]
pub struct Walked {
    /// In the order in which they failed.
    pub failed: Vec<(String, StepError)>,
    /// Failures that the playbook tolerates.
    pub tolerated: Vec<(String, StepError)>,
    /// Steps that did not run, with the step that kept them from it.
    pub blocked: Vec<(String, String)>,
    /// Steps that a stop ended, and those that it kept from starting.
    pub interrupted: Vec<String>,
    pub waiting: Vec<(String, StepError)>,
    pub finished: usize,
    pub skipped: usize,
    /// A failed step asks for the run to be released.
    pub release: bool,
}

struct Fan {
    left: usize,
    outputs: Vec<Value>,
    end: End,
}

struct Ready {
    unit: usize,
    item: Option<(usize, Value)>,
}

/// Unit, item, id and result of one task.
type Ended = (usize, Option<usize>, String, Result<Value, StepError>);

struct Walk<'a, C: World, D> {
    units: &'a Arc<Vec<Unit<C>>>,
    driver: Arc<D>,
    dependants: Vec<Vec<usize>>,
    missing: Vec<usize>,
    /// Of units that wait for the first of several.
    firsts: HashMap<usize, First>,
    blocked_by: Vec<Option<String>>,
    held_by: Vec<Option<String>>,
    /// Units that a later one, which always runs, has left behind in an earlier part of the run.
    overtaken: Vec<bool>,
    outputs: Outputs,
    /// In a run, containment begins before other ready units, such as the items of a for-each.
    urgent: VecDeque<Ready>,
    ready: VecDeque<Ready>,
    fans: HashMap<usize, Fan>,
    tasks: JoinSet<Ended>,
    walked: Walked,
    halted: bool,
}

pub(crate) async fn walk<C: World, D: Drive<C>>(
    units: &Arc<Vec<Unit<C>>>,
    driver: Arc<D>,
    parallel: usize,
) -> Walked {
    let mut dependants = vec![Vec::new(); units.len()];
    for (unit, needs) in units.iter().map(|unit| &unit.needs).enumerate() {
        for need in needs {
            dependants[*need].push(unit);
        }
    }
    let missing: Vec<_> = units.iter().map(|unit| unit.needs.len()).collect();
    let overtaken = overtaken(units, &*driver);
    let firsts = units
        .iter()
        .enumerate()
        .filter_map(|(at, unit)| Some((at, First::of(unit.policy.first_of.as_ref()?))));
    let firsts = firsts.collect();
    let ready: Vec<_> = (0..units.len()).filter(|unit| missing[*unit] == 0).collect();
    let mut walk = Walk {
        units,
        driver,
        urgent: VecDeque::new(),
        ready: VecDeque::new(),
        dependants,
        blocked_by: vec![None; missing.len()],
        held_by: vec![None; missing.len()],
        overtaken,
        missing,
        firsts,
        outputs: Outputs::new(),
        fans: HashMap::new(),
        tasks: JoinSet::new(),
        walked: Walked::default(),
        halted: false,
    };
    ready.into_iter().for_each(|unit| walk.push(Ready { unit, item: None }));
    loop {
        while walk.tasks.len() < parallel.max(1)
            && !walk.halted
            && !walk.driver.stopping()
            && let Some(next) = walk.next()
        {
            walk.begin(next).await;
        }
        match walk.tasks.join_next().await {
            None if walk.is_idle() || walk.halted || walk.driver.stopping() => break,
            None => {}
            Some(Ok((unit, item, id, result))) => walk.ended(unit, item, id, result).await,
            Some(Err(e)) => {
                walk.halted = true;
                let error = StepError::Failed(format!("a step ended in a bug of the program: {e}"));
                walk.walked.failed.push(("?".into(), error));
            }
        }
    }
    if !walk.halted {
        let left = walk.urgent.iter().chain(&walk.ready).map(|ready| match &ready.item {
            Some((index, _)) => format!("{}[{index}]", units[ready.unit].id),
            None => units[ready.unit].id.clone(),
        });
        walk.walked.interrupted.extend(left);
    }
    walk.walked
}

/// What a unit that always runs needed when it began: a failure among it is final, since trying it
/// again now would let work follow what was meant to come last.
fn overtaken<C: World, D: Drive<C>>(units: &[Unit<C>], driver: &D) -> Vec<bool> {
    let mut overtaken = vec![false; units.len()];
    let begun = units.iter().filter(|unit| unit.policy.always && driver.begun(&unit.id));
    let mut next: Vec<usize> = begun.flat_map(|unit| unit.needs.iter().copied()).collect();
    while let Some(unit) = next.pop() {
        if !std::mem::replace(&mut overtaken[unit], true) {
            next.extend(&units[unit].needs);
        }
    }
    overtaken
}

impl<C: World, D: Drive<C>> Walk<'_, C, D> {
    fn push(&mut self, ready: Ready) {
        let is_urgent = !D::PLANS && self.units[ready.unit].policy.urgent;
        let queue = if is_urgent { &mut self.urgent } else { &mut self.ready };
        queue.push_back(ready);
    }

    fn next(&mut self) -> Option<Ready> {
        self.urgent.pop_front().or_else(|| self.ready.pop_front())
    }

    fn is_idle(&self) -> bool {
        self.urgent.is_empty() && self.ready.is_empty()
    }

    fn failure_is_final(&self, unit: usize) -> bool {
        self.overtaken[unit] || self.units[unit].policy.on_failure == OnFailure::Continue
    }

    async fn begin(&mut self, Ready { unit, item }: Ready) {
        let units = self.units.clone();
        let this = &units[unit];
        if let Some((index, item)) = item {
            let id = format!("{}[{index}]", this.id);
            match self.driver.known(&id) {
                Some(Settled::Finished(outputs)) => {
                    return self.ended(unit, Some(index), id, Ok(outputs)).await;
                }
                Some(Settled::Failed(e)) if self.failure_is_final(unit) => {
                    return self.ended(unit, Some(index), id, Err(StepError::Failed(e))).await;
                }
                _ => {}
            }
            if let Some(error) = self.refused(&id) {
                return self.kept_back(unit, Some(index), id, error).await;
            }
            return match this.body.inputs(&self.outputs, Some(&item)) {
                Ok(inputs) => self.spawn(unit, Some(index), id, inputs),
                Err(why) => self.misfit(unit, Some(index), id, why).await,
            };
        }
        if let Some(by) = self.blocked_by[unit].clone() {
            self.driver.blocked(&this.id, &by);
            self.walked.blocked.push((this.id.clone(), by));
            let held = self.held_by[unit].is_some();
            return self.settle(unit, None, if held { End::Held } else { End::Failed });
        }
        if self.driver.withheld().left_out.contains(&this.id) {
            return match self.driver.leave_out(&this.id).await {
                Ok(()) => self.skipped(unit),
                Err(e) => self.ended(unit, None, this.id.clone(), Err(e)).await,
            };
        }
        match self.driver.known(&this.id) {
            Some(Settled::Finished(outputs)) => {
                return self.ended(unit, None, this.id.clone(), Ok(outputs)).await;
            }
            Some(Settled::Skipped) => return self.skipped(unit),
            Some(Settled::Failed(e)) if self.failure_is_final(unit) => {
                return self.ended(unit, None, this.id.clone(), Err(StepError::Failed(e))).await;
            }
            _ => {}
        }
        if let Some(error) = self.refused(&this.id) {
            return self.kept_back(unit, None, this.id.clone(), error).await;
        }
        match this.body.condition(&self.outputs) {
            Ok(Condition::Holds) => {}
            Ok(Condition::DoesNot) => {
                let why = "its condition does not hold";
                return match self.driver.skip(&this.id, why).await {
                    Ok(()) => self.skipped(unit),
                    Err(e) => self.ended(unit, None, this.id.clone(), Err(e)).await,
                };
            }
            Ok(Condition::Open) => {
                let why = "whether it runs is known after run".to_owned();
                return self.open(unit, why).await;
            }
            Err(why) => return self.misfit(unit, None, this.id.clone(), why).await,
        }
        match this.body.items(&self.outputs) {
            Ok(Items::Once) => match this.body.inputs(&self.outputs, None) {
                Ok(inputs) => self.spawn(unit, None, this.id.clone(), inputs),
                Err(why) => self.misfit(unit, None, this.id.clone(), why).await,
            },
            Ok(Items::Each(items)) => self.fan_out(unit, items).await,
            Ok(Items::Open) => {
                let why = "its list is known after run".to_owned();
                self.open(unit, why).await;
            }
            Err(why) => self.misfit(unit, None, this.id.clone(), why).await,
        }
    }

    async fn fan_out(&mut self, unit: usize, items: Vec<Value>) {
        let id = self.units[unit].id.clone();
        let items = match self.driver.expand(&id, items).await {
            Ok(items) => items,
            Err(e) => return self.ended(unit, None, id, Err(e)).await,
        };
        if items.is_empty() {
            let outputs = self.units[unit].body.outputs_all(&Value::Array(Vec::new()));
            return self.settle(unit, Some(outputs), End::Done);
        }
        let outputs = vec![Value::Null; items.len()];
        let fan = Fan { left: items.len(), outputs, end: End::Done };
        self.fans.insert(unit, fan);
        for (index, item) in items.into_iter().enumerate() {
            self.push(Ready { unit, item: Some((index, item)) });
        }
    }

    fn spawn(&mut self, unit: usize, item: Option<usize>, id: String, inputs: Value) {
        let (units, driver) = (self.units.clone(), self.driver.clone());
        let task = async move {
            let result = driver.perform(&units[unit], id.clone(), inputs).await;
            (unit, item, id, result)
        };
        self.tasks.spawn(task.in_current_span());
    }

    fn refused(&self, id: &str) -> Option<StepError> {
        self.driver.withheld().refused.get(id).map(|why| StepError::Refused(why.clone()))
    }

    async fn misfit(&mut self, unit: usize, item: Option<usize>, id: String, why: String) {
        self.kept_back(unit, item, id, StepError::Failed(why)).await;
    }

    /// Ends a step that does not get as far as to begin.
    async fn kept_back(&mut self, unit: usize, item: Option<usize>, id: String, error: StepError) {
        self.driver.fail(&id, &error).await;
        self.ended(unit, item, id, Err(error)).await;
    }

    async fn open(&mut self, unit: usize, why: String) {
        let id = self.units[unit].id.clone();
        let error = StepError::Open(why);
        self.driver.fail(&id, &error).await;
        self.ended(unit, None, id, Err(error)).await;
    }

    fn skipped(&mut self, unit: usize) {
        self.walked.skipped += 1;
        self.settle(unit, None, End::Done);
    }

    async fn ended(
        &mut self,
        unit: usize,
        item: Option<usize>,
        id: String,
        result: Result<Value, StepError>,
    ) {
        let this = &self.units[unit];
        let outcome = match result {
            Ok(outputs) => {
                self.walked.finished += 1;
                Ok(outputs)
            }
            Err(StepError::Open(_)) if D::PLANS => {
                Ok(this.body.outputs_all(&Value::String(super::AFTER_RUN.into())))
            }
            Err(StepError::Interrupted) => {
                self.walked.interrupted.push(id);
                Err(End::Held)
            }
            Err(error @ StepError::Waiting(_)) => {
                self.walked.waiting.push((id, error));
                Err(End::Held)
            }
            Err(error) => {
                self.halted |= matches!(error, StepError::Journal(_));
                match this.policy.on_failure {
                    OnFailure::Continue if !self.halted => {
                        self.walked.tolerated.push((id, error));
                        Ok(this.body.outputs_all(&Value::Null))
                    }
                    policy => {
                        self.walked.failed.push((id, error));
                        if policy == OnFailure::Release {
                            self.walked.release = true;
                            self.halted = true;
                        }
                        Err(End::Failed)
                    }
                }
            }
        };
        let (outputs, end) = match outcome {
            Ok(outputs) => (Some(outputs), End::Done),
            Err(end) => (None, end),
        };
        match item {
            None => self.settle(unit, outputs, end),
            Some(index) => self.gather(unit, index, outputs, end),
        }
    }

    /// Takes one item's end into its for-each, and ends that with its last item.
    fn gather(&mut self, unit: usize, index: usize, outputs: Option<Value>, end: End) {
        let Some(fan) = self.fans.get_mut(&unit) else { return };
        fan.left -= 1;
        fan.end = fan.end.max(end);
        fan.outputs[index] = outputs.unwrap_or(Value::Null);
        if fan.left > 0 {
            return;
        }
        let Some(fan) = self.fans.remove(&unit) else { return };
        let mut all = Map::new();
        if let Value::Object(names) = self.units[unit].body.outputs_all(&Value::Null) {
            for name in names.keys() {
                let column =
                    fan.outputs.iter().map(|one| one.get(name).cloned().unwrap_or_default());
                all.insert(name.clone(), column.collect());
            }
        }
        self.settle(unit, Some(Value::Object(all)), fan.end);
    }

    /// Without outputs they are nulls; only what always runs can see them after a failure.
    fn settle(&mut self, unit: usize, outputs: Option<Value>, end: End) {
        let this = &self.units[unit];
        let outputs = outputs.unwrap_or_else(|| this.body.outputs_all(&Value::Null));
        self.outputs.insert(this.id.clone(), outputs);
        let cause = match end {
            End::Held => self.held_by[unit].clone(),
            _ => self.blocked_by[unit].clone(),
        };
        let cause = cause.unwrap_or_else(|| this.id.clone());
        for dependant in std::mem::take(&mut self.dependants[unit]) {
            if self.is_one_of(dependant, unit) {
                self.one_ended(dependant, unit, &cause, end);
                continue;
            }
            if end == End::Held {
                self.held_by[dependant].get_or_insert_with(|| cause.clone());
            }
            if end == End::Held || end == End::Failed && !self.units[dependant].policy.always {
                self.blocked_by[dependant].get_or_insert_with(|| cause.clone());
            }
            self.missing[dependant] -= 1;
            if self.missing[dependant] == 0 {
                self.push(Ready { unit: dependant, item: None });
            }
        }
    }
}
