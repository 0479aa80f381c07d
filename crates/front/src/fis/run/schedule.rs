//! Which actions run next, and how the experiment ends. Pure.

use crate::fis::catalogue;
use crate::fis::effects;
use crate::fis::model::{ActionStatus, Experiment, ExperimentState, Halt, Record, Status};
use crate::fis::validate::PARALLEL_ACTIONS;

/// Actions that may start now, in the template's order.
pub(super) fn ready(experiment: &Experiment) -> Vec<String> {
    let actions = &experiment.actions;
    // "Any actions that must complete before this action can start"; a skipped one holds nothing up.
    let is_done = |name: &String| {
        let status = actions.get(name).map(|action| action.state.status);
        matches!(status, Some(ActionStatus::Completed | ActionStatus::Skipped))
    };
    let active = actions.values().filter(|action| {
        use ActionStatus::{Initiating, Running, Stopping};
        matches!(action.state.status, Initiating | Running | Stopping)
    });
    let room = PARALLEL_ACTIONS.saturating_sub(active.count());
    let waiting = actions.iter().filter(|(_, action)| {
        action.state.status == ActionStatus::Pending && action.start_after.iter().all(is_done)
    });
    waiting.map(|(name, _)| name.clone()).take(room).collect()
}

/// The state that an experiment ends in.
pub(super) fn verdict(record: &Record) -> ExperimentState {
    match &record.halt {
        None => ExperimentState::new(Status::Completed, "Experiment completed."),
        Some(Halt::User) => ExperimentState::new(Status::Stopped, "Experiment stopped by user."),
        // Seen in answers of AWS.
        Some(Halt::StopCondition { .. }) => {
            ExperimentState::new(Status::Stopped, "Experiment halted by stop condition.")
        }
        Some(Halt::SafetyLever) => {
            ExperimentState::new(Status::Stopped, "Experiment stopped by the safety lever.")
        }
        Some(Halt::Failed { failure, reason }) => {
            let mut state = ExperimentState::new(Status::Failed, reason.clone());
            state.error = Some(failure.clone());
            state
        }
    }
}

/// What a restart cannot know of an experiment, a sentence each.
pub(super) fn lost(record: &Record) -> Vec<String> {
    let experiment = &record.experiment;
    let id = &experiment.id;
    if experiment.state.status.is_over() {
        let names: Vec<&str> = record.undo.keys().map(String::as_str).collect();
        let names = names.join(", ");
        return vec![format!("experiment {id} ended without putting back {names}; trying again")];
    }
    let cut = experiment.actions.iter().filter(|(_, action)| {
        let again =
            catalogue::find(&action.action_id).map(|spec| effects::can_begin_again(spec.kind));
        action.state.status == ActionStatus::Initiating && again != Some(true)
    });
    let told = cut.map(|(name, _)| {
        format!("action {name} of experiment {id} was cut off while it began, so it failed")
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::fis::model::Moment;

    fn experiment(actions: &[(&str, &str, &[&str])]) -> Experiment {
        let action = |status: &str, after: &[&str]| {
            json!({
                "actionId": "aws:fis:wait", "parameters": {}, "targets": {}, "startAfter": after,
                "state": {"status": status, "reason": ""},
            })
        };
        let actions: Value = actions
            .iter()
            .map(|(name, status, after)| ((*name).to_owned(), action(status, after)))
            .collect();
        serde_json::from_value(json!({
            "id": "EXP1", "arn": "", "experimentTemplateId": "EXT1", "roleArn": "",
            "state": {"status": "running", "reason": ""}, "targets": {}, "actions": actions,
            "stopConditions": [], "creationTime": Moment::now(), "tags": {},
            "experimentOptions": {
                "accountTargeting": "single-account", "emptyTargetResolutionMode": "fail",
                "actionsMode": "run-all",
            },
            "targetAccountConfigurationsCount": 0,
        }))
        .expect("an experiment")
    }

    #[test]
    fn an_action_starts_when_all_before_it_are_completed_or_skipped() {
        let one = experiment(&[
            ("a", "completed", &[]),
            ("b", "skipped", &[]),
            ("c", "running", &[]),
            ("d", "pending", &["a", "b"]),
            ("e", "pending", &["a", "c"]),
            ("f", "pending", &["d"]),
            ("g", "pending", &[]),
        ]);
        assert_eq!(ready(&one), ["d", "g"]);
    }

    #[test]
    fn no_more_than_ten_run_at_once() {
        let names: Vec<String> = (0..14).map(|n| format!("a{n:02}")).collect();
        let states = ["running"; 7].into_iter().chain(["pending"; 7]);
        let actions: Vec<(&str, &str, &[&str])> = names
            .iter()
            .zip(states)
            .map(|(name, status)| (name.as_str(), status, &[] as &[&str]))
            .collect();
        assert_eq!(ready(&experiment(&actions)), ["a07", "a08", "a09"]);
    }
}
