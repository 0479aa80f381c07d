//! JSON Schema (2020-12) of a playbook file, for editors. Owns the descriptions of every key; a test holds that the
//! keys are those which `read` accepts.

mod actions;

use serde_json::{Map, Value, json};

use super::catalogue::Catalogue;
use super::choices::{OnFailure, Phase, Responsibility, Severity};
use super::codes;
use super::types::{Format, InputType};

/// The schema of a playbook whose steps use the actions of `catalogue`.
pub fn json_schema(catalogue: &Catalogue) -> Value {
    let mut definitions = definitions();
    let step = step(catalogue, &mut definitions);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "backburn playbook",
        "description": "An incident-response playbook for AWS: inputs, roles and steps",
        "type": "object",
        "required": ["playbook", "title", "version", "severity", "steps"],
        "additionalProperties": false,
        "properties": {
            "playbook": { "type": "string", "pattern": ID, "description": "Id of the playbook, such as `ec2-compromise`" },
            "title": { "type": "string", "description": "One line for people" },
            "version": version("Semantic version of this playbook, such as `1.0.0`"),
            "severity": choice("How bad the incident is that this playbook answers", Severity::words()),
            "summary": { "type": "string", "description": "When to use this playbook and what it leaves behind" },
            "attack": attack("MITRE ATT&CK technique ids that this playbook answers, such as `T1552.005`"),
            "roles": roles(),
            "inputs": inputs(),
            "limits": limits(),
            "accept": accept(),
            "steps": {
                "type": "object",
                "minProperties": 1,
                "propertyNames": { "pattern": ID },
                "description": "Steps by id; those that do not wait for each other run at the same time",
                "additionalProperties": step,
            },
        },
        "$defs": definitions,
    })
}

pub(crate) const ID: &str = "^[a-z][a-z0-9-]*$";

/// What the schemas of playbooks and simulations refer to.
pub(crate) fn definitions() -> Map<String, Value> {
    let mut definitions = Map::new();
    definitions.insert(
        "expression".to_owned(),
        json!({
            "type": "string",
            "pattern": r"\$\{\{[\s\S]*\}\}",
            "description": "An expression such as `${{ inputs.instance }}` or `${{ steps.snapshot.snapshots }}`",
        }),
    );
    definitions
}

pub(crate) fn version(description: &str) -> Value {
    json!({
        "type": "string",
        "pattern": r"^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$",
        "description": description,
    })
}

pub(crate) fn attack(description: &str) -> Value {
    json!({
        "type": "array",
        "items": { "type": "string", "pattern": r"^T\d{4}(\.\d{3})?$" },
        "description": description,
    })
}

pub(crate) fn choice(description: &str, words: impl Iterator<Item = &'static str>) -> Value {
    json!({ "enum": words.collect::<Vec<_>>(), "description": description })
}

pub(crate) fn duration(description: &str) -> Value {
    json!({ "type": "string", "pattern": Format::Duration.pattern(), "description": description })
}

pub(crate) fn roles() -> Value {
    json!({
        "type": "object",
        "propertyNames": { "pattern": ID },
        "description": "People who act or decide, by role name",
        "additionalProperties": {
            "type": "object",
            "required": ["duty"],
            "additionalProperties": false,
            "properties": {
                "duty": { "type": "string", "description": "What this role does in the incident" },
                "contact": { "type": "string", "description": "How to reach it: a pager, a channel, a mailbox" },
            },
        },
    })
}

pub(crate) fn inputs() -> Value {
    let names: Vec<String> =
        InputType::names().flat_map(|name| [name.to_owned(), format!("list of {name}")]).collect();
    json!({
        "type": "object",
        "propertyNames": { "pattern": ID },
        "description": "What a run is given with `-i name=value`, read as `${{ inputs.<name> }}`",
        "additionalProperties": {
            "type": "object",
            "required": ["type"],
            "additionalProperties": false,
            "properties": {
                "type": { "enum": names, "description": "The form that a value must have" },
                "description": { "type": "string", "description": "What to give, for the person who is asked" },
                "default": { "description": "The value when none is given; must have the type" },
                "sensitive": { "type": "boolean", "description": "Never print this value and never journal it in clear" },
            },
        },
    })
}

fn limits() -> Value {
    let limit = |what: &str| {
        json!({
            "type": "integer", "minimum": 0, "maximum": 1_000_000,
            "description": format!("Most distinct {what} that a run may touch; 1 when it is not given"),
        })
    };
    json!({
        "type": "object",
        "description": "How many distinct things a run may touch: 1 of each by default; what a run makes itself does not count",
        "additionalProperties": false,
        "properties": {
            "instances": limit("instances"),
            "principals": limit("principals"),
            "volumes": limit("volumes"),
            "resources": limit("resources"),
            "accounts": limit("accounts"),
        },
    })
}

