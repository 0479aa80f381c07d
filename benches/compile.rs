//! How long parsing, compiling and all of a check take: 10,000 steps must compile well under 50 ms.

use std::fmt::Write as _;

use backburn::playbook::{ActionInfo, Catalogue, Phase, parse};
use backburn::program::{check, compile};
use divan::Bencher;
use serde_json::json;

fn main() {
    divan::main();
}

fn catalogue() -> Catalogue {
    let snapshot = json!({ "type": "string", "format": "snapshot" });
    let inputs = json!({
        "type": "object",
        "properties": { "snapshot": { "$ref": "#/$defs/Id" }, "note": { "type": ["string", "null"] } },
        "required": ["snapshot"],
        "additionalProperties": false,
        "$defs": { "Id": snapshot },
    });
    let copy = ActionInfo {
        name: "ec2.copy-snapshot".to_owned(),
        summary: "Copy a snapshot".to_owned(),
        phase: Phase::Preserve,
        contains: false,
        irreversible: false,
        effects: &[],
        inputs: inputs.into(),
        outputs: json!({ "type": "object", "properties": { "snapshot": snapshot } }).into(),
    };
    let instance = json!({
        "type": "object",
        "properties": {
            "instance": { "type": "string", "format": "instance" },
            "state": { "type": "string", "enum": ["running", "stopped"] },
        },
        "required": ["instance", "state"],
        "additionalProperties": false,
    });
    let check = ActionInfo {
        name: "ec2.check-instance".to_owned(),
        phase: Phase::Verify,
        inputs: instance.into(),
        ..copy.clone()
    };
    [copy, check].into_iter().collect()
}

/// A playbook whose steps read one earlier step and need another.
fn text(steps: usize) -> String {
    let mut text = "playbook: bench\ntitle: Bench\nversion: 1.0.0\nseverity: low\n\
        inputs:\n  first: { type: snapshot }\nsteps:\n  \
        s0: { uses: ec2.copy-snapshot, with: { snapshot: '${{ inputs.first }}' } }\n"
        .to_owned();
    for step in 1..steps {
        let _ = write!(
            text,
            "  s{step}:\n    uses: ec2.copy-snapshot\n    title: Copy {step}\n    needs: s{}\n    with:\n      \
             snapshot: ${{{{ steps.s{}.snapshot }}}}\n      note: copy of ${{{{ steps.s0.snapshot }}}}\n",
            step / 3,
            step / 2,
        );
    }
    text
}

/// What benches/peers gives to `backburn check`: steps with ids in them, each of which the linter warns of.
fn plain(steps: usize) -> String {
    let mut text =
        "playbook: bench\ntitle: Bench\nversion: 1.0.0\nseverity: low\nlimits: { instances: 20 }\nsteps:\n".to_owned();
    for step in 0..steps {
        let needs = if step > 0 { format!("    needs: s{}\n", step / 2) } else { String::new() };
        let _ = write!(
            text,
            "  s{step}:\n    uses: ec2.check-instance\n    title: Step {step}\n{needs}    \
             with: {{ instance: i-{:017x}, state: running }}\n",
            step % 20,
        );
    }
    text
}

#[divan::bench(args = [1_000, 10_000])]
fn check_lint_and_draw(bencher: Bencher, steps: usize) {
    let (text, catalogue) = (plain(steps), catalogue());
    bencher.bench(|| {
        let mut checked = check("bench.yaml", &text, &catalogue);
        checked.lint(&catalogue, false);
        assert_eq!(checked.diagnostics.len(), steps);
        checked.render(false, 100)
    });
}

#[divan::bench(args = [1_000, 10_000])]
fn parse_and_compile(bencher: Bencher, steps: usize) {
    let (text, catalogue) = (text(steps), catalogue());
    bencher.bench(|| {
        let checked = check("bench.yaml", &text, &catalogue);
        assert!(checked.diagnostics.is_empty());
        checked.program
    });
}

#[divan::bench(args = [1_000, 10_000])]
fn compile_only(bencher: Bencher, steps: usize) {
    let (playbook, problems) = parse(&text(steps));
    assert!(problems.is_empty());
    let (playbook, catalogue) = (playbook.expect("no problems"), catalogue());
    bencher.bench(|| compile(&playbook, &catalogue));
}
