//! An experiment as a playbook writes it. Owns the input types, the checks that need no AWS, and the
//! translation to what a template keeps.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::fis::{DesignedAction, DesignedFilter, DesignedTarget};

/// Quotas: <https://docs.aws.amazon.com/fis/latest/userguide/fis-quotas.html>.
const ACTIONS: usize = 20;
const STOP_CONDITIONS: usize = 5;

/// Actions that hit nothing: <https://docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html>.
pub(super) const WITHOUT_EFFECT: [&str; 2] = ["aws:cloudwatch:assert-alarm-state", "aws:fis:wait"];

/// One action of an experiment.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FaultInput {
    /// Such as `aws:ec2:stop-instances`.
    #[schemars(length(min = 1))]
    pub action_id: String,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// As the FIS reference of actions names them; durations in ISO 8601 (`PT5M`).
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// The action's own word for its targets (`Instances`), and the name of a target below.
    #[serde(default)]
    pub targets: BTreeMap<String, String>,
    /// Names of actions that must have ended before.
    #[serde(default)]
    pub start_after: Vec<String>,
}

/// What actions of an experiment act on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TargetInput {
    /// Such as `aws:ec2:instance`.
    #[schemars(length(min = 1))]
    pub resource_type: String,
    /// ARNs, at most five; not together with tags.
    #[serde(default)]
    pub resource_arns: Vec<String>,
    /// Tags that a resource must have, all of them.
    #[serde(default)]
    pub resource_tags: BTreeMap<String, String>,
    /// Attributes that a resource must have.
    #[serde(default)]
    pub filters: Vec<FilterInput>,
    /// `ALL`, `COUNT(n)` or `PERCENT(n)`.
    #[serde(default = "all")]
    pub selection_mode: String,
    /// As the FIS reference of resource types names them.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
}

/// One attribute of a resource.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FilterInput {
    /// Such as `State.Name`.
    pub path: String,
    /// Any of these.
    pub values: Vec<String>,
}

/// What FIS does when a target resolves to nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EmptyTargets {
    /// The experiment fails: a misspelled tag is found at once.
    #[default]
    Fail,
    /// The action is skipped, and nothing tests anything.
    Skip,
}

impl EmptyTargets {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Skip => "skip",
        }
    }
}

fn all() -> String {
    "ALL".into()
}

impl From<&FaultInput> for DesignedAction {
    fn from(input: &FaultInput) -> Self {
        let FaultInput { action_id, description, parameters, targets, start_after } = input.clone();
        Self { action_id, description, parameters, targets, start_after }
    }
}

impl From<&TargetInput> for DesignedTarget {
    fn from(input: &TargetInput) -> Self {
        let filter =
            |filter: FilterInput| DesignedFilter { path: filter.path, values: filter.values };
        let input = input.clone();
        Self {
            resource_type: input.resource_type,
            resource_arns: input.resource_arns,
            resource_tags: input.resource_tags,
            filters: input.filters.into_iter().map(filter).collect(),
            selection_mode: input.selection_mode,
            parameters: input.parameters,
        }
    }
}

/// What is wrong with an experiment by itself.
pub(super) fn check(
    actions: &BTreeMap<String, FaultInput>,
    targets: &BTreeMap<String, TargetInput>,
    stop_conditions: usize,
) -> Result<(), String> {
    if actions.is_empty() || actions.len() > ACTIONS {
        let has = actions.len();
        return Err(format!("the experiment has {has} actions; FIS takes 1 to {ACTIONS}"));
    }
    if stop_conditions > STOP_CONDITIONS {
        return Err(format!(
            "the experiment has {stop_conditions} stop conditions; FIS takes at most {STOP_CONDITIONS}"
        ));
    }
    for (name, action) in actions {
        if let Some(target) = action.targets.values().find(|target| !targets.contains_key(*target))
        {
            return Err(format!("action `{name}` acts on target `{target}`, which is not there"));
        }
        if let Some(before) = action.start_after.iter().find(|one| !actions.contains_key(*one)) {
            return Err(format!("action `{name}` starts after `{before}`, which is not there"));
        }
    }
    for (name, target) in targets {
        if !actions.values().any(|action| action.targets.values().any(|used| used == name)) {
            return Err(format!("no action acts on target `{name}`"));
        }
        if !target.resource_arns.is_empty() && !target.resource_tags.is_empty() {
            return Err(format!("target `{name}` has both ARNs and tags; FIS takes one of them"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn checked(actions: Value, targets: Value) -> Result<(), String> {
        let actions = serde_json::from_value(actions).expect("actions");
        check(&actions, &serde_json::from_value(targets).expect("targets"), 0)
    }

    #[test]
    fn names_must_lead_somewhere() {
        let one = json!({ "one": { "resource-type": "aws:ec2:instance", "resource-tags": { "a": "b" } } });
        let stop = |target: &str, after: Value| json!({ "stop": { "action-id": "aws:ec2:stop-instances", "targets": { "Instances": target }, "start-after": after } });
        assert_eq!(checked(stop("one", json!([])), one.clone()), Ok(()));
        let error = checked(stop("two", json!([])), one.clone()).expect_err("no such target");
        assert_eq!(error, "action `stop` acts on target `two`, which is not there");
        let error = checked(stop("one", json!(["wait"])), one.clone()).expect_err("no such action");
        assert_eq!(error, "action `stop` starts after `wait`, which is not there");
        assert!(checked(json!({}), json!({})).is_err());
        let wait = json!({ "wait": { "action-id": "aws:fis:wait" } });
        assert_eq!(checked(wait, one), Err("no action acts on target `one`".into()));
    }
}
