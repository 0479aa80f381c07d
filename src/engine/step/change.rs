//! A change in a run: read, journal the intent, write, read back, journal the outcome; and how an
//! intent that has no outcome is settled. Owns that sequence and the closing of exposed states.

use serde_json::Value;
use tokio::time::Instant;

use crate::{
    engine::{CallError, Class, Event, Exposure},
    journal::{Change, Kept, Record, is_marked},
};

use super::{AnySetting, Live, Place, Step, StepError, World, live::unfit};

impl<C: World> Live<C> {
    pub(crate) async fn set(
        &self,
        step: &Step<C>,
        place: &Place,
        setting: &dyn AnySetting<C>,
        value: Value,
        until: Option<Value>,
    ) -> Result<Value, StepError> {
        self.set_planned(step, place, setting, value, until, false).await
    }

    /// The plan shows a `shared` change in one of the steps that share it, which need not be this one.
    pub(super) async fn set_planned(
        &self,
        step: &Step<C>,
        place: &Place,
        setting: &dyn AnySetting<C>,
        value: Value,
        until: Option<Value>,
        shared: bool,
    ) -> Result<Value, StepError> {
        match self.kept(place) {
            None => self.fresh(step, place, setting, value, until, shared).await,
            // It already was so when the step first came here.
            Some(Kept::Read(kept)) => {
                self.note_exposure(step, place, false);
                Ok(kept)
            }
            Some(Kept::Change(change)) => {
                self.replay(step, place, setting, value, until, *change).await
            }
            Some(other) => Err(unfit(place, "a change", &other)),
        }
    }

    async fn fresh(
        &self,
        step: &Step<C>,
        place: &Place,
        setting: &dyn AnySetting<C>,
        value: Value,
        until: Option<Value>,
        shared: bool,
    ) -> Result<Value, StepError> {
        self.check()?;
        let before = setting.read(&step.world).await?;
        if setting.agrees(&value, &before) {
            self.run.events.send(Event::AlreadySo { step: step.id().into(), place: place.clone() });
            self.journal_read(step, place.clone(), &before).await?;
            self.note_exposure(step, place, false);
            return Ok(before);
        }
        self.still_ours(step, place, setting, &before)?;
        let agrees = |planned: &Value, now: &Value| {
            let hidden = self.run.journal.redact(now.clone());
            setting.agrees(planned, now) || setting.agrees(planned, &hidden)
        };
        let expected = &self.run.expected;
        let planned = if shared { expected.planner(step.id(), place) } else { step.id() };
        expected.allows_change(planned, place, &before, &value, agrees)?;
        self.allowed(step, place, &setting.touches(&before)).await?;
        self.act(step, place, setting, before, value, until).await
    }

    /// After an exposed state only its own end may follow. A plan cannot hold that: it names what the run
    /// builds by placeholders, which every value fits. Someone who has set it since has taken it over.
    fn still_ours(
        &self,
        step: &Step<C>,
        place: &Place,
        setting: &dyn AnySetting<C>,
        now: &Value,
    ) -> Result<(), StepError> {
        let ledger = self.ledger();
        let here = step.world.scope();
        let earlier = ledger.places.iter().filter_map(|(one, kept)| match kept {
            // One of the same name in another Region is another thing.
            Kept::Change(change)
                if one.kind == place.kind
                    && one.target == place.target
                    && (&change.scope.account, &change.scope.region)
                        == (&here.account, &here.region) =>
            {
                (one.nth < place.nth).then_some((one.nth, change))
            }
            _ => None,
        });
        let Some((_, opened)) = earlier.max_by_key(|(nth, _)| *nth) else { return Ok(()) };
        let by = self.run.journal.redactor();
        let Some(until) = opened.until.clone().map(|until| by.reveal(until)) else {
            return Ok(());
        };
        let ours = by.reveal(opened.ours().clone());
        if setting.agrees(&ours, now)
            || setting.agrees(&until, now)
            || setting.halfway(&ours, &until, now)
            || by.is_same(&ours, now)
        {
            return Ok(());
        }
        let (before, after, now) = (by.show(ours), by.show(until), by.show(now.clone()));
        Err(StepError::Drift { place: place.clone(), before, after, now })
    }

    /// The place is in the journal: its change was made, or was about to be.
    async fn replay(
        &self,
        step: &Step<C>,
        place: &Place,
        setting: &dyn AnySetting<C>,
        value: Value,
        until: Option<Value>,
        change: Change,
    ) -> Result<Value, StepError> {
        let (then, now) = (&change.scope, step.world.scope());
        if (&then.account, &then.region) != (&now.account, &now.region) {
            return Err(StepError::Replay(format!(
                "{place} now is in {} {}, in the journal it is in {} {}",
                now.account, now.region, then.account, then.region
            )));
        }
        let by = self.run.journal.redactor();
        let kept = &change.after;
        if !by.is_same(kept, &value)
            && !setting.agrees(&value, kept)
            && !setting.agrees(kept, &value)
        {
            let (shown, after) = (by.show(value), by.show(change.after));
            return Err(StepError::Replay(format!(
                "at {place} the step now sets {shown}, the journal has {after}"
            )));
        }
        if let (Some(outcome), false) = (&change.outcome, change.closed) {
            self.note_exposure(step, place, until.is_some());
            let hides_it = is_marked(outcome) && by.is_same(outcome, &value);
            return Ok(if hides_it { value } else { outcome.clone() });
        }
        self.check()?;
        let now = read_settled(&step.world, setting, &change).await?;
        let Change { before, after, until: ended, closed, .. } = change;
        if setting.agrees(&value, &now) {
            return self.outcome(step, place, &before, now, until.is_some()).await;
        }
        // Where recovery ended the exposed state before it had done its work, it is made again.
        let ended = ended.filter(|_| closed).is_some_and(|ended| setting.agrees(&ended, &now));
        if ended
            || by.is_same(&before, &now)
            || setting.agrees(&before, &now)
            || setting.halfway(&before, &value, &now)
        {
            // Nothing was made of it yet, and what it touches may be protected since. What an exposed
            // state leads to is not held up.
            if until.is_none() && self.exposed().is_empty() {
                self.allowed(step, place, &setting.touches(&before)).await?;
            }
            return self.act(step, place, setting, before, value, until).await;
        }
        let (before, after, now) = (by.show(before), by.show(after), by.show(now));
        Err(StepError::Drift { place: place.clone(), before, after, now })
    }

