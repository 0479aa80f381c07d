//! Actions of a template against the catalogue.

use std::time::Duration;

use super::{ACTIONS_PER_TEMPLATE, PARALLEL_ACTIONS, graph};
use crate::AwsError;
use crate::fis::catalogue::{self, ActionSpec, ELSEWHERE, Kind, duration};
use crate::fis::model::{Action, Template};

const LONGEST: Duration = Duration::from_hours(12);

pub(super) fn check(template: &Template) -> Result<(), AwsError> {
    let actions = &template.actions;
    if actions.is_empty() {
        return Err(AwsError::validation(
            "The experiment template must contain at least one action.",
        ));
    }
    if actions.len() > ACTIONS_PER_TEMPLATE {
        return Err(AwsError::quota(format!(
            "The template has {} actions; the limit is {ACTIONS_PER_TEMPLATE}.",
            actions.len()
        )));
    }
    for (name, action) in actions {
        one(template, name, action).map_err(AwsError::validation)?;
    }
    if let Some(path) = graph::cycle(actions) {
        let path = path.join(" -> ");
        return Err(AwsError::validation(format!("The actions start after each other: {path}.")));
    }
    let width = graph::width(actions);
    if width > PARALLEL_ACTIONS {
        return Err(AwsError::quota(format!(
            "{width} actions of the template can run in parallel; the limit is {PARALLEL_ACTIONS}."
        )));
    }
    if graph::longest(actions, length) > LONGEST {
        return Err(AwsError::quota(
            "The experiment can last longer than 12 hours, which is the limit.",
        ));
    }
    Ok(())
}

/// How long an action lasts by its parameters; zero for those that end by themselves.
pub(crate) fn length(action: &Action) -> Duration {
    let name = catalogue::find(&action.action_id).and_then(ActionSpec::duration);
    let text = name.and_then(|name| action.parameters.get(name));
    text.and_then(|text| duration::parse(text)).unwrap_or_default()
}

fn one(template: &Template, name: &str, action: &Action) -> Result<(), String> {
    let id = &action.action_id;
    let spec = catalogue::find(id).ok_or_else(|| unknown(name, id))?;
    parts(template, name, action, spec)?;
    for key in action.parameters.keys() {
        if !spec.parameters.iter().any(|parameter| parameter.name == key) {
            return Err(format!("Unexpected parameter \"{key}\" found in action \"{name}\"."));
        }
    }
    for parameter in spec.parameters {
        match action.parameters.get(parameter.name) {
            None if parameter.is_required => {
                let key = parameter.name;
                return Err(format!("Missing required parameter \"{key}\" in action \"{name}\"."));
            }
            None => {}
            Some(value) => {
                if let Some(why) = parameter.wrong(value) {
                    let key = parameter.name;
                    return Err(format!(
                        "The value \"{value}\" of parameter \"{key}\" in action \"{name}\" {why}."
                    ));
                }
            }
        }
    }
    together(name, action, spec)?;
    for before in &action.start_after {
        if !template.actions.contains_key(before) {
            return Err(format!(
                "Action \"{name}\" starts after \"{before}\", which is no action."
            ));
        }
    }
    Ok(())
}

fn unknown(name: &str, id: &str) -> String {
    if ELSEWHERE.contains(&id) {
        format!(
            "The action \"{id}\" of \"{name}\" is not supported in the lab: nothing here could show its effect. ListActions has those that are."
        )
    } else {
        format!("The action id \"{id}\" of action \"{name}\" is not valid.")
    }
}

fn parts(
    template: &Template,
    name: &str,
    action: &Action,
    spec: &ActionSpec,
) -> Result<(), String> {
    for (key, target) in &action.targets {
        let Some(part) = spec.target.filter(|part| part.name == key) else {
            // Seen.
            return Err(format!("Unexpected target \"{key}\" found in action \"{name}\"."));
        };
        let Some(found) = template.targets.get(target) else {
            return Err(format!("The target \"{target}\" of action \"{name}\" is not defined."));
        };
        if found.resource_type != part.resource_type {
            return Err(format!(
                "The target \"{target}\" of action \"{name}\" has resource type {}; the action takes {}.",
                found.resource_type, part.resource_type
            ));
        }
    }
    match spec.target {
        Some(part) if !action.targets.contains_key(part.name) => {
            Err(format!("Missing required target \"{}\" in action \"{name}\".", part.name))
        }
        _ => Ok(()),
    }
}

/// Parameters that only make sense with others.
fn together(name: &str, action: &Action, spec: &ActionSpec) -> Result<(), String> {
    let get = |key: &str| action.parameters.get(key).map(String::as_str);
    let missing = |key: &str, with: &str| {
        Err(format!("Parameter \"{key}\" is required with \"{with}\" in action \"{name}\"."))
    };
    match spec.kind {
        Kind::StopInstances => {
            let wants = get("completeIfInstancesTerminated").is_some();
            if wants && get("startInstancesAfterDuration").is_none() {
                return missing("startInstancesAfterDuration", "completeIfInstancesTerminated");
            }
        }
        Kind::DisruptConnectivity => {
            let by_list = get("scope") == Some("prefix-list");
            match (by_list, get("prefixListIdentifier")) {
                (true, None) => return missing("prefixListIdentifier", "scope prefix-list"),
                (false, Some(_)) => {
                    return Err(format!(
                        "Parameter \"prefixListIdentifier\" of action \"{name}\" is only for scope prefix-list."
                    ));
                }
                _ => {}
            }
        }
        _ => {}
    }
    Ok(())
}
