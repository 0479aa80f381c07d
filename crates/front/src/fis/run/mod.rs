//! Experiments that run: one task each, halted from outside, resumed after a restart.

mod drive;
mod life;
mod running;
mod schedule;
mod state;

use tokio::sync::watch;

use super::Fis;
use super::model::{EXPERIMENT, ExperimentState, Halt, Record, Status};
use crate::{Event, Front, Scope};

impl Fis {
    /// Starts, or carries on with, an experiment that the store holds.
    pub(crate) fn run(&self, front: &Front, at: &Scope, id: &str) {
        let record: Option<Record> = front.store().get(at, EXPERIMENT, id);
        let Some(record) = record else { return };
        let (sender, halted) = watch::channel(record.halt);
        self.live().insert(id.to_owned(), sender);
        let (fis, own, at, id) = (self.clone(), front.clone(), at.clone(), id.to_owned());
        front.spawn(async move {
            drive::drive(&fis, &own, &at, &id, halted).await;
            fis.live().remove(&id);
        });
    }

    /// Asks an experiment to end. The first to ask gives the reason.
    pub(crate) fn halt(&self, front: &Front, at: &Scope, id: &str, halt: Halt) {
        let first = front.store().update(at, EXPERIMENT, id, |record: &mut Record| {
            let is_first = record.halt.is_none() && !record.experiment.state.status.is_over();
            if is_first {
                record.halt = Some(halt.clone());
            }
            is_first
        });
        if first != Some(true) {
            return;
        }
        let stopping = ExperimentState::new(Status::Stopping, "Stopping Experiment.");
        self.transition(front, at, id, stopping);
        if let Some(sender) = self.live().get(id) {
            sender.send_replace(Some(halt));
        }
    }

    /// Changes an experiment's state if that is a legal transition, and notifies EventBridge.
    fn transition(&self, front: &Front, at: &Scope, id: &str, to: ExperimentState) {
        self.transition_by(front, at, id, |_| to);
    }

    /// The same, by what the experiment is at that moment.
    fn transition_by(
        &self,
        front: &Front,
        at: &Scope,
        id: &str,
        to: impl FnOnce(&Record) -> ExperimentState,
    ) {
        let changed = front.store().update(at, EXPERIMENT, id, |record: &mut Record| {
            let from = record.experiment.state.clone();
            let to = to(record);
            state::apply(&mut record.experiment, to).then(|| (from, record.clone()))
        });
        if let Some(Some((from, record))) = changed {
            self.announce(front, at, &record, &from);
        }
    }

    /// <https://docs.aws.amazon.com/fis/latest/userguide/monitoring-eventbridge.html>.
    pub(crate) fn announce(
        &self,
        front: &Front,
        at: &Scope,
        record: &Record,
        from: &ExperimentState,
    ) {
        let detail = state::event(&record.experiment, from);
        let event = Event::new(at, "aws.fis", "FIS Experiment State Change", detail);
        front.raise(event.about(record.experiment.arn.clone()));
    }

    /// After a restart: every unfinished experiment continues. Returns what was lost.
    pub(crate) fn resume(&self, front: &Front) -> Vec<String> {
        let mut told = Vec::new();
        for at in front.store().scopes(EXPERIMENT) {
            for record in front.store().list::<Record>(&at, EXPERIMENT) {
                let id = record.experiment.id.clone();
                if record.experiment.state.status.is_over() && record.undo.is_empty() {
                    continue;
                }
                told.extend(schedule::lost(&record));
                self.run(front, &at, &id);
            }
        }
        told
    }
}
