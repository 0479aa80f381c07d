//! Steps that a plan does not run: those that somebody leaves out, and those that are refused. Owns the
//! two lists; a run takes them from its plan, so that it holds back exactly what the plan shows.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{PlanState, PlannedStep};

/// Why a step that was left out does not run, as the journal has it.
pub const LEFT_OUT: &str = "left out by `--skip`";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Withheld {
    /// Ids of steps; a for-each is left out as a whole.
    pub left_out: BTreeSet<String>,
    /// Why, by id of a step or of an item of a for-each.
    pub refused: BTreeMap<String, String>,
}

impl Withheld {
    /// What a plan holds back.
    pub fn of<'a>(steps: impl IntoIterator<Item = &'a PlannedStep>) -> Self {
        let mut held = Self::default();
        for step in steps {
            match &step.state {
                PlanState::LeftOut => drop(held.left_out.insert(step.id.clone())),
                PlanState::Refused(why) => {
                    held.refused.insert(step.id.clone(), why.clone());
                }
                _ => {}
            }
        }
        held
    }

    /// Steps of a plan that are refused and not yet held back.
    pub fn new_in(&self, steps: &[PlannedStep]) -> BTreeMap<String, String> {
        let mut found = Self::of(steps).refused;
        found.retain(|step, _| !self.refused.contains_key(step));
        found
    }
}
