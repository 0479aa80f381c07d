//! Random cases: requests and policies that have something to do with each other. The same seed gives the same cases.

#![allow(dead_code)]

mod words;

use serde_json::{Map, Value, json};

use words::{CALLERS, EXCEPTIONS, KEYS, Key, MANY, PRINCIPALS, SERVICES, TARGETS, Target};

/// SplitMix64.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    /// True once in `n` times.
    pub(crate) fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    fn text(&mut self, items: &[&str]) -> String {
        (*self.of(items)).to_owned()
    }

    /// One to `most` of them, as one text or a list.
    fn some(&mut self, items: &[&str], most: usize) -> Value {
        let n = 1 + self.below(most);
        let mut chosen: Vec<String> = (0..n).map(|_| self.text(items)).collect();
        chosen.dedup();
        match chosen.len() == 1 && self.once_in(2) {
            true => chosen.remove(0).into(),
            false => chosen.into(),
        }
    }
}

const OWN: &str = "111122223333";

fn condition(dice: &mut Dice) -> Value {
    let mut operators = Map::new();
    for _ in 0..=dice.below(2) {
        let key = dice.of(KEYS);
        let mut name = dice.text(key.operators);
        let mut values = dice.some(key.asks, 3);
        match dice.below(8) {
            0 => {
                name = "Null".into();
                values = dice.some(&["true", "false"], 1);
            }
            1 | 2 => name.push_str("IfExists"),
            _ => {}
        }
        let spelled = match dice.below(10) {
            0 => key.name.to_uppercase(),
            1 => key.name.to_lowercase(),
            _ => key.name.to_owned(),
        };
        let keys = operators.entry(name).or_insert_with(|| json!({}));
        keys[spelled] = values;
    }
    Value::Object(operators)
}

/// How a statement names principals.
#[derive(Clone, Copy, PartialEq)]
enum Names {
    Nobody,
    Somebody,
    Everyone,
}

fn statement(dice: &mut Dice, target: &Target, names: Names, deny_in: usize) -> Value {
    let mut it = Map::new();
    if dice.once_in(3) {
        it.insert("Sid".into(), format!("S{}", dice.below(100)).into());
    }
    let effect = if dice.once_in(deny_in) { "Deny" } else { "Allow" };
    it.insert("Effect".into(), effect.into());
    let principal = match names {
        Names::Nobody => None,
        Names::Everyone => Some(json!("*")),
        Names::Somebody if dice.once_in(8) => Some(json!("*")),
        Names::Somebody if dice.once_in(8) => {
            Some(json!({ "Service": dice.some(SERVICES, 2), "AWS": dice.some(PRINCIPALS, 2) }))
        }
        Names::Somebody => Some(json!({ "AWS": dice.some(PRINCIPALS, 3) })),
    };
    // Role trust policies take no `NotPrincipal`, and nothing takes it with `Allow`.
    let except = names == Names::Somebody && effect == "Deny" && !target.action.starts_with("sts:");
    if except && dice.once_in(3) {
        it.insert("NotPrincipal".into(), json!({ "AWS": *dice.of(EXCEPTIONS) }));
    } else if let Some(principal) = principal {
        it.insert("Principal".into(), principal);
    }
    // A resource control policy names the actions that it denies, and never all.
    let limits = names == Names::Everyone;
    let element = if !limits && dice.once_in(9) { "NotAction" } else { "Action" };
    let fits: Vec<&str> =
        target.actions.iter().copied().filter(|one| !limits || *one != "*").collect();
    it.insert(element.into(), dice.some(&fits, 2));
    let trust = names == Names::Somebody && target.action.starts_with("sts:");
    if !trust {
        let element = if dice.once_in(9) { "NotResource" } else { "Resource" };
        // Of a variable without a value in `NotResource` the documents do not say what comes.
        let fixed: Vec<&str> =
            target.resources.iter().copied().filter(|one| !one.contains("${aws")).collect();
        let from = if element == "Resource" { target.resources } else { &fixed };
        it.insert(element.into(), dice.some(from, 2));
    }
    if dice.once_in(2) {
        it.insert("Condition".into(), condition(dice));
    }
    Value::Object(it)
}

