//! JSON Schema (2020-12) of a simulation file, for editors. Owns the descriptions of every key; steps
//! and actions are described by the playbook's schema, and a test holds the keys equal to `read`'s.

use serde_json::{Map, Value, json};

use super::{
    lower::READS,
    read::parts::{ACCEPTED, RECOVER_AFTER, RESPOND_AFTER},
};
use crate::playbook::{Catalogue, schema};

/// The schema of a simulation whose steps use the actions of `catalogue`.
pub fn json_schema(catalogue: &Catalogue) -> Value {
    let mut definitions = schema::definitions();
    let step = schema::step(catalogue, &mut definitions);
    let mut check = step.clone();
    check["properties"]["when"] = schema::choice(
        "When the check runs; `both` when it is not given",
        ["both", "before", "after"].into_iter(),
    );
    let mut own_move = step.clone();
    own_move["properties"]["expect"] = schema::choice(
        "What AWS must answer; `allowed` when it is not given. Anything else, and the fault has failed",
        ["allowed", "denied"].into_iter(),
    );
    let mut look = step.clone();
    look["properties"]["as"] =
        json!({ "$ref": "#/$defs/actor", "description": "Whom the look acts as" });
    definitions.insert("look".into(), look);
    definitions.insert("step".into(), step);
    definitions.insert("check".into(), check);
    definitions.insert("move".into(), own_move);
    let actor = actor();
    definitions.insert("actor".into(), actor);
    let parts = Parts(&definitions);
    let properties = properties(&parts);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "backburn simulation",
        "description": "A drill: faults, what must detect them, who answers, how it recovers",
        "type": "object",
        "required": ["simulation", "title", "hypothesis", "guard"],
        "additionalProperties": false,
        "properties": properties,
        "$defs": definitions,
    })
}

/// Inputs of the drill's own actions, where the catalogue has them.
struct Parts<'a>(&'a Map<String, Value>);

impl Parts<'_> {
    /// The schema of one input of an action, described for the key that it stands behind.
    fn input(&self, action: &str, input: &str, description: &str) -> Value {
        let known = self.0.get(action).and_then(|action| action.get("properties")?.get(input));
        match known {
            Some(_) => json!({
                "description": description,
                "allOf": [{ "$ref": format!("#/$defs/{action}/properties/{input}") }],
            }),
            None => json!({ "description": description }),
        }
    }
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn named(description: &str, each: Value) -> Value {
    json!({
        "type": "object",
        "propertyNames": { "pattern": schema::ID },
        "description": description,
        "additionalProperties": each,
    })
}

fn steps(description: &str) -> Value {
    named(description, json!({ "$ref": "#/$defs/step" }))
}

fn looks(description: &str) -> Value {
    named(description, json!({ "$ref": "#/$defs/look" }))
}

/// One text or a list of them.
fn texts(description: &str, pattern: Option<&str>) -> Value {
    let mut item = json!({ "type": "string" });
    if let Some(pattern) = pattern {
        item["pattern"] = json!(pattern);
    }
    let one = item.clone();
    json!({ "description": description, "anyOf": [{ "type": "array", "items": item }, one] })
}

fn object(description: &str, required: &[&str], properties: Value) -> Value {
    json!({
        "type": "object",
        "description": description,
        "required": required,
        "additionalProperties": false,
        "properties": properties,
    })
}

fn actor() -> Value {
    let which = json!({
        "access-key": text("An access key that the drill made, `${{ steps.key.access-key-id }}`"),
        "role": text("ARN of a role to assume"),
        "session": text("Name of one session of the role, which is taken once and kept, as stolen credentials are; with an instance's id it is called as the instance's own"),
    });
    let mut actor = object("Whom the steps call as, instead of whoever runs the drill", &[], which);
    actor["minProperties"] = json!(1);
    actor["maxProperties"] = json!(2);
    actor["dependentRequired"] = json!({ "session": ["role"] });
    actor["not"] = json!({ "required": ["access-key", "role"] });
    actor
}

