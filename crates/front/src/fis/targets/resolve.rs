//! Target resolution: identify, filter, select, per account.

use indexmap::IndexMap;

use super::Selection;
use super::describe::{self, Resource};
use super::path;
use crate::AwsError;
use crate::fis::catalogue::resource_type;
use crate::fis::model::{ResolvedTarget, Target};
use crate::upstream::Session;

/// Why an experiment cannot start on its targets.
pub(crate) enum Unresolved {
    /// Nothing found. Resources that were named one by one must exist, whatever the experiment's options.
    Empty { target: String, is_named: bool },
    /// The account could not be read.
    Failed { target: String, error: AwsError },
}

/// The resources of every target. Targets that resolve to nothing are returned separately.
pub(crate) async fn resolve(
    sessions: &IndexMap<String, Session>,
    targets: &IndexMap<String, Target>,
) -> Result<(Vec<ResolvedTarget>, Vec<Unresolved>), Unresolved> {
    let (mut resolved, mut empty) = (Vec::new(), Vec::new());
    for (name, target) in targets {
        let mut found = Vec::new();
        for (account, session) in sessions {
            let failed = |error| Unresolved::Failed { target: name.clone(), error };
            let resources = describe::all(session, &target.resource_type).await.map_err(failed)?;
            let fitting = resources.into_iter().filter(|resource| fits(target, resource));
            found.extend(fitting.map(|resource| (account.clone(), resource.arn)));
        }
        let is_named = !target.resource_arns.is_empty();
        let is_missing = |arn: &String| !found.iter().any(|(_, known)| known == arn);
        let misses_one = target.resource_arns.iter().any(is_missing);
        let mode = Selection::parse(&target.selection_mode).unwrap_or(Selection::All);
        let chosen = mode.pick(found);
        if chosen.is_empty() || misses_one {
            empty.push(Unresolved::Empty { target: name.clone(), is_named });
            continue;
        }
        resolved.extend(chosen.into_iter().map(|(account, arn)| ResolvedTarget {
            target: name.clone(),
            resource_type: target.resource_type.clone(),
            arn,
            account,
        }));
    }
    Ok((resolved, empty))
}

fn fits(target: &Target, resource: &Resource) -> bool {
    let by_arn = target.resource_arns.is_empty() || target.resource_arns.contains(&resource.arn);
    let has_tag = |(key, value): (&String, &String)| resource.tags.get(key) == Some(value);
    by_arn
        && target.resource_tags.iter().all(has_tag)
        && path::matches(&resource.about, &target.filters)
        && target.parameters.iter().all(|(name, value)| has_parameter(resource, name, value))
}

/// <https://docs.aws.amazon.com/fis/latest/userguide/targets.html#target-parameters>.
fn has_parameter(resource: &Resource, name: &str, value: &str) -> bool {
    let about = &resource.about;
    match name {
        "vpc" => about.text("vpcId") == value.rsplit('/').next().unwrap_or(value),
        "availabilityZoneIdentifier" => {
            [about.text("availabilityZone"), about.text("availabilityZoneId")].contains(&value)
        }
        "availabilityZoneIdentifiers" => {
            value == "all"
                || value.split(',').any(|zone| zone.trim() == about.text("AvailabilityZone"))
        }
        // No local endpoint returns the writer's zone; the cluster's zones stand for it.
        "writerAvailabilityZoneIdentifiers" => {
            let zones = path::values(about, "AvailabilityZones");
            value == "all" || value.split(',').any(|zone| zones.contains(&zone.trim()))
        }
        _ => false,
    }
}

/// Ids of the resources of one account, in the words of its service.
pub(crate) fn ids<'a>(resolved: impl Iterator<Item = &'a ResolvedTarget>) -> Vec<String> {
    let id = |target: &ResolvedTarget| {
        let kind = resource_type(&target.resource_type)?;
        kind.parse(&target.arn).map(|(_, id)| id.to_owned())
    };
    resolved.filter_map(id).collect()
}
