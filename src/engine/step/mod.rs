//! The step handle: what an action's one body calls, in plan and in run alike. Owns the handle and
//! the places of its calls; `planned` and `live` hold what each mode does.

#![warn(missing_docs)]

mod change;
mod live;
mod operation;
mod places;
mod planned;
mod shared;

use std::{future::Future, sync::Arc, time::Duration};

use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use change::{read_settled, write_and_read_back};
pub(super) use live::Live;
pub use live::Run;
pub(crate) use operation::{find, token};
pub(crate) use places::Places;
pub(crate) use planned::{Overlay, Planned, Reads};
pub(crate) use shared::Ledgers;

use super::{
    AnySetting, CallError, Fact, Operation, Place, Question, Registry, Scope, Setting, StepError,
    Touch, Verdict, World,
    operation::touched,
    permission::at_work,
    setting::{Erased, json},
};

/// What stands where a value is known only after the run. Everything AWS assigns has it in plans.
pub const AFTER_RUN: &str = "(known after run)";

/// Whether a text stands where a value is known only after the run, or has such a part.
pub fn is_open_text(text: &str) -> bool {
    text.contains("(known after run")
}

/// Whether a planned value, or a part of it, is still open.
pub fn is_open(value: &Value) -> bool {
    match value {
        Value::String(s) => is_open_text(s),
        Value::Array(items) => items.iter().any(is_open),
        Value::Object(map) => map.values().any(is_open),
        _ => false,
    }
}

/// Handle of one step in one mode. Cheap to clone; the clones share the step's places.
pub struct Step<C: World> {
    shared: Arc<Shared<C>>,
    world: C,
}

pub(crate) struct Shared<C: World> {
    pub id: String,
    pub run: String,
    pub places: Places,
    pub mode: Mode<C>,
}

pub(crate) enum Mode<C: World> {
    Plan(Planned),
    Run(Live<C>),
}

impl<C: World> Clone for Step<C> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), world: self.world.clone() }
    }
}

impl<C: World> Step<C> {
    pub(crate) fn new(id: String, run: String, world: C, mode: Mode<C>) -> Self {
        let shared = Shared { id, run, places: Places::default(), mode };
        Self { shared: Arc::new(shared), world }
    }

    /// Id of the step, with its item for a for-each: `isolate[3]`.
    pub fn id(&self) -> &str {
        &self.shared.id
    }

    /// The run's ULID, the same in its plan.
    pub fn run(&self) -> &str {
        &self.shared.run
    }

    /// The account, for what an action computes of it. Calls go through the other methods.
    pub fn world(&self) -> &C {
        &self.world
    }

    /// The next place of what is read or changed. The journal must name it, as it is.
    fn target(&self, kind: &'static str, target: &str) -> Result<Place, StepError> {
        if let Mode::Run(mode) = &self.shared.mode
            && mode.run.journal.redactor().hidden().is_in(target)
        {
            return Err(StepError::Refused(format!(
                "a sensitive value is in the name of a `{kind}`, which the journal must have, so that the change can be given back; names and ids of resources are no secrets: take `sensitive` off that input"
            )));
        }
        Ok(self.shared.places.next(kind, target))
    }

    /// The next place of a call whose name is a text for people.
    fn place(&self, kind: &'static str, target: &str) -> Place {
        let target = match &self.shared.mode {
            Mode::Plan(_) => target.into(),
            Mode::Run(mode) => mode.run.journal.redact_text(target.into()),
        };
        self.shared.places.next(kind, &target)
    }

    /// Whether this is a plan: nothing is written, and what AWS will assign is not known.
    pub fn planning(&self) -> bool {
        matches!(self.shared.mode, Mode::Plan(_))
    }

    /// The same step, calling in another Region.
    pub fn in_region(&self, region: &str) -> Self {
        Self { shared: self.shared.clone(), world: self.world.in_region(region) }
    }

    /// The same step, calling as another principal of the account.
    pub fn acting_as(&self, world: C) -> Self {
        Self { shared: self.shared.clone(), world }
    }

    /// The same step, calling as whoever runs the program, also where the step acts as another principal: what
    /// protects a thing from an attack is not for the attacker to look at.
    pub fn as_runner(&self) -> Self {
        match &self.shared.mode {
            Mode::Plan(_) => self.clone(),
            Mode::Run(mode) => {
                let world = mode.run.world.in_region(&self.world.scope().region);
                Self { shared: self.shared.clone(), world }
            }
        }
    }