fn properties(parts: &Parts<'_>) -> Value {
    json!({
        "simulation": { "type": "string", "pattern": schema::ID, "description": "Id of the simulation, such as `instance-hijack`" },
        "title": text("One line for people"),
        "version": schema::version("Semantic version of this simulation; `1.0.0` when it is not given"),
        "hypothesis": text("What should be true, so that the drill can show it false"),
        "schedule": text("When it is due: cron with five fields in UTC, such as `0 9 * * 1`"),
        "owner": text("Role that answers for the drill"),
        "attack": schema::attack("MITRE ATT&CK technique ids that the faults stand for, such as `T1496`"),
        "roles": schema::roles(),
        "guard": guard(parts),
        "inputs": schema::inputs(),
        "arrange": steps("Steps that build the drill's own targets; what they make is released"),
        "steady-state": named("Checks that must hold before the faults and after the recovery", json!({ "$ref": "#/$defs/check" })),
        "experiment": experiment(parts),
        "faults": named("What goes wrong: FIS actions, or steps that play the attacker", fault(parts)),
        "stop-conditions": {
            "type": "array",
            "items": { "type": "string" },
            "description": "ARNs of CloudWatch alarms that end the experiment",
        },
        "expect": named("Detections that must follow", expect(parts)),
        "respond": respond(),
        "refused": named("Calls of the attacker that must be refused once the response has ended", refused()),
        "recover": object("How the service comes back, and within which time", &["steps"], json!({
            "recovery-point": texts("When the recovery point was made, RFC 3339: `${{ steps.backup.created }}`; or a list of them", None),
            "rto": schema::duration("Recovery time objective, from the fault's effect until the content is verified, such as `30m`"),
            "rpo": schema::duration("Recovery point objective: of what was written until the fault, how much may be lost, such as `24h`"),
            "after": schema::choice(
                "What the recovery waits for; for the response when it is not given, or else for the first detection",
                RECOVER_AFTER.iter().map(|(word, _)| *word),
            ),
            "accept": {
                "description": "`unverified`: content that nobody could compare is good enough; `left-over`: what cannot be removed may stay, and cost",
                "anyOf": [
                    { "enum": ACCEPTED },
                    { "type": "array", "items": { "enum": ACCEPTED } },
                ],
            },
            "steps": steps("Steps that restore and verify"),
        })),
        "cleanup": steps("Steps that run at the end, however the drill ended; what the drill made is released by itself"),
    })
}

fn guard(parts: &Parts<'_>) -> Value {
    object(
        "What must hold before anything is touched",
        &["accounts", "regions", "max-cost"],
        json!({
            "accounts": texts("Ids of the accounts where the drill may run, in quotes", Some(r"^\d{12}$")),
            "regions": texts("Regions where the drill may run", None),
            "required-tag": { "type": "string", "pattern": "=", "description": "Tag that every target must carry, `key=value`" },
            "max-cost": { "type": "number", "minimum": 0, "description": "Most that the drill may cost, in US dollars" },
            "window": parts.input("drill.guard", "window", "Days and hours in which the drill may run"),
        }),
    )
}

fn experiment(parts: &Parts<'_>) -> Value {
    object(
        "The FIS experiment that injects the faults",
        &["role"],
        json!({
            "role": text("ARN of the role that FIS acts as"),
            "template": text("A file with a FIS experiment template, instead of faults with `action`"),
            "empty-target-resolution-mode": parts.input(
                "fis.run-experiment",
                "empty-target-resolution-mode",
                "What FIS does when a target selects nothing; `fail` when it is not given",
            ),
            "at-most": schema::duration("How long to wait for the end of the experiment"),
            "proof": looks("With a `template`: looks that must succeed while it lasts, and show what it does"),
        }),
    )
}

fn fault(parts: &Parts<'_>) -> Value {
    let target = match parts.0.contains_key("fis.run-experiment.TargetInput") {
        true => json!({ "$ref": "#/$defs/fis.run-experiment.TargetInput" }),
        false => json!({ "type": "object" }),
    };
    object(
        "Either `action`, which FIS injects, or `attack`",
        &[],
        json!({
            "action": text("FIS action, such as `aws:ec2:stop-instances`"),
            "description": text("What the fault is for"),
            "targets": {
                "type": "object",
                "description": "The FIS action's own word for its targets (`Instances`), and what each selects",
                "additionalProperties": target,
            },
            "parameters": { "type": "object", "description": "Parameters of the FIS action; durations in ISO 8601 (`PT5M`)" },
            "after": texts("Faults that come first", None),
            "attack": object("Steps that play the attacker; what they change is released", &["steps"], json!({
                "as": { "$ref": "#/$defs/actor", "description": "Whom the attacker acts as" },
                "steps": named("What the attacker does", json!({ "$ref": "#/$defs/move" })),
            })),
            "proof": looks("Looks that must succeed once the fault took effect; without any the fault is `unproven`"),
        }),
    )
}

