//! The scorecard: what of a drill's objectives was reached, with its clocks. A fold over the run's
//! ledger and the outline; owns the outcomes and their order, asks AWS nothing.
//!
//! Objectives and their measures follow NIST SP 800-84 (section 4.5), recovery times and points
//! NIST SP 800-34.

mod faults;
mod recovery;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    engine::Verdict,
    journal::{Kept, Ledger, Record, StepLedger, StepState},
};

use super::{
    outline::{Detection, Outline, Response},
    refused::{self, Said, TriedCall},
};

/// How an objective came out, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Pass,
    /// Restored, and nobody could compare the content.
    Unverified,
    /// A sample arrived: the way is there, whether the detector would have fired is not known.
    PlumbingOnly,
    Late,
    /// There were more events than are read: whether it was detected is not known.
    CutOff,
    /// A detection came for something that is not the drill's.
    WrongResource,
    /// Whether the attacker is refused is not known.
    Unknown,
    Missed,
    /// The restored content differs, or is missing.
    Damaged,
    Missing,
    /// The steady state did not hold.
    Broken,
    /// A stop condition ended the experiment.
    Stopped,
    /// Nothing shows that the fault had any effect, so nothing after it shows anything either.
    Unproven,
    /// It was not begun, or all of it was skipped.
    NotRun,
    Failed,
    Refused,
    /// Something of the drill is still in the account.
    LeftOver,
    /// A call of the attacker still works after the response.
    StillWorks,
}

impl Outcome {
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Unverified => "unverified",
            Self::PlumbingOnly => "plumbing-only",
            Self::Late => "late",
            Self::CutOff => "cut-off",
            Self::WrongResource => "wrong-resource",
            Self::Missed => "missed",
            Self::Damaged => "damaged",
            Self::Missing => "missing",
            Self::Broken => "broken",
            Self::Stopped => "stopped",
            Self::Unproven => "unproven",
            Self::NotRun => "not-run",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::LeftOver => "left-over",
            Self::Unknown => "unknown",
            Self::StillWorks => "still-works",
        }
    }

    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "pass" | "same" => Self::Pass,
            "no-blocks" | "unverified" => Self::Unverified,
            "plumbing-only" => Self::PlumbingOnly,
            "late" => Self::Late,
            "cut-off" => Self::CutOff,
            "wrong-resource" => Self::WrongResource,
            "missed" => Self::Missed,
            "damaged" => Self::Damaged,
            "missing" => Self::Missing,
            _ => return None,
        })
    }
}

/// What part of the drill an objective belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    Guard,
    SteadyBefore,
    Fault,
    Detection,
    Response,
    /// What the attacker tries again.
    Refused,
    /// Recovery time.
    Rto,
    /// Recovery point.
    Rpo,
    Content,
    SteadyAfter,
    Cleanup,
}

impl Part {
    pub fn word(self) -> &'static str {
        match self {
            Self::Guard => "guard",
            Self::SteadyBefore => "steady before",
            Self::Fault => "fault",
            Self::Detection => "detection",
            Self::Response => "response",
            Self::Refused => "refused",
            Self::Rto => "recovery time",
            Self::Rpo => "recovery point",
            Self::Content => "content",
            Self::SteadyAfter => "steady after",
            Self::Cleanup => "cleanup",
        }
    }
}

/// One objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Objective {
    pub part: Part,
    pub name: String,
    pub outcome: Outcome,
    /// Less than the best outcome, but the simulation accepts it.
    #[serde(default)]
    pub accepted: bool,
    /// Seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clocks: Option<Clocks>,
    /// What the attacker tried again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<TriedCall>,
    /// Measured beside what is scored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<Figure>,
    /// What showed that a fault took effect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proof: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// A time between two moments of AWS's clock that has no budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    pub name: String,
    pub from: Timestamp,
    pub to: Timestamp,
}

impl Figure {
    pub fn seconds(&self) -> f64 {
        self.to.duration_since(self.from).as_secs_f64()
    }
}

/// The three clocks of a detection, each on AWS's time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clocks {
    /// The fault took effect.
    pub effective: Option<Timestamp>,
    /// When the detection was created, by its own timestamp.
    pub created: Option<Timestamp>,
    /// The drill had it in hand.
    pub received: Option<Timestamp>,
}

