//! The journal translated into events, so that a reader sees what the run's own terminal shows. What an
//! engine reports but does not journal, such as the progress of an operation, is not in it.

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    engine::Event,
    journal::{Line, Place, Record, WAITING},
};

use super::view::since;

/// Information from earlier records that later ones depend on.
#[derive(Debug, Default)]
pub(super) struct Retold {
    before: HashMap<(String, Place), Value>,
    started: HashMap<String, Timestamp>,
    /// Attempts that failed.
    failures: HashMap<String, u32>,
}

impl Retold {
    pub(super) fn event(&mut self, line: &Line) -> Option<Event> {
        Some(match line.record.clone() {
            Record::Expanded { step, items } => Event::StepExpanded { step, items: items.len() },
            Record::StepStarted { step, .. } => {
                self.started.entry(step.clone()).or_insert(line.time);
                let attempt = self.failures.get(&step).copied().unwrap_or_default() + 1;
                Event::StepStarted { step, attempt }
            }
            Record::StepSkipped { step, why } => Event::StepSkipped { step, why },
            Record::StepFinished { step, .. } => {
                let started = self.started.remove(&step).unwrap_or(line.time);
                Event::StepFinished { step, took: since(started, line.time) }
            }
            Record::StepFailed { step, word, error, last, .. } => {
                if last {
                    self.started.remove(&step);
                }
                let again_in = (!last).then_some(Duration::ZERO);
                if word == WAITING {
                    return Some(Event::StepFailed { step, word: WAITING, error, again_in });
                }
                *self.failures.entry(step.clone()).or_default() += 1;
                Event::StepFailed { step, word: "failed", error, again_in }
            }
            Record::Intent { step, place, before, .. } => {
                self.before.insert((step, place), before);
                return None;
            }
            Record::Outcome { step, place, after } => {
                let before = self.before.remove(&(step.clone(), place.clone()));
                Event::Changed { step, place, before: before.unwrap_or_default(), after }
            }
            Record::Closed { step, place, .. } => Event::Closed { step, place },
            Record::OperationStarted { step, place, job } => {
                Event::OperationStarted { step, place, job }
            }
            Record::OperationEnded { step, place, .. } => Event::OperationEnded { step, place },
            Record::Wait { step, place, until } => {
                let time = since(line.time, until);
                Event::Waiting { step, why: place.target, time }
            }
            Record::Answer { step, yes, .. } => Event::Answered { step, yes },
            Record::Evidence { step, file, sha256, .. } => Event::Evidence { step, file, sha256 },
            Record::Verdict { step, subject, verdict, .. } => {
                Event::Verdict { step, subject, verdict }
            }
            Record::NotNotified { target, event, why, .. } => {
                let text = format!("`{target}` was not notified of {event}: {why}");
                Event::Note { step: "notifications".into(), text }
            }
            Record::Note { step, text } => Event::Note { step, text },
            Record::Interrupted {} => Event::Stopping,
            Record::RunFinished { status } => Event::Finished { status },
            Record::ReleaseStarted { .. } => Event::Releasing,
            Record::ReleaseOutcome { step, place, outcome } => {
                Event::Released { step, place, outcome }
            }
            Record::ReleaseFinished { .. } => Event::ReleaseEnded,
            Record::Resumed { .. } => {
                self.started.clear();
                return None;
            }
            Record::RunStarted { .. }
            | Record::Adopted { .. }
            | Record::Read { .. }
            | Record::Manifest { .. }
            | Record::Scored { .. }
            | Record::Notified { .. }
            | Record::OperationIntent { .. }
            | Record::OperationFailed { .. }
            | Record::ReleaseIntent { .. }
            | Record::Aborted { .. } => return None,
        })
    }
}
