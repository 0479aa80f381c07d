//! What was drilled, when, and with what result: playbooks by ATT&CK technique, and each clock over
//! time. A fold over scorecards and the simulations on the disk; owns what counts as stale.

mod page;
#[cfg(test)]
mod tests;

use std::time::Duration;

use indexmap::{IndexMap, IndexSet};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    drill::{
        NotCounted, schedule,
        score::{Outcome, Part, Scorecard},
    },
    report::model::Tone,
};

pub use page::html;

/// A playbook on the disk.
#[derive(Clone, Debug, Default)]
pub struct KnownPlaybook {
    pub id: String,
    pub title: String,
    pub attack: Vec<String>,
}

/// A simulation on the disk.
#[derive(Clone, Debug, Default)]
pub struct KnownDrill {
    pub id: String,
    pub title: String,
    /// Id of the playbook that answers; none for a drill without one.
    pub playbook: Option<String>,
    pub attack: Vec<String>,
    pub schedule: Option<String>,
}

/// The matrix and the drills behind it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Readiness {
    pub written: Timestamp,
    pub techniques: Vec<String>,
    pub playbooks: Vec<Row>,
    pub drills: Vec<Drill>,
    /// Runs with a scorecard that is in none of this.
    #[serde(default)]
    pub not_counted: Vec<NotCounted>,
}

/// One playbook, with a cell for each technique.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    pub playbook: String,
    pub title: String,
    pub cells: Vec<Cell>,
}

/// What is known of one playbook against one technique.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Cell {
    /// Neither the playbook nor a drill of it is about the technique.
    None,
    /// The playbook claims to answer it, and no simulation tests that.
    Gap,
    /// A simulation is there and never ran.
    Never,
    Drilled {
        drill: String,
        run: String,
        outcome: Outcome,
        at: Timestamp,
        /// On a local endpoint: plumbing and order are shown, AWS is not.
        local: bool,
    },
}

/// One simulation and its history, oldest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Drill {
    pub id: String,
    pub title: String,
    pub playbook: Option<String>,
    /// No simulation of that id is on the disk any more.
    pub gone: bool,
    pub history: Vec<Past>,
    pub trends: Vec<Trend>,
    /// Last run longer ago than allowed, or never.
    pub stale: bool,
    /// The first date of its schedule that was missed.
    pub overdue: Option<Timestamp>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Past {
    pub run: String,
    pub at: Timestamp,
    pub outcome: Outcome,
    pub local: bool,
}

/// One clock over the runs of a drill.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Trend {
    pub part: String,
    pub name: String,
    /// Seconds, of the latest run.
    pub budget: Option<f64>,
    /// When, and the seconds that it took.
    pub points: Vec<(Timestamp, f64)>,
}

impl Readiness {
    /// `stale` is how long a drill counts.
    pub fn fold(
        playbooks: &[KnownPlaybook],
        drills: &[KnownDrill],
        cards: Vec<Scorecard>,
        stale: Option<Duration>,
        now: Timestamp,
    ) -> Self {
        let mut cards: Vec<_> =
            cards.into_iter().filter_map(|card| Some((card.started?, card))).collect();
        cards.sort_by_key(|(at, _)| *at);
        let mut known: IndexMap<String, (KnownDrill, bool)> = IndexMap::new();
        for drill in drills {
            known.insert(drill.id.clone(), (drill.clone(), false));
        }
        for (_, card) in &cards {
            known.entry(card.simulation.clone()).or_insert_with(|| (past(card), true));
        }
        let runs = |id: &str| {
            let own = cards.iter().filter(|(_, card)| card.simulation == id);
            own.map(|(at, card)| (*at, card)).collect::<Vec<_>>()
        };
        let drills: Vec<Drill> = known
            .values()
            .map(|(drill, gone)| one(drill, *gone, &runs(&drill.id), stale, now))
            .collect();
        let mut techniques: IndexSet<String> = IndexSet::new();
        techniques.extend(playbooks.iter().flat_map(|one| one.attack.iter().cloned()));
        techniques.extend(known.values().flat_map(|(one, _)| one.attack.iter().cloned()));
        techniques.sort();
        let mut rows: IndexMap<String, KnownPlaybook> = IndexMap::new();
        for playbook in playbooks {
            rows.insert(playbook.id.clone(), playbook.clone());
        }
        for (drill, _) in known.values() {
            let id = drill.playbook.clone().unwrap_or_else(|| NO_PLAYBOOK.into());
            rows.entry(id.clone()).or_insert_with(|| KnownPlaybook { id, ..Default::default() });
        }
        let rows = rows.into_values().map(|playbook| {
            let of = |drill: &&(KnownDrill, bool)| {
                drill.0.playbook.as_deref().unwrap_or(NO_PLAYBOOK) == playbook.id
            };
            let own: Vec<_> = known.values().filter(of).map(|(drill, _)| drill).collect();
            let cells = techniques.iter().map(|technique| cell(&playbook, technique, &own, &cards));
            Row { cells: cells.collect(), title: playbook.title.clone(), playbook: playbook.id }
        });
        Self {
            written: now,
            playbooks: rows.collect(),
            drills,
            techniques: techniques.into_iter().collect(),
            not_counted: Vec::new(),
        }
    }

