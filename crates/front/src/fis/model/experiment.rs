//! Experiments and their states: <https://docs.aws.amazon.com/fis/latest/APIReference/API_Experiment.html>.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AccountConfiguration, Moment, StopCondition, Target, Template, Texts, Undo};

/// As the API shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Experiment {
    pub id: String,
    pub arn: String,
    pub experiment_template_id: String,
    pub role_arn: String,
    pub state: ExperimentState,
    pub targets: IndexMap<String, Target>,
    pub actions: IndexMap<String, ExperimentAction>,
    pub stop_conditions: Vec<StopCondition>,
    pub creation_time: Moment,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Moment>,
    pub tags: Texts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_configuration: Option<Value>,
    pub experiment_options: ExperimentOptions,
    pub target_account_configurations_count: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment_report_configuration: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment_report: Option<Value>,
}

/// An experiment with what it takes to carry on after a restart.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub experiment: Experiment,
    /// Key that makes its calls: the starter's.
    pub access_key: String,
    pub client_token: String,
    pub accounts: IndexMap<String, AccountConfiguration>,
    /// Frozen at the start; `None` before.
    pub resolved: Option<Vec<ResolvedTarget>>,
    /// What each action did that must be put back, by its name; written before the effect.
    pub undo: IndexMap<String, Vec<Undo>>,
    /// When each running action's duration is over, by its name.
    pub until: IndexMap<String, Moment>,
    pub halt: Option<Halt>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Pending,
    Initiating,
    Running,
    Completed,
    Stopping,
    Stopped,
    Failed,
    Cancelled,
}

impl Status {
    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Stopped | Self::Failed | Self::Cancelled)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ExperimentState {
    pub status: Status,
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

/// Codes: <https://docs.aws.amazon.com/fis/latest/userguide/troubleshooting.html>.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Failure {
    pub account_id: String,
    pub code: String,
    /// Part of the template: `actions/NAME`, `targets/NAME`.
    pub location: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExperimentOptions {
    pub account_targeting: String,
    pub empty_target_resolution_mode: String,
    pub actions_mode: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExperimentAction {
    pub action_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub parameters: Texts,
    pub targets: Texts,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub start_after: Vec<String>,
    pub state: ActionState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Moment>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ActionStatus {
    Pending,
    Initiating,
    Running,
    Completed,
    Cancelled,
    Stopping,
    Stopped,
    Failed,
    Skipped,
}

impl ActionStatus {
    pub(crate) fn is_over(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Cancelled | Self::Stopped | Self::Failed | Self::Skipped
        )
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ActionState {
    pub status: ActionStatus,
    pub reason: String,
}

impl ActionState {
    pub(crate) fn new(status: ActionStatus, reason: impl Into<String>) -> Self {
        // Longest that the API allows.
        let reason = reason.into().chars().take(512).collect();
        Self { status, reason }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ResolvedTarget {
    pub target: String,
    pub resource_type: String,
    pub arn: String,
    pub account: String,
}

/// Why an experiment ends before its actions do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Halt {
    User,
    StopCondition { alarm: String },
    SafetyLever,
    Failed { failure: Failure, reason: String },
}

impl ExperimentState {
    pub(crate) fn new(status: Status, reason: impl Into<String>) -> Self {
        let reason = reason.into().chars().take(512).collect();
        Self { status, reason, error: None }
    }
}

impl Record {
    /// A pending experiment of a template.
    pub(crate) fn of(template: &Template, id: String, arn: String) -> Experiment {
        let pending = || ActionState::new(ActionStatus::Pending, "Initial state");
        let actions = template.actions.iter().map(|(name, action)| {
            let action = ExperimentAction {
                action_id: action.action_id.clone(),
                description: action.description.clone(),
                parameters: action.parameters.clone(),
                targets: action.targets.clone(),
                start_after: action.start_after.clone(),
                state: pending(),
                start_time: None,
                end_time: None,
            };
            (name.clone(), action)
        });
        Experiment {
            id,
            arn,
            experiment_template_id: template.id.clone(),
            role_arn: template.role_arn.clone(),
            state: ExperimentState::new(Status::Pending, "Experiment is pending."),
            targets: template.targets.clone(),
            actions: actions.collect(),
            stop_conditions: template.stop_conditions.clone(),
            creation_time: Moment::now(),
            start_time: None,
            end_time: None,
            tags: Texts::new(),
            log_configuration: template.log_configuration.clone(),
            experiment_options: ExperimentOptions {
                account_targeting: template.experiment_options.account_targeting.clone(),
                empty_target_resolution_mode: template
                    .experiment_options
                    .empty_target_resolution_mode
                    .clone(),
                actions_mode: "run-all".into(),
            },
            target_account_configurations_count: template.target_account_configurations_count,
            experiment_report_configuration: template.experiment_report_configuration.clone(),
            experiment_report: None,
        }
    }
}
