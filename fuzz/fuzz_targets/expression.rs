//! An expression: parse it where a playbook has one, evaluate it over values of every kind.
//!
//! What must hold beside "no panic": it ends, and its value is of the size that it may have.

#![no_main]

mod catalogue;

use std::sync::LazyLock;

use backburn::playbook::{
    expr::{MAX_RENDERED, RunFacts, Scope},
    parse,
};
use catalogue::inside;
use indexmap::IndexMap;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

static INPUTS: LazyLock<IndexMap<String, Value>> = LazyLock::new(|| {
    let inputs = json!({
        "text": "ünïcode \"text\"", "n": 3, "big": u64::MAX, "f": 0.5, "yes": true, "none": null,
        "list": ["b", "a", 1, null, ["c"]], "dry-run": false, "empty": [],
    });
    serde_json::from_value(inputs).expect("a map")
});

static STEPS: LazyLock<IndexMap<String, Value>> = LazyLock::new(|| {
    let steps = json!({
        "snap-it": { "snapshots": ["snap-1", "snap-2"], "tags": { "a": 1, "b": { "c": [] } } },
        "planned": { "id": "(known after run: `snap`)", "ids": ["(known after run)", "x"] },
    });
    serde_json::from_value(steps).expect("a map")
});

fuzz_target!(|source: &str| {
    // A double-quoted YAML scalar takes what JSON takes.
    let quoted = Value::from(format!("${{{{ {source} }}}}")).to_string();
    let beside = Value::from(format!("a ${{{{{source}}}}} b")).to_string();
    let text = format!(
        "playbook: fuzz\ntitle: Fuzz\nversion: 1.0.0\nseverity: low\nsteps:\n  s:\n    uses: core.assert\n    \
         if: {quoted}\n    for-each: {quoted}\n    with: {{ that: {quoted}, message: {beside} }}\n"
    );
    let (playbook, problems) = parse(&text);
    inside(&problems, &text);
    let Some(step) = playbook.as_ref().and_then(|playbook| playbook.steps.get("s")) else { return };
    let item = json!({ "id": "i-1", "old-name": "x" });
    let run = RunFacts { id: "01RUN", started: "2026-01-01T00:00:00Z", partition: "aws" };
    let scope = Scope { inputs: &INPUTS, steps: &STEPS, item: Some(&item), run };
    if let Ok(value) = step.with.eval(&scope) {
        // Two values, and JSON writes a control character as six.
        assert!(value.to_string().len() <= 2 * 6 * MAX_RENDERED + 1024, "{source}");
    }
    for expr in step.condition.iter().chain(&step.for_each) {
        let _ = expr.eval_condition(&scope);
        let _ = expr.eval_list(&scope);
    }
});
