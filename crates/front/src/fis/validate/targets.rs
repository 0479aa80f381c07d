//! Targets of a template: <https://docs.aws.amazon.com/fis/latest/userguide/targets.html#target-identification>.

use indexmap::IndexMap;

use crate::AwsError;
use crate::fis::catalogue::{RESOURCE_TYPES, resource_type};
use crate::fis::model::Target;
use crate::fis::targets::Selection;

/// Resources per target.
const ARNS: usize = 5;

pub(super) fn check(targets: &IndexMap<String, Target>) -> Result<(), AwsError> {
    targets.iter().try_for_each(|(name, target)| one(name, target).map_err(AwsError::validation))
}

fn one(name: &str, target: &Target) -> Result<(), String> {
    let Some(kind) = resource_type(&target.resource_type) else {
        let known: Vec<&str> = RESOURCE_TYPES.iter().map(|kind| kind.id).collect();
        return Err(format!(
            "The resource type \"{}\" of target \"{name}\" is not supported in the lab; supported: {}.",
            target.resource_type,
            known.join(", ")
        ));
    };
    let (has_arns, has_tags) = (!target.resource_arns.is_empty(), !target.resource_tags.is_empty());
    // Seen.
    if has_arns && has_tags {
        return Err(format!(
            "You cannot specify both resource ARNs and resource tags for target {name}."
        ));
    }
    if has_arns && !target.filters.is_empty() {
        return Err(format!(
            "You cannot specify both resource ARNs and filters for target {name}."
        ));
    }
    if !has_arns && !has_tags && target.parameters.is_empty() {
        return Err(format!(
            "You must specify resource ARNs, resource tags or parameters for target {name}."
        ));
    }
    if target.resource_arns.len() > ARNS {
        return Err(format!("Target {name} has more than {ARNS} resource ARNs."));
    }
    for arn in &target.resource_arns {
        if kind.parse(arn).is_none() {
            let of = &target.resource_type;
            return Err(format!("\"{arn}\" of target {name} is not an ARN of resource type {of}."));
        }
    }
    for parameter in target.parameters.keys() {
        if !kind.parameters.iter().any(|(known, _)| known == parameter) {
            return Err(format!(
                "Unexpected parameter \"{parameter}\" found in target \"{name}\"."
            ));
        }
    }
    for filter in &target.filters {
        let is_pascal = |part: &str| part.starts_with(|c: char| c.is_ascii_uppercase());
        if !filter.path.split('.').all(is_pascal) {
            let path = &filter.path;
            return Err(format!("The filter path \"{path}\" of target {name} is not valid."));
        }
        if filter.values.is_empty() {
            let path = &filter.path;
            return Err(format!("The filter \"{path}\" of target {name} has no values."));
        }
    }
    let mode = &target.selection_mode;
    match Selection::parse(mode) {
        Some(_) => Ok(()),
        None => Err(format!(
            "The selection mode \"{mode}\" of target {name} is not valid; use ALL, COUNT(n) or PERCENT(n)."
        )),
    }
}
