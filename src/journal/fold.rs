//! Folds records into the state of a run: the state of its steps, what each place holds, and
//! its changes in order. Resume, release and reports are folds over the same records.

use std::{collections::HashMap, path::Path};

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::Value;

use super::{How, Place, ReadError, Record, Redactor, Released, RunStatus, Scope, Verdict, each};

/// The word of a step that waits for a person: its attempt has not failed.
pub(crate) const WAITING: &str = "waiting";

/// The state of a run, by its records so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    pub started: Option<Record>,
    pub status: Option<RunStatus>,
    /// How often the run ended so far.
    pub ends: usize,
    pub aborted: bool,
    /// Set once a release has begun; `Some(true)` when nothing was left over.
    pub released: Option<bool>,
    /// SHA-256 of a drill's scorecard, as it was saved last.
    pub scored: Option<String>,
    pub steps: IndexMap<String, StepLedger>,
    pub expanded: HashMap<String, Vec<Value>>,
    /// Step and place of every change and operation, in the order of their first intents.
    pub order: Vec<(String, Place)>,
}

/// The state of one step, by the records.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepLedger {
    pub attempts: u32,
    /// Attempts that failed. Waiting for a person is no failure.
    pub failures: u32,
    pub state: StepState,
    pub places: HashMap<Place, Kept>,
    /// The latest verdict on each subject, with the facts it was read from.
    pub verdicts: IndexMap<String, (Verdict, Value)>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub enum StepState {
    #[default]
    Pending,
    Running,
    Finished(Value),
    Skipped(String),
    Failed {
        word: String,
        error: String,
        /// No further attempt was due.
        last: bool,
    },
}

/// What a place holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Kept {
    Read(Value),
    Change(Box<Change>),
    Operation(Box<KeptOperation>),
    Wait(Timestamp),
    Answer { yes: bool },
    Evidence { sha256: String },
    Note,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub scope: Scope,
    pub setting: Value,
    pub how: How,
    pub before: Value,
    pub after: Value,
    pub until: Option<Value>,
    /// As read back; none while the intent is not settled.
    pub outcome: Option<Value>,
    /// Recovery set `until`, so a resumed step must make the change again.
    pub closed: bool,
    pub released: Option<Released>,
    /// What release was about to write over: the write back may have been cut off halfway.
    pub releasing: Option<Value>,
}

impl Change {
    /// As read back, or as it was meant to be while that is not settled.
    pub fn ours(&self) -> &Value {
        self.outcome.as_ref().unwrap_or(&self.after)
    }

    /// Release has settled it: it is no longer this run's.
    pub fn is_given_back(&self) -> bool {
        is_given_back(self.released.as_ref())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct KeptOperation {
    pub scope: Scope,
    pub operation: Value,
    /// Of the first start; each that follows a failed job has one of its own.
    pub token: String,
    pub leaves: String,
    pub job: Option<String>,
    pub output: Option<Value>,
    /// Starts that ended in failure.
    pub failed: u32,
    /// The jobs of those starts: they too may have left something.
    pub failed_jobs: Vec<String>,
    pub released: Option<Released>,
    /// Its jobs are what another user's journal says: only the account can tell that the run started them.
    pub claimed: bool,
}

impl KeptOperation {
    /// Release has settled it: nothing of it is left.
    pub fn is_given_back(&self) -> bool {
        is_given_back(self.released.as_ref())
    }
}

fn is_given_back(released: Option<&Released>) -> bool {
    matches!(released, Some(Released::GivenBack | Released::AlreadyBefore | Released::Gone { .. }))
}

impl Kept {
    /// Puts back what is known again, in all that the engine goes by.
    pub(crate) fn reveal(&mut self, by: &Redactor) {
        self.each_value(&|value| *value = by.reveal(value.take()));
    }

    fn each_value(&mut self, each: &dyn Fn(&mut Value)) {
        match self {
            Self::Read(value) => each(value),
            Self::Change(change) => {
                let Change { setting, before, after, until, outcome, releasing, .. } =
                    &mut **change;
                let more = [until, outcome, releasing].into_iter().flatten();
                [setting, before, after].into_iter().chain(more).for_each(each);
            }
            Self::Operation(kept) => {
                each(&mut kept.operation);
                kept.output.iter_mut().for_each(each);
            }
            Self::Wait(_) | Self::Answer { .. } | Self::Evidence { .. } | Self::Note => {}
        }
    }

    pub fn word(&self) -> &'static str {
        match self {
            Self::Read(_) => "a read",
            Self::Change(_) => "a change",
            Self::Operation(_) => "an operation",
            Self::Wait(_) => "a wait",
            Self::Answer { .. } => "an answer",
            Self::Evidence { .. } => "evidence",
            Self::Note => "a note",
        }
    }
}

impl Ledger {
    pub fn fold<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut ledger = Self::default();
        for record in records {
            ledger.apply(record);
        }
        ledger
    }

