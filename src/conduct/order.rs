//! The order of a run's steps: as its plan has them, and not by who was first.

use std::collections::HashMap;

use crate::{
    journal::Ledger,
    program::{planfile::PlanFile, prepare::item},
};

/// Where each step stands in the plan, which has them in the order of the playbook.
pub(super) struct Order(HashMap<String, usize>);

impl Order {
    /// Without a plan nothing is put in order.
    pub(super) fn of(plan: Option<&PlanFile>) -> Self {
        let mut places = HashMap::new();
        for (place, step) in plan.into_iter().flat_map(PlanFile::planned).enumerate() {
            places.entry(item(&step.id).0.to_owned()).or_insert(place);
        }
        Self(places)
    }

    /// Steps as the plan has them, and not by who was first.
    pub(super) fn arrange(&self, ledger: &mut Ledger) {
        if self.0.is_empty() {
            return;
        }
        ledger.steps.sort_by_cached_key(|id, _| {
            let (step, nth) = item(id);
            (self.0.get(step).copied(), nth)
        });
    }
}
