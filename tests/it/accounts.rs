//! Accounts as they read when ids are names, and what differs between two. Owns the names: with them
//! two accounts of one seed, or one account before and after, are compared as text.

use std::collections::BTreeMap;

use backburn::lab::seed::Seed;
use regex_lite::{Captures, Regex};
use serde_json::Value;

use crate::binary::masked;

/// What `account.py` read, with ids replaced by what they are called in the seed.
pub(crate) fn named(account: &Value, seed: &Seed) -> Value {
    in_names(account, account, seed)
}

/// Any JSON with the ids of `account` replaced by their names.
pub(crate) fn in_names(value: &Value, account: &Value, seed: &Seed) -> Value {
    let names = names(account, seed);
    let id =
        Regex::new(r"\b(?:(?:i|eni|sg|vol|snap|vpc|acl|eipalloc)-[0-9a-f]{8,17}|AKIA[0-9A-Z]+)\b")
            .expect("a pattern");
    let text = value.to_string();
    let text = id.replace_all(&text, |found: &Captures<'_>| {
        names.get(&found[0]).cloned().unwrap_or_else(|| found[0].to_owned())
    });
    let text = text.replace(&seed.account, "ACCOUNT");
    let public = Regex::new(r#""PublicIp(Address)?":"[0-9.]+""#).expect("a pattern");
    let text = public.replace_all(&text, "\"PublicIp$1\":\"PUBLIC\"");
    sorted(serde_json::from_str(&masked(&text)).expect("JSON"))
}

fn names(account: &Value, seed: &Seed) -> BTreeMap<String, String> {
    let mut names = BTreeMap::<String, String>::new();
    let mut name = |id: &str, name: String| {
        let count =
            names.values().filter(|known| known.split(" #").next() == Some(name.as_str())).count();
        let name = if count > 0 { format!("{name} #{}", count + 1) } else { name };
        names.insert(id.to_owned(), name.clone());
        name
    };
    name(&seed.vpc, "vpc".into());
    name(&seed.access_key_id, "leaked key".into());
    for key in &seed.other_access_key_ids {
        name(key, "other key".into());
    }
    let ec2 = &account["ec2"];
    let of = |collection: &str| ec2[collection].as_object().expect("a collection").iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let vpc = |one: &Value| if one["VpcId"] == seed.vpc { "vpc" } else { "default vpc" };
    let mut instances = BTreeMap::new();
    for (id, one) in of("instances") {
        instances.insert(id.clone(), name(id, text(&one["tags"]["Name"])));
    }
    for (id, one) in of("interfaces") {
        let place = &one["attachment"];
        let host = instances.get(&text(&place["InstanceId"])).cloned().unwrap_or_default();
        name(id, format!("{host}/eni{}", place["DeviceIndex"]));
    }
    let mut volumes = BTreeMap::new();
    for (id, one) in of("volumes") {
        let place = &one["attachments"][0];
        let host = instances.get(&text(&place["InstanceId"])).cloned().unwrap_or_default();
        volumes.insert(id.clone(), name(id, format!("{host}{}", text(&place["Device"]))));
    }
    for (id, one) in of("snapshots") {
        let volume = volumes.get(&text(&one["VolumeId"])).cloned().unwrap_or_default();
        name(id, format!("snapshot of {volume}"));
    }
    for (id, one) in of("groups") {
        name(id, format!("{} of {}", masked(&text(&one["GroupName"])), vpc(one)));
    }
    for (id, one) in of("acls") {
        name(id, format!("acl of {}", vpc(one)));
    }
    for (id, one) in of("addresses") {
        name(id, format!("address of {}", text(&one["tags"]["Name"])));
    }
    names
}

/// Lists in the order of their names: `account.py` sorted them by their ids.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<_> = items.into_iter().map(sorted).collect();
            items.sort_by_key(ToString::to_string);
            items.into()
        }
        Value::Object(map) => {
            let mut pairs: Vec<_> = map.into_iter().map(|(k, v)| (k, sorted(v))).collect();
            pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(pairs.into_iter().collect())
        }
        other => other,
    }
}

/// What differs, a line each: `+` is there now, `-` was there, `~` changed.
pub(crate) fn differences(before: &Value, after: &Value) -> String {
    let mut lines = String::new();
    compare("", before, after, &mut lines);
    lines
}

fn compare(path: &str, before: &Value, after: &Value, lines: &mut String) {
    let (Value::Object(was), Value::Object(is)) = (before, after) else {
        if before != after {
            lines.push_str(&format!("~ {path}: {before} -> {after}\n"));
        }
        return;
    };
    let keys: std::collections::BTreeSet<_> = was.keys().chain(is.keys()).collect();
    for key in keys {
        let path = if path.is_empty() { key.clone() } else { format!("{path} > {key}") };
        match (was.get(key), is.get(key)) {
            (Some(before), Some(after)) => compare(&path, before, after, lines),
            (Some(before), None) => lines.push_str(&format!("- {path}: {before}\n")),
            (None, Some(after)) => lines.push_str(&format!("+ {path}: {after}\n")),
            (None, None) => {}
        }
    }
}

/// The account without what a release leaves on purpose: evidence, and a password that cannot be
/// given back.
pub(crate) fn without_retained(account: &Value) -> Value {
    let mut account = account.clone();
    account["ec2"]["snapshots"] = Value::Null;
    for (_, user) in account["iam"]["users"].as_object_mut().expect("users") {
        user["console"] = Value::Null;
    }
    account
}
