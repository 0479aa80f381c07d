//! What comes of a sensitive value is sensitive. An expression sees only what it names, so its result depends on a
//! sensitive value exactly where it names one, and it may use that one only as a whole. Owns that rule for values,
//! and which texts of a result are made of sensitive ones; which use keeps a value whole is `whole`'s.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use super::eval::value_of;
use super::value::display;
use super::whole::{Use, follow};
use super::{Expr, ExprError, Ref, Scope, Target, Template};
use crate::playbook::inputs::LEAST;

/// Which values are sensitive.
#[derive(Clone, Copy)]
pub struct Sensitive<'a> {
    /// By its name: the input is declared so.
    pub input: &'a dyn Fn(&str) -> bool,
    /// By its text: an output of a step may repeat what the step was given.
    pub text: &'a dyn Fn(&str) -> bool,
}

/// What a reference uses of something sensitive.
enum Read {
    Nothing,
    Whole,
    /// In words that follow "it is".
    Part(String),
}

/// Around each sensitive text while it is looked for in a result: two characters that no text should have, and that
/// nothing which keeps a value whole changes.
const MARKS: [char; 2] = ['\u{fdd0}', '\u{fdd1}'];

impl Sensitive<'_> {
    fn read(&self, found: &Ref, scope: &Scope<'_>) -> Read {
        let declared = matches!(&found.target, Target::Input(name) if (self.input)(name));
        let value = value_of(&found.target, scope);
        let followed = value.as_deref().map(|value| follow(value, &found.path));
        if !declared && !followed.is_some_and(|(value, _)| self.holds(value)) {
            return Read::Nothing;
        }
        match (&found.used, followed) {
            (Use::Part(how), _) => Read::Part(how.clone()),
            (Use::Whole(_), Some((_, [_, ..]))) => Read::Part("indexed".to_owned()),
            (Use::Whole(need), Some((value, []))) => match need.refuses(value) {
                Some(how) => Read::Part(how.to_owned()),
                None => Read::Whole,
            },
            (Use::Whole(_), None) => Read::Whole,
        }
    }

    /// The same with marks around each sensitive text and number; for `all`, around each.
    fn marked(&self, value: &Json, all: bool) -> Json {
        let text = |text: &str| match all || (self.text)(text) {
            true => format!("{}{text}{}", MARKS[0], MARKS[1]),
            false => text.to_owned(),
        };
        match value {
            Json::String(one) => text(one).into(),
            Json::Number(one) if all || (self.text)(&one.to_string()) => {
                text(&one.to_string()).into()
            }
            Json::Array(items) => items.iter().map(|item| self.marked(item, all)).collect(),
            Json::Object(map) => {
                map.iter().map(|(key, value)| (text(key), self.marked(value, all))).collect()
            }
            other => other.clone(),
        }
    }

    fn holds(&self, value: &Json) -> bool {
        match value {
            Json::String(text) => (self.text)(text),
            Json::Number(number) => (self.text)(&number.to_string()),
            Json::Array(items) => items.iter().any(|item| self.holds(item)),
            Json::Object(map) => {
                map.iter().any(|(key, value)| (self.text)(key) || self.holds(value))
            }
            Json::Null | Json::Bool(_) => false,
        }
    }
}

impl Expr {
    /// The first sensitive value that this expression reads, as the author wrote it.
    pub fn taint(&self, scope: &Scope<'_>, sensitive: &Sensitive<'_>) -> Option<String> {
        let reads = |target: &Target| {
            matches!(target, Target::Input(name) if (sensitive.input)(name))
                || value_of(target, scope).is_some_and(|value| sensitive.holds(&value))
        };
        let found = self.refs().iter().find(|found| reads(&found.target))?;
        Some(named(&found.target))
    }

    /// Refuses to decide by a sensitive value: what a run does shows the decision.
    ///
    /// # Errors
    /// The expression reads one.
    pub fn refuse_sensitive(
        &self,
        scope: &Scope<'_>,
        sensitive: &Sensitive<'_>,
    ) -> Result<(), ExprError> {
        let Some(name) = self.taint(scope, sensitive) else { return Ok(()) };
        Err(self.failed(format!(
            "it reads the sensitive value `{name}`, and what the run does would show something of it"
        )))
    }

    /// The first sensitive value that is in what this expression uses. What is beside it in an output is not used.
    ///
    /// # Errors
    /// One of them is not used as a whole.
    fn uses(
        &self,
        scope: &Scope<'_>,
        sensitive: &Sensitive<'_>,
    ) -> Result<Option<String>, ExprError> {
        let mut first = None;
        for found in self.refs() {
            let name = named(&found.target);
            match sensitive.read(found, scope) {
                Read::Nothing => {}
                Read::Whole => {
                    first.get_or_insert(name);
                }
                Read::Part(how) => {
                    return Err(self.failed(format!(
                        "it uses something of the sensitive value `{name}`, which the result would show: it is {how}; a sensitive value is used as a whole"
                    )));
                }
            }
        }
        Ok(first)
    }

    /// What of the texts of a result is made of sensitive values. The playbook's own words beside it stay in sight.
    fn made(
        &self,
        name: &str,
        value: &Json,
        scope: &Scope<'_>,
        sensitive: &Sensitive<'_>,
    ) -> Result<Vec<String>, ExprError> {
        let mut texts = Vec::new();
        let all = match self.eval_marked(scope, sensitive) {
            Ok(marked) => differ(value, &marked, &mut texts),
            Err(_) => leaves(value, &mut texts),
        };
        if !all || texts.iter().any(|text| text.chars().count() < LEAST) {
            return Err(self.failed(format!(
                "it makes something of the sensitive value `{name}` that cannot be hidden: only texts of at least {LEAST} characters can"
            )));
        }
        Ok(texts)
    }

