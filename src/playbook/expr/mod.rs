//! `${{ ... }}`: Jinja expressions over inputs, step outputs, the current item and the run.
//!
//! Owns parsing with positions, the references an expression makes, and its evaluation. Does not know which inputs
//! and steps exist: `program` checks that.

mod env;
mod eval;
#[cfg(test)]
mod hostile;
mod rewrite;
mod scan;
mod scope;
mod taint;
#[cfg(test)]
pub(crate) mod taint_tests;
mod template;
#[cfg(test)]
mod tests;
mod value;
mod walk;
mod weigh;
mod whole;

use std::fmt;
use std::sync::Arc;

use minijinja::machinery::parse_expr;

use super::diagnostic::Diagnostic;
use super::span::Span;
pub use env::{FILTERS, FUNCTIONS, TESTS};
pub use scan::is_templated;
pub use scope::{RunFacts, Scope, gather};
pub use taint::Sensitive;
pub(crate) use template::read_bare;
pub use template::{Part, Template, TemplateKind};
pub use value::MAX_RENDERED;
pub use walk::{Ref, Target};
pub use whole::{Key, Need, Use};

/// More than this is unreadable, and deep enough to matter to a recursive walk.
pub const MAX_BYTES: usize = 4096;

/// One parsed expression. Cheap to clone.
#[derive(Clone)]
pub struct Expr(Arc<Inner>);

struct Inner {
    source: String,
    code: String,
    span: Span,
    refs: Vec<Ref>,
    exact: bool,
}

/// Where the text of an expression stands in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    /// Offset of the first byte; `None` when the YAML scalar spells the text otherwise (escapes, aliases).
    pub at: Option<usize>,
    /// The scalar, for labels when `at` is not known.
    pub whole: Span,
}

impl Origin {
    fn place(self, start: usize, end: usize) -> Span {
        self.at.map_or(self.whole, |at| Span::new(at + start, at + end))
    }
}

impl Expr {
    /// Parses the text between the braces. Problems are appended; `None` when it is no expression at all.
    pub(crate) fn parse(
        source: &str,
        origin: Origin,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let span = origin.place(0, source.len());
        if source.len() > MAX_BYTES {
            let message = format!(
                "an expression has {} bytes, more than the {MAX_BYTES} it may have",
                source.len()
            );
            let problem = Diagnostic::error("playbook::expression-too-long", message)
                .label(Span::new(span.start, span.start + 20), "starts here");
            problems.push(problem.help("compute the value in a step, or make it an input"));
            return None;
        }
        if source.trim().is_empty() {
            let problem =
                Diagnostic::error("playbook::expression-syntax", "an expression is empty");
            problems.push(
                problem.label(span, "nothing here").help("name a value, such as `inputs.instance`"),
            );
            return None;
        }
        let rewritten = rewrite::rewrite(source);
        let parsed = match parse_expr(&rewritten.code) {
            Ok(parsed) => parsed,
            Err(error) => {
                let detail = error.detail().unwrap_or("it cannot be read");
                let place = error.range().filter(|range| !range.is_empty()).map_or(span, |range| {
                    // The parser ends an unreadable token after one byte, even inside a character.
                    let end = rewritten.original(range.end).min(source.len());
                    let end = (end..=source.len()).find(|at| source.is_char_boundary(*at));
                    origin.place(rewritten.original(range.start), end.unwrap_or(source.len()))
                });
                let message = format!("`{}` is not an expression: {detail}", source.trim());
                let problem =
                    Diagnostic::error("playbook::expression-syntax", message).label(place, "here");
                problems.push(
                    problem.help(
                        "the syntax is Jinja's: `inputs.x`, `a | filter`, `a and b`, `'text'`",
                    ),
                );
                return None;
            }
        };
        let found = walk::walk(&parsed, &rewritten, origin, problems);
        drop(parsed);
        Some(Self(Arc::new(Inner {
            source: source.trim().to_owned(),
            code: rewritten.code,
            span,
            refs: found.refs,
            exact: found.exact,
        })))
    }

    /// Stands for an expression that could not be read and was reported, so that nothing else is reported about it.
    pub(crate) fn broken(span: Span) -> Self {
        Self(Arc::new(Inner {
            source: String::new(),
            code: String::new(),
            span,
            refs: Vec::new(),
            exact: false,
        }))
    }

    /// The text as the author wrote it, without braces.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    pub fn span(&self) -> Span {
        self.0.span
    }

    /// Every name that the expression reads, in order, with repetitions.
    pub fn refs(&self) -> &[Ref] {
        &self.0.refs
    }

    /// The one reference that the whole expression is, when it passes a value through untouched.
    pub fn exact(&self) -> Option<&Ref> {
        self.0.refs.first().filter(|_| self.0.exact)
    }
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expr({})", self.source())
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${{{{ {} }}}}", self.source())
    }
}

/// An expression that could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the expression `{expression}` failed: {reason}")]
pub struct ExprError {
    pub expression: String,
    pub reason: String,
}
