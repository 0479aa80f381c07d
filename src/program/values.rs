//! A step's `with` against the JSON Schema of its action. Owns the subset of JSON Schema that schemars writes.

use std::cell::RefCell;
use std::collections::HashMap;

use regex_lite::Regex;
use serde_json::{Number, Value};

use super::kinds::{Kind, alternatives, describe, format, types};
use crate::playbook::expr::{Expr, Template, TemplateKind};
use crate::playbook::{Span, closest, did_you_mean};

/// One place where a value does not fit.
#[derive(Debug)]
pub(super) struct Mismatch {
    pub span: Span,
    /// From the input down, such as `.tags[2]`.
    pub path: String,
    /// Reads after the name of the place.
    pub reason: String,
    pub help: Option<String>,
    /// The value comes from an expression, so its type is at fault and not its text.
    pub typed: bool,
}

/// Checks values against the schemas of one catalogue.
pub(super) struct Values {
    patterns: RefCell<HashMap<String, Option<Regex>>>,
}

impl Values {
    pub(super) fn new() -> Self {
        Self { patterns: RefCell::default() }
    }

    pub(super) fn check(
        &self,
        root: &Value,
        schema: &Value,
        value: &Template,
        kind: &dyn Fn(&Expr) -> Kind,
    ) -> Vec<Mismatch> {
        let branches = alternatives(root, schema);
        let mut closest: Option<Vec<Mismatch>> = None;
        for branch in &branches {
            let found = self.branch(root, branch, value, kind);
            if found.is_empty() {
                return found;
            }
            // A branch of the right type explains more than one of a wrong type.
            if self.type_fits(branch, value) || closest.is_none() {
                closest = Some(found);
            }
        }
        let fitting = branches.iter().filter(|branch| self.type_fits(branch, value)).count();
        match closest {
            Some(found) if fitting == 1 => found,
            _ if branches.is_empty() => Vec::new(),
            _ => vec![Mismatch {
                help: word_help(&branches, value),
                ..refuse(root, schema, value, kind)
            }],
        }
    }

    fn type_fits(&self, schema: &Value, value: &Template) -> bool {
        let names = types(schema);
        names.is_empty()
            || type_of(value).is_none_or(|mine| mine.iter().any(|mine| names.contains(mine)))
    }

    fn branch(
        &self,
        root: &Value,
        schema: &Value,
        value: &Template,
        kind: &dyn Fn(&Expr) -> Kind,
    ) -> Vec<Mismatch> {
        if let TemplateKind::Expr(expr) = &value.kind {
            let fits = kind(expr).may_fit(root, schema);
            return if fits { Vec::new() } else { vec![refuse(root, schema, value, kind)] };
        }
        if !self.type_fits(schema, value) {
            return vec![refuse(root, schema, value, kind)];
        }
        match &value.kind {
            TemplateKind::String(text) => self.text(root, schema, text, value, kind),
            TemplateKind::Number(number) => bounds(schema, number, value.span),
            TemplateKind::List(items) => self.list(root, schema, items, value.span, kind),
            TemplateKind::Map(_) => self.map(root, schema, value, kind),
            _ => Vec::new(),
        }
    }

    fn text(
        &self,
        root: &Value,
        schema: &Value,
        text: &str,
        value: &Template,
        kind: &dyn Fn(&Expr) -> Kind,
    ) -> Vec<Mismatch> {
        let words = schema.get("enum").and_then(Value::as_array);
        let word = schema.get("const");
        if words.is_some_and(|words| !words.iter().any(|word| word == text))
            || word.is_some_and(|word| word != text)
        {
            let mut found = refuse(root, schema, value, kind);
            let near =
                words.map(|words| words.iter().filter_map(Value::as_str).collect::<Vec<_>>());
            found.help = near.map(|near| did_you_mean(text, near.iter().copied(), "it is one of"));
            return vec![found];
        }
        if let Some(format) = format(schema) {
            let checked =
                format.check(text).map_err(|error| mismatch(value.span, format!(": {error}")));
            return checked.err().into_iter().collect();
        }
        let pattern = schema.get("pattern").and_then(Value::as_str);
        if let Some(pattern) = pattern.filter(|pattern| !self.matches(pattern, text)) {
            return vec![mismatch(value.span, format!(" must match `{pattern}`"))];
        }
        let length = text.chars().count() as u64;
        let limit = |key: &str| schema.get(key).and_then(Value::as_u64);
        if limit("minLength").is_some_and(|least| length < least)
            || limit("maxLength").is_some_and(|most| length > most)
        {
            return vec![mismatch(
                value.span,
                format!(" has {length} characters, which is too few or too many"),
            )];
        }
        Vec::new()
    }

    fn matches(&self, pattern: &str, text: &str) -> bool {
        let mut patterns = self.patterns.borrow_mut();
        if !patterns.contains_key(pattern) {
            // A pattern of a dialect that we lack is left to the action itself.
            patterns.insert(pattern.to_owned(), Regex::new(pattern).ok());
        }
        patterns.get(pattern).and_then(Option::as_ref).is_none_or(|regex| regex.is_match(text))
    }

