//! One action of an experiment that runs: its state in the store, beside what its effect sees.

use std::time::Duration;

use crate::fis::effects::Step;
use crate::fis::model::{ActionState, ActionStatus, Moment};

pub(super) struct Running {
    pub step: Step,
    /// What the action was when the experiment took it up.
    pub status: ActionStatus,
}

impl Running {
    pub(super) fn set(&self, state: ActionState) {
        self.step.edit(|record| {
            if let Some(action) = record.experiment.actions.get_mut(&self.step.name) {
                if action.start_time.is_none() {
                    action.start_time = Some(Moment::now());
                }
                if state.status.is_over() {
                    action.end_time = Some(Moment::now());
                    record.until.shift_remove(&self.step.name);
                }
                action.state = state;
            }
        });
    }

    /// Starts the action's duration.
    pub(super) fn last(&self, span: Duration) {
        let until = self.step.deadline(span);
        self.step.edit(|record| record.until.insert(self.step.name.clone(), until));
    }
}