fn expect(parts: &Parts<'_>) -> Value {
    object(
        "A detection that must come, and in which time",
        &["source", "resource", "within"],
        json!({
            "source": parts.input("drill.detect", "source", "What should detect"),
            "fault": text("The fault that it detects; the first one when it is not given"),
            "resource": text("The drill's own resource, which the detection must name"),
            "match": parts.input("drill.detect", "match", "How to recognise the detection among others of its source"),
            "pattern": { "type": "object", "description": "An EventBridge pattern, for the source `eventbridge`" },
            "region": parts.input("drill.watch", "region", "Where it arrives; `us-east-1` for calls of IAM and other global services"),
            "within": schema::duration("How long it may take, from the moment the fault is effective"),
            "via": schema::choice("Through an event rule and queue, or by asking; `events` when it is not given", ["events", "poll"].into_iter()),
            "accept": {
                "description": "`plumbing-only`: a sample that shows the way is enough",
                "anyOf": [{ "const": "plumbing-only" }, { "type": "array", "items": { "const": "plumbing-only" } }],
            },
        }),
    )
}

fn respond() -> Value {
    object(
        "The playbook that answers",
        &["playbook"],
        json!({
            "playbook": text("Its file, relative to the simulation's own"),
            "with": { "type": "object", "description": "Its inputs, by name" },
            "within": schema::duration("How long the response may take"),
            "as": { "$ref": "#/$defs/actor", "description": "The principal that responds" },
            "after": schema::choice(
                "What the response waits for; `first-detection` when it is not given",
                RESPOND_AFTER.iter().map(|(word, _)| *word),
            ),
        }),
    )
}

fn refused() -> Value {
    object(
        "What the attacker tries again, as whom, and how long AWS may take to refuse it",
        &["within"],
        json!({
            "fault": text("The attack whose steps they are; the first one when it is not given"),
            "as": { "$ref": "#/$defs/actor", "description": "Whom the calls are made as; the attack's principal when it is not given" },
            "steps": texts("Steps of the attack that are tried again", None),
            "calls": {
                "description": "Calls that only read",
                "anyOf": [{ "type": "array", "items": { "enum": READS } }, { "enum": READS }],
            },
            "within": schema::duration("How long it may take from the end of the response until each call is refused"),
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        drill::read::{self, faults, parts},
        playbook::{read::step, testing::catalogue},
    };

    fn keys(schema: &Value) -> Vec<&str> {
        schema["properties"].as_object().expect("properties").keys().map(String::as_str).collect()
    }

    #[test]
    fn the_schema_has_the_keys_that_the_reader_knows() {
        let schema = json_schema(&catalogue());
        assert_eq!(keys(&schema), read::KEYS);
        let properties = &schema["properties"];
        assert_eq!(keys(&schema["$defs"]["step"]), step::STEP_KEYS);
        assert_eq!(keys(&schema["$defs"]["check"]), read::check_keys());
        assert_eq!(keys(&schema["$defs"]["move"]), faults::move_keys());
        assert_eq!(keys(&schema["$defs"]["look"]), faults::look_keys());
        assert_eq!(keys(&schema["$defs"]["actor"]), faults::ACTOR_KEYS);
        assert_eq!(keys(&properties["guard"]), parts::GUARD_KEYS);
        assert_eq!(keys(&properties["experiment"]), faults::EXPERIMENT_KEYS);
        let fault = &properties["faults"]["additionalProperties"];
        assert_eq!(keys(fault), faults::FAULT_KEYS);
        assert_eq!(keys(&fault["properties"]["attack"]), faults::ATTACK_KEYS);
        assert_eq!(keys(&properties["expect"]["additionalProperties"]), parts::EXPECT_KEYS);
        assert_eq!(keys(&properties["respond"]), parts::RESPOND_KEYS);
        let refused = &properties["refused"]["additionalProperties"];
        assert_eq!(keys(refused), parts::REFUSED_KEYS);
        assert_eq!(keys(&properties["recover"]), parts::RECOVER_KEYS);
    }

    #[test]
    fn every_key_is_described_and_every_reference_leads_somewhere() {
        fn walk(schema: &Value, path: &str) {
            for (key, below) in schema["properties"].as_object().into_iter().flatten() {
                let path = format!("{path}.{key}");
                let said = below["description"].is_string() || below["oneOf"].is_array();
                assert!(said || path.starts_with(".with"), "{path}");
                walk(below, &path);
                walk(&below["additionalProperties"], &path);
            }
        }
        let schema = json_schema(&catalogue());
        walk(&schema, "");
        let text = schema.to_string();
        for (at, found) in text.match_indices("\"$ref\":\"#") {
            let pointer = text[at + found.len()..].split('"').next().expect("a pointer");
            assert!(schema.pointer(pointer).is_some(), "nothing behind `{pointer}`");
        }
    }
}
