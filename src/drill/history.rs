//! The scorecards of past drills combined: per simulation the outcomes in order, and the
//! trend of each clock. A fold; owns no file.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::Serialize;

use super::score::{Figure, Objective, Outcome, Part, Scorecard};

/// One simulation over its runs, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct History {
    pub simulation: String,
    pub runs: Vec<Past>,
    pub clocks: Vec<Trend>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Past {
    pub run: String,
    pub started: Option<Timestamp>,
    pub outcome: Outcome,
}

/// One clock over the runs; seconds, none where a run did not come that far.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Trend {
    pub part: Part,
    pub name: String,
    pub budget: Option<f64>,
    pub took: Vec<Option<f64>>,
}

impl Trend {
    pub fn last(&self) -> Option<f64> {
        self.took.iter().rev().flatten().next().copied()
    }

    pub fn median(&self) -> Option<f64> {
        let mut known: Vec<f64> = self.took.iter().flatten().copied().collect();
        known.sort_by(f64::total_cmp);
        let (low, high) =
            (known.get(known.len().checked_sub(1)? / 2)?, known.get(known.len() / 2)?);
        Some((low + high) / 2.0)
    }

    /// Last against the median of the runs before it: positive is slower, in parts of that median.
    pub fn change(&self) -> Option<f64> {
        let last = self.last()?;
        let at = self.took.iter().rposition(Option::is_some)?;
        let before = Self { took: self.took[..at].to_vec(), ..self.clone() }.median()?;
        (before > 0.0).then(|| (last - before) / before)
    }
}

/// By simulation, in the order of their first runs.
pub fn histories(mut cards: Vec<Scorecard>) -> Vec<History> {
    // Run ids are ULIDs: their order is that of time.
    cards.sort_by(|a, b| a.run.cmp(&b.run));
    let mut found: IndexMap<String, History> = IndexMap::new();
    for card in cards {
        let entry = found.entry(card.simulation.clone()).or_default();
        entry.simulation.clone_from(&card.simulation);
        let timed = |one: &&Objective| one.took.is_some() || one.budget.is_some();
        let scored = card.objectives.iter().filter(timed);
        let scored = scored.map(|one| (one.part, one.name.clone(), one.took, one.budget));
        let beside = card.objectives.iter().flat_map(|one| {
            let clock = |figure: &Figure| (figure.name.clone(), Some(figure.seconds()));
            let part = one.part;
            one.figures.iter().map(clock).map(move |(name, took)| (part, name, took, None))
        });
        for (part, name, took, budget) in scored.chain(beside) {
            let same = |trend: &&mut Trend| trend.part == part && trend.name == name;
            let trend = match entry.clocks.iter_mut().find(same) {
                Some(trend) => trend,
                None => {
                    entry.clocks.push(Trend { part, name, budget: None, took: Vec::new() });
                    let last = entry.clocks.len() - 1;
                    &mut entry.clocks[last]
                }
            };
            trend.took.resize(entry.runs.len(), None);
            trend.took.push(took);
            trend.budget = budget;
        }
        entry.runs.push(Past { run: card.run, started: card.started, outcome: card.outcome });
    }
    for history in found.values_mut() {
        let runs = history.runs.len();
        history.clocks.iter_mut().for_each(|trend| trend.took.resize(runs, None));
    }
    found.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trend(took: &[Option<f64>]) -> Trend {
        Trend { part: Part::Rto, name: "r".into(), budget: None, took: took.to_vec() }
    }

    #[test]
    fn a_trend_compares_the_last_run_with_those_before() {
        let one = trend(&[Some(10.0), None, Some(20.0), Some(30.0)]);
        assert_eq!((one.last(), one.median()), (Some(30.0), Some(20.0)));
        assert_eq!(one.change(), Some(1.0));
        assert_eq!(trend(&[Some(4.0)]).change(), None);
        assert_eq!(trend(&[]).median(), None);
    }
}
