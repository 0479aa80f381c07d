//! Two runs of one playbook with two secrets of the same length: whatever a playbook asks of a sensitive input, what
//! `check` accepts gives the same plan once it is redacted.

use std::sync::{Arc, LazyLock};

use indexmap::IndexMap;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::actions::{catalogue::catalogue, policy::Kept};
use crate::journal::{Hidden, forms, redact, redact_text};
use crate::playbook::Catalogue;
use crate::playbook::expr::{FILTERS, TESTS, taint_tests::secrets};
use crate::playbook::inputs::resolve;
use crate::program::bind::{RunFactsOwned, bind};
use crate::program::check;
use crate::program::prepare::Prepared;

const HEAD: &str = "\
playbook: two
title: Two secrets
version: 1.0.0
severity: low
inputs:
  token: { type: string, sensitive: true }
  keys: { type: list of string, sensitive: true }
  number: { type: integer, sensitive: true }
  name: { type: string }
  list: { type: list of string }
steps:
  ask: { uses: ssm.run-command, with: { instance: i-0123456789abcdef0, commands: [uptime] } }
";

/// Where an expression may stand, with what else is in that step.
const PLACES: &[&str] = &[
    "uses: ssm.run-command, with: { instance: i-0123456789abcdef0, commands: [EXPR, 'x EXPR y'] }",
    "uses: ssm.run-command, with: { instance: i-0123456789abcdef0, commands: EXPR }",
    "uses: core.manual, with: { instructions: 'type EXPR there', evidence: EXPR }",
    "uses: core.assert, with: { that: false, message: EXPR }",
    "uses: core.wait, with: { duration: 1s, why: EXPR }",
    "uses: core.assert, with: { that: EXPR, message: none }",
    "uses: core.wait, with: { duration: EXPR }",
    "uses: core.wait, if: EXPR, with: { duration: 1s }",
    "uses: core.wait, for-each: EXPR, with: { duration: 1s, why: '${{ item }}' }",
    "uses: ssm.run-command, with: { instance: i-0123456789abcdef0, document: EXPR, commands: [id] }",
    "uses: ec2.tag-resource, with: { resource: i-0123456789abcdef0, tags: { note: EXPR } }",
];

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(catalogue);

/// None where `check` refuses it.
fn planned(text: &str, token: &str, number: u32) -> Option<String> {
    shown(text, token, number, |prepared| prepared.hidden.add(prepared.secrets()))
}

/// As if no rule held for the inputs, and only their own forms were hidden.
fn unruled(text: &str, token: &str, number: u32) -> Option<String> {
    let seen = shown(&text.replace(", sensitive: true", ""), token, number, |_| ());
    Some(redact_text(seen?, &forms(&[token.to_owned(), number.to_string()])))
}

fn shown(text: &str, token: &str, number: u32, hide: impl Fn(&Prepared)) -> Option<String> {
    let checked = check("two.yaml", text, &CATALOGUE);
    if checked.has_errors() {
        return None;
    }
    let given = [
        ("token", token.to_owned()),
        ("keys", json!([token, "another-secret"]).to_string()),
        ("number", number.to_string()),
        ("name", "public-name".to_owned()),
        ("list", json!(["one", "two"]).to_string()),
    ];
    let given = given.map(|(name, value)| (name.to_owned(), value));
    let playbook = Arc::new(checked.playbook.expect("a playbook"));
    let inputs = resolve(&playbook, &given).expect("inputs");
    let prepared = Prepared {
        text: text.to_owned(),
        files: IndexMap::new(),
        program: Arc::new(checked.program.expect("a program")),
        playbook,
        inputs,
        kept: Kept::Evidence,
        hidden: Hidden::default(),
    };
    hide(&prepared);
    let facts = RunFactsOwned {
        id: "01RUN".into(),
        started: "(known after run)".into(),
        partition: "aws".into(),
    };
    let told = json!({
        "stdout": format!("logged in with {token}"), "status": "Success", "exit-code": 0,
        "stderr": "(known after run)",
    });
    let known = IndexMap::from([("ask".to_owned(), told)]);
    let mut seen = Vec::new();
    for unit in bind(&prepared, facts).iter() {
        seen.push(format!("{} if {:?}", unit.id, unit.body.condition(&known)));
        seen.push(format!("each {:?}", unit.body.items(&known)));
        seen.push(match unit.body.inputs(&known, Some(&json!("an item"))) {
            Ok(with) => redact(with, &prepared.hidden.all()).to_string(),
            Err(why) => why,
        });
    }
    Some(redact_text(seen.join("\n"), &prepared.hidden.all()))
}

fn playbook(place: &str, expr: &str) -> String {
    let quoted = format!("${{{{ {expr} }}}}").replace('\'', "''");
    let step = place.replace("'x EXPR y'", &format!("'x {quoted} y'"));
    let step = step.replace("'type EXPR there'", &format!("'type {quoted} there'"));
    format!("{HEAD}  use: {{ {} }}\n", step.replace("EXPR", &format!("'{quoted}'")))
}

