//! Experiment templates: <https://docs.aws.amazon.com/fis/latest/APIReference/API_ExperimentTemplate.html>.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Moment, Texts};

/// As the API shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Template {
    pub id: String,
    pub arn: String,
    pub description: String,
    pub targets: IndexMap<String, Target>,
    pub actions: IndexMap<String, Action>,
    pub stop_conditions: Vec<StopCondition>,
    pub creation_time: Moment,
    pub last_update_time: Moment,
    pub role_arn: String,
    pub tags: Texts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_configuration: Option<Value>,
    pub experiment_options: TemplateOptions,
    pub target_account_configurations_count: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment_report_configuration: Option<Value>,
}

/// What the front keeps of a template.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TemplateRecord {
    pub template: Template,
    pub client_token: String,
    /// The input that created it, to distinguish a repeated call from a different one with its token.
    pub input: Value,
    pub accounts: IndexMap<String, AccountConfiguration>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Target {
    #[serde(default)]
    pub resource_type: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_arns: Vec<String>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub resource_tags: Texts,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<Filter>,
    #[serde(default)]
    pub selection_mode: String,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub parameters: Texts,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Filter {
    #[serde(default)]
    pub path: String,
    #[serde(default)]
    pub values: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Action {
    #[serde(default)]
    pub action_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default)]
    pub parameters: Texts,
    #[serde(default)]
    pub targets: Texts,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub start_after: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StopCondition {
    #[serde(default)]
    pub source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// <https://docs.aws.amazon.com/fis/latest/userguide/experiment-options.html>.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct TemplateOptions {
    pub account_targeting: String,
    pub empty_target_resolution_mode: String,
}

impl Default for TemplateOptions {
    fn default() -> Self {
        Self {
            account_targeting: "single-account".into(),
            empty_target_resolution_mode: "fail".into(),
        }
    }
}

/// <https://docs.aws.amazon.com/fis/latest/APIReference/API_TargetAccountConfiguration.html>.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccountConfiguration {
    pub role_arn: String,
    pub account_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}
