//! Evaluation against a scope, in a run and in a plan.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::{RunFacts, Scope, Target, Template, read_bare};
use crate::playbook::tree::{self, Kind, Node};

fn node(yaml: &str) -> Node {
    let (root, problems) = tree::parse(yaml);
    assert_eq!(problems, []);
    match root.expect("a tree").kind {
        Kind::Map(mut entries) => entries.remove(0).1,
        _ => panic!("a mapping"),
    }
}

fn template(yaml: &str) -> Template {
    let mut problems = Vec::new();
    let template = Template::read(&node(yaml), yaml, &mut problems);
    assert_eq!(problems, []);
    template
}

fn with_scope<T>(item: Option<&Value>, check: impl FnOnce(&Scope<'_>) -> T) -> T {
    let inputs = IndexMap::from([
        ("count".to_owned(), json!(3)),
        ("dry-run".to_owned(), json!(false)),
        ("names".to_owned(), json!(["b", "a"])),
    ]);
    let steps = IndexMap::from([
        ("snapshot-it".to_owned(), json!({"snapshots": ["snap-1", "snap-2"], "total-size": 12})),
        ("planned".to_owned(), json!({"id": "(known after run: `snap`)"})),
    ]);
    let run = RunFacts { id: "01RUN", started: "2026-01-01T00:00:00Z", partition: "aws" };
    check(&Scope { inputs: &inputs, steps: &steps, item, run })
}

fn eval(yaml: &str) -> Result<Value, String> {
    with_scope(None, |scope| template(yaml).eval(scope).map_err(|error| error.to_string()))
}

#[test]
fn a_whole_expression_keeps_its_type_and_others_interpolate() {
    assert_eq!(eval("a: ${{ inputs.count }}"), Ok(json!(3)));
    assert_eq!(eval("a: ${{ inputs.dry-run }}"), Ok(json!(false)));
    assert_eq!(
        eval("a: n=${{ inputs.count }} ${{ inputs.names }} $${{ x }}"),
        Ok(json!("n=3 [\"b\",\"a\"] ${{ x }}"))
    );
    assert_eq!(eval("a: [1, {b: '${{ run.id }}'}, ~]"), Ok(json!([1, {"b": "01RUN"}, null])));
    assert_eq!(eval("a: ${{ steps.snapshot-it.total-size + 1 }}"), Ok(json!(13)));
    assert_eq!(eval("a: ${{ steps.snapshot-it.snapshots | last | upper }}"), Ok(json!("SNAP-2")));
    assert_eq!(eval("a: ${{ inputs.names | sort }}"), Ok(json!(["a", "b"])));
    assert_eq!(
        eval("a: \"${{ {'k': inputs.names} | tojson }}\""),
        Ok(json!("{\"k\":[\"b\",\"a\"]}"))
    );
    assert_eq!(eval("a: ${{ 0.5 + inputs.count }}"), Ok(json!(3.5)));
    assert_eq!(eval("a: ${{ '<b>' }}"), Ok(json!("<b>")));
}

#[test]
fn nothing_is_an_error_and_a_default_can_be_asked_for() {
    assert_eq!(
        eval("a: ${{ steps.skipped.id }}"),
        Err("the expression `steps.skipped.id` failed: `steps.skipped.id` has no value".to_owned())
    );
    assert!(eval("a: ${{ steps.skipped.id | upper }}").is_err());
    assert!(eval("a: ${{ inputs.names[7] }}").is_err());
    assert_eq!(eval("a: ${{ steps.skipped.id | default('x') }}"), Ok(json!("x")));
    assert_eq!(eval("a: ${{ steps.skipped.id is defined }}"), Ok(json!(false)));
}

#[test]
fn items() {
    let item = json!({"id": "i-1", "old-name": "x"});
    let value =
        with_scope(Some(&item), |scope| template("a: ${{ item.id ~ item.old-name }}").eval(scope));
    assert_eq!(value, Ok(json!("i-1x")));
}

#[test]
fn placeholders_pass_and_conditions_on_them_stay_open() {
    assert_eq!(eval("a: ${{ steps.planned.id }}"), Ok(json!("(known after run: `snap`)")));
    assert_eq!(eval("a: x ${{ steps.planned.id }}"), Ok(json!("x (known after run: `snap`)")));
    assert_eq!(eval("a: ${{ steps.planned.id + 1 }}"), Ok(json!("(known after run)")));
    let bare = |yaml: &str| read_bare(&node(yaml), yaml, &mut Vec::new()).expect("an expression");
    with_scope(None, |scope| {
        assert_eq!(bare("if: steps.planned.id == 'x'").eval_condition(scope), Ok(None));
        assert_eq!(bare("if: ${{ inputs.count > 2 }}").eval_condition(scope), Ok(Some(true)));
        assert_eq!(bare("if: false").eval_condition(scope), Ok(Some(false)));
        assert_eq!(bare("for-each: steps.planned.id").eval_list(scope), Ok(None));
        assert_eq!(
            bare("for-each: inputs.names").eval_list(scope),
            Ok(Some(vec![json!("b"), json!("a")]))
        );
        assert!(bare("for-each: inputs.count").eval_list(scope).is_err());
    });
}

#[test]
fn references_have_their_place_in_the_file() {
    let yaml =
        "a: \"x ${{ steps.snapshot-it.total-size | abs }} ${{ inputs.dry-run and item }}\"\n";
    let template = template(yaml);
    let refs = template.refs();
    let places: Vec<&str> =
        refs.iter().map(|found| &yaml[found.span.start..found.span.end]).collect();
    assert_eq!(places, ["steps.snapshot-it.total-size", "inputs.dry-run", "item"]);
    assert_eq!(refs[1].target, Target::Input("dry-run".to_owned()));
}
