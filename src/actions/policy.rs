//! The IAM policies that a playbook needs: one to run it, one to release it. Owns the fold of the
//! actions' permission tables into documents; the tables are the settings' own.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use super::catalogue;
use crate::{
    aws::policy_document::{MANAGED_LIMIT, size},
    engine::{How, Permission, on},
};

/// What becomes of what a run made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A playbook: `release` comes later, by anyone permitted, and leaves the evidence.
    Evidence,
    /// A drill: it releases itself, and also removes what its jobs left.
    Nothing,
}

/// What fills the `{account}` and `{region}` of ARN patterns; `*` where unknown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fill<'a> {
    pub account: Option<&'a str>,
    pub region: Option<&'a str>,
}

/// The two policies of a playbook.
#[derive(Clone, Debug, Serialize)]
pub struct Policies {
    /// To plan, run and resume.
    pub run: Value,
    /// To release; less than `run`.
    pub release: Value,
}

/// Every program start asks who it is.
const ALWAYS: Permission = on("sts:GetCallerIdentity", "*");
/// A plan shows whether an experiment is running: the incident may be a drill.
const PLANNING: Permission = on("fis:ListExperiments", "*");

/// # Errors
/// The names of actions that the catalogue does not have.
pub fn policies<'a>(
    actions: impl IntoIterator<Item = &'a str>,
    kept: Kept,
    fill: Fill<'_>,
) -> Result<Policies, Vec<String>> {
    let (mut run, mut release) = (BTreeSet::from([ALWAYS, PLANNING]), BTreeSet::from([ALWAYS]));
    let mut unknown = Vec::new();
    for name in actions {
        let Some(entry) = catalogue::find(name) else {
            unknown.push(name.to_string());
            continue;
        };
        run.extend(for_run(entry.spec.access, kept));
        release.extend(for_release(entry.spec.access, kept));
    }
    if !unknown.is_empty() {
        return Err(unknown);
    }
    Ok(Policies { run: document(&run, fill), release: document(&release, fill) })
}

/// What running these actions needs to be allowed, as `service:Action`, sorted.
pub fn permissions(actions: &[&str], kept: Kept) -> Vec<String> {
    let names: BTreeSet<_> =
        needed(actions, kept).into_iter().map(|permission| permission.action.to_owned()).collect();
    names.into_iter().collect()
}

/// What running these actions needs to be allowed, and on what.
pub fn needed(actions: &[&str], kept: Kept) -> BTreeSet<Permission> {
    let found = actions.iter().filter_map(|name| catalogue::find(name));
    found.flat_map(|entry| for_run(entry.spec.access, kept)).chain([ALWAYS, PLANNING]).collect()
}

pub(super) fn for_run(access: &[super::Access], kept: Kept) -> BTreeSet<Permission> {
    // The belts look at what a write touches before it is made.
    let belts = access.iter().flat_map(|a| a.lookups).copied().flatten();
    let used = access.iter().flat_map(|a| a.reads.iter().chain(a.writes)).chain(belts).copied();
    match kept {
        Kept::Evidence => used.collect(),
        Kept::Nothing => used.chain(for_release(access, kept)).collect(),
    }
}

/// Release reads and writes the settings that it gives back; a drill's also what jobs left.
pub(super) fn for_release(access: &[super::Access], kept: Kept) -> BTreeSet<Permission> {
    let given_back = access.iter().filter(|a| a.how.is_some_and(|how| how != How::Retained));
    let litter = access.iter().filter(|_| kept == Kept::Nothing).filter_map(|a| a.discards);
    let settings = given_back.flat_map(|a| a.reads.iter().chain(a.releases));
    settings.chain(litter.flatten()).copied().collect()
}

