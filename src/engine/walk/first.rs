//! Waiting for the first of several units. Owns what the end of one of them means for who waits.

use serde_json::Value;

use super::{Drive, End, Ready, Walk, World};
use crate::engine::unit::FirstOf;

/// What has come so far of several units of which one is enough.
pub(super) struct First {
    open: usize,
    came: bool,
    /// The first of them that a stop or a person holds: not its end.
    held_by: Option<String>,
}

impl First {
    pub(super) fn of(first_of: &FirstOf) -> Self {
        Self { open: first_of.units.len(), came: false, held_by: None }
    }
}

impl<C: World, D: Drive<C>> Walk<'_, C, D> {
    pub(super) fn is_one_of(&self, dependant: usize, unit: usize) -> bool {
        let first_of = self.units[dependant].policy.first_of.as_ref();
        first_of.is_some_and(|first_of| first_of.units.contains(&unit))
    }

    /// One of several has ended of which `dependant` needs the first that says so.
    pub(super) fn one_ended(&mut self, dependant: usize, unit: usize, cause: &str, end: End) {
        let units = self.units.clone();
        let Some(first_of) = &units[dependant].policy.first_of else { return };
        let Some(first) = self.firsts.get_mut(&dependant) else { return };
        if first.came {
            return;
        }
        let outputs = self.outputs.get(&units[unit].id);
        let says = outputs.and_then(|outputs| outputs.get(&first_of.output));
        // A plan cannot know which comes first, and shows what follows after all of them.
        if !D::PLANS && end == End::Done && says == Some(&Value::Bool(true)) {
            first.came = true;
            self.missing[dependant] -= first.open;
            for other in &first_of.units {
                let other = &units[*other];
                let nothing = || other.body.outputs_all(&Value::Null);
                self.outputs.entry(other.id.clone()).or_insert_with(nothing);
            }
        } else {
            first.open -= 1;
            self.missing[dependant] -= 1;
            if end == End::Held {
                first.held_by.get_or_insert_with(|| cause.to_owned());
            }
            if first.open == 0
                && let Some(by) = first.held_by.take()
            {
                self.held_by[dependant].get_or_insert_with(|| by.clone());
                self.blocked_by[dependant].get_or_insert(by);
            }
        }
        if self.missing[dependant] == 0 {
            self.push(Ready { unit: dependant, item: None });
        }
    }
}