/// How a drill came out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Scorecard {
    pub simulation: String,
    pub title: String,
    pub version: String,
    pub hypothesis: String,
    pub attack: Vec<String>,
    pub run: String,
    pub account: String,
    pub region: String,
    /// What answered instead of AWS.
    pub endpoint: Option<String>,
    pub started: Option<Timestamp>,
    pub outcome: Outcome,
    /// The response says `proven`, and a call of the attacker still works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contradiction: Option<String>,
    /// What the response said of itself, where the attacker tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Said>,
    pub objectives: Vec<Objective>,
}

impl Scorecard {
    /// `left` lists what release could not remove, one text each; `None` before a release was tried.
    pub fn fold(outline: &Outline, run: &str, ledger: &Ledger, left: Option<&[String]>) -> Self {
        let mut objectives = Fold { outline, ledger }.all();
        if let Some(left) = left {
            let outcome = if left.is_empty() { Outcome::Pass } else { Outcome::LeftOver };
            let mut cleanup = Objective::new(Part::Cleanup, "everything given back", outcome);
            cleanup.note = left.join("; ");
            objectives.push(cleanup);
        }
        let worst = objectives.iter().filter(|one| !one.accepted).map(|one| one.outcome).max();
        let said = Said::of(outline, ledger);
        let (mut account, mut region, mut endpoint, mut started) =
            (String::new(), String::new(), None, None);
        if let Some(Record::RunStarted { scope, endpoint: at, clock, .. }) = &ledger.started {
            (account, region) = (scope.account.clone(), scope.region.clone());
            (endpoint, started) = (at.clone(), *clock);
        }
        Self {
            simulation: outline.simulation.clone(),
            title: outline.title.clone(),
            version: outline.version.clone(),
            hypothesis: outline.hypothesis.clone(),
            attack: outline.attack.clone(),
            run: run.into(),
            account,
            region,
            endpoint,
            started,
            outcome: worst.unwrap_or(Outcome::NotRun),
            contradiction: refused::contradiction(said, &objectives),
            said: (!outline.refused.is_empty()).then_some(said),
            objectives,
        }
    }
}

impl Scorecard {
    /// Whether something of the drill is still in the account.
    pub fn left_over(&self) -> bool {
        self.objectives.iter().any(|one| one.outcome == Outcome::LeftOver)
    }
}

impl Objective {
    pub(super) fn new(part: Part, name: impl Into<String>, outcome: Outcome) -> Self {
        Self {
            part,
            name: name.into(),
            outcome,
            accepted: false,
            budget: None,
            took: None,
            clocks: None,
            calls: Vec::new(),
            figures: Vec::new(),
            proof: Vec::new(),
            note: String::new(),
        }
    }

    /// With a measured time; one over the budget is late.
    pub(super) fn timed(mut self, took: Option<f64>, budget: Option<std::time::Duration>) -> Self {
        (self.took, self.budget) = (took, budget.map(|budget| budget.as_secs_f64()));
        if self.outcome == Outcome::Pass
            && let (Some(took), Some(budget)) = (self.took, self.budget)
            && took > budget
        {
            self.outcome = Outcome::Late;
        }
        self
    }
}

struct Fold<'a> {
    outline: &'a Outline,
    ledger: &'a Ledger,
}

