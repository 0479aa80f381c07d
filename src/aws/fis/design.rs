//! What an experiment does to what, as a template keeps it: plain data, and its form in the SDK.
//!
//! <https://docs.aws.amazon.com/fis/latest/APIReference/API_CreateExperimentTemplate.html>

use std::collections::{BTreeMap, HashMap};

use aws_sdk_fis::{error::BuildError, types};

use crate::aws::kit::*;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Design {
    /// ARN of the role that FIS assumes.
    pub role: String,
    pub actions: BTreeMap<String, DesignedAction>,
    pub targets: BTreeMap<String, DesignedTarget>,
    /// ARNs of CloudWatch alarms.
    pub stop_conditions: Vec<String>,
    /// `fail` or `skip`.
    pub empty_target_resolution_mode: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DesignedAction {
    /// Such as `aws:ec2:stop-instances`.
    pub action_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// By the action's own word, such as `Instances`: the name of a target.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub targets: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub start_after: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DesignedTarget {
    /// Such as `aws:ec2:instance`.
    pub resource_type: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_arns: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub resource_tags: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<DesignedFilter>,
    /// `ALL`, `COUNT(n)` or `PERCENT(n)`.
    pub selection_mode: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DesignedFilter {
    /// Such as `State.Name`.
    pub path: String,
    pub values: Vec<String>,
}

fn map(texts: &BTreeMap<String, String>) -> Option<HashMap<String, String>> {
    (!texts.is_empty()).then(|| texts.clone().into_iter().collect())
}

impl DesignedAction {
    pub(super) fn input(&self) -> Result<types::CreateExperimentTemplateActionInput, BuildError> {
        types::CreateExperimentTemplateActionInput::builder()
            .action_id(&self.action_id)
            .set_description(self.description.clone())
            .set_parameters(map(&self.parameters))
            .set_targets(map(&self.targets))
            .set_start_after((!self.start_after.is_empty()).then(|| self.start_after.clone()))
            .build()
    }
}

impl DesignedTarget {
    pub(super) fn input(&self) -> Result<types::CreateExperimentTemplateTargetInput, BuildError> {
        let filter = |filter: &DesignedFilter| {
            types::ExperimentTemplateTargetInputFilter::builder()
                .path(&filter.path)
                .set_values(Some(filter.values.clone()))
                .build()
        };
        let filters = self.filters.iter().map(filter).collect::<Result<Vec<_>, _>>()?;
        types::CreateExperimentTemplateTargetInput::builder()
            .resource_type(&self.resource_type)
            .set_resource_arns((!self.resource_arns.is_empty()).then(|| self.resource_arns.clone()))
            .set_resource_tags(map(&self.resource_tags))
            .set_filters((!filters.is_empty()).then_some(filters))
            .selection_mode(&self.selection_mode)
            .set_parameters(map(&self.parameters))
            .build()
    }
}

impl Design {
    /// FIS requires a list: one with `none` if there is no condition.
    pub(super) fn stops(
        &self,
    ) -> Result<Vec<types::CreateExperimentTemplateStopConditionInput>, BuildError> {
        let stop = types::CreateExperimentTemplateStopConditionInput::builder;
        if self.stop_conditions.is_empty() {
            return Ok(vec![stop().source("none").build()?]);
        }
        let alarm = |arn: &String| stop().source("aws:cloudwatch:alarm").value(arn).build();
        self.stop_conditions.iter().map(alarm).collect()
    }
}