fn expressions() -> impl Strategy<Value = String> {
    let atoms = [
        "inputs.token",
        "inputs.token",
        "inputs.token",
        "inputs.keys",
        "inputs.keys[0]",
        "inputs.number",
        "steps.ask.stdout",
        "steps.ask.stderr",
        "steps.ask.exit-code",
        "inputs.name",
        "inputs.list",
        "run.started",
        "'a text that is long'",
        "'h'",
        "2",
        "[]",
    ];
    prop::sample::select(atoms.map(str::to_owned).to_vec()).prop_recursive(4, 16, 3, |inner| {
        let two = (inner.clone(), inner.clone());
        let three = (inner.clone(), inner.clone(), inner.clone());
        let ops = ["==", "<", "in", "~", "~", "~", "+", "+", "*", "%", "and", "or"];
        let whole = ["upper", "lower", "string", "tojson", "join", "join(', ')", "default('none')"];
        let calls = ["replace('h', 'j')", "map('upper')", "select('string')", "split('-')", "default('none', true)"];
        let filters: Vec<_> = [&whole[..], &whole[..], &calls[..], FILTERS].concat();
        prop_oneof![
            4 => (inner.clone(), prop::sample::select(filters)).prop_map(|(a, f)| format!("({a}) | {f}")),
            1 => (two.clone(), prop::sample::select(vec!["join", "split", "default", "batch", "replace('a',"]))
                .prop_map(|((a, b), f)| match f.strip_suffix(',') {
                    Some(f) => format!("({a}) | {f}, ({b}))"),
                    None => format!("({a}) | {f}({b})"),
                }),
            1 => (inner.clone(), prop::sample::select(TESTS.to_vec())).prop_map(|(a, t)| format!("({a}) is {t}")),
            4 => (two.clone(), prop::sample::select(ops.to_vec())).prop_map(|((a, b), op)| format!("({a}) {op} ({b})")),
            1 => three.prop_map(|(a, b, c)| format!("({a}) if ({b}) else ({c})")),
            2 => (inner.clone(), 0..9_usize).prop_map(|(a, at)| format!("({a})[{at}]")),
            1 => (inner.clone(), 0..9_usize).prop_map(|(a, at)| format!("({a})[:{at}]")),
            1 => two.clone().prop_map(|(a, b)| format!("({a})[{b}]")),
            1 => two.clone().prop_map(|(a, b)| format!("{{{a}: {b}}}")),
            2 => two.prop_map(|(a, b)| format!("[{a}, {b}]")),
            1 => inner.prop_map(|a| format!("{{'k': {a}}}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn what_check_accepts_shows_nothing_of_a_secret(
        expr in expressions(),
        place in prop::sample::select(PLACES.to_vec()),
        (one, two) in secrets(),
        (first, second) in (10_000_000..99_999_999_u32, 10_000_000..99_999_999_u32),
    ) {
        let text = playbook(place, &expr);
        let (a, b) = (planned(&text, &one, first), planned(&text, &two, second));
        prop_assert_eq!(a, b, "{}", text);
    }
}

/// Without the rule two plans differ, and the comparison above sees it.
#[test]
fn each_answer_would_show() {
    for expr in [
        "inputs.token[0]",
        "'a text that is long' if inputs.token < 'm' else 'another one that is'",
        "('a text' ~ ' that is long') if 'h' in inputs.token else ('another' ~ ' long text')",
        "inputs.token | replace('h', 'hhhhhhhhh')",
        "inputs.token | trim | first",
        "inputs.token | sort | join",
        "(inputs.token | upper) ~ '(known after run)'",
        "inputs.number % 10 * 100000000",
    ] {
        let text = playbook(PLACES[0], expr);
        let one = unruled(&text, "hunter-2-hunter", 12_345_678).expect("nothing refuses it");
        let two = unruled(&text, "zombie-3-zombie", 12_345_679).expect("nothing refuses it");
        assert_ne!(one, two, "{expr}");
    }
    for place in [PLACES[5], PLACES[7]] {
        let text = playbook(place, "inputs.token[0] == 'h'");
        let one = unruled(&text, "hunter-2-hunter", 12_345_678).expect("nothing refuses it");
        assert_ne!(Some(one), unruled(&text, "zombie-3-zombie", 12_345_678), "{place}");
    }
    let whole = playbook(PLACES[0], "'user: ' ~ inputs.token");
    let one = unruled(&whole, "hunter-2-hunter", 12_345_678);
    assert_eq!(one, unruled(&whole, "zombie-3-zombie", 12_345_678));
}

/// What a hostile playbook would ask, by what it would get for it.
#[test]
fn each_question_is_refused() {
    for expr in [
        "inputs.token[0]",
        "inputs.token[0] == 'h'",
        "'a text that is long' if inputs.token < 'm' else 'another one that is'",
        "('a text' ~ ' that is long') if 'h' in inputs.token else ('another' ~ ' long text')",
        "{'hunter-2-hunter': 'it is this one'}[inputs.token]",
        "inputs.token | replace('h', 'hhhhhhhhh')",
        "inputs.token | split('h') | first ~ 'so that it is long'",
        "inputs.token | sort | join",
        "inputs.token | list | tojson",
        "inputs.token | trim",
        "inputs.token | batch(1) | tojson",
        "inputs.token | format",
        "inputs.token | default('x', true)",
        "'%s' | format(inputs.token)",
        "inputs.list | join(inputs.token)",
        "[inputs.token] | map('first') | join('---------')",
        "[inputs.token, 'm'] | sort | tojson",
        "[inputs.token, 'm'] | max ~ 'so that it is long'",
        "[[inputs.token]] | tojson | replace('a', 'b')",
        "{inputs.token: 1, 'hunter-2-hunter': 1} | tojson",
        "inputs.keys | join | length",
        "inputs.keys[0][0]",
        "inputs.keys[inputs.number % 2]",
        "inputs.number % 10 * 100000000",
        "inputs.number + 9223372036854775000",
        "[0] * inputs.number",
        "range(inputs.number) | tojson",
        "inputs.list[inputs.number:]",
        "inputs.token | tojson | tojson",
    ] {
        for place in PLACES {
            let found = check("two.yaml", &playbook(place, expr), &CATALOGUE).diagnostics;
            let refuses = found.iter().any(|one| {
                matches!(one.code, "playbook::sensitive-part" | "playbook::sensitive-shown")
            });
            assert!(refuses, "{expr} in {place}: {found:?}");
        }
    }
}

/// And what an honest one needs is not.
#[test]
fn a_whole_value_is_accepted_and_hidden() {
    for (expr, shows) in [
        ("inputs.token", "(sensitive)"),
        ("inputs.token | upper", "(sensitive)"),
        ("'user ' ~ inputs.name ~ ':' ~ inputs.token", "user public-name:(sensitive)"),
        ("'user-' + inputs.token", "user-(sensitive)"),
        ("inputs.number ~ ''", "(sensitive)"),
        ("inputs.keys | join(',')", "(sensitive),(sensitive)"),
        ("inputs.keys[0]", "(sensitive)"),
        ("[inputs.token, inputs.name] | tojson", r#"[\"(sensitive)\",\"public-name\"]"#),
        (
            "{'user': inputs.name, 'token': inputs.token | upper} | tojson",
            r#"{\"token\":\"(sensitive)\",\"user\":\"public-name\"}"#,
        ),
        ("inputs.token | default('none')", "(sensitive)"),
        ("steps.ask.stdout | lower", "(sensitive)"),
        // The rest of it is known only after the run; this is known now.
        ("(inputs.token | upper) ~ '(known after run)'", "(sensitive)(known after run)"),
    ] {
        let seen = planned(&playbook(PLACES[0], expr), "hunter-2-hunter", 12_345_678);
        let seen = seen.unwrap_or_else(|| panic!("{expr} is refused"));
        assert!(seen.contains(&format!("\"x {shows} y\"")), "{expr}: {seen}");
        assert!(!seen.to_lowercase().contains("hunter-2"), "{expr}: {seen}");
    }
    let list = playbook(PLACES[1], "[inputs.name, inputs.token | upper, 'no secret at all']");
    let seen = planned(&list, "hunter-2-hunter", 12_345_678).expect("accepted");
    assert!(seen.contains(r#"["public-name","(sensitive)","no secret at all"]"#), "{seen}");
}

/// An output that repeats what the step was given is found by its text, where `check` knows nothing of it.
#[test]
fn nothing_is_picked_from_an_output_that_repeats_a_secret() {
    let seen = |place: &str, expr: &str| {
        planned(&playbook(place, expr), "hunter-2-hunter", 12_345_678).expect("check knows nothing")
    };
    for expr in ["steps.ask.stdout[0]", "steps.ask.stdout | length", "steps.ask.stdout == 'x'"] {
        let seen = seen(PLACES[0], expr);
        assert!(
            seen.contains("uses something of the sensitive value `steps.ask.stdout`"),
            "{seen}"
        );
    }
    assert!(seen(PLACES[7], "steps.ask.stdout == 'x'").contains("reads the sensitive value"));
    assert!(seen(PLACES[0], "steps.ask.status | lower").contains("x success y"));
    let nothing: Value = json!(["0", "x 0 y"]);
    assert!(seen(PLACES[0], "steps.ask.exit-code ~ ''").contains(&nothing.to_string()));
}