impl<'a> Fold<'a> {
    fn all(&self) -> Vec<Objective> {
        let outline = self.outline;
        let mut found = vec![self.plain(Part::Guard, "guard", "may run here", Outcome::Refused)];
        let steady = |part, ids: &[String], prefix: &str| -> Vec<Objective> {
            let name = |id: &String| id.strip_prefix(prefix).unwrap_or(id).to_owned();
            ids.iter().map(|id| self.plain(part, id, &name(id), Outcome::Broken)).collect()
        };
        found.extend(steady(Part::SteadyBefore, &outline.before, "before-"));
        if outline.inject {
            found.push(self.experiment());
        }
        found.extend(outline.effects.iter().map(|effect| self.effect(effect)));
        found.extend(outline.attacks.iter().map(|attack| self.attack(attack)));
        found.extend(outline.detections.iter().map(|detection| self.detection(detection)));
        found.extend(outline.response.iter().map(|response| self.response(response)));
        found.extend(outline.refused.iter().map(|one| {
            // Where it could not be tried before, that is the reason.
            let (tried, again) = (self.state(&one.tried), self.state(&one.step));
            let why = if tried.0 == Outcome::Pass { again } else { tried };
            let objective = refused::objective(one, self.outputs(&one.step), why);
            match outline.response.as_ref().is_some_and(|response| self.acted(response)) {
                false if objective.outcome == Outcome::Pass => Objective {
                    outcome: Outcome::Unknown,
                    note: "the calls are refused, and the response did nothing: something else refuses them".into(),
                    ..objective
                },
                _ => objective,
            }
        }));
        if let Some(recovery) = &outline.recovery {
            found.extend(self.recovery(recovery));
        }
        found.extend(steady(Part::SteadyAfter, &outline.after, "after-"));
        if !outline.cleanup.is_empty() {
            let (outcome, note) = self.together(outline.cleanup.iter().map(String::as_str));
            let mut cleanup = Objective::new(Part::Cleanup, "its own steps", outcome);
            cleanup.note = note;
            found.push(cleanup);
        }
        found
    }