    /// The result with marks around what is sensitive in it.
    fn eval_marked(&self, scope: &Scope<'_>, sensitive: &Sensitive<'_>) -> Result<Json, ExprError> {
        let mut inputs = IndexMap::new();
        let mut steps: IndexMap<String, Json> = IndexMap::new();
        let mut item = None;
        for found in self.refs() {
            let Some(value) = value_of(&found.target, scope) else { continue };
            match &found.target {
                Target::Input(name) => {
                    let value = sensitive.marked(&value, (sensitive.input)(name));
                    inputs.insert(name.clone(), value);
                }
                Target::Output { step, output } => {
                    let outputs = steps.entry(step.clone()).or_insert_with(|| Map::new().into());
                    if let Some(outputs) = outputs.as_object_mut() {
                        outputs.insert(output.clone(), sensitive.marked(&value, false));
                    }
                }
                Target::Item => item = Some(sensitive.marked(&value, false)),
                Target::RunId | Target::RunStarted | Target::RunPartition => {}
            }
        }
        let item = item.as_ref();
        self.eval(&Scope { inputs: &inputs, steps: &steps, item, run: scope.run })
    }
}

impl Expr {
    /// The value, and the texts in it that are made of sensitive values.
    ///
    /// # Errors
    /// As [`eval`](Self::eval); something sensitive is not used as a whole, or the expression makes something of it
    /// that cannot be hidden. No error has a sensitive value in it, or depends on more than how long one is.
    pub fn eval_hiding(
        &self,
        scope: &Scope<'_>,
        sensitive: &Sensitive<'_>,
    ) -> Result<(Json, Vec<String>), ExprError> {
        self.hiding(self.eval(scope), scope, sensitive)
    }

    fn hiding(
        &self,
        value: Result<Json, ExprError>,
        scope: &Scope<'_>,
        sensitive: &Sensitive<'_>,
    ) -> Result<(Json, Vec<String>), ExprError> {
        let Some(name) = self.uses(scope, sensitive)? else { return Ok((value?, Vec::new())) };
        let value = value.map_err(|_| {
            self.failed(format!(
                "it reads the sensitive value `{name}`, so the reason is not shown; try it with another value"
            ))
        })?;
        // Also where a part of it is known only after the run.
        let made = self.made(&name, &value, scope, sensitive)?;
        Ok((value, made))
    }
}

impl Template {
    /// The value with every expression evaluated, and the texts in it that are made of sensitive values.
    ///
    /// # Errors
    /// As [`Expr::eval_hiding`].
    pub fn eval_hiding(
        &self,
        scope: &Scope<'_>,
        sensitive: &Sensitive<'_>,
    ) -> Result<(Json, Vec<String>), ExprError> {
        let mut hidden = Vec::new();
        let value = self.eval_each(scope, &mut |expr, value| {
            let (value, made) = expr.hiding(value, scope, sensitive)?;
            hidden.extend(made);
            Ok(value)
        })?;
        Ok((value, hidden))
    }
}

/// What is marked in `marked` of `one`, which is the same without marks; all of a text where it is not quite the same.
/// False where something differs that is no text.
fn differ(one: &Json, marked: &Json, texts: &mut Vec<String>) -> bool {
    match (one, marked) {
        _ if one == marked => true,
        (Json::String(_) | Json::Number(_), Json::String(marked)) => {
            let text = display(one);
            match pieces(marked).filter(|_| marked.replace(MARKS, "") == text) {
                Some(pieces) => texts.extend(pieces),
                None => texts.push(text),
            }
            true
        }
        (Json::Array(a), Json::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).all(|(a, b)| differ(a, b, texts))
        }
        (Json::Object(a), Json::Object(b)) => a.iter().all(|(key, value)| match b.get(key) {
            Some(marked) => differ(value, marked, texts),
            None => {
                texts.push(key.clone());
                leaves(value, texts)
            }
        }),
        _ => leaves(one, texts),
    }
}

/// What stands between marks; none where they do not come in pairs.
fn pieces(mut marked: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    while let Some((before, rest)) = marked.split_once(MARKS[0]) {
        let (piece, after) = rest.split_once(MARKS[1])?;
        if before.contains(MARKS[1]) || piece.contains(MARKS[0]) {
            return None;
        }
        found.push(piece.to_owned());
        marked = after;
    }
    (!marked.contains(MARKS[1])).then_some(found)
}

/// All texts and numbers of a value; false where there is something else in it, which no text stands for.
fn leaves(value: &Json, texts: &mut Vec<String>) -> bool {
    match value {
        Json::String(text) => texts.push(text.clone()),
        Json::Number(number) => texts.push(number.to_string()),
        Json::Array(items) => {
            return !items.is_empty() && items.iter().all(|item| leaves(item, texts));
        }
        Json::Object(map) => {
            return !map.is_empty()
                && map.iter().all(|(key, value)| {
                    texts.push(key.clone());
                    leaves(value, texts)
                });
        }
        Json::Null | Json::Bool(_) => return false,
    }
    true
}

fn named(target: &Target) -> String {
    match target {
        Target::Input(name) => format!("inputs.{name}"),
        Target::Output { step, output } => format!("steps.{step}.{output}"),
        Target::Item => "item".into(),
        Target::RunId => "run.id".into(),
        Target::RunStarted => "run.started".into(),
        Target::RunPartition => "run.partition".into(),
    }
}
