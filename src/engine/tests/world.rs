//! A world in memory: cells that read back late, numbers under a version, things with ids of the
//! world's own, gates that may not stay open, jobs (`kinds`). Its fuse kills the run, or answers with
//! an error, at any mutating call; someone else may change it after any read.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::engine::{CallError, Class, Patience, Registry, Scope, StepError, Touch, World};

use super::kinds::{Cell, Gate, Job, Parts, Thing, Versioned};

type Meanwhile = Box<dyn FnOnce(&mut State) + Send>;

/// What happens at one mutating call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// The process dies before or after the effect.
    Die {
        effect: bool,
    },
    Answer {
        class: Class,
        effect: bool,
    },
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct State {
    pub cells: BTreeMap<String, i64>,
    /// Version and number.
    pub versioned: BTreeMap<String, (u64, i64)>,
    pub things: BTreeMap<String, Parts>,
    pub gates: BTreeMap<String, String>,
    /// By token: id, polls left.
    pub jobs: BTreeMap<String, (String, u32)>,
    /// What a job left, by its id.
    pub litter: BTreeMap<String, u32>,
}

#[derive(Default)]
pub(super) struct Inner {
    pub(super) state: State,
    /// Old values that are still read, and for how many reads.
    pub(super) lag: BTreeMap<String, (i64, u32)>,
    calls: Vec<String>,
    fault: Option<(usize, Fault)>,
    dead: bool,
    /// Things that happened once, outside of the account.
    once: BTreeMap<String, u32>,
    pub(super) ids: u32,
    /// Targets that the world was asked about, and how many of them it allows.
    touched: BTreeSet<String>,
    /// What it was told that operations made.
    made: Vec<String>,
    ceiling: Option<usize>,
    /// What someone else does after so many more reads.
    meanwhile: Option<(usize, Meanwhile)>,
}

const HOME: &str = "eu-west-1";

#[derive(Clone)]
pub(super) struct Memory {
    inner: Arc<Mutex<Inner>>,
    pub died: Arc<Notify>,
    /// Told at every mutating call.
    pub called: Arc<Notify>,
    scope: Scope,
}

impl Memory {
    pub(super) fn new() -> Self {
        let (account, region) = ("111122223333".into(), HOME.into());
        let scope =
            Scope { account, region, principal: "arn:aws:iam::111122223333:user/me".into() };
        Self { inner: Arc::default(), died: Arc::default(), called: Arc::default(), scope }
    }

    /// The key of a thing that each Region has for itself.
    pub(super) fn named(&self, name: &str) -> String {
        match &*self.scope.region {
            HOME => name.into(),
            region => format!("{name} in {region}"),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    pub(super) fn state(&self) -> State {
        self.inner().state.clone()
    }

    pub(super) fn poke(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.inner().state);
    }

    /// What it was told since the last time that operations made.
    pub(super) fn told_made(&self) -> Vec<String> {
        std::mem::take(&mut self.inner().made)
    }

    /// Someone else's change, right after so many more reads.
    pub(super) fn after_reads(
        &self,
        reads: usize,
        change: impl FnOnce(&mut State) + Send + 'static,
    ) {
        self.inner().meanwhile = Some((reads, Box::new(change)));
    }

    /// From now on no more than so many targets, those touched before included.
    pub(super) fn allow_only(&self, targets: usize) {
        self.inner().ceiling = Some(targets);
    }

    pub(super) fn touched(&self) -> Vec<String> {
        self.inner().touched.iter().cloned().collect()
    }

    pub(super) fn calls(&self) -> Vec<String> {
        self.inner().calls.clone()
    }

    /// Arms the fuse for the n-th mutating call from now.
    pub(super) fn fuse(&self, at: usize, fault: Fault) {
        let mut inner = self.inner();
        let at = inner.calls.len() + at;
        inner.fault = Some((at, fault));
    }

    /// A new process looks at the same world.
    pub(super) fn revive(&self) -> Self {
        let mut inner = self.inner();
        (inner.dead, inner.fault) = (false, None);
        drop(inner);
        Self { died: Arc::default(), ..self.clone() }
    }

    /// How often this was asked before.
    pub(super) fn count(&self, what: &str) -> u32 {
        let mut inner = self.inner();
        let count = inner.once.entry(what.into()).or_default();
        *count += 1;
        *count - 1
    }

    async fn alive(&self) {
        if self.inner().dead {
            self.died.notify_one();
            std::future::pending::<()>().await;
        }
        tokio::task::yield_now().await;
    }

    pub(super) async fn mutate<T: Default>(
        &self,
        call: String,
        effect: impl FnOnce(&mut Inner) -> T,
    ) -> Result<T, CallError> {
        self.alive().await;
        let answer = {
            let mut inner = self.inner();
            let at = inner.calls.len();
            inner.calls.push(call.clone());
            match inner.fault {
                Some((due, fault)) if due == at => match fault {
                    Fault::Die { effect: took } => {
                        if took {
                            effect(&mut inner);
                        }
                        inner.dead = true;
                        Ok(T::default())
                    }
                    Fault::Answer { class, effect: took } => {
                        if took {
                            effect(&mut inner);
                        }
                        Err(CallError::local(&call, class, "as the test asked"))
                    }
                },
                _ => Ok(effect(&mut inner)),
            }
        };
        self.called.notify_one();
        self.alive().await;
        answer
    }

    pub(super) async fn look<T>(&self, read: impl FnOnce(&mut Inner) -> T) -> Result<T, CallError> {
        self.alive().await;
        let mut inner = self.inner();
        let seen = read(&mut inner);
        match inner.meanwhile.take() {
            Some((1, change)) => change(&mut inner.state),
            Some((reads, change)) => inner.meanwhile = Some((reads - 1, change)),
            None => {}
        }
        Ok(seen)
    }

    pub(super) fn registry() -> Registry<Self> {
        Registry::default()
            .with::<Cell>()
            .with::<Versioned>()
            .with::<Thing>()
            .with::<Gate>()
            .with_operation::<Job>()
    }
}

impl World for Memory {
    type Thing = String;

    fn scope(&self) -> &Scope {
        &self.scope
    }
    fn in_region(&self, region: &str) -> Self {
        let mut other = self.clone();
        other.scope.region = region.into();
        other
    }
    async fn now(&self) -> Result<Timestamp, CallError> {
        Ok(Timestamp::UNIX_EPOCH)
    }
    fn patience(&self) -> Patience {
        let ms = Duration::from_millis;
        Patience {
            first: ms(1),
            longest: ms(12),
            deadline: ms(2000),
            poll: ms(1),
            wait: Duration::MAX,
        }
    }
    async fn allows(&self, touch: &Touch<'_, String>) -> Result<(), StepError> {
        let mut inner = self.inner();
        inner.touched.insert(touch.place.target.clone());
        match inner.ceiling {
            Some(most) if inner.touched.len() > most => {
                Err(StepError::Refused(format!("no more than {most}")))
            }
            _ => Ok(()),
        }
    }
    async fn made(&self, things: Vec<String>) {
        self.inner().made.extend(things);
    }
}
