//! What several steps of a run share: made by the first that needs it, used by the others, given back
//! with the last. Owns the turn in which it is made and whose record it is.
//!
//! The record of the change is that of the step that first set out to make it, and stays so: another
//! step settles it there, under that step's name. Every other user journals at its own place that it
//! was so, which is how release knows the users.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::Value;

use crate::{
    engine::unit::Policy,
    journal::{Kept, Ledger, StepLedger},
};

use super::{AnySetting, Live, Mode, Place, Step, StepError, World, live::unfit};

/// Region, kind and target.
type Key = (String, String, String);

/// The ledgers of all steps of one run, and what they share.
#[derive(Default)]
pub(crate) struct Ledgers {
    pub earlier: Ledger,
    steps: Mutex<HashMap<String, Arc<Mutex<StepLedger>>>>,
    shared: Mutex<HashMap<Key, Arc<tokio::sync::Mutex<Slot>>>>,
}

/// One shared setting, as far as this process knows it.
#[derive(Default)]
struct Slot {
    /// The step and place of the record.
    owner: Option<(String, Place)>,
    /// As it was read back, or why it cannot be made, where trying again would not help.
    known: Option<Result<Value, StepError>>,
}

impl Ledgers {
    pub(crate) fn after(earlier: Ledger) -> Self {
        Self { earlier, ..Self::default() }
    }

    pub(crate) fn of(&self, step: &str) -> Arc<Mutex<StepLedger>> {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        let earlier = || self.earlier.steps.get(step).cloned().unwrap_or_default();
        steps.entry(step.into()).or_insert_with(|| Arc::new(Mutex::new(earlier()))).clone()
    }

    fn slot(&self, key: Key) -> Arc<tokio::sync::Mutex<Slot>> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = shared.get(&key) {
            return slot.clone();
        }
        let (region, kind, target) = &key;
        let owner = self.earlier.changes().find_map(|(step, place, change)| {
            let same = place.kind == *kind && place.target == *target;
            (same && change.scope.region == *region).then(|| (step.to_owned(), place.clone()))
        });
        let slot = Arc::new(tokio::sync::Mutex::new(Slot { owner, known: None }));
        shared.insert(key, slot.clone());
        slot
    }
}

impl<C: World> Live<C> {
    /// Like [`Live::set`], for what other steps of the run set to the same value: once for all of them.
    pub(crate) async fn share(
        &self,
        step: &Step<C>,
        place: &Place,
        setting: &dyn AnySetting<C>,
        value: Value,
    ) -> Result<Value, StepError> {
        match self.kept(place) {
            Some(Kept::Read(kept)) => return Ok(kept),
            None | Some(Kept::Change(_)) => {}
            Some(other) => return Err(unfit(place, "a change", &other)),
        }
        let region = step.world.scope().region.clone();
        let slot = self.ledgers.slot((region, place.kind.clone(), place.target.clone()));
        let mut slot = slot.lock().await;
        if let (None, Some(known)) = (self.kept(place), &slot.known) {
            let known = known.clone();
            drop(slot);
            return self.used(step, place, setting, &value, known?).await;
        }
        let made = match &slot.owner {
            Some((owner, there)) if owner != step.id() => {
                self.settle_for(owner, there, step, setting, value.clone()).await
            }
            _ => self.set_planned(step, place, setting, value.clone(), None, true).await,
        };
        if slot.owner.is_none() && matches!(self.kept(place), Some(Kept::Change(_))) {
            slot.owner = Some((step.id().to_owned(), place.clone()));
        }
        // An error that may pass is met again by whoever comes next.
        let is_final = match &made {
            Ok(_) => true,
            Err(error) => matches!(error, StepError::Call(_)) && !error.retryable(),
        };
        if is_final {
            slot.known = Some(made.clone());
        }
        drop(slot);
        match self.kept(place) {
            Some(_) => made,
            None => self.used(step, place, setting, &value, made?).await,
        }
    }

    /// Journals that what another step made is used here.
    async fn used(
        &self,
        step: &Step<C>,
        place: &Place,
        setting: &dyn AnySetting<C>,
        value: &Value,
        known: Value,
    ) -> Result<Value, StepError> {
        if !setting.agrees(value, &known) {
            return Err(StepError::Failed(format!(
                "{place} is shared with another step, which made it {known} where this one needs {value}"
            )));
        }
        self.check()?;
        self.journal_read(step, place.clone(), &known).await?;
        Ok(known)
    }

    /// Settles the change of another step: its record, its ledger, its name.
    async fn settle_for(
        &self,
        owner: &str,
        place: &Place,
        step: &Step<C>,
        setting: &dyn AnySetting<C>,
        value: Value,
    ) -> Result<Value, StepError> {
        self.check()?;
        let ledger = self.ledgers.of(owner);
        let live = Live::new(self.run.clone(), self.ledgers.clone(), ledger, &Policy::default());
        let (id, run, world) = (owner.to_owned(), self.run.id.clone(), step.world.clone());
        let theirs = Step::new(id, run, world, Mode::Run(live));
        match &theirs.shared.mode {
            Mode::Run(live) => live.set_planned(&theirs, place, setting, value, None, true).await,
            Mode::Plan(_) => Err(StepError::Interrupted),
        }
    }
}
