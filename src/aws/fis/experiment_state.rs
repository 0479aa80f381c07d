//! One experiment: where it stands, and each of its actions.
//!
//! <https://docs.aws.amazon.com/fis/latest/APIReference/API_Experiment.html>

use std::collections::BTreeMap;

use aws_sdk_fis::types;

use super::permissions::*;
use crate::aws::kit::*;

/// An action that only lets time pass: <https://docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html#wait-action>.
/// Actions that hit nothing.
const WITHOUT_EFFECT: [&str; 2] = ["aws:cloudwatch:assert-alarm-state", "aws:fis:wait"];

fact! {
    #[derive(PartialEq, Eq)]
    pub struct ExperimentState {
        pub experiment: String,
    }
    "fis.experiment-state" = ExperimentFacts, target "{experiment}";
    reads [GET_EXPERIMENT];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ExperimentFacts {
    pub experiment: String,
    pub template: String,
    /// `pending`, `initiating`, `running`, `completed`, `stopping`, `stopped`, `failed` or `cancelled`.
    pub status: String,
    /// AWS's words, with its error code where it has one.
    pub reason: String,
    /// RFC 3339, as are all times here.
    pub started: Option<String>,
    pub ended: Option<String>,
    pub actions: BTreeMap<String, ActionFacts>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ActionFacts {
    /// Such as `aws:ec2:stop-instances`.
    pub action_id: String,
    /// As of the experiment, and `skipped`.
    pub status: String,
    pub reason: String,
    pub started: Option<String>,
    pub ended: Option<String>,
}

impl ExperimentFacts {
    pub fn is_over(&self) -> bool {
        is_over(&self.status)
    }

    /// When its first action took effect: actions that only wait do not count unless there are no
    /// others. None while none was seen to act. Only `running` and `completed` are that: an action that
    /// `failed` has a start time too, and may have changed nothing, one that is `stopping` or `stopped`
    /// may have been stopped before it did, and `pending`, `initiating`, `cancelled` and `skipped` ones
    /// never began. <https://docs.aws.amazon.com/fis/latest/APIReference/API_ExperimentActionState.html>
    pub fn effective(&self) -> Option<&str> {
        let idle = |action: &ActionFacts| WITHOUT_EFFECT.contains(&action.action_id.as_str());
        let idle_only = self.actions.values().all(idle);
        let counts = |action: &&ActionFacts| idle_only || !idle(action);
        self.actions.values().filter(counts).filter_map(ActionFacts::effective).min()
    }
}

impl ActionFacts {
    /// When it began, where it was seen to act.
    pub fn effective(&self) -> Option<&str> {
        let acts = matches!(self.status.as_str(), "running" | "completed");
        self.started.as_deref().filter(|_| acts)
    }

    /// It has ended, or ends, otherwise than by itself.
    pub fn came_to_nothing(&self) -> bool {
        matches!(self.status.as_str(), "stopping" | "stopped" | "failed" | "cancelled" | "skipped")
    }
}

pub fn is_over(status: &str) -> bool {
    matches!(status, "completed" | "stopped" | "failed" | "cancelled")
}

pub(crate) async fn get(aws: &Aws, id: &str) -> Result<ExperimentFacts, CallError> {
    let call = aws.fis().get_experiment().id(id).send().await;
    let found = call.by(GET_EXPERIMENT)?.experiment;
    let found = found.ok_or_else(|| {
        CallError::local(
            GET_EXPERIMENT.action,
            Class::Gone,
            format!("there is no experiment `{id}`"),
        )
    })?;
    Ok(facts(found, id))
}

impl Fact<Aws> for ExperimentState {
    async fn read(&self, aws: &Aws) -> Result<ExperimentFacts, CallError> {
        get(aws, &self.experiment).await
    }
}

/// A reason goes into reports and scores. A page of markup that something in between answered with is none.
fn in_words(reason: String) -> String {
    let lower = reason.to_ascii_lowercase();
    match ["<!doctype", "<html", "<?xml"].iter().filter_map(|mark| lower.find(mark)).min() {
        None => reason,
        Some(at) => format!("{}(a page of markup, left out)", &reason[..at]),
    }
}

fn facts(found: types::Experiment, id: &str) -> ExperimentFacts {
    let time = |time: Option<aws_smithy_types::DateTime>| time.map(|time| time.to_string());
    let (status, reason) = found.state.map_or_else(Default::default, |state| {
        let status = state.status.map(|status| status.as_str().to_owned()).unwrap_or_default();
        let mut reason = in_words(state.reason.unwrap_or_default());
        if let Some(error) = state.error {
            let code = error.code.unwrap_or_default();
            let place = error.location.map(|place| format!(" at {place}")).unwrap_or_default();
            reason = format!("{} ({code}{place})", reason.trim_end_matches('.'));
        }
        (status, reason)
    });
    let action = |(name, action): (String, types::ExperimentAction)| {
        let (status, reason) = action.state.map_or_else(Default::default, |state| {
            let status = state.status.map(|status| status.as_str().to_owned());
            (status.unwrap_or_default(), in_words(state.reason.unwrap_or_default()))
        });
        let facts = ActionFacts {
            action_id: action.action_id.unwrap_or_default(),
            status,
            reason,
            started: time(action.start_time),
            ended: time(action.end_time),
        };
        (name, facts)
    };
    ExperimentFacts {
        experiment: id.into(),
        template: found.experiment_template_id.unwrap_or_default(),
        status,
        reason,
        started: time(found.start_time),
        ended: time(found.end_time),
        actions: found.actions.into_iter().flatten().map(action).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    /// As the API reference and its user guide show them.
    const RUNNING: &str = r#"{"experiment":{"id":"EXPTe8NRo4Gm1g6BDm","experimentTemplateId":"EXT2M8URjNgVLmhzc",
        "state":{"status":"running","reason":"ExperimentState is running."},
        "startTime":1795500000.5,
        "actions":{
          "first":{"actionId":"aws:fis:wait","state":{"status":"completed"},"startTime":1795500001,"endTime":1795500061},
          "stop":{"actionId":"aws:ec2:stop-instances","state":{"status":"running","reason":"Action is running."},"startTime":1795500061}}}}"#;
    const FAILED: &str = r#"{"experiment":{"id":"EXP1","state":{"status":"failed","reason":"Target resolution returned empty set.",
        "error":{"accountId":"123456789012","code":"TargetResolutionReturnedEmptySet","location":"targets/one"}},
        "actions":{"stop":{"actionId":"aws:ec2:stop-instances","state":{"status":"cancelled"}}}}}"#;

    async fn read(body: &str) -> Result<ExperimentFacts, CallError> {
        let replay = Replay::default().answer("GET /experiments/EXP1", 200, body);
        get(&aws(&replay), "EXP1").await
    }

    #[tokio::test]
    async fn the_time_of_effect_is_that_of_the_first_fault() {
        let facts = read(RUNNING).await.expect("facts");
        assert_eq!(facts.effective(), Some("2026-11-24T06:01:01Z"), "{facts:#?}");
        assert!(!facts.is_over());
        assert_eq!(facts.template, "EXT2M8URjNgVLmhzc");
    }

    /// All states of an action that FIS has.
    #[tokio::test]
    async fn only_an_action_that_was_seen_to_act_has_an_effect() {
        for (status, acted) in [
            ("pending", false),
            ("initiating", false),
            ("running", true),
            ("completed", true),
            ("cancelled", false),
            ("stopping", false),
            ("stopped", false),
            ("failed", false),
            ("skipped", false),
        ] {
            let body = format!(
                r#"{{"experiment":{{"id":"EXP1","state":{{"status":"running"}},"startTime":1795500000,"actions":{{
                "wait":{{"actionId":"aws:fis:wait","state":{{"status":"completed"}},"startTime":1795500001}},
                "stop":{{"actionId":"aws:ec2:stop-instances","state":{{"status":"{status}"}},"startTime":1795500061}}}}}}}}"#
            );
            let facts = read(&body).await.expect("facts");
            assert_eq!(facts.effective().is_some(), acted, "{status}");
        }
    }

    #[tokio::test]
    async fn a_failure_has_its_code() {
        let facts = read(FAILED).await.expect("facts");
        assert_eq!(
            facts.reason,
            "Target resolution returned empty set (TargetResolutionReturnedEmptySet at targets/one)"
        );
        assert!(facts.is_over() && facts.effective().is_none());
    }

    #[tokio::test]
    async fn an_experiment_that_is_not_there_is_gone() {
        let body =
            r#"{"__type":"ResourceNotFoundException","message":"ExperimentState EXP1 not found."}"#;
        let replay = Replay::default().answer("GET /experiments/EXP1", 404, body);
        let error = get(&aws(&replay), "EXP1").await.expect_err("an error");
        assert_eq!(error.class, Class::Gone, "{error}");
    }
}
