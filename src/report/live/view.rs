//! The known state of a run at one moment: each step, its operations, the verdicts. A pure state machine;
//! owns what an event means for the view, and neither its words nor its place on the screen.

use std::{collections::HashSet, time::Duration};

use indexmap::IndexMap;
use jiff::Timestamp;

use crate::{
    drill,
    engine::{Event, Verdict},
    journal::{Place, RunDir, RunStatus, WAITING},
    playbook::Phase,
    program::{
        kept::KeptDocument,
        planfile::{PlanFile, item},
    },
};

/// What is watched.
#[derive(Clone, Debug, Default)]
pub struct Head {
    pub run: String,
    /// Id of the playbook or simulation.
    pub document: String,
    pub drill: bool,
    pub account: String,
    pub region: String,
    /// What answers instead of AWS, in a word.
    pub instead: Option<&'static str>,
    /// Steps in their order, with phases.
    pub steps: Vec<(String, Phase)>,
}

impl Head {
    /// Of a run's directory; what cannot be read there is not shown.
    pub fn of(dir: &RunDir) -> Self {
        Self::with(dir, dir.read_json(RunDir::PLAN).ok())
    }

    /// The same where the plan was read already.
    pub fn with(dir: &RunDir, plan: Option<PlanFile>) -> Self {
        let mut head = Self { run: dir.id().into(), ..Self::default() };
        let Some(plan) = plan else { return head };
        // One that was changed since says nothing of the run.
        head.drill = KeptDocument::read(dir)
            .is_ok_and(|kept| kept.is(&plan.playbook.sha256) && drill::is_simulation(&kept.text));
        head.document = plan.playbook.id;
        head.account = plan.scope.account;
        head.region = plan.scope.region;
        head.instead = match (plan.lab.is_some(), plan.local, plan.endpoint) {
            (true, ..) => Some("lab"),
            (_, true, _) => Some("local endpoint"),
            (.., Some(_)) => Some("other endpoint"),
            (.., None) if !plan.endpoints.is_empty() => Some("several endpoints"),
            _ => None,
        };
        for entry in plan.steps {
            // A plan lists the items of a for-each by themselves.
            let step = item(&entry.step.id).0.to_owned();
            if head.steps.last().is_none_or(|(last, _)| *last != step) {
                head.steps.push((step, entry.phase));
            }
        }
        head
    }
}

/// A run as it stands.
#[derive(Clone, Debug, Default)]
pub struct View {
    pub head: Head,
    /// When the run began, by this machine's clock.
    pub t0: Option<Timestamp>,
    pub units: IndexMap<String, Unit>,
    pub verdicts: IndexMap<(String, String), Verdict>,
    pub stopping: bool,
    pub status: Option<RunStatus>,
    pub release: Option<Release>,
    taken: HashSet<(String, String)>,
}

/// A step of the document; a for-each has one part an item.
#[derive(Clone, Debug, Default)]
pub struct Unit {
    pub phase: Option<Phase>,
    /// How many items a for-each fanned out over.
    pub items: Option<usize>,
    pub parts: IndexMap<Option<usize>, Part>,
    pub started: Option<Timestamp>,
}

#[derive(Clone, Debug, Default)]
pub struct Part {
    pub state: State,
    pub started: Option<Timestamp>,
    pub attempt: u32,
    pub changes: usize,
    pub jobs: IndexMap<Place, Job>,
    /// What it is doing now, if that is not a job.
    pub doing: Option<String>,
    pub until: Option<Timestamp>,
    pub asks: bool,
    /// The role that is asked, where it is known.
    pub whom: Option<String>,
    /// Why it failed or did not run.
    pub why: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    #[default]
    Waiting,
    Running,
    /// An attempt failed, and another comes.
    Again,
    Done,
    Failed,
    /// It asks a person who was not reached: a resumed run continues with it.
    Asks,
    Skipped,
    NotRun,
}

/// One operation.
#[derive(Clone, Debug, Default)]
pub struct Job {
    pub percent: Option<u8>,
    pub note: String,
    pub done: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Release {
    pub of: usize,
    pub settled: HashSet<(String, String)>,
    pub ended: bool,
}

/// A step that has ended, with everything its one line shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    pub step: String,
    pub phase: Option<Phase>,
    pub state: State,
    pub took: Option<Duration>,
    /// Items of a for-each, and how many of them did not get done.
    pub items: Option<(usize, usize)>,
    pub changes: usize,
    pub jobs: usize,
    /// The weakest verdict, and on how many subjects there is one.
    pub verdict: Option<(Verdict, usize)>,
    /// Why it failed or did not run; each item of a for-each has its own reason.
    pub why: Option<String>,
}

impl State {
    pub fn is_active(self) -> bool {
        matches!(self, Self::Running | Self::Again)
    }

    fn has_ended(self) -> bool {
        !self.is_active() && self != Self::Waiting
    }
}