    /// Drills on the disk that ran too long ago, or never.
    pub fn stale(&self) -> Vec<&Drill> {
        self.drills.iter().filter(|drill| drill.stale && !drill.gone).collect()
    }
}

const NO_PLAYBOOK: &str = "(no playbook)";

/// What a scorecard records of a simulation that no longer exists.
fn past(card: &Scorecard) -> KnownDrill {
    let response = card.objectives.iter().find(|one| one.part == Part::Response);
    let playbook = response.map(|one| {
        let file = one.name.rsplit('/').next().unwrap_or(&one.name);
        file.split('.').next().unwrap_or(file).to_owned()
    });
    KnownDrill {
        id: card.simulation.clone(),
        title: card.title.clone(),
        playbook,
        attack: card.attack.clone(),
        schedule: None,
    }
}

fn one(
    drill: &KnownDrill,
    gone: bool,
    runs: &[(Timestamp, &Scorecard)],
    stale: Option<Duration>,
    now: Timestamp,
) -> Drill {
    let last = runs.last().map(|(at, _)| *at);
    let old =
        |at: Timestamp| stale.is_some_and(|most| now.duration_since(at).unsigned_abs() > most);
    let schedule = drill.schedule.as_deref().and_then(|text| schedule::parse(text).ok());
    Drill {
        id: drill.id.clone(),
        title: drill.title.clone(),
        playbook: drill.playbook.clone(),
        gone,
        history: runs
            .iter()
            .map(|(at, card)| Past {
                run: card.run.clone(),
                at: *at,
                outcome: card.outcome,
                local: card.endpoint.is_some(),
            })
            .collect(),
        trends: trends(runs),
        stale: last.map_or(stale.is_some(), old),
        overdue: schedule.and_then(|schedule| schedule.overdue(last, now)).filter(|_| !gone),
    }
}

fn trends(runs: &[(Timestamp, &Scorecard)]) -> Vec<Trend> {
    let mut found: IndexMap<(Part, &str), Trend> = IndexMap::new();
    for (at, card) in runs {
        for one in &card.objectives {
            let Some(took) = one.took else { continue };
            let trend = found.entry((one.part, &one.name)).or_insert_with(|| Trend {
                part: one.part.word().into(),
                name: one.name.clone(),
                budget: None,
                points: Vec::new(),
            });
            trend.budget = one.budget;
            trend.points.push((*at, took));
        }
    }
    found.into_values().collect()
}

/// The latest drill of the playbook that was about the technique.
fn cell(
    playbook: &KnownPlaybook,
    technique: &String,
    drills: &[&KnownDrill],
    cards: &[(Timestamp, Scorecard)],
) -> Cell {
    let about: Vec<_> = drills.iter().filter(|drill| drill.attack.contains(technique)).collect();
    let run =
        cards.iter().rev().find(|(_, card)| about.iter().any(|drill| drill.id == card.simulation));
    match run {
        Some((at, card)) => Cell::Drilled {
            drill: card.simulation.clone(),
            run: card.run.clone(),
            outcome: card.outcome,
            at: *at,
            local: card.endpoint.is_some(),
        },
        None if !about.is_empty() => Cell::Never,
        None if playbook.attack.contains(technique) => Cell::Gap,
        None => Cell::None,
    }
}

/// The colour of an outcome.
pub fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Pass => Tone::Good,
        Outcome::Unverified | Outcome::PlumbingOnly | Outcome::Late => Tone::Care,
        Outcome::NotRun => Tone::Quiet,
        _ => Tone::Bad,
    }
}
