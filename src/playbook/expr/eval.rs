//! Evaluation of one expression against a scope. Only what the expression reads is handed to minijinja, so the cost
//! does not grow with the playbook.

use std::collections::BTreeMap;

use minijinja::machinery::{CodeGenerator, eval, make_string_output, parse_expr};
use minijinja::{AutoEscape, ErrorKind, Value};
use serde_json::Value as Json;

use super::env::{ENVIRONMENT, FUEL};
use super::value::{from_json, holds_placeholder, to_json};
use super::weigh::weighed;
use super::{Expr, ExprError, Scope, Target};
use crate::playbook::types::PLACEHOLDER_PREFIX;

impl Expr {
    /// The value, of whatever type it has. In a plan a value that depends on what AWS will assign is the placeholder
    /// itself where it passes through, and a placeholder text where it cannot be computed yet.
    pub fn eval(&self, scope: &Scope<'_>) -> Result<Json, ExprError> {
        if let Some(found) = self.exact() {
            return value_of(&found.target, scope)
                .map(std::borrow::Cow::into_owned)
                .ok_or_else(|| self.failed(format!("`{}` has no value", self.source())));
        }
        // A computation over the placeholder's own text would be wrong; one over a list of placeholders, such as its
        // length, is right.
        let unknown = |found: &super::Ref| {
            value_of(&found.target, scope)
                .is_some_and(|value| value.is_string() && holds_placeholder(&value))
        };
        if self.refs().iter().any(unknown) {
            return Ok(Json::String(format!("{PLACEHOLDER_PREFIX})")));
        }
        match self.compute(scope) {
            Ok(value) => Ok(value),
            Err(_) if self.is_open(scope) => Ok(Json::String(format!("{PLACEHOLDER_PREFIX})"))),
            Err(reason) => Err(self.failed(reason)),
        }
    }

    /// The truth of a condition; `None` while it depends on a placeholder.
    pub fn eval_condition(&self, scope: &Scope<'_>) -> Result<Option<bool>, ExprError> {
        let value = self.eval(scope)?;
        Ok(if self.is_open(scope) { None } else { Some(from_json(&value).is_true()) })
    }

    /// The items of a `for-each`; `None` while the list itself is a placeholder.
    pub fn eval_list(&self, scope: &Scope<'_>) -> Result<Option<Vec<Json>>, ExprError> {
        match self.eval(scope)? {
            Json::Array(items) => Ok(Some(items)),
            other if holds_placeholder(&other) => Ok(None),
            other => {
                let found = crate::playbook::types::describe_json(&other);
                Err(self.failed(format!("`for-each` wants a list, and this is {found}")))
            }
        }
    }

    /// Whether something that this expression reads is only known after the run.
    pub fn is_open(&self, scope: &Scope<'_>) -> bool {
        self.refs().iter().any(|found| {
            value_of(&found.target, scope).is_some_and(|value| holds_placeholder(&value))
        })
    }

    fn compute(&self, scope: &Scope<'_>) -> Result<Json, String> {
        let value = computed(&self.0.code, self.context(scope)).map_err(|error| reason(&error))?;
        to_json(&value)
    }

    fn context(&self, scope: &Scope<'_>) -> Value {
        let mut inputs = BTreeMap::new();
        let mut steps: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
        let mut root = BTreeMap::new();
        for found in self.refs() {
            let value = value_of(&found.target, scope).map(|value| from_json(&value));
            match &found.target {
                Target::Input(name) => inputs.extend(value.map(|value| (name.clone(), value))),
                // A step that has not run is still an object, so that `is defined` and `default` work on it.
                Target::Output { step, output } => {
                    steps
                        .entry(step.clone())
                        .or_default()
                        .extend(value.map(|value| (output.clone(), value)));
                }
                Target::Item => root.extend(value.map(|value| ("item", value))),
                Target::RunId | Target::RunStarted | Target::RunPartition => {}
            }
        }
        let run = BTreeMap::from([
            ("id", Value::from(scope.run.id)),
            ("started", Value::from(scope.run.started)),
        ]);
        root.insert("inputs", Value::from(inputs));
        root.insert(
            "steps",
            Value::from(
                steps
                    .into_iter()
                    .map(|(id, out)| (id, Value::from(out)))
                    .collect::<BTreeMap<_, _>>(),
            ),
        );
        root.insert("run", Value::from(run));
        Value::from(root)
    }

    pub(super) fn failed(&self, reason: String) -> ExprError {
        ExprError { expression: self.source().to_owned(), reason }
    }
}

/// Compiled again each time, which takes some microseconds.
fn computed(code: &str, context: Value) -> Result<Value, minijinja::Error> {
    let mut generator = CodeGenerator::new("<expression>", code);
    generator.compile_expr(&weighed(&parse_expr(code)?));
    let (instructions, blocks) = generator.finish();
    let mut text = String::new();
    let mut out = make_string_output(&mut text);
    let (value, _) =
        eval(&ENVIRONMENT, &instructions, context, &blocks, &mut out, AutoEscape::None)?;
    Ok(value.unwrap_or_default())
}

pub(super) fn value_of<'a>(
    target: &Target,
    scope: &Scope<'a>,
) -> Option<std::borrow::Cow<'a, Json>> {
    use std::borrow::Cow::{Borrowed, Owned};
    match target {
        Target::Input(name) => scope.inputs.get(name).map(Borrowed),
        Target::Output { step, output } => {
            scope.steps.get(step).and_then(|outputs| outputs.get(output)).map(Borrowed)
        }
        Target::Item => scope.item.map(Borrowed),
        Target::RunId => Some(Owned(Json::from(scope.run.id))),
        Target::RunStarted => Some(Owned(Json::from(scope.run.started))),
        Target::RunPartition => Some(Owned(Json::from(scope.run.partition))),
    }
}

fn reason(error: &minijinja::Error) -> String {
    if error.kind() == ErrorKind::OutOfFuel {
        return format!("it takes more than the {FUEL} units of work that an expression may take");
    }
    match error.detail() {
        Some(detail) => detail.to_owned(),
        None => error.kind().to_string(),
    }
}
