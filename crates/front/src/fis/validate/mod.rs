//! What a template must be before it is kept.
//!
//! AWS documents the rules, not the words: messages marked `seen` are those of real answers in public issues, the
//! others are ours. Shapes: <https://docs.aws.amazon.com/fis/latest/APIReference/API_CreateExperimentTemplate.html>;
//! quotas: <https://docs.aws.amazon.com/fis/latest/userguide/fis-quotas.html>.

mod actions;
mod constraints;
mod graph;
mod stops;
mod targets;
#[cfg(test)]
mod tests;

pub(super) use actions::length;
pub(super) use constraints::Constraints;
pub(super) use stops::{ALARM, alarm};

use super::model::{Template, Texts};
use crate::AwsError;

pub(super) const ACTIONS_PER_TEMPLATE: usize = 20;
pub(super) const PARALLEL_ACTIONS: usize = 10;
pub(super) const ACTIVE_EXPERIMENTS: usize = 5;
pub(super) const STOP_CONDITIONS: usize = 5;
pub(super) const TEMPLATES: usize = 500;
pub(super) const ACCOUNTS_PER_TEMPLATE: usize = 10;

/// Everything that can be known without reading the account.
pub(super) fn check(template: &Template) -> Result<(), AwsError> {
    shape(template)?;
    role(&template.role_arn)?;
    stops::check(&template.stop_conditions)?;
    targets::check(&template.targets)?;
    actions::check(template)
}

fn shape(template: &Template) -> Result<(), AwsError> {
    let mut constraints = Constraints::default();
    constraints.length("description", &template.description, 1, 512);
    constraints.length("roleArn", &template.role_arn, 20, 2048);
    constraints.tags(&template.tags);
    for (name, target) in &template.targets {
        constraints.word("targets.key", name, 64);
        let at = |member: &str| format!("targets.{name}.member.{member}");
        constraints.word(&at("resourceType"), &target.resource_type, 128);
        constraints.word(&at("selectionMode"), &target.selection_mode, 64);
        for filter in &target.filters {
            constraints.word(&at("filters.path"), &filter.path, 256);
            for value in &filter.values {
                constraints.length(&at("filters.values"), value, 1, 128);
            }
        }
    }
    for (name, action) in &template.actions {
        constraints.word("actions.key", name, 64);
        let at = |member: &str| format!("actions.{name}.member.{member}");
        constraints.word(&at("actionId"), &action.action_id, 128);
        constraints.length(&at("description"), action.description.as_deref().unwrap_or(""), 0, 512);
        for (key, value) in &action.parameters {
            constraints.length(&at(&format!("parameters.{key}")), value, 1, 1024);
        }
    }
    let options = &template.experiment_options;
    let accounts = ["single-account", "multi-account"];
    constraints.one_of("experimentOptions.accountTargeting", &options.account_targeting, &accounts);
    let mode = &options.empty_target_resolution_mode;
    constraints.one_of("experimentOptions.emptyTargetResolutionMode", mode, &["fail", "skip"]);
    constraints.finish()
}

/// `arn:aws:iam::123456789012:role/name`.
pub(super) fn role(arn: &str) -> Result<(), AwsError> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let is_role = match parts.as_slice() {
        ["arn", partition, "iam", "", account, resource] => {
            partition.starts_with("aws")
                && is_account(account)
                && resource.strip_prefix("role/").is_some_and(|name| !name.is_empty())
        }
        _ => false,
    };
    if is_role {
        return Ok(());
    }
    Err(AwsError::validation(format!("The role ARN \"{arn}\" is not the ARN of an IAM role.")))
}

pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