    fn step(&self, id: &str) -> Option<&'a StepLedger> {
        self.ledger.steps.get(id)
    }

    fn outputs(&self, id: &str) -> Option<&'a Value> {
        match &self.step(id)?.state {
            StepState::Finished(outputs) => Some(outputs),
            _ => None,
        }
    }

    fn time(&self, id: &str, output: &str) -> Option<Timestamp> {
        self.outputs(id)?.get(output)?.as_str()?.parse().ok()
    }

    /// Of one step: finished, or why not.
    fn state(&self, id: &str) -> (Outcome, String) {
        match self.step(id).map(|step| &step.state) {
            Some(StepState::Finished(_)) => (Outcome::Pass, String::new()),
            Some(StepState::Skipped(why)) => {
                (Outcome::NotRun, format!("`{id}` was skipped: {why}"))
            }
            Some(StepState::Failed { error, .. }) => (Outcome::Failed, error.clone()),
            Some(StepState::Running) => (Outcome::NotRun, format!("`{id}` did not end")),
            Some(StepState::Pending) | None => (Outcome::NotRun, format!("`{id}` did not run")),
        }
    }

    /// Of several steps, with the first reason against them. Some may be skipped, and not all.
    fn together<'s>(&self, ids: impl Iterator<Item = &'s str>) -> (Outcome, String) {
        let ids: Vec<_> = ids.collect();
        let skipped = |id: &&str| {
            matches!(self.step(id).map(|step| &step.state), Some(StepState::Skipped(_)))
        };
        if !ids.is_empty() && ids.iter().all(skipped) {
            return (Outcome::NotRun, "every step of it was skipped".into());
        }
        let states = ids.iter().filter(|id| !skipped(id)).map(|id| self.state(id));
        let worst = states.filter(|(outcome, _)| *outcome != Outcome::Pass);
        worst.max_by_key(|(outcome, _)| *outcome).unwrap_or((Outcome::Pass, String::new()))
    }

    /// A step whose failure means `bad`.
    fn plain(&self, part: Part, id: &str, name: &str, bad: Outcome) -> Objective {
        let (outcome, note) = self.state(id);
        let outcome = if outcome == Outcome::Failed { bad } else { outcome };
        Objective { note, ..Objective::new(part, name, outcome) }
    }

    fn detection(&self, detection: &Detection) -> Objective {
        let Some(outputs) = self.outputs(&detection.step) else {
            let (outcome, note) = self.state(&detection.step);
            return Objective { note, ..Objective::new(Part::Detection, &detection.name, outcome) };
        };
        let text = |key: &str| outputs.get(key).and_then(Value::as_str).unwrap_or_default();
        let time = |key: &str| self.time(&detection.step, key);
        let outcome = Outcome::of(text("outcome")).unwrap_or(Outcome::Failed);
        let clocks = Clocks {
            effective: time("since"),
            created: time("created"),
            received: time("received"),
        };
        let took = outputs.get("seconds-to-received").and_then(Value::as_f64);
        let accepted = outcome == Outcome::PlumbingOnly && detection.accepts_plumbing;
        Objective {
            accepted,
            took,
            budget: Some(detection.within.as_secs_f64()),
            clocks: Some(clocks),
            note: text("detail").to_owned(),
            ..Objective::new(Part::Detection, &detection.name, outcome)
        }
    }

    /// When somebody heard of the fault first: the earliest detection that came, by its receipt.
    fn told(&self) -> Option<Timestamp> {
        let came = self.outline.detections.iter().filter_map(|detection| {
            let outputs = self.outputs(&detection.step)?;
            let word = outputs.get("outcome").and_then(Value::as_str).and_then(Outcome::of);
            // A journal of an earlier version has the outcome alone.
            let detected = match outputs.get("detected").and_then(Value::as_bool) {
                Some(detected) => detected,
                None => matches!(word, Some(Outcome::Pass | Outcome::Late)),
            };
            self.time(&detection.step, "received").filter(|_| detected)
        });
        came.min()
    }

    fn steps_of(&self, response: &Response) -> Vec<(&'a str, &'a StepLedger)> {
        let own = |(id, step): (&'a String, &'a StepLedger)| {
            id.starts_with(&response.prefix).then_some((id.as_str(), step))
        };
        self.ledger.steps.iter().filter_map(own).collect()
    }

    /// Whether a response changed something, started something or gave a verdict.
    fn acted(&self, response: &Response) -> bool {
        let acts = |kept: &Kept| matches!(kept, Kept::Change(_) | Kept::Operation(_));
        let steps = self.steps_of(response);
        steps.iter().any(|(_, step)| !step.verdicts.is_empty() || step.places.values().any(acts))
    }

    fn response(&self, response: &Response) -> Objective {
        let steps = self.steps_of(response);
        let began = self.time(&response.start, "at");
        let (outcome, note) = match began.is_none() || steps.is_empty() {
            // What kept it from beginning is no failure of the response.
            true => match self.step(&response.start).map(|step| &step.state) {
                Some(StepState::Failed { error, .. }) => (Outcome::NotRun, error.clone()),
                _ => (Outcome::NotRun, "the response did not start".into()),
            },
            false => self.together(steps.iter().map(|(id, _)| *id)),
        };
        let (outcome, note) = match outcome == Outcome::Pass && !self.acted(response) {
            true => {
                (Outcome::NotRun, "it changed nothing, started nothing and proved nothing".into())
            }
            false => (outcome, note),
        };
        let objective = Objective::new(Part::Response, &response.playbook, outcome);
        if outcome == Outcome::NotRun {
            let budget = response.within.map(|within| within.as_secs_f64());
            return Objective { budget, note, ..objective };
        }
        let (mut proven, mut presumed) = (0, 0);
        for (verdict, _) in steps.iter().flat_map(|(_, step)| step.verdicts.values()) {
            match verdict {
                Verdict::Proven => proven += 1,
                Verdict::Presumed { .. } => presumed += 1,
                Verdict::Failed { .. } => {}
            }
        }
        let verdicts = match (proven, presumed) {
            (0, 0) => String::new(),
            (_, 0) => format!("{proven} proven"),
            _ => format!("{proven} proven, {presumed} presumed"),
        };
        let took = seconds(self.effective(), self.time(&response.end, "at"));
        let note = if note.is_empty() { verdicts } else { note };
        // One that began before anybody heard of the fault was not called by a detection.
        let figures = figure("detection to response", self.told(), began).into_iter();
        let figures = figures.filter(|figure| figure.seconds() >= 0.0).collect();
        Objective { figures, note, ..objective }.timed(took, response.within)
    }
}

/// A time between two moments that are both known.
fn figure(name: &str, from: Option<Timestamp>, to: Option<Timestamp>) -> Option<Figure> {
    Some(Figure { name: name.into(), from: from?, to: to? })
}

/// Seconds from one moment to a later one; never below zero.
fn seconds(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<f64> {
    let span = to?.duration_since(from?);
    Some(span.as_secs_f64().max(0.0))
}
