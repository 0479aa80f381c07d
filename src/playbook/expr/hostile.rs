//! Expressions that would read, call, loop or grow without an end: each is refused before anything
//! runs, or stops at its limit, and which one.

use std::time::{Duration, Instant};

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::{RunFacts, Scope, Template};
use crate::playbook::tree::{self, Kind};

/// The result of a text with expressions: the value, or the message.
fn rendered(text: &str) -> Result<Value, String> {
    let yaml = format!("a: {}\n", Value::from(text));
    let (root, problems) = tree::parse(&yaml);
    assert_eq!(problems, []);
    let Some(Kind::Map(mut entries)) = root.map(|root| root.kind) else { panic!("a mapping") };
    let mut problems = Vec::new();
    let template = Template::read(&entries.remove(0).1, &yaml, &mut problems);
    if let Some(problem) = problems.first() {
        return Err(format!("{}: {}", problem.code, problem.message));
    }
    let inputs = IndexMap::from([("text".to_owned(), json!("x".repeat(1 << 20)))]);
    let steps = IndexMap::from([("s".to_owned(), json!({ "list": [1, 2] }))]);
    let run = RunFacts { id: "01RUN", started: "2026-01-01T00:00:00Z", partition: "aws" };
    let scope = Scope { inputs: &inputs, steps: &steps, item: None, run };
    template.eval(&scope).map_err(|error| error.to_string())
}

fn said(source: &str) -> String {
    let start = Instant::now();
    let found = rendered(&format!("${{{{ {source} }}}}"));
    assert!(start.elapsed() < Duration::from_secs(10), "{source} took {:?}", start.elapsed());
    found.map_or_else(|error| error, |value| panic!("{source} gives {value}"))
}

#[test]
fn nothing_reads_a_file_the_environment_or_the_network() {
    for (source, reason) in [
        ("open('/etc/passwd')", "playbook::unknown-function: `open` cannot be called"),
        ("read('x')", "playbook::unknown-function: `read` cannot be called"),
        ("env('HOME')", "playbook::unknown-function: `env` cannot be called"),
        ("lookup('env', 'HOME')", "playbook::unknown-function: `lookup` cannot be called"),
        ("fetch('http://x')", "playbook::unknown-function: `fetch` cannot be called"),
        ("debug()", "playbook::unknown-function: `debug` cannot be called"),
        ("namespace()", "playbook::unknown-function: `namespace` cannot be called"),
        ("dict(a=1)", "playbook::unknown-function: `dict` cannot be called"),
        ("'x'.format(1)", "playbook::unknown-function: `format` cannot be called"),
        ("run.id.__class__()", "playbook::unknown-function: `__class__` cannot be called"),
        ("(range)(3)()", "playbook::unknown-function: `this` cannot be called"),
        ("'/etc/passwd' | read", "playbook::unknown-filter: there is no filter `read`"),
        ("'/etc/passwd' | include", "playbook::unknown-filter: there is no filter `include`"),
        ("'HOME' | env", "playbook::unknown-filter: there is no filter `env`"),
        ("'x' | b64decode", "playbook::unknown-filter: there is no filter `b64decode`"),
        ("'x' | pprint", "playbook::unknown-filter: there is no filter `pprint`"),
        ("[1] | map('pprint')", "the expression `[1] | map('pprint')` failed: unknown filter"),
        (
            "[1] | select('filter') | list",
            "the expression `[1] | select('filter') | list` failed: unknown test",
        ),
        ("'x' is filter", "playbook::unknown-test: there is no test `filter`"),
        ("environ", "playbook::unknown-name: there is no name `environ`"),
        ("self", "playbook::unknown-name: there is no name `self`"),
        ("loop", "playbook::unknown-name: there is no name `loop`"),
        (
            "inputs",
            "playbook::whole-namespace: `inputs` cannot be used as a whole or by a computed name",
        ),
    ] {
        assert_eq!(said(source), reason, "{source}");
    }
}

#[test]
fn an_expression_is_no_program() {
    for source in [
        "include 'x'",
        "import 'x' as y",
        "extends 'x'",
        "macro f() f() endmacro",
        "for x in range(9) x endfor",
        "set x = 1",
        "lambda: 1",
        "a := 1",
        "import os",
    ] {
        let said = said(source);
        let wanted = format!(
            "playbook::expression-syntax: `{source}` is not an expression: unexpected input after expression"
        );
        assert_eq!(said, wanted);
    }
    // Statements around an expression are text.
    assert_eq!(rendered("{% include 'x' %}"), Ok(json!("{% include 'x' %}")));
    assert_eq!(rendered("{{ env }} $(id) `id`"), Ok(json!("{{ env }} $(id) `id`")));
}

