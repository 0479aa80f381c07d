//! Typed access to tree nodes with one message style for every wrong type, missing key and unknown key.

use crate::playbook::diagnostic::Diagnostic;
use crate::playbook::expr::is_templated;
use crate::playbook::span::{Span, Spanned};
use crate::playbook::tree::{Kind, Node};
use crate::playbook::types::Duration;
use crate::playbook::{did_you_mean, listed};

pub(crate) struct Reader<'t> {
    pub text: &'t str,
    pub problems: Vec<Diagnostic>,
}

/// The entries of a mapping whose keys are known to be allowed.
pub(crate) struct Fields<'n> {
    entries: &'n [(Node, Node)],
    /// How messages call the mapping.
    what: String,
    /// Where to report that a key is missing.
    pub span: Span,
}

impl<'n> Fields<'n> {
    /// `None` when the key is absent or its value is null.
    pub(crate) fn get(&self, key: &str) -> Option<&'n Node> {
        let found = self.entries.iter().find(|(name, _)| name.as_str() == Some(key));
        found.map(|(_, value)| value).filter(|value| !matches!(value.kind, Kind::Null))
    }
}

impl Reader<'_> {
    pub(crate) fn map<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [(Node, Node)]> {
        match &node.kind {
            Kind::Map(entries) => Some(entries),
            _ => self.wrong(node, what, "a mapping", None),
        }
    }

    /// A mapping with a closed set of keys; the others are reported.
    pub(crate) fn fields<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        known: &[&str],
    ) -> Option<Fields<'n>> {
        let entries = self.map(node, what)?;
        for (key, _) in entries {
            let Some(name) = key.as_str() else { continue };
            if !known.contains(&name) {
                let message = format!("{what} has no key `{name}`");
                let problem = Diagnostic::error("playbook::unknown-key", message)
                    .label(key.span, "unknown key");
                let help = did_you_mean(name, known.iter().copied(), "its keys are");
                self.problems.push(problem.help(help));
            }
        }
        let span = entries.first().map_or(node.span, |(key, _)| key.span);
        Some(Fields { entries, what: what.to_owned(), span })
    }

    pub(crate) fn required<'n>(&mut self, fields: &Fields<'n>, key: &str) -> Option<&'n Node> {
        let found = fields.get(key);
        if found.is_none() {
            let message = format!("{} must have the key `{key}`", fields.what);
            let problem = Diagnostic::error("playbook::missing-key", message)
                .label(fields.span, "missing here");
            self.problems.push(problem.help(format!("add `{key}: ...`")));
        }
        found
    }

    pub(crate) fn required_text(&mut self, fields: &Fields<'_>, key: &str) -> Option<String> {
        let node = self.required(fields, key)?;
        self.text(node, &format!("`{key}`"))
    }

    /// A string without expressions.
    pub(crate) fn text(&mut self, node: &Node, what: &str) -> Option<String> {
        let Some(text) = node.as_str() else {
            return self.wrong(node, what, "a string", Some("put it in quotes"));
        };
        if is_templated(text) {
            let message = format!("{what} cannot hold an expression");
            let problem = Diagnostic::error("playbook::expression-not-here", message)
                .label(node.span, "stays as text");
            self.problems
                .push(problem.help("expressions are evaluated in `with`, `if` and `for-each`"));
        }
        Some(text.to_owned())
    }

    pub(crate) fn spanned(&mut self, node: &Node, what: &str) -> Option<Spanned<String>> {
        self.text(node, what).map(|text| Spanned::new(text, node.span))
    }

    pub(crate) fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        match node.kind {
            Kind::Bool(value) => Some(value),
            _ => self.wrong(node, what, "a boolean", Some("write `true` or `false`")),
        }
    }

    /// A whole number in a closed range.
    pub(crate) fn number(&mut self, node: &Node, what: &str, from: u64, to: u64) -> Option<u64> {
        let Kind::Number(number) = &node.kind else {
            return self.wrong(node, what, "a whole number", None);
        };
        match number.as_u64() {
            Some(value) if (from..=to).contains(&value) => Some(value),
            _ => {
                let message =
                    format!("{what} must be a whole number from {from} to {to}, and is {number}");
                self.problems.push(
                    Diagnostic::error("playbook::out-of-range", message).label(node.span, "here"),
                );
                None
            }
        }
    }

    pub(crate) fn duration(&mut self, node: &Node, what: &str) -> Option<Duration> {
        let text = match &node.kind {
            Kind::Number(number) => number.to_string(),
            _ => self.text(node, what)?,
        };
        let problem = match text.parse::<Duration>() {
            Ok(duration) if !duration.is_placeholder() => return Some(duration),
            _ => Diagnostic::error(
                "playbook::bad-duration",
                format!("{what} is not a duration: `{text}`"),
            ),
        };
        let unit = text.parse::<f64>().is_ok().then(|| format!("add a unit: `{text}s`"));
        let help =
            unit.unwrap_or_else(|| "write it like `500ms`, `10s`, `5m` or `1h30m`".to_owned());
        self.problems.push(problem.label(node.span, "here").help(help));
        None
    }

    /// One of a closed set of words.
    pub(crate) fn choice<T>(
        &mut self,
        node: &Node,
        what: &str,
        parse: impl Fn(&str) -> Option<T>,
        words: impl Iterator<Item = &'static str> + Clone,
    ) -> Option<T> {
        let text = self.text(node, what)?;
        let found = parse(&text);
        if found.is_none() {
            let message = format!("{what} cannot be `{text}`");
            let problem = Diagnostic::error("playbook::unknown-value", message)
                .label(node.span, "unknown value");
            self.problems.push(problem.help(format!("it is one of {}", listed(words))));
        }
        found
    }

    /// An id: `[a-z][a-z0-9-]*`. The text is kept even if it is not a valid id, so that later stages can continue.
    pub(crate) fn id(&mut self, name: &str, span: Span, what: &str) {
        let good = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if good && name.len() <= 64 && !name.ends_with('-') {
            return;
        }
        let message = format!("`{name}` cannot be the id of {what}");
        let problem = Diagnostic::error("playbook::bad-id", message).label(span, "not an id");
        let kebab = kebab(name);
        let help = if kebab.is_empty() || kebab == name {
            "use up to 64 lower-case letters, digits and dashes, starting with a letter".to_owned()
        } else {
            format!("use lower-case letters, digits and dashes, starting with a letter: `{kebab}`")
        };
        self.problems.push(problem.help(help));
    }

    pub(crate) fn wrong<T>(
        &mut self,
        node: &Node,
        what: &str,
        wanted: &str,
        help: Option<&str>,
    ) -> Option<T> {
        let message = format!("{what} must be {wanted}, and is {}", node.describe());
        let mut problem = Diagnostic::error("playbook::wrong-type", message)
            .label(node.span, format!("not {wanted}"));
        problem.help =
            help.filter(|_| !matches!(node.kind, Kind::List(_) | Kind::Map(_))).map(str::to_owned);
        self.problems.push(problem);
        None
    }
}

fn kebab(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars().take(64) {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.trim_start_matches(|c: char| !c.is_ascii_lowercase()).trim_end_matches('-').to_owned()
}