    async fn act(
        &self,
        step: &Step<C>,
        place: &Place,
        setting: &dyn AnySetting<C>,
        before: Value,
        after: Value,
        until: Option<Value>,
    ) -> Result<Value, StepError> {
        let exposes = until.is_some();
        if exposes {
            // The reads before this may have taken long, and nothing is opened once a stop was asked for.
            self.check()?;
        }
        let ends = self.exposed().contains_key(&exposure(step, place));
        self.append(Record::Intent {
            step: step.id().into(),
            place: place.clone(),
            scope: step.world.scope().clone(),
            setting: setting.to_json(),
            how: setting.rule().how,
            before: before.clone(),
            after: after.clone(),
            until,
        })
        .await?;
        // From here on the state may be exposed, whatever the call answers.
        self.note_exposure(step, place, exposes);
        let exposure = match (exposes, ends) {
            (true, _) => Exposure::Opens,
            (false, true) => Exposure::Ends,
            (false, false) => Exposure::None,
        };
        let write = write_and_read_back(&step.world, place, setting, &before, &after);
        let now = exposure.scope(write).await?;
        self.outcome(step, place, &before, now, exposes).await
    }

    async fn outcome(
        &self,
        step: &Step<C>,
        place: &Place,
        before: &Value,
        now: Value,
        exposes: bool,
    ) -> Result<Value, StepError> {
        let (id, place) = (step.id().to_owned(), place.clone());
        self.append(Record::Outcome { step: id.clone(), place: place.clone(), after: now.clone() })
            .await?;
        self.note_exposure(step, &place, exposes);
        self.run.events.send(Event::Changed {
            step: id,
            place,
            before: before.clone(),
            after: now.clone(),
        });
        Ok(now)
    }

    fn note_exposure(&self, step: &Step<C>, place: &Place, exposes: bool) {
        let key = exposure(step, place);
        if exposes {
            self.exposed().insert(key, place.clone());
        } else {
            self.exposed().remove(&key);
        }
    }
}

/// What identifies an exposed state within a step: Region, kind and target.
fn exposure<C: World>(step: &Step<C>, place: &Place) -> (String, String, String) {
    (step.world.scope().region.clone(), place.kind.clone(), place.target.clone())
}

/// So often the old value is read before it is trusted, however long each answer takes.
const LOOKS: u32 = 3;

/// The value now. Where an intent is not settled, its write may have taken effect without being
/// visible yet, so the old value is not trusted on the first read.
pub(crate) async fn read_settled<C: World>(
    world: &C,
    setting: &dyn AnySetting<C>,
    change: &Change,
) -> Result<Value, CallError> {
    let patience = world.patience();
    let (started, mut pause, mut looks) = (Instant::now(), patience.first, 0);
    loop {
        let now = setting.read(world).await?;
        looks += 1;
        let unsettled = change.outcome.is_none() && !change.closed;
        let late = looks >= LOOKS && started.elapsed() + pause > patience.longest;
        if !unsettled || late || !setting.agrees(&change.before, &now) {
            return Ok(now);
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
}

/// Writes and reads back until it agrees. A call that got no answer may have taken effect, and one
/// that found it already so or gone may have nothing to do, so the read decides.
pub(crate) async fn write_and_read_back<C: World>(
    world: &C,
    place: &Place,
    setting: &dyn AnySetting<C>,
    before: &Value,
    want: &Value,
) -> Result<Value, StepError> {
    let patience = world.patience();
    let (unanswered, longest) = match setting.swap(world, before, want).await {
        Ok(()) => (None, patience.deadline),
        Err(e) if e.class == Class::Unreachable => (Some(e), patience.deadline),
        // Already so, or gone: done, where the account shows it within the time of a late read.
        Err(e) if matches!(e.class, Class::AlreadySo | Class::Gone) => (Some(e), patience.longest),
        Err(e) => return Err(e.into()),
    };
    let (started, mut pause) = (Instant::now(), patience.first);
    loop {
        let last = setting.read(world).await;
        match &last {
            Ok(now) if setting.agrees(want, now) => return Ok(now.clone()),
            Err(e) if !passing(e) => return Err(e.clone().into()),
            _ => {}
        }
        if started.elapsed() + pause > longest {
            return Err(match (unanswered, last) {
                (Some(e), _) | (None, Err(e)) => e.into(),
                (None, Ok(have)) => StepError::NotAgreed {
                    place: place.clone(),
                    want: want.clone(),
                    have,
                    waited: started.elapsed(),
                },
            });
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(patience.longest);
    }
}

/// Errors that a read-back outlives: eventual consistency shows as "not found" for a while.
fn passing(error: &CallError) -> bool {
    matches!(error.class, Class::Throttled | Class::Gone | Class::Unreachable)
}
