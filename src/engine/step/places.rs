//! Counts the uses of each target in a step, so that each call has a place of its own.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use super::Place;

#[derive(Default)]
pub(crate) struct Places(Mutex<HashMap<(&'static str, String), u32>>);

impl Places {
    pub(crate) fn next(&self, kind: &'static str, target: &str) -> Place {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = seen.entry((kind, target.to_owned())).or_default();
        let place = Place { kind: kind.into(), target: target.into(), nth: *count };
        *count += 1;
        place
    }
}
