//! Which steps of a drill's program stand for which objective. Owns the plain data that the
//! scorecard is folded with; it is kept with the run, so that a score needs no source file.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::document::Simulation;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Outline {
    pub simulation: String,
    pub title: String,
    pub version: String,
    pub hypothesis: String,
    pub owner: Option<String>,
    pub attack: Vec<String>,
    /// Steps that check the steady state before the faults, and after the recovery.
    pub before: Vec<String>,
    pub after: Vec<String>,
    /// There is an experiment, started by the step `inject`.
    pub inject: bool,
    pub action_minutes: f64,
    /// What each action of the experiment does, by itself.
    #[serde(default)]
    pub effects: Vec<Effect>,
    /// Looks that prove the experiment as a whole, where a template has its actions.
    #[serde(default)]
    pub experiment_proof: Option<Vec<String>>,
    pub attacks: Vec<Attack>,
    pub detections: Vec<Detection>,
    pub response: Option<Response>,
    #[serde(default)]
    pub refused: Vec<Refusal>,
    pub recovery: Option<Recovery>,
    pub cleanup: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Attack {
    pub fault: String,
    /// The step that marks its begin.
    pub start: String,
    pub steps: Vec<String>,
    /// Of these, those that AWS must refuse.
    #[serde(default)]
    pub denied: Vec<String>,
    /// Looks that show what it did.
    #[serde(default)]
    pub proof: Vec<String>,
}

/// One action of the experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Effect {
    pub fault: String,
    /// The step that waits until it takes effect.
    pub step: String,
    /// Looks that show what it did; none where the experiment is proven as a whole.
    pub proof: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Detection {
    pub name: String,
    pub step: String,
    pub within: Duration,
    pub accepts_plumbing: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Response {
    pub start: String,
    /// Before the ids of its steps.
    pub prefix: String,
    pub end: String,
    pub playbook: String,
    pub within: Option<Duration>,
}

/// Calls of an attacker that must be refused after the response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Refusal {
    pub name: String,
    /// The step that tries them before the response.
    pub tried: String,
    /// The step that tries them after it.
    pub step: String,
    pub within: Duration,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Recovery {
    pub start: String,
    pub end: String,
    pub steps: Vec<String>,
    pub rto: Option<Duration>,
    pub rpo: Option<Duration>,
    #[serde(default)]
    pub accepts_unverified: bool,
    #[serde(default)]
    pub accepts_left_over: bool,
    /// The drill made the recovery points itself, so their age says nothing about a real plan.
    #[serde(default)]
    pub own_points: bool,
}

impl Outline {
    pub(super) fn of(simulation: &Simulation) -> Self {
        Self {
            simulation: simulation.id.value.clone(),
            title: simulation.title.clone(),
            version: simulation.version.to_string(),
            hypothesis: simulation.hypothesis.clone(),
            owner: simulation.owner.clone(),
            attack: simulation.attack.iter().map(|id| id.value.clone()).collect(),
            ..Self::default()
        }
    }
}