    /// Puts back, in all that the engine goes by, what is known again. What is not stays marked.
    pub fn reveal(&mut self, by: &Redactor) {
        self.each_value(&|value| *value = by.reveal(value.take()));
    }

    /// As people read it.
    pub fn show(&mut self, by: &Redactor) {
        self.each_value(&|value| *value = by.show(value.take()));
    }

    fn each_value(&mut self, each: &dyn Fn(&mut Value)) {
        self.expanded.values_mut().flatten().for_each(each);
        for step in self.steps.values_mut() {
            if let StepState::Finished(outputs) = &mut step.state {
                each(outputs);
            }
            step.places.values_mut().for_each(|kept| kept.each_value(each));
        }
    }

    /// The fold of a whole journal as people read it, of which no more than a line is in memory at once.
    ///
    /// # Errors
    /// The journal cannot be read, or its chain does not hold.
    pub fn read(journal: &Path) -> Result<Self, ReadError> {
        let mut ledger = Self::default();
        each(journal, |line| ledger.apply(&line.record))?;
        Ok(ledger)
    }

    pub fn apply(&mut self, record: &Record) {
        match record {
            Record::RunStarted { .. } => self.started = Some(record.clone()),
            Record::Resumed { .. } => self.status = None,
            Record::RunFinished { status } => {
                self.status = Some(*status);
                self.ends += 1;
            }
            Record::Aborted { .. } => self.aborted = true,
            Record::Adopted { .. } => self.claimed(),
            Record::ReleaseStarted { .. } => self.released = Some(false),
            Record::ReleaseFinished { complete } => self.released = Some(*complete),
            Record::Scored { sha256, .. } => self.scored = Some(sha256.clone()),
            Record::Expanded { step, items } => {
                self.expanded.insert(step.clone(), items.clone());
            }
            _ => {
                let Some(step) = record.step() else { return };
                let entry = self.steps.entry(step.to_owned()).or_default();
                if let Record::Intent { place, .. } | Record::OperationIntent { place, .. } = record
                    && !entry.places.contains_key(place)
                {
                    self.order.push((step.to_owned(), place.clone()));
                }
                entry.apply(record);
            }
        }
    }

    /// Marks every operation so far as one that another user's journal claims.
    pub fn claimed(&mut self) {
        let kept = self.steps.values_mut().flat_map(|step| step.places.values_mut());
        for kept in kept {
            if let Kept::Operation(operation) = kept {
                operation.claimed = true;
            }
        }
    }

    pub fn change(&self, step: &str, place: &Place) -> Option<&Change> {
        match self.steps.get(step)?.places.get(place)? {
            Kept::Change(change) => Some(change),
            _ => None,
        }
    }

    /// The simulation that the run is a drill of.
    pub fn drill(&self) -> Option<&str> {
        match &self.started {
            Some(Record::RunStarted { drill, .. }) => drill.as_deref(),
            _ => None,
        }
    }

    pub fn operation(&self, step: &str, place: &Place) -> Option<&KeptOperation> {
        match self.steps.get(step)?.places.get(place)? {
            Kept::Operation(operation) => Some(operation),
            _ => None,
        }
    }

    /// Changes in the order of their first intents.
    pub fn changes(&self) -> impl DoubleEndedIterator<Item = (&str, &Place, &Change)> {
        self.order.iter().filter_map(|(step, place)| {
            self.change(step, place).map(|change| (step.as_str(), place, change))
        })
    }

    /// Operations that were started, with what they leave in the account.
    pub fn operations(&self) -> impl Iterator<Item = (&str, &Place, &KeptOperation)> {
        self.steps.iter().flat_map(|(step, ledger)| {
            let mut found: Vec<_> = ledger
                .places
                .iter()
                .filter_map(|(place, kept)| match kept {
                    Kept::Operation(operation) => Some((step.as_str(), place, &**operation)),
                    _ => None,
                })
                .collect();
            found.sort_by_key(|(_, place, _)| (*place).clone());
            found
        })
    }
}

impl StepLedger {
    /// Attempts that count: those that failed, and the last. What waited for a person, or was cut off and taken up
    /// again, is the same attempt.
    pub fn tries(&self) -> u32 {
        let failed = matches!(&self.state, StepState::Failed { word, .. } if word != WAITING);
        (self.failures + u32::from(!failed)).min(self.attempts)
    }

