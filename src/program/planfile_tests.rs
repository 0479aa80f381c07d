//! What the hash of a plan covers: a plan with something in every field, each of them changed in turn.

use serde_json::{Value, json};

use super::{Belts, PlanFile};

/// What differs between two plans that would do the same in the same account. All else is under the hash.
const NOT_COVERED: &[&str] = &[
    "belts",
    "commitment/salt",
    "configuration",
    "created",
    "lab",
    "program",
    "run",
    "sha256",
    "warnings",
];

fn whole() -> Value {
    let scope = json!({ "account": "111122223333", "region": "eu-west-1",
        "principal": "arn:aws:iam::111122223333:user/anna" });
    let place = |kind: &str| json!({ "kind": kind, "target": "i-0a", "nth": 0 });
    let step = json!({
        "uses": "ec2.isolate-instance", "title": "Isolate", "phase": "contain", "owner": "responder",
        "responsibility": "customer", "id": "isolate", "state": { "state": "open", "why": "it is made later" },
        "changes": [{
            "place": place("ec2.eni-groups"), "scope": scope, "before": ["sg-1"], "after": ["sg-2"],
            "until": ["sg-3"], "release": "restored", "caveat": "the password is gone",
        }],
        "keeps": [place("ec2.tag")],
        "operations": [{
            "place": place("ssm.send-command"), "scope": scope, "operation": { "commands": ["id"] },
            "leaves": "a command",
        }],
        "waits": ["for a minute"], "verifies": ["that it is alone"], "asks": ["isolate it?"],
        "evidence": ["groups.json"], "notes": ["a note"],
    });
    json!({
        "format": 1, "program": "0.1.0", "run": "01JD0000000000000000000000",
        "playbook": { "id": "p", "title": "P", "version": "1.0.0", "sha256": "9f",
            "contacts": { "responder": "+1 555" } },
        "configuration": "backburn.toml", "inputs": { "case": "7", "count": 3 },
        "commitment": { "salt": "5a", "inputs": "6b", "steps": "7c" },
        "scope": scope, "endpoint": "http://127.0.0.1:5000", "endpoints": { "ec2": "AWS" },
        "local": true, "lab": { "upstream": "moto", "clock": 1.0, "stand-ins": ["fis"] },
        "skip": ["notify"], "steps": [step], "permissions": ["ec2:StopInstances"],
        "refusals": ["too many"], "warnings": ["a warning"], "belts": serde_json::to_value(Belts::default()).expect("JSON"),
        "created": "2026-01-01T00:00:00Z", "sha256": "",
    })
}

fn hash(plan: &Value) -> Option<String> {
    Some(serde_json::from_value::<PlanFile>(plan.clone()).ok()?.compute())
}

/// The paths of everything in a value that has nothing in it.
fn leaves(value: &Value, path: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, one)| leaves(one, &format!("{path}/{key}"), into));
        }
        Value::Array(all) => {
            all.iter().enumerate().for_each(|(n, one)| leaves(one, &format!("{path}/{n}"), into));
        }
        _ => into.push(path.to_owned()),
    }
}

/// Other values of the same sort; of an enumeration, one of them is a word of it.
fn others(value: &Value) -> Vec<Value> {
    match value {
        Value::Bool(is) => vec![json!(!is)],
        Value::Number(_) => vec![json!(4)],
        Value::String(text) => {
            let words = ["kept", "retained", "removed", "recover", "aws", "shared", "refused"];
            let more = words.iter().map(|word| json!(word));
            [json!(format!("{text}x")), json!("2027-01-01T00:00:00Z")]
                .into_iter()
                .chain(more)
                .collect()
        }
        _ => vec![json!([]), json!("x")],
    }
}

#[test]
fn every_item_of_a_plan_but_those_named_changes_its_hash() {
    let whole = whole();
    let plan: PlanFile = serde_json::from_value(whole.clone()).expect("a plan");
    let before = plan.compute();
    let kept = serde_json::to_value(plan).expect("JSON");
    for (key, value) in kept.as_object().expect("an object") {
        assert!(whole.get(key).is_some(), "`{key}` ({value}) is new: give it a value in this test");
    }
    let mut all = Vec::new();
    leaves(&whole, "", &mut all);
    for path in all {
        let field = &path[1..];
        let is = whole.pointer(&path).expect("it is there");
        let changed = others(is).into_iter().find_map(|other| {
            let mut plan = whole.clone();
            *plan.pointer_mut(&path).expect("it is there") = other;
            hash(&plan)
        });
        let changed = changed.unwrap_or_else(|| panic!("`{field}` has no other value here"));
        let covered =
            !NOT_COVERED.iter().any(|one| field == *one || field.starts_with(&format!("{one}/")));
        assert_eq!(changed != before, covered, "`{field}`");
    }
}

#[test]
fn an_item_that_is_left_out_or_added_changes_it_too() {
    let whole = whole();
    let before = hash(&whole).expect("a plan");
    for list in ["changes", "keeps", "operations", "waits", "verifies", "asks", "evidence", "notes"]
    {
        let mut less = whole.clone();
        less["steps"][0][list] = json!([]);
        assert_ne!(hash(&less), Some(before.clone()), "{list}");
    }
    for field in ["skip", "permissions", "refusals", "steps"] {
        let mut less = whole.clone();
        less[field] = json!([]);
        assert_ne!(hash(&less), Some(before.clone()), "{field}");
    }
    let mut more = whole;
    more["inputs"]["new"] = json!("x");
    assert_ne!(hash(&more), Some(before));
}