#[test]
fn nothing_loops_or_grows_without_an_end() {
    let fuel = "it takes more than the 200000 units of work that an expression may take";
    let large = "its value takes more than 4 MiB";
    let repeated = "repeated sequence is too large";
    for (source, reason) in [
        ("'x' * 10**9", fuel),
        ("'x' * 999999999999999999999", "repeated string is too large"),
        ("'x' * 20000000", fuel),
        ("('x' * 1000000) * 1000000", fuel),
        ("'x' * 5000000", large),
        ("range(10**9)", "range has too many elements"),
        ("[0] * 1000000000", repeated),
        ("[[0] * 1000] * 1000000", large),
        ("[[[[0] * 100] * 100] * 100] * 100", large),
        ("([0] * 1000000000) | length ~ ''", repeated),
        ("([0] * 1000000000) | join", repeated),
        ("1 in ([0] * 1000000000)", repeated),
        ("([[0] * 9999] * 9999) | tojson | length", fuel),
        ("{([0] * 1000000000): 1}", repeated),
        ("{([0] * 9): 1}", "a mapping has a key that is no text"),
        ("range(50000) | join(inputs.text) | length", fuel),
        ("'%099999999d' | format(1)", fuel),
        ("'x' | indent(999999999)", fuel),
        ("range(99999) | map('string') | join | length", fuel),
        ("9 ** 9 ** 9", "unable to calculate 387420489 ** 9"),
        ("range(9) | batch(999999999, 0) | list", fuel),
        ("[1] | slice(999999999)", fuel),
        ("('a,' * 100000) | split(',') | map('upper') | join('-')", fuel),
        ("inputs.text | replace('x', inputs.text) | length", fuel),
        ("inputs.text | list | groupby('x')", fuel),
    ] {
        let whole = format!("the expression `{source}` failed: {reason}");
        assert_eq!(said(source), whole, "{source}");
    }
}

/// minijinja charges for the items of a list that it looks at, and not for what is in them.
#[test]
fn what_is_looked_into_is_paid_for() {
    let fuel = "it takes more than the 200000 units of work that an expression may take";
    let large = "([[[0] * 1000] * 1000] * 1000)";
    let (long, other) = ("('x' * 1000000 ~ 'a')", "('x' * 1000000 ~ 'b')");
    let filled = "(range(1) | batch(1000, range(1) | batch(1000, range(1000))))";
    let mut hostile = vec![
        format!("{long} in [{other}] * 300000"),
        format!("[{other}] * 300000 is eq([{long}] * 300000)"),
        format!("[{other}] * 300 | select('in', [{long}] * 300) | list"),
        format!("[[{large}], [{large}]] | map('sort') | list"),
        "'x' in ([inputs.text ~ 'y'] * 100000)".to_owned(),
    ];
    for value in [large, filled] {
        for within in [
            "V == V",
            "V < V",
            "1 != V",
            "V in [1, V]",
            "[V] not in [[V]]",
            "1 < V < 2",
            "V ~ ''",
            "V is eq(V)",
            "V is in([V])",
            "'x' is startingwith(V)",
            "[V, V] | unique",
            "[V, V] | min",
            "[V, V] | sort",
            "[{'a': V}, {'a': V}] | groupby('a')",
            "{'a': V, 'b': V} | dictsort(by='value')",
            "[V] | select('eq', V)",
            "[{'a': V}] | selectattr('a', 'eq', V)",
            "[1] | map('default', V) | sort",
            "V | string",
            "[V] | join",
            "[1, 2] | join(V)",
            "'%s' | format(V)",
            "'a' | replace('a', V)",
            "{V: 1}",
            "{(V): 1}",
            "{'a': 1}[V]",
            "[1][V]",
            "range(V)",
            "[[V]] | map('join')",
            "[1][:V]",
            "[1][V:]",
            "(V if 1 else 2) == V",
            "(1 and V) == V",
            "[1] | slice(V)",
        ] {
            hostile.push(within.replace('V', value));
        }
    }
    let begun = Instant::now();
    let mut slowest = (Duration::ZERO, String::new());
    for source in &hostile {
        let one = Instant::now();
        let said = said(source);
        slowest = slowest.max((one.elapsed(), source.clone()));
        assert!(said.ends_with(fuel) || said.contains("failed: "), "{source}: {said}");
    }
    println!("{} in {:?}, the slowest {slowest:?}", hostile.len(), begun.elapsed());
    // Without optimisation, on a machine that does other things too.
    assert!(slowest.0 < Duration::from_secs(5), "{slowest:?}");
}

#[test]
fn a_whole_text_has_one_limit() {
    let part = "${{ inputs.text }}";
    assert!(rendered(&part.repeat(3)).is_ok());
    assert_eq!(
        rendered(&part.repeat(4)),
        Err("the expression `inputs.text` failed: its value takes more than 4 MiB".into())
    );
}

#[test]
fn a_value_is_as_deep_as_a_journal_can_read() {
    let nested = |depth: usize| format!("${{{{ {}1{} }}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(rendered(&nested(60)).is_ok());
    let deep = format!("${{{{ [1]{} }}}}", " | batch(1) | list".repeat(100));
    assert!(rendered(&deep).is_err_and(|error| error.ends_with("deeper than 64 levels")));
}
