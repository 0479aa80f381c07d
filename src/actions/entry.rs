//! An action with its types erased: what the run loop, the compiler and the reference work with.
//! Owns how inputs are decoded and which field a wrong one is reported at; knows no single action.

use std::marker::PhantomData;

use futures::future::BoxFuture;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Action, Spec};
use crate::{
    aws::Aws,
    engine::{Step, StepError, is_open},
};

/// One line of the catalogue.
pub struct Entry {
    pub spec: &'static Spec,
    /// JSON Schema (2020-12) of type object, without references.
    pub inputs: fn() -> Value,
    pub outputs: fn() -> Value,
    pub run: fn(Value, Step<Aws>) -> BoxFuture<'static, Result<Value, StepError>>,
}

struct Held<A>(PhantomData<A>);

impl<A: Action> Held<A> {
    const SPEC: &'static Spec = &A::SPEC;
}

pub const fn entry<A: Action>() -> Entry {
    Entry {
        spec: Held::<A>::SPEC,
        inputs: schema::<A>,
        outputs: schema::<A::Output>,
        run: run::<A>,
    }
}

fn run<A: Action>(inputs: Value, step: Step<Aws>) -> BoxFuture<'static, Result<Value, StepError>> {
    Box::pin(async move {
        let action: A = decode(A::SPEC.name, inputs, step.planning())?;
        let output = action.run(&step).await?;
        serde_json::to_value(output).map_err(|e| {
            StepError::Failed(format!("output of `{}` cannot be serialised: {e}", A::SPEC.name))
        })
    })
}

/// A schema that stands by itself: the compiler reads it without following references.
fn schema<T: JsonSchema>() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    if let Some(map) = schema.as_object_mut() {
        map.shift_remove("title");
        map.entry("properties").or_insert_with(|| json!({}));
    }
    schema
}

fn decode<T: DeserializeOwned>(
    action: &str,
    inputs: Value,
    planning: bool,
) -> Result<T, StepError> {
    T::deserialize(&inputs).map_err(|error| {
        let error = error.to_string();
        let fails =
            |value: &Value| T::deserialize(value).err().is_some_and(|e| e.to_string() == error);
        let path = culprit(&inputs, &fails);
        let at = inputs.pointer(&path).filter(|_| !path.is_empty());
        let field = path.trim_start_matches('/').replace('/', ".");
        match at {
            Some(value) if planning && is_open(value) => StepError::Open(format!(
                "input `{field}` of `{action}` is known only after an earlier step has run"
            )),
            Some(_) => StepError::Failed(format!("input `{field}` of `{action}`: {error}")),
            None => StepError::Failed(format!("inputs of `{action}`: {error}")),
        }
    })
}

/// JSON pointer of the innermost part without which `fails` no longer holds; empty when the fault
/// is in no single part, as with a missing field.
fn culprit(root: &Value, fails: &dyn Fn(&Value) -> bool) -> String {
    let mut path = String::new();
    while let Some(next) = root.pointer(&path).and_then(|at| {
        let keys: Vec<String> = match at {
            Value::Object(map) => map.keys().cloned().collect(),
            Value::Array(items) => (0..items.len()).map(|i| i.to_string()).collect(),
            _ => Vec::new(),
        };
        keys.into_iter().find(|key| !fails(&without(root, &path, key)))
    }) {
        path = format!("{path}/{}", next.replace('~', "~0").replace('/', "~1"));
    }
    path
}

fn without(root: &Value, path: &str, key: &str) -> Value {
    let mut copy = root.clone();
    match copy.pointer_mut(path) {
        Some(Value::Object(map)) => {
            map.shift_remove(key);
        }
        Some(Value::Array(items)) => {
            if let Ok(i) = key.parse::<usize>() {
                items.remove(i);
            }
        }
        _ => {}
    }
    copy
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inputs {
        #[allow(dead_code)]
        name: String,
        #[serde(default)]
        #[allow(dead_code)]
        ports: Vec<u16>,
    }

    fn error(inputs: Value) -> String {
        decode::<Inputs>("x.y", inputs, true).expect_err("wrong inputs").to_string()
    }

    #[test]
    fn wrong_inputs_are_reported_at_their_field() {
        let text = error(json!({ "name": "a", "ports": [1, "two", 3] }));
        assert_eq!(text, "input `ports.1` of `x.y`: invalid type: string \"two\", expected u16");
        let text = error(json!({ "ports": [] }));
        assert_eq!(text, "inputs of `x.y`: missing field `name`");
        let text = error(json!({ "name": "a", "more": 1 }));
        assert!(text.starts_with("input `more` of `x.y`: unknown field `more`"), "{text}");
    }

    #[test]
    fn a_placeholder_where_a_number_belongs_leaves_the_step_open() {
        let text = error(json!({ "name": "a", "ports": ["(known after run)"] }));
        assert!(text.starts_with("open until the run: input `ports.0`"), "{text}");
    }
}