fn accept() -> Value {
    let hazards: Vec<_> = codes::hazards().collect();
    json!({
        "type": "array",
        "description": "Hazards that `backburn check` need not report here",
        "items": {
            "type": "object",
            "required": ["hazard", "because"],
            "additionalProperties": false,
            "properties": {
                "hazard": { "enum": hazards, "description": "Code of the hazard" },
                "because": { "type": "string", "description": "Why it is right in this playbook" },
            },
        },
    })
}

pub(crate) fn step(catalogue: &Catalogue, definitions: &mut Map<String, Value>) -> Value {
    let bare =
        |description: &str| json!({ "type": ["string", "boolean"], "description": description });
    json!({
        "type": "object",
        "required": ["uses"],
        "additionalProperties": false,
        "properties": {
            "uses": actions::names(catalogue),
            "with": { "type": "object", "description": "The inputs of the action" },
            "phase": choice("Phase of the response; the action's own when it is not given", Phase::words()),
            "title": { "type": "string", "description": "One line for people" },
            "needs": {
                "type": ["string", "array"],
                "items": { "type": "string", "pattern": ID },
                "description": "Steps that must have run before; reading an output orders steps by itself",
            },
            "if": bare("Run the step only when this expression is true"),
            "for-each": {
                "type": "string",
                "description": "An expression that yields a list; the step runs once for each `item`",
            },
            "retry": {
                "type": "object",
                "required": ["attempts"],
                "additionalProperties": false,
                "description": "Try again when the step fails",
                "properties": {
                    "attempts": { "type": "integer", "minimum": 1, "maximum": 100, "description": "Tries in all" },
                    "backoff": duration("Wait before the second try, such as `10s`"),
                },
            },
            "timeout": duration("Longest time that the step may take, such as `15m`"),
            "on-failure": choice("What a failure means for the run; `stop` when it is not given", OnFailure::words()),
            "approval": {
                "type": "object",
                "required": ["role"],
                "additionalProperties": false,
                "description": "A decision that a person takes before the step starts",
                "properties": {
                    "role": { "type": "string", "description": "Role that decides" },
                    "reason": { "type": "string", "description": "What to weigh" },
                    "not-by-operator": { "type": "boolean", "description": "Nobody who started or resumed the run may answer" },
                    "one-of": {
                        "type": "array",
                        "minItems": 1,
                        "items": { "type": "string" },
                        "description": "Callers of AWS that may answer, such as `role/incident-commander`, `assumed-role/NAME/SESSION`, `user/NAME` or an ARN",
                    },
                },
            },
            "responsibility": choice(
                "Who acts under the shared responsibility model; `customer` when it is not given",
                Responsibility::words(),
            ),
            "owner": { "type": "string", "description": "Role that answers for the step" },
        },
        "allOf": actions::rules(catalogue, definitions),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playbook::read;
    use crate::playbook::testing::catalogue;

    fn keys(schema: &Value) -> Vec<&str> {
        schema["properties"].as_object().expect("properties").keys().map(String::as_str).collect()
    }

    #[test]
    fn the_schema_has_the_keys_that_the_reader_knows() {
        let schema = json_schema(&catalogue());
        assert_eq!(keys(&schema), read::KEYS);
        let properties = &schema["properties"];
        assert_eq!(keys(&properties["roles"]["additionalProperties"]), read::head::ROLE_KEYS);
        assert_eq!(keys(&properties["inputs"]["additionalProperties"]), read::head::INPUT_KEYS);
        assert_eq!(keys(&properties["accept"]["items"]), read::head::ACCEPT_KEYS);
        assert_eq!(keys(&properties["limits"]), read::head::LIMIT_KEYS);
        let step = &properties["steps"]["additionalProperties"];
        assert_eq!(keys(step), read::step::STEP_KEYS);
        assert_eq!(keys(&step["properties"]["retry"]), read::step::RETRY_KEYS);
        assert_eq!(keys(&step["properties"]["approval"]), read::step::APPROVAL_KEYS);
    }

    #[test]
    fn every_key_is_described() {
        fn walk(schema: &Value, path: &str) {
            for (key, below) in schema["properties"].as_object().into_iter().flatten() {
                let path = format!("{path}.{key}");
                assert!(below["description"].is_string() || below["oneOf"].is_array(), "{path}");
                walk(below, &path);
                walk(&below["additionalProperties"], &path);
            }
        }
        walk(&json_schema(&catalogue()), "");
    }

    #[test]
    fn an_action_gives_its_inputs_with_expressions_everywhere() {
        let schema = json_schema(&catalogue());
        let with = &schema["$defs"]["ec2.isolate-instance"];
        insta::assert_snapshot!(serde_json::to_string_pretty(with).expect("json"));
        let all = schema.to_string();
        let refs = all
            .match_indices("\"$ref\":\"#/$defs/")
            .map(|(at, text)| all[at + text.len()..].split('"').next());
        for name in refs.flatten() {
            assert!(schema["$defs"].get(name).is_some(), "nothing behind `{name}`");
        }
    }
}
