//! Permissions against the Service Authorization Reference, in both directions: what a table or a policy names
//! exists and has that resource and that condition, and what the program calls is in a table.

mod policies;
mod reference;

use std::collections::BTreeSet;

use backburn::{
    actions::{
        catalogue,
        policy::{ALWAYS, PLANNING},
    },
    aws::{
        ASSUME_ROLE,
        fis::HALTS,
        publish::PUBLISH,
        ssm::{GET_PARAMETER, GET_SECRET_VALUE},
    },
    engine::{Only, Permission},
};
use regex_lite::Regex;

use crate::binary::root;
use reference::{fits, reference, wrong};

fn service(action: &str) -> &str {
    action.split(':').next().unwrap_or_default()
}

/// Every permission of every table, and those that commands need beside the tables.
pub(crate) fn every() -> BTreeSet<Permission> {
    let access = catalogue::ALL.iter().flat_map(|entry| entry.spec.access);
    let tables = access.flat_map(|one| {
        let discards = one.discards.unwrap_or_default();
        let lookups = one.lookups.iter().copied().flatten();
        [one.reads, one.writes, one.releases, discards].into_iter().flatten().chain(lookups)
    });
    let beside = PLANNING.iter().chain(HALTS).chain(&[
        ALWAYS,
        ASSUME_ROLE,
        PUBLISH,
        GET_PARAMETER,
        GET_SECRET_VALUE,
    ]);
    tables.chain(beside).copied().collect()
}

fn keys(only: Option<Only>) -> Vec<&'static str> {
    only.into_iter().map(|only| only.key).collect()
}