impl View {
    pub fn new(head: Head) -> Self {
        let unit = |(id, phase): &(String, Phase)| {
            (id.clone(), Unit { phase: Some(*phase), ..Unit::default() })
        };
        Self { units: head.steps.iter().map(unit).collect(), head, ..Self::default() }
    }

    /// Another process continues the run: what was in progress no longer is.
    pub fn taken_up(&mut self) {
        (self.status, self.stopping) = (None, false);
        for part in self.units.values_mut().flat_map(|unit| unit.parts.values_mut()) {
            if part.state.is_active() {
                *part = Part { changes: part.changes, ..Part::default() };
            }
        }
    }

    /// Takes an event in; returns the step that it ended.
    pub fn apply(&mut self, at: Timestamp, event: &Event) -> Option<Ended> {
        self.t0.get_or_insert(at);
        match event {
            Event::StepExpanded { step, items } => {
                let unit = self.unit(step);
                unit.items = Some(*items);
                unit.started.get_or_insert(at);
                return self.ended(step, at);
            }
            Event::Verdict { step, subject, verdict } => {
                self.verdicts.insert((step.clone(), subject.clone()), verdict.clone());
            }
            Event::Releasing => {
                self.taken_up();
                self.release = Some(Release { of: self.taken.len(), ..Release::default() });
            }
            Event::Released { place, .. } => {
                if let Some(release) = &mut self.release {
                    release.settled.insert((place.kind.clone(), place.target.clone()));
                }
            }
            Event::ReleaseEnded => {
                if let Some(release) = &mut self.release {
                    release.ended = true;
                }
            }
            Event::Stopping => self.stopping = true,
            Event::Finished { status } => self.status = Some(*status),
            _ => {
                let step = step_of(event)?;
                if let Event::Changed { place, .. } | Event::OperationStarted { place, .. } = event
                {
                    self.taken.insert((place.kind.clone(), place.target.clone()));
                }
                let (name, nth) = item(step);
                let unit = self.unit(name);
                unit.started = unit.started.or(Some(at));
                unit.parts.entry(nth).or_default().apply(at, event);
                if matches!(
                    event,
                    Event::StepFinished { .. }
                        | Event::StepFailed { again_in: None, .. }
                        | Event::StepSkipped { .. }
                        | Event::StepBlocked { .. }
                ) {
                    return self.ended(name, at);
                }
            }
        }
        None
    }

    /// Exactly these steps wait for a person.
    pub fn asked(&mut self, steps: &[(String, Option<String>)]) {
        for (id, unit) in &mut self.units {
            for (nth, part) in &mut unit.parts {
                let asked = steps.iter().find(|(step, _)| item(step) == (id.as_str(), *nth));
                part.asks = asked.is_some() && part.state.is_active();
                part.whom = asked.and_then(|(_, role)| role.clone());
            }
        }
    }

    fn unit(&mut self, step: &str) -> &mut Unit {
        self.units.entry(step.to_owned()).or_default()
    }

    /// The end of a step, once all of it has ended.
    fn ended(&self, step: &str, at: Timestamp) -> Option<Ended> {
        let unit = self.units.get(step)?;
        let parts = || unit.parts.values();
        let (done, ended) = (unit.count(State::Done), parts().filter(|p| p.state.has_ended()));
        if ended.count() < unit.items.unwrap_or(1) {
            return None;
        }
        let any = |state| parts().any(|part| part.state == state);
        let verdicts: Vec<_> =
            self.verdicts.iter().filter(|((of, _), _)| item(of).0 == step).collect();
        let weakest = verdicts.iter().map(|(_, verdict)| (*verdict).clone()).reduce(Verdict::and);
        Some(Ended {
            step: step.into(),
            phase: unit.phase,
            state: match parts().next_back() {
                _ if any(State::Failed) => State::Failed,
                _ if any(State::Asks) => State::Asks,
                Some(part) => part.state,
                None => State::Done,
            },
            took: unit.started.map(|started| since(started, at)),
            items: unit.items.map(|items| (items, items.saturating_sub(done))),
            changes: parts().map(|part| part.changes).sum(),
            jobs: parts().map(|part| part.jobs.values().filter(|job| job.done).count()).sum(),
            verdict: weakest.map(|weakest| (weakest, verdicts.len())),
            why: unit.parts.get(&None).and_then(|part| part.why.clone()),
        })
    }

    /// Steps that have ended, and all.
    pub fn progress(&self) -> (usize, usize) {
        let ended = |unit: &&Unit| {
            let ended = unit.parts.values().filter(|part| part.state.has_ended()).count();
            (unit.items.is_some() || ended > 0) && ended >= unit.items.unwrap_or(1)
        };
        (self.units.values().filter(ended).count(), self.units.len())
    }

    /// How many subjects are proven, presumed, failed.
    pub fn tally(&self) -> [usize; 3] {
        let count = |word: &str| self.verdicts.values().filter(|v| v.word() == word).count();
        ["proven", "presumed", "failed"].map(count)
    }