    fn list(
        &self,
        root: &Value,
        schema: &Value,
        items: &[Template],
        span: Span,
        kind: &dyn Fn(&Expr) -> Kind,
    ) -> Vec<Mismatch> {
        let count = items.len() as u64;
        let limit = |key: &str| schema.get(key).and_then(Value::as_u64);
        if let Some(least) = limit("minItems").filter(|least| count < *least) {
            return vec![mismatch(
                span,
                format!(" must have at least {least} items, and has {count}"),
            )];
        }
        if let Some(most) = limit("maxItems").filter(|most| count > *most) {
            return vec![mismatch(
                span,
                format!(" must have at most {most} items, and has {count}"),
            )];
        }
        let Some(schema) = schema.get("items") else { return Vec::new() };
        let below = items.iter().enumerate().flat_map(|(at, item)| {
            self.check(root, schema, item, kind)
                .into_iter()
                .map(move |found| found.under(&format!("[{at}]")))
        });
        below.collect()
    }

    fn map(
        &self,
        root: &Value,
        schema: &Value,
        value: &Template,
        kind: &dyn Fn(&Expr) -> Kind,
    ) -> Vec<Mismatch> {
        let TemplateKind::Map(entries) = &value.kind else { return Vec::new() };
        let properties = schema.get("properties").and_then(Value::as_object);
        let mut found = Vec::new();
        for (key, entry) in entries {
            let own = properties.and_then(|properties| properties.get(&key.value));
            match own.or_else(|| schema.get("additionalProperties")) {
                Some(Value::Bool(false)) => {
                    let mut unknown = mismatch(key.span, format!(" has no key `{}`", key.value));
                    let known =
                        properties.map(|all| all.keys().map(String::as_str).collect::<Vec<_>>());
                    let known = known.unwrap_or_default();
                    unknown.help =
                        Some(did_you_mean(&key.value, known.iter().copied(), "its keys are"));
                    found.push(unknown);
                }
                Some(below) if below.is_object() => {
                    let path = format!(".{}", key.value);
                    found.extend(
                        self.check(root, below, entry, kind)
                            .into_iter()
                            .map(|one| one.under(&path)),
                    );
                }
                _ => {}
            }
        }
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        for key in required.filter_map(Value::as_str).filter(|key| value.get(key).is_none()) {
            found.push(mismatch(value.span, format!(" must have the key `{key}`")));
        }
        found
    }
}

impl Mismatch {
    fn under(mut self, path: &str) -> Self {
        self.path.insert_str(0, path);
        self
    }
}

/// Which of the constants a text was meant to be. schemars writes a documented enum as one branch a word.
fn word_help(branches: &[&Value], value: &Template) -> Option<String> {
    let TemplateKind::String(text) = &value.kind else { return None };
    let words = branches.iter().filter_map(|branch| branch.get("const")?.as_str());
    closest(text, words).map(|near| format!("did you mean `{near}`?"))
}

fn mismatch(span: Span, reason: String) -> Mismatch {
    Mismatch { span, path: String::new(), reason, help: None, typed: false }
}

fn refuse(
    root: &Value,
    schema: &Value,
    value: &Template,
    kind: &dyn Fn(&Expr) -> Kind,
) -> Mismatch {
    let wanted = describe(root, schema);
    let (found, typed) = match &value.kind {
        TemplateKind::Expr(expr) => {
            (format!("`{}` is {}", expr.source(), kind(expr).describe()), true)
        }
        TemplateKind::Null => ("it is null".to_owned(), false),
        TemplateKind::Bool(value) => (format!("it is the boolean `{value}`"), false),
        TemplateKind::Number(number) => (format!("it is the number `{number}`"), false),
        TemplateKind::String(text) => {
            (format!("it is `{}`", text.chars().take(60).collect::<String>()), false)
        }
        TemplateKind::Text(_) => ("it is a string".to_owned(), false),
        TemplateKind::List(_) => ("it is a list".to_owned(), false),
        TemplateKind::Map(_) => ("it is a mapping".to_owned(), false),
    };
    Mismatch { typed, ..mismatch(value.span, format!(" must be {wanted}, and {found}")) }
}

/// JSON types that a literal has; `None` for expressions, whose type is asked elsewhere.
fn type_of(value: &Template) -> Option<&'static [&'static str]> {
    Some(match &value.kind {
        TemplateKind::Expr(_) => return None,
        TemplateKind::Null => &["null"],
        TemplateKind::Bool(_) => &["boolean"],
        TemplateKind::Number(number) if number.is_f64() => &["number"],
        TemplateKind::Number(_) => &["integer", "number"],
        TemplateKind::String(_) | TemplateKind::Text(_) => &["string"],
        TemplateKind::List(_) => &["array"],
        TemplateKind::Map(_) => &["object"],
    })
}

fn bounds(schema: &Value, number: &Number, span: Span) -> Vec<Mismatch> {
    let Some(value) = number.as_f64() else { return Vec::new() };
    let limit = |key: &str| schema.get(key).and_then(Value::as_f64);
    if let Some(least) = limit("minimum").filter(|least| value < *least) {
        return vec![mismatch(span, format!(" must be at least {least}, and is {number}"))];
    }
    if let Some(most) = limit("maximum").filter(|most| value > *most) {
        return vec![mismatch(span, format!(" must be at most {most}, and is {number}"))];
    }
    Vec::new()
}
