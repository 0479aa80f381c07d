//! A small catalogue and playbook heads for tests. Real actions are in `actions/`, which needs the SDKs.

use serde_json::{Value, json};

use super::{ActionInfo, Catalogue, Effect, Phase, Playbook};

/// A head that makes any `inputs:`/`steps:` a whole playbook.
pub const HEAD: &str = "playbook: test\ntitle: Test\nversion: 1.0.0\nseverity: high\n";

pub fn playbook(body: &str) -> Playbook {
    let (playbook, _) = super::parse(&format!("{HEAD}{body}"));
    playbook.expect("a document")
}

/// As the real actions of these names have them, which `actions::catalogue` holds.
fn effects(name: &str) -> &'static [Effect] {
    match name {
        "ec2.copy-snapshot" => &[Effect::CopiesSnapshot],
        "ec2.create-image" => &[Effect::KeepsDisks, Effect::MayReboot],
        "ec2.isolate-instance" => &[Effect::CutsAgent, Effect::TakesOut],
        "ec2.revoke-instance-role" => &[Effect::CutsAgent, Effect::DeniesSessions],
        "ec2.share-snapshot" => &[Effect::Shares],
        "ec2.snapshot-volumes" => &[Effect::KeepsDisks, Effect::TakesSnapshots],
        "ec2.stop-instance" => &[Effect::Ends, Effect::TakesOut],
        "iam.repair-trust-policy" => &[Effect::RepairsTrust],
        "ssm.run-command" => &[Effect::RunsCommand],
        "core.manual" => &[Effect::AsksPerson],
        _ => &[],
    }
}

pub fn catalogue() -> Catalogue {
    let id = |format: &str| json!({"type": "string", "format": format});
    let list =
        |format: &str| json!({"type": "array", "items": {"type": "string", "format": format}});
    let isolate = json!({
        "instance": {"$ref": "#/$defs/InstanceId"},
        "wait": {"anyOf": [{"type": "string", "format": "duration"}, {"type": "null"}]},
        "mode": {"type": "string", "enum": ["strict", "lenient"], "default": "strict"},
        "in-auto-scaling-group": {"type": "string", "enum": ["refuse", "allow"], "default": "refuse"},
        "security-groups": {"type": ["array", "null"], "items": {"type": "string", "format": "security-group"}},
    });
    let irreversible = |mut action: ActionInfo| {
        action.irreversible = true;
        action
    };
    let mut isolate_action =
        action("ec2.isolate-instance", Phase::Contain, isolate, &["instance"], json!({}));
    isolate_action.contains = true;
    let mut inputs = Value::clone(&isolate_action.inputs);
    inputs["$defs"] = json!({"InstanceId": id("instance")});
    isolate_action.inputs = inputs.into();
    [
        isolate_action,
        action(
            "iam.try-key",
            Phase::Verify,
            json!({
                "access-key": id("access-key"),
                "secret-key": {"type": "string", "writeOnly": true, "x-secret": true},
            }),
            &["access-key", "secret-key"],
            json!({}),
        ),
        action(
            "iam.disable-access-key",
            Phase::Contain,
            json!({"user": id("user"), "access-key": id("access-key")}),
            &["user", "access-key"],
            json!({}),
        ),
        action(
            "ec2.snapshot-volumes",
            Phase::Preserve,
            json!({"instance": id("instance"), "tags": {"type": "object", "additionalProperties": {"type": "string"}}}),
            &["instance"],
            json!({"snapshots": list("snapshot"), "volumes": list("volume")}),
        ),
        action(
            "ec2.copy-snapshot",
            Phase::Preserve,
            json!({"snapshot": id("snapshot"), "region": id("region"), "kms-key": {"type": "string"}}),
            &["snapshot"],
            json!({"snapshot": id("snapshot")}),
        ),
        action(
            "ec2.create-image",
            Phase::Preserve,
            json!({"instance": id("instance"), "no-reboot": {"type": "boolean", "default": true}}),
            &["instance"],
            json!({"image": id("image")}),
        ),
        action(
            "ec2.share-snapshot",
            Phase::Preserve,
            json!({"snapshot": id("snapshot"), "account": id("account")}),
            &["snapshot", "account"],
            json!({}),
        ),
        irreversible(action(
            "ec2.stop-instance",
            Phase::Eradicate,
            json!({"instance": id("instance")}),
            &["instance"],
            json!({}),
        )),
        action(
            "ec2.revoke-instance-role",
            Phase::Contain,
            json!({"instance": id("instance"), "scope": {"type": "string", "enum": ["instance", "role"]}}),
            &["instance"],
            json!({}),
        ),
        irreversible(action(
            "ssm.run-command",
            Phase::Preserve,
            json!({
                "instance": id("instance"),
                "commands": {"type": "array", "items": {"type": "string"}, "minItems": 1, "writeOnly": true},
                "document": {"type": "string"},
                "limit": {"type": "integer", "minimum": 1},
            }),
            &["instance", "commands"],
            json!({"output": {"type": "string"}}),
        )),
        irreversible(action("core.manual", Phase::Recover, json!({"instructions": {"type": "string", "writeOnly": true}}), &["instructions"], json!({}))),
        action("core.wait", Phase::Recover, json!({"duration": id("duration")}), &["duration"], json!({})),
    ]
    .into_iter()
    .collect()
}

fn action(
    name: &str,
    phase: Phase,
    inputs: Value,
    required: &[&str],
    outputs: Value,
) -> ActionInfo {
    ActionInfo {
        name: name.to_owned(),
        summary: format!("Test double of `{name}`"),
        phase,
        contains: false,
        irreversible: false,
        effects: effects(name),
        inputs: json!({
            "type": "object", "properties": inputs, "required": required, "additionalProperties": false,
        })
        .into(),
        outputs: json!({"type": "object", "properties": outputs}).into(),
    }
}

/// Name and text of each file in a folder of `tests/fixtures`, by name.
pub fn fixtures(folder: &str) -> Vec<(String, String)> {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let entries = std::fs::read_dir(folder).expect("the fixtures");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).expect("a readable fixture"))
        })
        .collect();
    files.sort();
    files
}

/// The code that a fixture is of: `step.bad-when` or `step.bad-when--twice` is of `step::bad-when`.
pub fn code_of(name: &str) -> String {
    name.split("--").next().expect("a first part").replacen('.', "::", 1)
}
