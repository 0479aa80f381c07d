//! TOML to [`Config`] with the mistakes on the way: every one of them, each where it stands. What
//! serde refuses is reported and removed, and the rest is read again.

use std::{ops::Range, path::Path};

use serde::Deserialize;
use toml::{
    Spanned,
    de::{DeTable, DeValue, Deserializer, Error},
};

use super::{meaning, model::Config};
use crate::playbook::{Diagnostic, closest, diagnostic::to_json, listed, render};

/// A file as it was read.
#[derive(Clone, Debug)]
pub struct Checked {
    pub name: String,
    pub text: String,
    pub diagnostics: Vec<Diagnostic>,
    /// What of it is good; all of it where there is no diagnostic.
    pub config: Config,
}

impl Checked {
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    pub fn render(&self, color: bool, width: usize) -> String {
        render::render(&self.diagnostics, &self.name, &self.text, color, width)
    }

    pub fn to_json(&self) -> serde_json::Value {
        to_json(&self.diagnostics, &self.name, &self.text)
    }
}

/// Maximum number of mistakes reported; a file with more has another problem.
const MOST: usize = 100;

/// Reads a configuration. `name` is how the file is called in messages.
pub(crate) fn parse(name: &Path, text: &str) -> Checked {
    let mut diagnostics = Vec::new();
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let span = error.span().unwrap_or_default();
        let problem = Diagnostic::error("config::syntax", plain(error.message()));
        diagnostics.push(problem.label(span, "here"));
    }
    let mut config = Config::default();
    if errors.is_empty() {
        config = typed(&table, &mut diagnostics);
        meaning::check(&config, table.get_ref(), &mut diagnostics);
        diagnostics.sort_by_key(Diagnostic::offset);
    }
    Checked { name: name.display().to_string(), text: text.into(), diagnostics, config }
}

fn typed(table: &Spanned<DeTable<'_>>, found: &mut Vec<Diagnostic>) -> Config {
    let mut rest = table.clone();
    for _ in 0..MOST {
        let error = match Config::deserialize(Deserializer::from(rest.clone())) {
            Ok(config) => return config,
            Err(error) => error,
        };
        let span = error.span().unwrap_or_default();
        let is_unknown = error.message().starts_with("unknown field");
        let path = path_to(rest.get_ref(), &span);
        // Within a value that was read by itself, the key is known by its name only.
        let inner = is_unknown.then(|| key_in(rest.get_ref(), &path, error.message())).flatten();
        let is_whole = is_unknown && inner.is_none();
        found.push(problem(&error, inner.unwrap_or(span), &path));
        // The key alone, or the account or target that cannot be read without it.
        let unit = match path.first().map(String::as_str) {
            _ if is_whole => path.len(),
            Some("accounts") => 2,
            Some("notifications") => 3,
            _ => 1,
        };
        if path.is_empty() || !remove(rest.get_mut(), &path[..unit.min(path.len())]) {
            break;
        }
    }
    Config::default()
}

fn problem(error: &Error, span: Range<usize>, path: &[String]) -> Diagnostic {
    let message = plain(error.message());
    let quoted = |from: &str| -> Vec<String> {
        from.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let (said, known) = message.split_once(", expected ").unwrap_or((&message, ""));
    let name = quoted(said).into_iter().next().unwrap_or_default();
    let known = quoted(known);
    let known = || known.iter().map(String::as_str);
    let help = || match closest(&name, known()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it can be {}", listed(known())),
    };
    if said.starts_with("unknown field") {
        let outer = match path.split_last() {
            Some((last, outer)) if *last == name => outer,
            _ => path,
        };
        let place = match outer {
            [] => "the configuration has".into(),
            outer => format!("`{}` has", outer.join(".")),
        };
        return Diagnostic::error("config::unknown-key", format!("{place} no key `{name}`"))
            .label(span, "unknown")
            .help(help());
    }
    if said.starts_with("unknown variant") {
        let key = path.last().cloned().unwrap_or_default();
        return Diagnostic::error("config::bad-value", format!("`{key}` cannot be `{name}`"))
            .label(span, "this one")
            .help(help());
    }
    if said.starts_with("missing field") {
        let place = path.join(".");
        return Diagnostic::error("config::missing-key", format!("`{place}` has no `{name}`"))
            .label(span, "in here")
            .help(format!("add `{name} = ...`"));
    }
    let key = path.join(".");
    Diagnostic::error("config::bad-value", format!("`{key}`: {message}")).label(span, "this value")
}

/// The parser's words, on one line and in the house's way.
fn plain(message: &str) -> String {
    message.trim().trim_end_matches('.').replace('\n', ", ")
}

/// The keys that lead to a span: those of the smallest key or value that it is in.
fn path_to(table: &DeTable<'_>, span: &Range<usize>) -> Vec<String> {
    fn walk(
        table: &DeTable<'_>,
        span: &Range<usize>,
        path: &mut Vec<String>,
        best: &mut Option<(usize, Vec<String>)>,
    ) {
        for (key, value) in table {
            path.push(key.get_ref().to_string());
            for place in [key.span(), value.span()] {
                let inside = place.start <= span.start && span.end <= place.end;
                let size = place.len();
                if inside && best.as_ref().is_none_or(|(smallest, _)| size < *smallest) {
                    *best = Some((size, path.clone()));
                }
            }
            if let DeValue::Table(inner) = value.get_ref() {
                walk(inner, span, path, best);
            }
            path.pop();
        }
    }
    let mut best = None;
    walk(table, span, &mut Vec::new(), &mut best);
    best.map(|(_, path)| path).unwrap_or_default()
}

/// Place of the key that a message names, in the table at `path`.
fn key_in(table: &DeTable<'_>, path: &[String], message: &str) -> Option<Range<usize>> {
    let name = message.split('`').nth(1)?;
    let mut table = table;
    for key in path {
        match table.get(key.as_str())?.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => return None,
        }
    }
    table.get_key_value(name).map(|(key, _)| key.span())
}

fn remove(table: &mut DeTable<'_>, path: &[String]) -> bool {
    match path {
        [] => false,
        [last] => table.remove(last.as_str()).is_some(),
        [first, rest @ ..] => match table.get_mut(first.as_str()).map(Spanned::get_mut) {
            Some(DeValue::Table(inner)) => remove(inner, rest),
            _ => false,
        },
    }
}