fn document(dice: &mut Dice, target: &Target, names: Names, deny_in: usize) -> Value {
    let n = 1 + dice.below(3);
    let statements: Vec<Value> = (0..n).map(|_| statement(dice, target, names, deny_in)).collect();
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn documents(dice: &mut Dice, target: &Target, most: usize) -> Value {
    let n = 1 + dice.below(most);
    (0..n).map(|_| document(dice, target, Names::Nobody, 5)).collect()
}

fn all(effect: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": effect, "Action": "*", "Resource": "*" }] })
}

fn levels(dice: &mut Dice, target: &Target, names: Names) -> Value {
    let n = 1 + dice.below(3);
    let level = |dice: &mut Dice| {
        let mut policies = Vec::new();
        if names == Names::Nobody && !dice.once_in(5) {
            policies.push(all("Allow"));
        }
        if policies.is_empty() || dice.once_in(2) {
            // A resource control policy only denies.
            let deny_in = if names == Names::Everyone { 1 } else { 2 };
            policies.push(document(dice, target, names, deny_in));
        }
        Value::Array(policies)
    };
    (0..n).map(|_| level(dice)).collect()
}

/// The values of a key in a request, or none.
fn value_of(dice: &mut Dice, key: &Key) -> Option<Value> {
    if key.has.is_empty() || dice.once_in(3) {
        return None;
    }
    if key.operators.len() == MANY.len() {
        let n = dice.below(3);
        return Some((0..n).map(|_| dice.text(key.has)).collect());
    }
    Some(dice.text(key.has).into())
}

/// A case, in the form that `backburn_policy::cases` reads.
pub(crate) fn case(seed: u64) -> Value {
    let dice = &mut Dice::new(seed);
    let target = dice.of(TARGETS);
    let (principal, id, arn) = *dice.of(CALLERS);
    let account = principal.split(':').nth(4).unwrap_or_default();
    let mut context = Map::new();
    let service = account.is_empty();
    if service {
        context.insert("aws:PrincipalIsAWSService".into(), "true".into());
    } else {
        context.insert("aws:PrincipalAccount".into(), account.into());
        context.insert("aws:PrincipalArn".into(), arn.into());
        context.insert("aws:userid".into(), id.into());
    }
    if let Some((_, path)) = principal.split_once(":user/") {
        context.insert("aws:username".into(), path.rsplit('/').next().into());
    }
    for key in KEYS {
        if let Some(value) = value_of(dice, key) {
            context.insert(key.name.into(), value);
        }
    }
    let mut case = json!({
        "id": seed.to_string(),
        "request": {
            "principal": principal, "action": target.action, "resource": target.resource,
            "resourceAccount": OWN, "context": context,
        },
        "identity": [],
    });
    if !service && !dice.once_in(5) {
        case["identity"] = documents(dice, target, 3);
    }
    let needs = target.action.starts_with("kms:") || target.action.starts_with("sts:");
    if needs || dice.once_in(2) {
        case["resource"] = document(dice, target, Names::Somebody, 4);
    }
    if !service && dice.once_in(5) {
        case["boundary"] = json!([if dice.once_in(3) {
            all("Allow")
        } else {
            document(dice, target, Names::Nobody, 6)
        }]);
    }
    let session = principal.contains(":assumed-role/") || principal.contains(":federated-user/");
    if session && dice.once_in(5) {
        case["session"] = document(dice, target, Names::Nobody, 6);
    }
    if !service && dice.once_in(5) {
        case["scp"] = levels(dice, target, Names::Nobody);
    }
    if dice.once_in(6) {
        case["rcp"] = levels(dice, target, Names::Everyone);
    }
    case
}
