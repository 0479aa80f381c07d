//! What a change or an operation touches: instances, volumes, interfaces and principals. Owns that
//! reading of settings and operations as they are kept, so that a new kind is covered by how it names
//! its targets: `i-`, `vol-` and `eni-` ids, ARNs that end in one, `user` and `role` of an IAM kind.

use std::fmt;

use serde_json::{Map, Value};

use crate::engine::is_open;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    Instance,
    Volume,
    Interface,
    User,
    Role,
}

/// One thing that a run may touch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Thing {
    pub class: Class,
    pub id: String,
}

impl Thing {
    pub fn new(class: Class, id: impl Into<String>) -> Self {
        Self { class, id: id.into() }
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = match self.class {
            Class::Instance => "instance",
            Class::Volume => "volume",
            Class::Interface => "network interface",
            Class::User => "user",
            Class::Role => "role",
        };
        write!(f, "{class} `{}`", self.id)
    }
}

/// Distinct things, in a fixed order. What is known only after the run is left out: it is the run's
/// own, or it is asked about when it is known.
pub(super) fn things(kind: &str, what: &Value, before: &Value) -> Vec<Thing> {
    let mut found = Vec::new();
    if only_looks(kind) {
        return found;
    }
    let fields = |value: &Value| value.as_object().cloned().unwrap_or_default();
    principals(kind, &fields(what), &mut found);
    resources(&fields(what), &mut found);
    if kind == "ec2.address-association" {
        // The address itself says nothing of the interface that loses it.
        resources(&fields(before), &mut found);
    }
    found.sort();
    found.dedup();
    found
}

/// Operations that start nothing: what they wait for may be protected, and is never too much.
pub(super) fn only_looks(kind: &str) -> bool {
    let name = kind.split_once('.').map_or(kind, |(_, name)| name);
    name.starts_with("await-") || name == "detection"
}

/// A role that another service is handed is used, not touched, so only IAM's own kinds count.
fn principals(kind: &str, what: &Map<String, Value>, found: &mut Vec<Thing>) {
    if !kind.starts_with("iam.") {
        return;
    }
    for (field, class) in [("user", Class::User), ("role", Class::Role)] {
        let name = what.get(field).filter(|value| !is_open(value)).and_then(Value::as_str);
        found.extend(name.map(|name| Thing::new(class, name)));
    }
}

fn resources(what: &Map<String, Value>, found: &mut Vec<Thing>) {
    for value in what.values() {
        match value {
            Value::String(text) => found.extend(resource(text)),
            Value::Array(items) => {
                found.extend(items.iter().filter_map(Value::as_str).filter_map(resource));
            }
            _ => {}
        }
    }
}

fn resource(text: &str) -> Option<Thing> {
    let id = match text.strip_prefix("arn:") {
        Some(rest) => rest.rsplit('/').next()?,
        None => text,
    };
    let (prefix, rest) = id.split_once('-')?;
    let class = match prefix {
        "i" => Class::Instance,
        "vol" => Class::Volume,
        "eni" => Class::Interface,
        _ => return None,
    };
    let hex = !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_hexdigit());
    hex.then(|| Thing::new(class, id))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        aws::{
            backup::BackUp,
            detection::Detection,
            ec2::{AwaitState, CreateImage, CreateSnapshots},
            fis::{AwaitEffect, AwaitExperiment},
            ssm::SendCommand,
        },
        engine::Operation,
    };

    fn of(kind: &str, what: Value) -> Vec<String> {
        things(kind, &what, &Value::Null).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn settings_and_operations_say_what_they_touch() {
        assert_eq!(
            of("ec2.delete-on-termination", json!({ "instance": "i-0a", "volume": "vol-1" })),
            ["instance `i-0a`", "volume `vol-1`"]
        );
        assert_eq!(
            of(
                "ec2.create-snapshots",
                json!({ "instance": "i-0a", "volumes": ["vol-1", "vol-2"], "description": "of i-0b" })
            ),
            ["instance `i-0a`", "volume `vol-1`", "volume `vol-2`"]
        );
        assert_eq!(
            of("ec2.eni-groups", json!({ "interface": "eni-0" })),
            ["network interface `eni-0`"]
        );
        assert_eq!(of("iam.role-policy", json!({ "role": "web", "policy": "p" })), ["role `web`"]);
        assert_eq!(
            of(
                "backup.start",
                json!({ "resource": "arn:aws:ec2:r:1:instance/i-0a", "role": "backup" })
            ),
            ["instance `i-0a`"]
        );
    }

    #[test]
    fn an_address_touches_the_interface_that_loses_it() {
        let before = json!({ "interface": "eni-1", "private-address": "10.0.0.1" });
        let found =
            things("ec2.address-association", &json!({ "allocation": "eipalloc-1" }), &before);
        assert_eq!(found, [Thing::new(Class::Interface, "eni-1")]);
    }

    #[test]
    fn what_the_run_brings_and_scaffolding_do_not_count() {
        assert!(of("ec2.security-group", json!({ "vpc": "vpc-1", "name": "closed" })).is_empty());
        assert!(of("ec2.tag", json!({ "resource": "snap-0a", "key": "k" })).is_empty());
        assert!(of("ec2.tag", json!({ "resource": "(known after run)" })).is_empty());
        assert!(of("iam.user-policy", json!({ "user": "(known after run)" })).is_empty());
        assert!(of("ec2.tag", json!({ "resource": "i-tag like words" })).is_empty());
        let wait = json!({ "instance": "i-0a", "state": "running", "within": 0 });
        assert!(of("ec2.await-state", wait).is_empty(), "who looks touches nothing");
    }

    /// By name alone, as a journal has it.
    #[test]
    fn waits_only_look_and_nothing_else_does() {
        let looks = [AwaitState::KIND, AwaitExperiment::KIND, AwaitEffect::KIND, Detection::KIND];
        assert!(looks.into_iter().all(only_looks));
        let acts = [CreateSnapshots::KIND, CreateImage::KIND, SendCommand::KIND, BackUp::KIND];
        assert!(!acts.into_iter().any(only_looks));
    }
}
