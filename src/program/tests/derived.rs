//! Actions describe their inputs with derived schemas; these hold that the compiler understands what schemars writes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::to_value;

use crate::playbook::testing::HEAD;
use crate::playbook::types::{Duration, InstanceId, SnapshotId, VolumeId};
use crate::playbook::{ActionInfo, Catalogue, Phase};
use crate::program::check;

/// Inputs of a test action.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[allow(dead_code)]
struct Inputs {
    /// The instance.
    instance: InstanceId,
    wait_time: Option<Duration>,
    #[schemars(default)]
    volumes: Vec<VolumeId>,
    scope: Option<Scope>,
    #[schemars(default)]
    tags: BTreeMap<String, String>,
    #[schemars(default)]
    retries: u8,
    rule: Option<Rule>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
#[allow(dead_code)]
enum Scope {
    /// Sessions of this instance.
    Instance,
    /// Sessions of the whole role.
    WholeRole,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct Rule {
    port: u16,
    note: Option<String>,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Outputs {
    snapshots: Vec<SnapshotId>,
    note: Option<String>,
}

fn codes(with: &str) -> Vec<String> {
    let action = ActionInfo {
        name: "test.derived".to_owned(),
        summary: String::new(),
        phase: Phase::Contain,
        contains: false,
        irreversible: false,
        effects: &[],
        inputs: to_value(schemars::schema_for!(Inputs)).expect("json").into(),
        outputs: to_value(schemars::schema_for!(Outputs)).expect("json").into(),
    };
    let catalogue = Catalogue::from_iter([action]);
    let first = "  first: { uses: test.derived, with: { instance: i-0123456789abcdef0 } }\n";
    let text =
        format!("{HEAD}steps:\n{first}  second: {{ uses: test.derived, with: {{ {with} }} }}\n");
    let checked = check("derived.yaml", &text, &catalogue);
    checked.diagnostics.into_iter().map(|problem| problem.message).collect()
}

#[test]
fn what_fits() {
    for with in [
        "instance: i-0123456789abcdef0",
        "instance: i-0123456789abcdef0, wait-time: 10s, volumes: [vol-0123456789abcdef0]",
        "instance: i-0123456789abcdef0, wait-time: ~, scope: whole-role, tags: {a: b}, retries: 3",
        "instance: i-0123456789abcdef0, scope: ~, rule: {port: 22, note: ~}",
        "instance: i-0123456789abcdef0, tags: {a: '${{ steps.first.note }}'}",
        "instance: '${{ steps.first.snapshots[0] }}'",
    ] {
        assert_eq!(codes(with), [] as [String; 0], "{with}");
    }
}

#[test]
fn what_does_not() {
    let one = |with: &str| codes(&format!("instance: i-0123456789abcdef0, {with}")).join("; ");
    assert!(
        one("scope: whole-rule").contains("`instance` or `whole-role`"),
        "{}",
        one("scope: whole-rule")
    );
    assert!(one("wait-time: 10").contains("must be a duration, and it is the number `10`"));
    assert!(one("retries: 300").contains("at most 255"), "{}", one("retries: 300"));
    assert!(
        one("rule: {port: 22, prot: tcp}").contains("`rule` of `test.derived` has no key `prot`")
    );
    assert!(one("rule: {}").contains("must have the key `port`"), "{}", one("rule: {}"));
    assert!(one("volumes: '${{ steps.first.snapshots }}'").contains("each item a volume"));
    assert!(one("volumes: '${{ steps.first.volumes }}'").contains("has no output `volumes`"));
    assert!(one("tags: [a]").contains("must be a mapping, and it is a list"));
}