fn document(permissions: &BTreeSet<Permission>, fill: Fill<'_>) -> Value {
    let mut by_resource: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for permission in permissions {
        let resource = filled(permission.resource, fill);
        by_resource.entry(resource).or_default().insert(permission.action);
    }
    // What is allowed on everything need not be listed again.
    let everywhere = by_resource.get("*").cloned().unwrap_or_default();
    let mut by_actions: BTreeMap<Vec<&str>, Vec<String>> = BTreeMap::new();
    for (resource, mut actions) in by_resource {
        if resource != "*" {
            actions.retain(|action| !everywhere.contains(action));
        }
        if !actions.is_empty() {
            by_actions.entry(actions.into_iter().collect()).or_default().push(resource);
        }
    }
    let mut statements: Vec<(Vec<String>, Vec<&str>)> =
        by_actions.into_iter().map(|(actions, resources)| (resources, actions)).collect();
    statements.sort();
    let statements: Vec<Value> = statements
        .into_iter()
        .map(|(resources, actions)| {
            json!({ "Effect": "Allow", "Action": one_or_list(&actions), "Resource": one_or_list(&resources) })
        })
        .collect();
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn one_or_list<T: Serialize>(items: &[T]) -> Value {
    match items {
        [one] => json!(one),
        many => json!(many),
    }
}

fn filled(pattern: &str, fill: Fill<'_>) -> String {
    let partition = match fill.region {
        Some(region) if region.starts_with("cn-") => "arn:aws-cn:",
        Some(region) if region.starts_with("us-gov-") => "arn:aws-us-gov:",
        _ => "arn:aws:",
    };
    pattern
        .replace("{account}", fill.account.unwrap_or("*"))
        .replace("{region}", fill.region.unwrap_or("*"))
        .replacen("arn:aws:", partition, 1)
}

/// A warning when IAM would not take the document as one managed policy.
pub fn too_large(policy: &Value) -> Option<String> {
    let size = size(policy);
    (size > MANAGED_LIMIT).then(|| {
        format!("the policy has {size} characters, and a managed policy at most {MANAGED_LIMIT}; split its statements over two policies")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILL: Fill<'_> = Fill { account: Some("111122223333"), region: Some("eu-central-1") };

    fn made(permissions: &[Permission], fill: Fill<'_>) -> Value {
        document(&permissions.iter().copied().collect(), fill)
    }

    #[test]
    fn statements_are_grouped_and_sorted() {
        let user = "arn:aws:iam::{account}:user/*";
        let policy = made(
            &[
                on("iam:PutUserPolicy", user),
                on("ec2:DescribeInstances", "*"),
                on("iam:GetUser", user),
                on("ec2:DescribeInstances", user),
            ],
            FILL,
        );
        assert_eq!(
            policy["Statement"],
            json!([
                { "Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*" },
                { "Effect": "Allow", "Action": ["iam:GetUser", "iam:PutUserPolicy"], "Resource": "arn:aws:iam::111122223333:user/*" },
            ])
        );
    }

    #[test]
    fn what_is_unknown_is_a_star() {
        let arn = "arn:aws:ec2:{region}:{account}:instance/*";
        assert_eq!(filled(arn, Fill::default()), "arn:aws:ec2:*:*:instance/*");
        let gov = Fill { region: Some("us-gov-west-1"), ..FILL };
        assert_eq!(filled(arn, gov), "arn:aws-us-gov:ec2:us-gov-west-1:111122223333:instance/*");
    }

    #[test]
    fn release_needs_less() {
        let text = |value: &Value| value.to_string();
        let key = policies(["iam.disable-access-key"], Kept::Evidence, FILL).expect("known");
        assert!(text(&key.run).contains("sts:GetAccessKeyInfo"));
        assert!(text(&key.release).contains("iam:UpdateAccessKey"));
        assert!(text(&key.release).contains("sts:GetCallerIdentity"));
        assert!(!text(&key.release).contains("sts:GetAccessKeyInfo"));
        let console =
            policies(["iam.disable-console-access"], Kept::Evidence, FILL).expect("known");
        assert!(text(&console.run).contains("iam:DeleteLoginProfile"));
        assert!(!text(&console.release).contains("iam:DeleteLoginProfile"), "retained");
        assert_eq!(
            policies(["no.such"], Kept::Evidence, FILL).err(),
            Some(vec!["no.such".to_string()])
        );
    }

    #[test]
    fn a_drill_takes_away_what_a_playbook_keeps() {
        let of = |kept| policies(["ec2.snapshot-volumes"], kept, FILL).expect("known");
        let may = |policy: &Value| policy.to_string().contains("ec2:DeleteSnapshot");
        let (playbook, drill) = (of(Kept::Evidence), of(Kept::Nothing));
        assert!(!may(&playbook.run) && !may(&playbook.release), "evidence stays");
        assert!(may(&drill.run), "a drill releases itself, as the same principal");
        assert!(may(&drill.release), "and after a kill -9 `release` does");
        let isolate = policies(["ec2.isolate-instance"], Kept::Nothing, FILL).expect("known");
        assert!(isolate.run.to_string().contains("ec2:DeleteSecurityGroup"));
    }

    #[test]
    fn the_actions_of_all_playbooks_together_fit_a_managed_policy() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks");
        let files = std::fs::read_dir(folder).expect("the playbooks");
        let texts = files.map(|file| std::fs::read_to_string(file.expect("a file").path()));
        let all: String = texts.collect::<Result<_, _>>().expect("a playbook");
        let names = catalogue::ALL.iter().map(|entry| entry.spec.name);
        let used = names.filter(|name| all.contains(&format!("uses: {name}\n")));
        let all = policies(used, Kept::Evidence, FILL).expect("known");
        assert_eq!(too_large(&all.run), None);
        assert_eq!(too_large(&json!("x".repeat(7_000))).map(|t| t.contains("7002")), Some(true));
    }
}