    /// Steps that are under way; those that wait for a person first, then those that began first.
    pub fn running(&self) -> Vec<(&str, &Unit)> {
        let mut found: Vec<_> = self
            .units
            .iter()
            .filter(|(_, unit)| unit.is_running())
            .map(|(id, unit)| (id.as_str(), unit))
            .collect();
        found.sort_by_key(|(_, unit)| (!unit.parts.values().any(|part| part.asks), unit.started));
        found
    }
}

impl Unit {
    pub fn count(&self, state: State) -> usize {
        self.parts.values().filter(|part| part.state == state).count()
    }

    fn is_running(&self) -> bool {
        let active = self.parts.values().any(|part| part.state.is_active());
        active || self.items.is_some_and(|items| (1..items).contains(&self.ended()))
    }

    pub fn ended(&self) -> usize {
        self.parts.values().filter(|part| part.state.has_ended()).count()
    }
}

impl Part {
    fn apply(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::StepStarted { attempt, .. } => {
                let changes = self.changes;
                *self =
                    Self { state: State::Running, attempt: *attempt, changes, ..Self::default() };
                self.started = Some(at);
            }
            Event::StepReplayed { .. } if self.state == State::Waiting => self.state = State::Done,
            Event::StepFinished { .. } => self.end(State::Done),
            Event::StepSkipped { why, .. } => {
                self.end(State::Skipped);
                self.why = Some(why.clone());
            }
            Event::StepBlocked { by, .. } => {
                self.end(State::NotRun);
                self.why = Some(format!("`{by}` did not finish"));
            }
            Event::StepFailed { again_in: Some(time), error, .. } => {
                self.state = State::Again;
                self.wait(at, *time, format!("failed, tries again: {error}"));
            }
            Event::StepFailed { word, error, .. } => {
                self.end(if *word == WAITING { State::Asks } else { State::Failed });
                self.why = Some(error.clone());
            }
            Event::Changed { place, .. } => {
                self.changes += 1;
                self.say(format!("set {place}"));
            }
            Event::AlreadySo { place, .. } => self.say(format!("{place} is already so")),
            Event::Closed { place, .. } => self.say(format!("closed {place}")),
            Event::OperationStarted { place, job, .. } => {
                (self.doing, self.until) = (None, None);
                self.jobs.insert(place.clone(), Job { note: job.clone(), ..Job::default() });
            }
            Event::OperationProgress { place, percent, note, .. } => {
                let job = self.jobs.entry(place.clone()).or_default();
                // An answer that does not mention it does not revoke it.
                job.percent = percent.or(job.percent);
                job.note.clone_from(note);
            }
            Event::OperationEnded { place, .. } => {
                let job = self.jobs.entry(place.clone()).or_default();
                (job.done, job.percent) = (true, Some(100));
            }
            Event::Waiting { why, time, .. } => self.wait(at, *time, why.clone()),
            Event::Paced { calls, waiting, .. } => {
                self.say(format!("paced: {calls}, {waiting} waiting"));
            }
            Event::Evidence { file, .. } => self.say(format!("kept {file}")),
            Event::Asking { .. } => self.asks = true,
            Event::Answered { .. } => self.asks = false,
            _ => {}
        }
    }

    fn end(&mut self, state: State) {
        self.state = state;
        (self.doing, self.until, self.asks) = (None, None, false);
    }

    fn say(&mut self, text: String) {
        (self.doing, self.until) = (Some(text), None);
    }

    fn wait(&mut self, at: Timestamp, time: Duration, why: String) {
        let until = jiff::SignedDuration::try_from(time).ok().and_then(|t| at.checked_add(t).ok());
        (self.doing, self.until) = (Some(why), until);
    }
}

/// From one moment to a later one; nothing where a clock was set back.
pub(super) fn since(from: Timestamp, to: Timestamp) -> Duration {
    to.duration_since(from).try_into().unwrap_or_default()
}

fn step_of(event: &Event) -> Option<&str> {
    match event {
        Event::StepStarted { step, .. }
        | Event::StepReplayed { step }
        | Event::StepExpanded { step, .. }
        | Event::StepSkipped { step, .. }
        | Event::StepBlocked { step, .. }
        | Event::StepFinished { step, .. }
        | Event::StepFailed { step, .. }
        | Event::Changed { step, .. }
        | Event::AlreadySo { step, .. }
        | Event::OperationStarted { step, .. }
        | Event::OperationProgress { step, .. }
        | Event::OperationEnded { step, .. }
        | Event::Waiting { step, .. }
        | Event::Paced { step, .. }
        | Event::Verdict { step, .. }
        | Event::Evidence { step, .. }
        | Event::Note { step, .. }
        | Event::Asking { step }
        | Event::Answered { step, .. }
        | Event::Closed { step, .. }
        | Event::Released { step, .. } => Some(step),
        Event::Releasing | Event::ReleaseEnded | Event::Stopping | Event::Finished { .. } => None,
    }
}
