//! The one minijinja environment: which filters, tests and functions exist, and the limits on what they may cost.

use std::sync::LazyLock;

use minijinja::{Environment, UndefinedBehavior, Value};

use super::weigh::{WEIGH, is_in, weigh};

/// Filters that expressions may use.
pub const FILTERS: &[&str] = &[
    "abs",
    "batch",
    "bool",
    "capitalize",
    "chain",
    "count",
    "d",
    "default",
    "dictsort",
    "first",
    "float",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
    "zip",
];

/// Tests that may follow `is`.
pub const TESTS: &[&str] = &[
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "equalto",
    "even",
    "false",
    "float",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "int",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "sameas",
    "sequence",
    "startingwith",
    "string",
    "true",
    "undefined",
    "upper",
];

/// Functions that may be called.
pub const FUNCTIONS: &[&str] = &["range"];

/// About 200,000 instructions or 13 MB of data: far above any honest expression, far below a stuck run.
pub(super) const FUEL: u64 = 200_000;

pub(super) static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(50);
    environment.add_filter("tojson", to_json);
    environment.add_filter(WEIGH, weigh);
    // `map('pprint')` and `select('filter')` name what they call by a text, which nobody checks before.
    for name in ["safe", "escape", "e", "attr", "pprint", "urlencode"] {
        environment.remove_filter(name);
    }
    environment.add_test("in", is_in);
    for name in ["safe", "escaped", "filter", "test"] {
        environment.remove_test(name);
    }
    for name in ["debug", "dict", "namespace"] {
        environment.remove_global(name);
    }
    environment
});

fn to_json(value: &Value) -> Result<String, minijinja::Error> {
    super::value::to_json(value)
        .map(|json| json.to_string())
        .map_err(|reason| minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_filter_and_test_exists() {
        use minijinja::ErrorKind::{UnknownFilter, UnknownFunction, UnknownTest};
        let exists = |code: String| match ENVIRONMENT
            .compile_expression(&code)
            .expect("it parses")
            .eval(())
        {
            Ok(_) => true,
            Err(error) => !matches!(error.kind(), UnknownFilter | UnknownTest | UnknownFunction),
        };
        for name in FILTERS {
            assert!(exists(format!("'a' | {name}")), "filter {name}");
        }
        for name in TESTS {
            assert!(exists(format!("1 is {name}(1)")), "test {name}");
        }
        assert!(exists("range(3)".to_owned()));
    }

    #[test]
    fn fuel_ends_what_does_not_end() {
        let code = "range(100000) | map('string') | join | length";
        let result = ENVIRONMENT.compile_expression(code).expect("it parses").eval(());
        assert_eq!(result.expect_err("it costs too much").kind(), minijinja::ErrorKind::OutOfFuel);
    }
}
