//! The step handle in a plan: reads, remembers, writes nothing. Owns what one planned step would
//! do and the overlay through which later steps see earlier planned changes.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::Value;

use crate::engine::plan::{PlannedChange, PlannedOperation, PlannedStep};

use super::{
    AnySetting, CallError, Place, Question, Scope, Step, StepError, Touch, World, is_open,
};

/// What was read of the world while planning: by scope, kind, and the fact or setting as JSON.
#[derive(Default)]
pub struct Reads(Mutex<HashMap<(Scope, String, String), Value>>);

impl Reads {
    /// The value that was read before, or that `read` finds now. What cannot be read is asked for again.
    async fn once(
        &self,
        scope: &Scope,
        kind: &str,
        what: &Value,
        read: impl Future<Output = Result<Value, CallError>> + Send,
    ) -> Result<Value, CallError> {
        let key = (scope.clone(), kind.to_owned(), what.to_string());
        let all = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = all().get(&key).cloned() {
            return Ok(value);
        }
        let value = read.await?;
        all().insert(key, value.clone());
        Ok(value)
    }
}

/// Values that planned changes would have left, by scope, kind and target, over those of the world.
#[derive(Default)]
pub(crate) struct Overlay {
    changes: Mutex<HashMap<(Scope, String, String), Value>>,
    reads: Arc<Reads>,
}

impl Overlay {
    pub(crate) fn over(reads: Arc<Reads>) -> Self {
        Self { changes: Mutex::default(), reads }
    }
}

/// One step's share of a plan.
pub(crate) struct Planned {
    overlay: Arc<Overlay>,
    step: Arc<Mutex<PlannedStep>>,
}

impl Planned {
    pub(crate) fn new(overlay: Arc<Overlay>, step: Arc<Mutex<PlannedStep>>) -> Self {
        Self { overlay, step }
    }

    fn edit(&self, change: impl FnOnce(&mut PlannedStep)) {
        change(&mut self.step.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The value that the plan so far gives a place, or the world's.
    pub(crate) async fn read(
        &self,
        scope: &Scope,
        place: &Place,
        what: &Value,
        read: impl Future<Output = Result<Value, CallError>> + Send,
    ) -> Result<Value, StepError> {
        if let Some(value) = self.changed(scope, place, what)? {
            return Ok(value);
        }
        Ok(self.overlay.reads.once(scope, &place.kind, what, read).await?)
    }

    fn changed(
        &self,
        scope: &Scope,
        place: &Place,
        what: &Value,
    ) -> Result<Option<Value>, StepError> {
        if is_open(what) || place.target.contains("(known after run") {
            return Err(StepError::Open(format!(
                "reads `{place}`, whose id AWS assigns in the run"
            )));
        }
        let key = (scope.clone(), place.kind.clone(), place.target.clone());
        let changes = self.overlay.changes.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(changes.get(&key).cloned())
    }

    pub(crate) async fn set<C: World>(
        &self,
        step: &Step<C>,
        place: &Place,
        setting: &dyn AnySetting<C>,
        value: Value,
        until: Option<Value>,
    ) -> Result<Value, StepError> {
        let scope = step.world.scope();
        let what = setting.to_json();
        let (before, caveat) = if place.target.contains("(known after run") {
            (Value::String(super::AFTER_RUN.into()), None)
        } else {
            let before = match self.changed(scope, place, &Value::Null)? {
                Some(before) => before,
                None => {
                    let read = setting.read(&step.world);
                    self.overlay.reads.once(scope, &place.kind, &what, read).await?
                }
            };
            if setting.agrees(&value, &before) {
                self.edit(|step| step.keeps.push(place.clone()));
                return Ok(before);
            }
            let caveat = setting.caveat(&before);
            (before, caveat)
        };
        let things = setting.touches(&before);
        let touch = Touch { step: step.id(), place, things: &things, planning: true };
        step.world.allows(&touch).await?;
        let key = (scope.clone(), place.kind.clone(), place.target.clone());
        let changes = self.overlay.changes.lock();
        changes.unwrap_or_else(PoisonError::into_inner).insert(key, value.clone());
        let change = PlannedChange {
            place: place.clone(),
            scope: scope.clone(),
            before,
            after: value.clone(),
            until,
            release: setting.rule().how,
            caveat: caveat.map(Into::into),
        };
        self.edit(|step| step.changes.push(change));
        Ok(value)
    }

    pub(crate) async fn start<C: World>(
        &self,
        step: &Step<C>,
        place: &Place,
        operation: Value,
        things: &[C::Thing],
        leaves: String,
    ) -> Result<(), StepError> {
        let touch = Touch { step: step.id(), place, things, planning: true };
        step.world.allows(&touch).await?;
        let operation = PlannedOperation {
            place: place.clone(),
            scope: step.world.scope().clone(),
            operation,
            leaves,
        };
        self.edit(|step| step.operations.push(operation));
        Ok(())
    }

    pub(crate) fn wait(&self, time: Duration, why: &str) {
        self.edit(|step| step.waits.push(format!("{:.1} s: {why}", time.as_secs_f64())));
    }

    pub(crate) fn verifies(&self, subject: &str) {
        self.edit(|step| step.verifies.push(subject.into()));
    }

    pub(crate) fn asks(&self, question: &Question) {
        self.edit(|step| step.asks.push(question.text.clone()));
    }

    pub(crate) fn keeps(&self, name: &str) {
        self.edit(|step| step.evidence.push(name.into()));
    }

    pub(crate) fn note(&self, text: String) {
        self.edit(|step| step.notes.push(text));
    }
}