#[test]
fn every_permission_exists_and_has_that_resource_and_condition() {
    let Some(reference) = reference() else { return };
    let faults: Vec<_> = every()
        .into_iter()
        .filter_map(|one| {
            let why = wrong(reference, one.action, one.resource, &keys(one.only))?;
            Some(format!("`{}` {why}", one.action))
        })
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn what_an_action_is_checked_on_is_in_the_table_with_it() {
    let Some(reference) = reference() else { return };
    let mut faults = BTreeSet::new();
    for access in catalogue::ALL.iter().flat_map(|entry| entry.spec.access) {
        let discards = access.discards.unwrap_or_default();
        for table in [access.reads, access.writes, access.releases, discards] {
            for action in table.iter().map(|one| one.action).collect::<BTreeSet<_>>() {
                let Some((prefix, name)) = action.split_once(':') else { continue };
                let service = &reference[prefix];
                let resources: Vec<_> = table
                    .iter()
                    .filter(|one| one.action == action)
                    .map(|one| one.resource)
                    .collect();
                for (kind, of) in &service.privileges[name].resource_types {
                    let Some(resource) = service.resources.get(kind).filter(|_| of.required) else {
                        continue;
                    };
                    let covered =
                        resources.iter().any(|one| *one == "*" || fits(one, &resource.arn));
                    if !covered {
                        faults.insert(format!("{}: `{action}` on {}", access.kind, resource.arn));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Actions that AWS checks as well in some ways of calling another, and why not in the program's.
const NOT_NEEDED: &[(&str, &str, &str)] = &[
    ("cloudtrail:CreateTrail", "iam:CreateServiceLinkedRole", "for a trail of an organisation"),
    ("cloudtrail:CreateTrail", "iam:GetRole", "for a trail of an organisation"),
    (
        "cloudtrail:CreateTrail",
        "organizations:ListAWSServiceAccessForOrganization",
        "for a trail of an organisation",
    ),
    ("ec2:RunInstances", "ssm:GetParameters", "for an image named by a parameter; ours have ids"),
];

#[test]
fn what_an_action_depends_on_is_in_the_table_with_it() {
    let Some(reference) = reference() else { return };
    let mut faults = BTreeSet::new();
    for access in catalogue::ALL.iter().flat_map(|entry| entry.spec.access) {
        let discards = access.discards.unwrap_or_default();
        let all: BTreeSet<_> = [access.reads, access.writes, access.releases, discards]
            .into_iter()
            .flatten()
            .map(|one| one.action)
            .collect();
        for action in &all {
            let Some((prefix, name)) = action.split_once(':') else { continue };
            for kind in reference[prefix].privileges[name].resource_types.values() {
                for needed in &kind.dependent_actions {
                    let excepted = NOT_NEEDED.iter().any(|one| (one.0, one.1) == (*action, needed));
                    if !all.contains(needed.as_str()) && !excepted {
                        faults.insert(format!("{}: `{action}` needs `{needed}`", access.kind));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// What is named in the source and called by no action.
const NOT_CALLED: &[(&str, &str)] = &[
    ("iam:CreateLoginProfile", "named in an error: a password cannot be given back"),
    ("sqs:SendMessage", "in the queue's own policy: what EventBridge does"),
    // What an answer of `backburn can` reads; no action needs it.
    ("iam:GetGroupPolicy", "called by `backburn can` alone"),
    ("iam:ListAttachedGroupPolicies", "called by `backburn can` alone"),
    ("iam:ListGroupPolicies", "called by `backburn can` alone"),
    // `ec2.instance-profile` can be made again from a journal, and no action uses it now.
    ("ec2:AssociateIamInstanceProfile", "a setting that no action uses"),
    ("ec2:DisassociateIamInstanceProfile", "a setting that no action uses"),
    ("ec2:ReplaceIamInstanceProfileAssociation", "a setting that no action uses"),
];

/// Calls of the lab alone, where nothing is checked: how an account is read, and what someone else writes.
fn is_in_the_lab_alone(file: &str) -> bool {
    file.ends_with("/account.rs") || file.ends_with("/rival.rs") || file.contains("/lab/")
}

/// Calls made as an attacker: whoever runs the program needs no permission for them.
fn is_made_as_another(file: &str) -> bool {
    file.ends_with("/tried/calls.rs")
}

#[test]
fn every_call_has_its_permission_in_a_table() {
    let every = every();
    let conditions: BTreeSet<_> = every.iter().flat_map(|one| keys(one.only)).collect();
    let known: BTreeSet<_> = every.iter().map(|one| one.action).collect();
    let prefixes: BTreeSet<_> = known.iter().map(|action| service(action)).collect();
    let named = Regex::new(r#""([a-z0-9-]+):([A-Z][A-Za-z0-9]+)""#).expect("a pattern");
    let (mut missing, mut seen) = (BTreeSet::new(), 0);
    for (path, text) in crate::docs::sources() {
        let file = path.display().to_string();
        let elsewhere = is_in_the_lab_alone(&file) || is_made_as_another(&file);
        if !file.contains("/src/aws/") || elsewhere {
            continue;
        }
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for found in named.captures_iter(text) {
            let action = format!("{}:{}", &found[1], &found[2]);
            seen += 1;
            let is_other =
                conditions.contains(&*action) || NOT_CALLED.iter().any(|(name, _)| *name == action);
            if prefixes.contains(&found[1]) && !known.contains(&*action) && !is_other {
                missing.insert(format!("{action} in {file}"));
            }
        }
    }
    assert!(seen > 150, "{seen} permissions: the source is read wrongly");
    assert!(missing.is_empty(), "in no table: {missing:#?}");
}

/// ARNs are made with the partition of the caller, and written for `aws` in tables only, where they are localised.
#[test]
fn no_arn_and_no_host_is_written_for_one_partition() {
    let mut found = BTreeSet::new();
    for (path, text) in crate::docs::sources() {
        let file = path.display().to_string();
        let elsewhere = !file.contains("/src/aws/") && !file.contains("/src/actions/");
        let is_test = file.ends_with("tests.rs") || file.ends_with("/replay.rs");
        if elsewhere || is_test || file.ends_with("/permissions.rs") || is_in_the_lab_alone(&file) {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let is_table = line.contains("const ") || line.contains("on(") || line.contains(".at(");
            let host = line.contains("amazonaws.com") && !file.ends_with("/guard.rs");
            let service = Regex::new(r#"[a-z-]+\.amazonaws\.com(\.cn)?""#).expect("a pattern");
            // A service as a principal has the same name everywhere, but for EC2 in China.
            let is_advice = line.contains("such as `arn:");
            let is_either =
                line.contains("ec2.amazonaws.com") && line.contains("ec2.amazonaws.com.cn");
            let is_list = file.ends_with("/partition.rs") || is_advice || is_either;
            if line.contains("arn:aws:") && !is_table && !is_list {
                found.insert(format!("{file}: {}", line.trim()));
            }
            if host && !service.is_match(line) && !is_list {
                found.insert(format!("{file}: {}", line.trim()));
            }
        }
    }
    for folder in ["playbooks", "simulations"] {
        for entry in std::fs::read_dir(root().join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            let text = std::fs::read_to_string(&path).expect("text");
            let lines = text.lines().filter(|line| line.contains("arn:aws:"));
            found.extend(lines.map(|line| format!("{}: {}", path.display(), line.trim())));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
