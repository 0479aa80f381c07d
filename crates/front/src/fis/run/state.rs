//! The states of an experiment, and what may follow what: AWS lists the states, their order is what they mean.

use serde_json::{Value, json};

use crate::fis::model::{Experiment, ExperimentState, Moment, Status};

/// Whether FIS ever goes from one state to the other.
fn may_follow(from: Status, to: Status) -> bool {
    use Status::{Cancelled, Completed, Failed, Initiating, Pending, Running, Stopped, Stopping};
    match from {
        Pending => matches!(to, Initiating | Stopping | Stopped | Failed | Cancelled),
        Initiating => matches!(to, Running | Stopping | Stopped | Failed | Completed),
        Running => matches!(to, Completed | Stopping | Stopped | Failed),
        Stopping => matches!(to, Stopped | Failed),
        Completed | Stopped | Failed | Cancelled => false,
    }
}

/// Moves on, with the times that go with it. False when the step is not legal.
pub(super) fn apply(experiment: &mut Experiment, to: ExperimentState) -> bool {
    if !may_follow(experiment.state.status, to.status) {
        return false;
    }
    if to.status == Status::Initiating {
        experiment.start_time = Some(Moment::now());
    }
    if to.status.is_over() {
        experiment.end_time = Some(Moment::now());
    }
    experiment.state = to;
    true
}

/// Detail of the event that reports the change.
pub(super) fn event(experiment: &Experiment, from: &ExperimentState) -> Value {
    json!({
        "experiment-id": experiment.id,
        "experiment-template-id": experiment.experiment_template_id,
        "new-state": { "status": experiment.state.status, "reason": experiment.state.reason },
        "old-state": { "status": from.status, "reason": from.reason },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_follows_an_end() {
        use Status::*;
        let all = [Pending, Initiating, Running, Completed, Stopping, Stopped, Failed, Cancelled];
        for from in all {
            for to in all {
                if from.is_over() || to == Pending || from == to {
                    assert!(!may_follow(from, to), "{from:?} -> {to:?}");
                }
            }
            assert!(from.is_over() || all.iter().any(|to| may_follow(from, *to)));
        }
        assert!(!may_follow(Stopping, Completed));
    }
}