    /// Reads a fact that the body decides by. Journaled, so that a resumed body takes the same
    /// path; in a plan, settings that earlier steps would change read as they would then be.
    pub async fn read<F: Fact<C>>(&self, fact: &F) -> Result<F::Value, StepError> {
        let place = self.target(F::KIND, &fact.target())?;
        let value = match &self.shared.mode {
            Mode::Plan(mode) => {
                let read = async { self.fresh(fact).await.map(|value| json(&value)) };
                mode.read(self.world.scope(), &place, &json(fact), read).await?
            }
            Mode::Run(mode) => match mode.replayed_read(&place)? {
                Some(value) => value,
                None => {
                    mode.check()?;
                    let value = json(&self.fresh(fact).await?);
                    mode.journal_read(self, place.clone(), &value).await?;
                    value
                }
            },
        };
        decode(&place, value)
    }

    /// Reads a fact as it is now, for a verdict. Never replayed and not journaled by itself: put
    /// the observed state into the verdict's facts.
    pub async fn look<F: Fact<C>>(&self, fact: &F) -> Result<F::Value, StepError> {
        Ok(self.fresh(fact).await?)
    }

    async fn fresh<F: Fact<C>>(&self, fact: &F) -> Result<F::Value, CallError> {
        at_work(F::KIND, &[F::READS], fact.read(&self.world)).await
    }

    /// Journals what the body found out by other means than a read and decides by, so that a resumed body
    /// takes the same path. An error is not journaled: the next attempt finds out again.
    ///
    /// # Errors
    /// Those of `find`.
    pub async fn decide<T, F>(&self, what: &str, find: F) -> Result<T, StepError>
    where
        T: serde::Serialize + DeserializeOwned,
        F: Future<Output = Result<T, StepError>> + Send,
    {
        let place = self.place("core.decision", what);
        match &self.shared.mode {
            Mode::Plan(_) => find.await,
            Mode::Run(mode) => match mode.replayed_read(&place)? {
                Some(value) => decode(&place, value),
                None => {
                    let found = find.await?;
                    mode.journal_read(self, place, &json(&found)).await?;
                    Ok(found)
                }
            },
        }
    }

    /// Makes a setting `value` and returns it as read back. In a plan: remembers the change. When
    /// it already is so, nothing is written and release has nothing to give back.
    pub async fn set<S: Setting<C>>(
        &self,
        setting: S,
        value: S::Value,
    ) -> Result<S::Value, StepError> {
        self.set_typed(setting, value, None).await
    }

    /// Like [`Step::set`] for an exposed state in between: `until` must be set soon by the same
    /// body. While it is open the step is not interrupted, and any recovery sets `until` first.
    pub async fn set_until<S: Setting<C>>(
        &self,
        setting: S,
        value: S::Value,
        until: S::Value,
    ) -> Result<S::Value, StepError> {
        self.set_typed(setting, value, Some(json(&until))).await
    }

    /// Like [`Step::set`], for scaffolding that several steps of a run use: the first that comes makes
    /// it, the others wait for that and use it, and release keeps it until the last of them is given back.
    /// All of them ask for the same value.
    pub async fn share<S: Setting<C>>(
        &self,
        setting: S,
        value: S::Value,
    ) -> Result<S::Value, StepError> {
        let place = self.target(S::KIND, &setting.target())?;
        let setting: Box<dyn AnySetting<C>> = Box::new(Erased(setting));
        let got = match &self.shared.mode {
            Mode::Plan(mode) => mode.set(self, &place, &*setting, json(&value), None).await?,
            Mode::Run(mode) => mode.share(self, &place, &*setting, json(&value)).await?,
        };
        decode(&place, got)
    }

    async fn set_typed<S: Setting<C>>(
        &self,
        setting: S,
        value: S::Value,
        until: Option<Value>,
    ) -> Result<S::Value, StepError> {
        let place = self.target(S::KIND, &setting.target())?;
        let setting: Box<dyn AnySetting<C>> = Box::new(Erased(setting));
        let got = match &self.shared.mode {
            Mode::Plan(mode) => mode.set(self, &place, &*setting, json(&value), until).await?,
            Mode::Run(mode) => mode.set(self, &place, &*setting, json(&value), until).await?,
        };
        decode(&place, got)
    }

