//! Accounts as they read when ids are names, so that two accounts of one seed can be compared.
//! Owns the names and what is masked: ids of runs, times, tokens, addresses.

use std::collections::BTreeMap;

use regex_lite::{Captures, Regex};
use serde_json::Value;

use super::canonical;
use crate::lab::seed::Seed;

/// What differs between two runs or two accounts without meaning anything.
const MASKS: &[(&str, &str)] = &[
    (r"01[0-9A-HJKMNP-TV-Z]{24}", "RUN"),
    (r"\bA(?:RO|ID)A[0-9A-Z]{12,17}\b", "PRINCIPAL"),
    (r"\b[0-9a-f]{64}\b", "SHA256"),
    (r"\b[0-9a-f]{32}\b", "TOKEN"),
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", "TIME"),
];

/// Characters of an id such as that of a command.
const UUID: usize = 36;

/// `account`, of a seeded account, with its ids as names. A list that had duplicates keeps them.
pub fn named(account: &Value, seed: &Seed) -> Value {
    let names = Names::of(account, seed);
    let ids = concat!(
        r"\b(?:(?:i|eni|sg|vol|snap|vpc|subnet|acl|eipalloc|ami|igw|rtb|nat|vpce|pcx)",
        r"-[0-9a-f]{8,17}|AKIA[0-9A-Z]+",
        r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b"
    );
    let Ok(ids) = Regex::new(ids) else { return account.clone() };
    let text = account.to_string();
    let text = ids.replace_all(&text, |found: &Captures<'_>| {
        // Of the upstream's own images: another id in each account.
        let kind = found[0].split_once('-').map_or("key", |(kind, _)| kind);
        let kind = if found[0].len() == UUID { "id" } else { kind };
        names.0.get(&found[0]).cloned().unwrap_or_else(|| format!("some {kind}"))
    });
    let text = text.replace(&seed.account, "ACCOUNT");
    let public = account["ec2"]["addresses"].as_object().into_iter().flatten();
    let text = public
        .filter_map(|(_, one)| one["public"].as_str())
        .fold(text, |text, address| text.replace(&format!("\"{address}\""), "\"PUBLIC\""));
    let text = MASKS.iter().fold(text, |text, (pattern, mask)| match Regex::new(pattern) {
        Ok(pattern) => pattern.replace_all(&text, *mask).into_owned(),
        Err(_) => text,
    });
    canonical(serde_json::from_str(&text).unwrap_or_default())
}

/// Id to name; a second thing of one name is `name #2`.
struct Names(BTreeMap<String, String>);

impl Names {
    fn of(account: &Value, seed: &Seed) -> Self {
        let mut names = Self(BTreeMap::new());
        names.add(&seed.vpc, "vpc".into());
        names.add(&seed.access_key_id, "leaked key".into());
        for key in &seed.other_access_key_ids {
            names.add(key, "other key".into());
        }
        let users = account["iam"]["users"].as_object().into_iter().flatten();
        for (user, one) in users {
            for (key, _) in one["keys"].as_object().into_iter().flatten() {
                if !names.0.contains_key(key) {
                    names.add(key, format!("key of {user}"));
                }
            }
        }
        let ec2 = &account["ec2"];
        let of = |kind: &str| ec2[kind].as_object().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let vpc = |one: &Value| if one["VpcId"] == seed.vpc { "vpc" } else { "default vpc" };
        for (id, one) in of("vpcs") {
            if *id != seed.vpc {
                let name = if one["default"] == true {
                    "default vpc".into()
                } else {
                    text(&one["tags"]["Name"])
                };
                names.add(id, name);
            }
        }
        for (id, one) in of("instances") {
            names.add(id, text(&one["tags"]["Name"]));
        }
        for (id, one) in of("interfaces") {
            let place = &one["attachment"];
            let host = names.get(&text(&place["InstanceId"]));
            names.add(id, format!("{host}/eni{}", place["DeviceIndex"]));
        }
        for (id, one) in of("volumes") {
            let place = &one["attachments"][0];
            let host = names.get(&text(&place["InstanceId"]));
            names.add(id, format!("{host}{}", text(&place["Device"])));
        }
        for (id, one) in of("snapshots") {
            let volume = names.get(&text(&one["VolumeId"]));
            names.add(id, format!("snapshot of {volume}"));
        }
        for (id, one) in of("groups") {
            names.add(id, format!("{} of {}", masked(&text(&one["GroupName"])), vpc(one)));
        }
        for (id, one) in of("acls") {
            names.add(id, format!("acl of {}", vpc(one)));
        }
        for (id, one) in of("subnets") {
            names.add(id, format!("subnet {} of {}", text(&one["cidr"]), vpc(one)));
        }
        for (id, tags) in of("other-tags") {
            let kind = id.split('-').next().unwrap_or_default();
            names.add(id, format!("{kind} {}", text(&tags["Name"])));
        }
        for (id, one) in of("addresses") {
            names.add(id, format!("address of {}", text(&one["tags"]["Name"])));
        }
        for (id, one) in account["ssm"]["commands"].as_object().into_iter().flatten() {
            names.add(id, format!("command {}", text(&one["document"])));
        }
        names
    }

    fn add(&mut self, id: &str, name: String) {
        let same = |known: &&String| known.split(" #").next() == Some(name.as_str());
        let name = match self.0.values().filter(same).count() {
            0 => name,
            count => format!("{name} #{}", count + 1),
        };
        self.0.insert(id.to_owned(), name);
    }

    fn get(&self, id: &str) -> String {
        self.0.get(id).cloned().unwrap_or_default()
    }
}

fn masked(name: &str) -> String {
    let (run, mask) = MASKS[0];
    Regex::new(run).map_or_else(|_| name.into(), |run| run.replace_all(name, mask).into_owned())
}