    pub fn apply(&mut self, record: &Record) {
        match record {
            Record::StepStarted { attempt, .. } => {
                self.attempts = self.attempts.max(*attempt);
                self.state = StepState::Running;
            }
            Record::StepFinished { outputs, .. } => {
                self.state = StepState::Finished(outputs.clone());
            }
            Record::StepSkipped { why, .. } => self.state = StepState::Skipped(why.clone()),
            Record::StepFailed { word, error, last, .. } => {
                self.failures += u32::from(word != WAITING);
                self.forget_path(word != WAITING);
                let (word, error) = (word.clone(), error.clone());
                self.state = StepState::Failed { word, error, last: *last };
            }
            Record::Read { place, value, .. } => self.keep(place, Kept::Read(value.clone())),
            Record::Wait { place, until, .. } => self.keep(place, Kept::Wait(*until)),
            Record::Answer { place, yes, .. } => self.keep(place, Kept::Answer { yes: *yes }),
            Record::Evidence { place, sha256, .. } => {
                self.keep(place, Kept::Evidence { sha256: sha256.clone() });
            }
            Record::Verdict { subject, verdict, facts, .. } => {
                self.verdicts.insert(subject.clone(), (verdict.clone(), facts.clone()));
            }
            Record::Intent { place, scope, setting, how, before, after, until, .. } => {
                let first = match self.places.get(place) {
                    Some(Kept::Change(first)) => first.before.clone(),
                    _ => before.clone(),
                };
                let change = Change {
                    scope: scope.clone(),
                    setting: setting.clone(),
                    how: *how,
                    before: first,
                    after: after.clone(),
                    until: until.clone(),
                    outcome: None,
                    closed: false,
                    released: None,
                    releasing: None,
                };
                self.keep(place, Kept::Change(Box::new(change)));
            }
            Record::OperationIntent { place, scope, operation, token, leaves, .. } => {
                let (failed, failed_jobs) = match self.places.get(place) {
                    Some(Kept::Operation(kept)) => (kept.failed, kept.failed_jobs.clone()),
                    _ => (0, Vec::new()),
                };
                let kept = KeptOperation {
                    scope: scope.clone(),
                    operation: operation.clone(),
                    token: token.clone(),
                    leaves: leaves.clone(),
                    job: None,
                    output: None,
                    failed,
                    failed_jobs,
                    released: None,
                    claimed: false,
                };
                self.keep(place, Kept::Operation(Box::new(kept)));
            }
            _ => self.amend(record),
        }
    }

    /// Records that add to a place already kept.
    fn amend(&mut self, record: &Record) {
        if let Record::Closed { place: closed, .. } = record {
            // The change is made again, so the wait after it starts again too, and what was read and
            // made of the setting since no longer holds.
            self.places.retain(|place, kept| {
                let later = (&place.kind, &place.target) == (&closed.kind, &closed.target)
                    && place.nth > closed.nth;
                match kept {
                    Kept::Wait(_) => return false,
                    Kept::Read(_) => return !later,
                    Kept::Change(change) if later => change.outcome = None,
                    _ => {}
                }
                true
            });
        }
        match (record, record.place().and_then(|place| self.places.get_mut(place))) {
            (Record::Outcome { after, .. }, Some(Kept::Change(change))) => {
                change.outcome = Some(after.clone());
                change.closed = false;
            }
            (Record::Closed { .. }, Some(Kept::Change(change))) => change.closed = true,
            (Record::ReleaseIntent { from, .. }, Some(Kept::Change(change))) => {
                change.releasing = Some(from.clone());
            }
            (Record::ReleaseOutcome { outcome, .. }, Some(Kept::Change(change))) => {
                change.released = Some(outcome.clone());
            }
            (Record::ReleaseOutcome { outcome, .. }, Some(Kept::Operation(kept))) => {
                kept.released = Some(outcome.clone());
            }
            (Record::OperationStarted { job, .. }, Some(Kept::Operation(kept))) => {
                kept.job = Some(job.clone());
            }
            (Record::OperationEnded { output, .. }, Some(Kept::Operation(kept))) => {
                kept.output = Some(output.clone());
            }
            (Record::OperationFailed { .. }, Some(Kept::Operation(kept))) => {
                kept.failed_jobs.extend(kept.job.take());
                kept.failed += 1;
            }
            _ => {}
        }
    }

    fn keep(&mut self, place: &Place, kept: Kept) {
        self.places.insert(place.clone(), kept);
    }

    /// A failed attempt that changed nothing is tried again from fresh reads; one that did change
    /// something must take the same path. With the reads go the answers, unless the step only waits for another one.
    fn forget_path(&mut self, answers: bool) {
        let acted =
            self.places.values().any(|kept| matches!(kept, Kept::Change(_) | Kept::Operation(_)));
        if !acted {
            self.places.retain(|_, kept| match kept {
                Kept::Read(_) | Kept::Wait(_) => false,
                Kept::Answer { .. } => !answers,
                _ => true,
            });
        }
    }
}