    /// Contains by one setting: sets it, looks at it afresh, and gives the verdict on `subject`:
    /// `proven` where the fresh value is what was wanted, else `failed` because of `otherwise`.
    ///
    /// # Errors
    /// As for [`Step::set`]; [`StepError::NotContained`] where the verdict is `failed`.
    pub async fn contain<S: Setting<C>>(
        &self,
        subject: &str,
        setting: S,
        want: S::Value,
        otherwise: &str,
    ) -> Result<(), StepError> {
        self.set(setting.clone(), want.clone()).await?;
        self.verify(subject, async {
            let now = self.look(&setting).await?;
            let verdict = match S::agrees(&want, &now) {
                true => Verdict::Proven,
                false => Verdict::Failed { reason: otherwise.into() },
            };
            let facts = serde_json::json!({
                "kind": S::KIND, "target": setting.target(), "value": now,
            });
            Ok((verdict, facts))
        })
        .await
    }

    /// Starts an operation and awaits its output; one that an interrupted run had started is
    /// found and awaited instead. In a plan: remembers that it would start.
    pub async fn start<O: Operation<C>>(&self, operation: O) -> Result<O::Output, StepError> {
        let place = self.target(O::KIND, &operation.target())?;
        match &self.shared.mode {
            Mode::Plan(mode) => {
                let things = touched(&operation);
                mode.start(self, &place, json(&operation), &things, operation.leaves()).await?;
                Ok(operation.planned())
            }
            Mode::Run(mode) => mode.start(self, &place, &operation).await,
        }
    }

    /// A moment `ahead` of AWS's clock, as RFC 3339 in whole seconds (the form of
    /// `aws:TokenIssueTime`), journaled; a placeholder in a plan.
    pub async fn moment(&self, ahead: Duration) -> Result<String, StepError> {
        let place = self.place("core.moment", "clock");
        match &self.shared.mode {
            Mode::Plan(_) => Ok(AFTER_RUN.into()),
            Mode::Run(mode) => mode.moment(self, place, ahead).await,
        }
    }

    /// Waits; a resumed run waits for the rest only.
    pub async fn wait(&self, time: Duration, why: &str) -> Result<(), StepError> {
        let place = self.place("core.wait", why);
        match &self.shared.mode {
            Mode::Plan(mode) => {
                mode.wait(time, why);
                Ok(())
            }
            Mode::Run(mode) => mode.wait(self, place, time, why).await,
        }
    }

    /// Verifies what the step did to `subject`; `check` runs in a run only, on fresh reads
    /// ([`Step::look`]), and returns the verdict with the facts it was read from.
    pub async fn verify<F>(&self, subject: &str, check: F) -> Result<(), StepError>
    where
        F: Future<Output = Result<(Verdict, Value), StepError>> + Send,
    {
        match &self.shared.mode {
            Mode::Plan(mode) => {
                mode.verifies(subject);
                Ok(())
            }
            Mode::Run(mode) => mode.verify(self, subject, check).await,
        }
    }

    /// Asks a human and journals the answer; `Err` when declined or when nobody can be asked.
    pub async fn ask(&self, question: Question) -> Result<(), StepError> {
        let place = self.place("core.answer", &question.text);
        match &self.shared.mode {
            Mode::Plan(mode) => {
                mode.asks(&question);
                Ok(())
            }
            Mode::Run(mode) => mode.ask(self, place, question).await,
        }
    }

    /// Keeps bytes as evidence of the run, with their SHA-256 in the journal. Returns the hash.
    pub async fn keep(&self, name: &str, bytes: &[u8]) -> Result<String, StepError> {
        let place = self.place("core.evidence", name);
        match &self.shared.mode {
            Mode::Plan(mode) => {
                mode.keeps(name);
                Ok(AFTER_RUN.into())
            }
            Mode::Run(mode) => mode.keep(self, place, name, bytes).await,
        }
    }

    /// Informs the responder: a warning in the plan, a note in the journal.
    pub async fn note(&self, text: impl Into<String> + Send) -> Result<(), StepError> {
        let text = text.into();
        let place = self.place("core.note", &text);
        match &self.shared.mode {
            Mode::Plan(mode) => {
                mode.note(text);
                Ok(())
            }
            Mode::Run(mode) => mode.note(self, place, text).await,
        }
    }
}

fn decode<T: DeserializeOwned>(place: &Place, value: Value) -> Result<T, StepError> {
    T::deserialize(&value).map_err(|e| StepError::Replay(format!("{place}: {e}")))
}

/// A call's error that only means "it is already so" or "it is already gone" is not an error.
pub fn settled<T: Default>(
    result: Result<T, CallError>,
    class: super::Class,
) -> Result<T, CallError> {
    match result {
        Err(e) if e.class == class => Ok(T::default()),
        other => other,
    }
}
